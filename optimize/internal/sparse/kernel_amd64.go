package sparse

import "golang.org/x/sys/cpu"

// haveStrip3 says that subStrip3 may be called. A variable, so that tests can
// compare with the portable code.
var haveStrip3 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// subStrip3 subtracts A B^T from the 3 x n matrix c, A 3 x k and B n x k, for n a
// positive multiple of 4 and k positive.
//
//go:noescape
func subStrip3(c *float64, ldc int, a *float64, lda int, b *float64, ldb int, n int, k int)
