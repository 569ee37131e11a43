// Package optimize solves sparse nonlinear least squares: Levenberg-Marquardt
// with a Schur complement over structured problems (bundle adjustment) and
// block-sparse Cholesky over graphs (pose graphs). It knows variables and
// factors, not keyframes.
package optimize
