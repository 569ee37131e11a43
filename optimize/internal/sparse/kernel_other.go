//go:build !amd64

package sparse

// haveStrip3 is false where there is no vector kernel.
var haveStrip3 = false

func subStrip3(c *float64, ldc int, a *float64, lda int, b *float64, ldb int, n int, k int) {}
