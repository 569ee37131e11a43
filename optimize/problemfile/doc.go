// Package problemfile reads and writes the public problem files of nonlinear
// least squares: bundle adjustment in the large (BAL, Agarwal et al. 2010) and
// 3-D pose graphs in g2o format, plain or packed with bzip2.
package problemfile
