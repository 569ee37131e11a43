package kernel

import "golang.org/x/sys/cpu"

// haveAVX2 says that the functions of kernel_amd64.s may be called. A variable, so
// that tests can compare with the Go code.
var haveAVX2 = cpu.X86.HasAVX2

//go:noescape
func warpRow(k *Warp, depth *float32, row, inside *int32, n int)

//go:noescape
func slideRow(i, ii, ir, now, before *int32, ref, refBefore *uint8, n int)

//go:noescape
func znccRow(z *ZNCC, i, ii, ir, inside *int32, mean, inv *float32, sum *uint32, n int)

//go:noescape
func extendRow(out, before, least, beforeLeast, cost, total, jump *uint16, w int, small uint16, step, stride int)

//go:noescape
func judgeRow(k *Judge, bell *[Far*bellSteps + 2]float32, depth, tolerance, agree, against *float32, n int)
