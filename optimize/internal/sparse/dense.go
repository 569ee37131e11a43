package sparse

// FactorDense overwrites the lower triangle of a, n x n row-major, with its
// Cholesky factor; false where a is not positive definite.
func FactorDense(a []float64, n int) bool { return factorPanel(a, n, n) }

// SolveDense overwrites x with the solution of L L^T x = b.
func SolveDense(l []float64, n int, x []float64) {
	solveLower(l, n, x)
	solveUpper(l, n, x)
}
