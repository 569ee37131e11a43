#include "go_asm.h"
#include "textflag.h"

// Eight lanes of a float32, or of an int32.
#define LANES(name, x) \
	DATA name<>+0(SB)/4, $x  \
	DATA name<>+4(SB)/4, $x  \
	DATA name<>+8(SB)/4, $x  \
	DATA name<>+12(SB)/4, $x \
	DATA name<>+16(SB)/4, $x \
	DATA name<>+20(SB)/4, $x \
	DATA name<>+24(SB)/4, $x \
	DATA name<>+28(SB)/4, $x \
	GLOBL name<>(SB), RODATA|NOPTR, $32

LANES(one, 0x3f800000)        // 1
LANES(half, 0x3f000000)       // .5
LANES(third, 0x3eaaaaab)      // 1/3
LANES(three, 0x40400000)      // const_Far
LANES(minusThree, 0xc0400000)
LANES(eight, 0x41000000)
LANES(sixtyFour, 0x42800000)
LANES(steps, 0x43800000)      // const_bellSteps: 256
LANES(magnitude, 0x7fffffff)  // all but the sign
LANES(nearest, 0x3089705f)    // 1e-9
LANES(whole64, 64)
LANES(oneView, 0x10000)       // const_One

DATA count<>+0(SB)/4, $0x00000000
DATA count<>+4(SB)/4, $0x3f800000
DATA count<>+8(SB)/4, $0x40000000
DATA count<>+12(SB)/4, $0x40400000
DATA count<>+16(SB)/4, $0x40800000
DATA count<>+20(SB)/4, $0x40a00000
DATA count<>+24(SB)/4, $0x40c00000
DATA count<>+28(SB)/4, $0x40e00000
GLOBL count<>(SB), RODATA|NOPTR, $32

// Bytes 0 and 1 of each lane as two words, and bytes 2 and 3.
DATA first<>+0(SB)/8, $0x8005800480018000
DATA first<>+8(SB)/8, $0x800d800c80098008
DATA first<>+16(SB)/8, $0x8005800480018000
DATA first<>+24(SB)/8, $0x800d800c80098008
GLOBL first<>(SB), RODATA|NOPTR, $32
DATA last<>+0(SB)/8, $0x8007800680038002
DATA last<>+8(SB)/8, $0x800f800e800b800a
DATA last<>+16(SB)/8, $0x8007800680038002
DATA last<>+24(SB)/8, $0x800f800e800b800a
GLOBL last<>(SB), RODATA|NOPTR, $32

// SPLIT turns coordinates c into pixels at and 64ths g: those of the pixel at or
// before c where inside (Y6), else a whole pixel of the image. most is the largest
// coordinate, end the last pixel that has another after it.
#define SPLIT(c, most, end, at, g) \
	VMAXPS     Y14, c, g      \
	VMINPS     most, g, g     \
	VCVTTPS2DQ g, g           \
	VPMINSD    end, g, at     \
	VCVTDQ2PS  g, g           \
	VBLENDVPS  Y6, c, g, g    \
	VCVTDQ2PS  at, Y10        \
	VSUBPS     Y10, g, g      \
	VMULPS     sixtyFour<>(SB), g, g \
	VCVTTPS2DQ g, g

// WEIGHTS turns 64ths into the pair of words 64 - g, g.
#define WEIGHTS(g) \
	VPSLLD $16, g, Y3 \
	VPSUBD g, Y3, g   \
	VPADDD whole64<>(SB), g, g

// func warpRow(k *Warp, depth *float32, row, inside *int32, n int)
TEXT ·warpRow(SB), NOSPLIT, $0-40
	MOVQ k+0(FP), DI
	MOVQ depth+8(FP), SI
	MOVQ row+16(FP), R8
	MOVQ inside+24(FP), R9
	MOVQ n+32(FP), CX
	MOVQ Warp_pix(DI), R10
	MOVLQSX Warp_w(DI), R11
	LEAQ -2(R10)(R11*1), R12 // the row below, two bytes early: no byte beyond the image is read
	VPBROADCASTD Warp_w(DI), Y13
	VPBROADCASTD Warp_h(DI), Y12
	VPCMPEQD Y0, Y0, Y0
	VPADDD   Y0, Y13, Y11
	VPADDD   Y0, Y11, Y11
	VPADDD   Y0, Y12, Y12
	VPADDD   Y0, Y12, Y12
	VXORPS   Y14, Y14, Y14
	VMOVUPS  count<>(SB), Y15

warpLoop:
	VMOVUPS (SI), Y0
	VMULPS  Warp_m+64(DI), Y15, Y1
	VADDPS  Warp_r+64(DI), Y1, Y1
	VMULPS  Y0, Y1, Y1
	VADDPS  Warp_t+64(DI), Y1, Y1            // q
	VCMPPS  $0x1e, nearest<>(SB), Y1, Y2
	VCMPPS  $4, Y14, Y0, Y3
	VANDPS  Y3, Y2, Y2                       // known, and before the neighbour
	VMOVUPS one<>(SB), Y3
	VDIVPS  Y1, Y3, Y1
	VMULPS  Warp_m+0(DI), Y15, Y3
	VADDPS  Warp_r+0(DI), Y3, Y3
	VMULPS  Y0, Y3, Y3
	VADDPS  Warp_t+0(DI), Y3, Y3
	VMULPS  Y1, Y3, Y3                       // a
	VMULPS  Warp_m+32(DI), Y15, Y4
	VADDPS  Warp_r+32(DI), Y4, Y4
	VMULPS  Y0, Y4, Y4
	VADDPS  Warp_t+32(DI), Y4, Y4
	VMULPS  Y1, Y4, Y4                       // b
	VCMPPS  $0x1d, Y14, Y3, Y5
	VANDPS  Y5, Y2, Y6
	VCMPPS  $0x1d, Y14, Y4, Y5
	VANDPS  Y5, Y6, Y6
	VCMPPS  $0x11, Warp_maxX(DI), Y3, Y5
	VANDPS  Y5, Y6, Y6
	VCMPPS  $0x11, Warp_maxY(DI), Y4, Y5
	VANDPS  Y5, Y6, Y6                       // inside
	SPLIT(Y3, Warp_maxX(DI), Y11, Y8, Y7)
	SPLIT(Y4, Warp_maxY(DI), Y12, Y9, Y5)
	VPMULLD Y13, Y9, Y9
	VPADDD  Y8, Y9, Y9
	VPCMPEQD Y3, Y3, Y3
	VPGATHERDD Y3, (R10)(Y9*1), Y8
	VPCMPEQD Y3, Y3, Y3
	VPGATHERDD Y3, (R12)(Y9*1), Y10
	VPSHUFB first<>(SB), Y8, Y8
	VPSHUFB last<>(SB), Y10, Y10
	WEIGHTS(Y7)
	VPMADDWD Y7, Y8, Y8
	VPMADDWD Y7, Y10, Y10
	VPSLLD  $16, Y10, Y10
	VPOR    Y10, Y8, Y8
	WEIGHTS(Y5)
	VPMADDWD Y5, Y8, Y8
	VPSRLD  $8, Y8, Y8
	VPAND   Y2, Y8, Y8
	VMOVDQU Y8, (R8)
	VMOVDQU Y6, (R9)
	VADDPS  eight<>(SB), Y15, Y15
	ADDQ    $32, SI
	ADDQ    $32, R8
	ADDQ    $32, R9
	SUBQ    $8, CX
	JNZ     warpLoop
	VZEROUPPER
	RET

// func slideRow(i, ii, ir, now, before *int32, ref, refBefore *uint8, n int)
TEXT ·slideRow(SB), NOSPLIT, $0-64
	MOVQ i+0(FP), DI
	MOVQ ii+8(FP), SI
	MOVQ ir+16(FP), DX
	MOVQ now+24(FP), R8
	MOVQ before+32(FP), R9
	MOVQ ref+40(FP), R10
	MOVQ refBefore+48(FP), R11
	MOVQ n+56(FP), CX
	XORQ AX, AX

slideLoop:
	VMOVDQU (R8)(AX*4), Y0
	VMOVDQU (R9)(AX*4), Y1
	VPSUBD  Y1, Y0, Y2
	VPADDD  (DI)(AX*4), Y2, Y2
	VMOVDQU Y2, (DI)(AX*4)
	VPMADDWD Y0, Y0, Y3
	VPMADDWD Y1, Y1, Y4
	VPSUBD  Y4, Y3, Y3
	VPADDD  (SI)(AX*4), Y3, Y3
	VMOVDQU Y3, (SI)(AX*4)
	VPMOVZXBD (R10)(AX*1), Y5
	VPMADDWD Y5, Y0, Y5
	VPMOVZXBD (R11)(AX*1), Y6
	VPMADDWD Y6, Y1, Y6
	VPSUBD  Y6, Y5, Y5
	VPADDD  (DX)(AX*4), Y5, Y5
	VMOVDQU Y5, (DX)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     slideLoop
	VZEROUPPER
	RET

// ACROSS sums three columns from p, WIDER two more.
#define ACROSS(p, sum) \
	VMOVDQU (p)(AX*4), sum       \
	VPADDD  4(p)(AX*4), sum, sum \
	VPADDD  8(p)(AX*4), sum, sum
#define WIDER(p, sum) \
	VPADDD 12(p)(AX*4), sum, sum \
	VPADDD 16(p)(AX*4), sum, sum

// func znccRow(z *ZNCC, i, ii, ir, inside *int32, mean, inv *float32, sum *uint32, n int)
TEXT ·znccRow(SB), NOSPLIT, $0-72
	MOVQ z+0(FP), BX
	MOVQ i+8(FP), DI
	MOVQ ii+16(FP), SI
	MOVQ ir+24(FP), DX
	MOVQ inside+32(FP), R8
	MOVQ mean+40(FP), R9
	MOVQ inv+48(FP), R10
	MOVQ sum+56(FP), R11
	MOVQ n+64(FP), CX
	MOVBLZX ZNCC_wide(BX), R12
	VMOVUPS ZNCC_first(BX), Y8
	VMOVUPS ZNCC_second(BX), Y9
	VMOVUPS ZNCC_noise(BX), Y10
	VMOVUPS ZNCC_unit(BX), Y11
	VMOVDQU ZNCC_most(BX), Y12
	VMOVDQU oneView<>(SB), Y13
	VXORPS  Y14, Y14, Y14
	VMOVUPS one<>(SB), Y15
	XORQ    AX, AX

znccLoop:
	ACROSS(DI, Y0)
	ACROSS(SI, Y1)
	ACROSS(DX, Y2)
	TESTL R12, R12
	JZ    narrow
	WIDER(DI, Y0)
	WIDER(SI, Y1)
	WIDER(DX, Y2)

narrow:
	VCVTDQ2PS Y0, Y0
	VMULPS  Y8, Y0, Y0               // mean of the neighbour's patch
	VCVTDQ2PS Y1, Y1
	VMULPS  Y9, Y1, Y1
	VMULPS  Y0, Y0, Y3
	VSUBPS  Y3, Y1, Y1
	VADDPS  Y10, Y1, Y1              // its variance
	VCVTDQ2PS Y2, Y2
	VMULPS  Y8, Y2, Y2
	VMULPS  (R9)(AX*4), Y0, Y0
	VSUBPS  Y0, Y2, Y2               // covariance
	VMULPS  (R10)(AX*4), Y2, Y2
	VSQRTPS Y1, Y1
	VDIVPS  Y1, Y2, Y2
	VSUBPS  Y2, Y15, Y2
	VMULPS  Y11, Y2, Y2
	VCVTTPS2DQ Y2, Y2
	VPMAXSD Y14, Y2, Y2
	VPMINSD Y12, Y2, Y2
	VPADDD  Y13, Y2, Y2
	VPAND   (R8)(AX*4), Y2, Y2
	VPADDD  (R11)(AX*4), Y2, Y2
	VMOVDQU Y2, (R11)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     znccLoop
	VZEROUPPER
	RET

// EXTEND takes a group of levels one pixel on: before at offset o of SI, in Y2 the least
// before and in Y3 what a jump comes to. The costs are left in out.
#define EXTEND(o, out) \
	VMOVDQU  o-2(SI), Y1       \
	VPMINUW  o+2(SI), Y1, Y1   \
	VPADDW   Y7, Y1, Y1        \
	VPMINUW  o(SI), Y1, out    \
	VPMINUW  Y3, out, out      \
	VPSUBW   Y2, out, out      \
	VPADDW   o(R10), out, out  \
	VMOVDQU  out, o(DI)        \
	VPADDUSW o(R11), out, Y4   \
	VMOVDQU  Y4, o(R11)

// LEAST stores the least of the levels in Y0 and goes to the next pixel.
#define LEAST \
	VEXTRACTI128 $1, Y0, X1  \
	VPMINUW      X1, X0, X0  \
	VPHMINPOSUW  X0, X0      \
	VMOVD        X0, AX      \
	MOVW         AX, (R8)    \
	ADDQ         R13, SI     \
	ADDQ         R13, DI     \
	ADDQ         R13, R10    \
	ADDQ         R13, R11    \
	ADDQ         R14, R8     \
	ADDQ         R14, R9     \
	ADDQ         R14, R12    \
	DECQ         CX

// func extendRow(out, before, least, beforeLeast, cost, total, jump *uint16, w int, small uint16, step, stride int)
TEXT ·extendRow(SB), NOSPLIT, $0-88
	MOVQ out+0(FP), DI
	MOVQ before+8(FP), SI
	MOVQ least+16(FP), R8
	MOVQ beforeLeast+24(FP), R9
	MOVQ cost+32(FP), R10
	MOVQ total+40(FP), R11
	MOVQ jump+48(FP), R12
	MOVQ w+56(FP), CX
	VPBROADCASTW small+64(FP), Y7
	MOVQ step+72(FP), R14
	SHLQ $1, R14
	MOVQ stride+80(FP), R13
	MOVQ R13, DX
	IMULQ R14, R13
	CMPQ DX, $16
	JNE  two

single:
	VPBROADCASTW (R9), Y2
	VPBROADCASTW (R12), Y3
	VPADDW Y2, Y3, Y3
	EXTEND(0, Y0)
	LEAST
	JNZ single
	VZEROUPPER
	RET

two:
	VPBROADCASTW (R9), Y2
	VPBROADCASTW (R12), Y3
	VPADDW Y2, Y3, Y3
	EXTEND(0, Y0)
	EXTEND(32, Y5)
	VPMINUW Y5, Y0, Y0
	LEAST
	JNZ two
	VZEROUPPER
	RET

// PROJECT computes the i-th homogeneous coordinate of the pixels Y15 at depth Y0.
#define PROJECT(i, out) \
	VMULPS Judge_m+i(DI), Y15, out    \
	VADDPS Judge_row+i(DI), out, out  \
	VADDPS Judge_last+i(DI), out, out \
	VMULPS Y0, out, out               \
	VADDPS Judge_t+i(DI), out, out

// func judgeRow(k *Judge, bell *[Far*bellSteps + 2]float32, depth, tolerance, agree, against *float32, n int)
TEXT ·judgeRow(SB), NOSPLIT, $0-56
	MOVQ k+0(FP), DI
	MOVQ bell+8(FP), BX
	MOVQ depth+16(FP), SI
	MOVQ tolerance+24(FP), R8
	MOVQ agree+32(FP), R9
	MOVQ against+40(FP), R10
	MOVQ n+48(FP), CX
	MOVQ Judge_depth(DI), R11
	VPBROADCASTD Judge_w(DI), Y13
	VXORPS  Y14, Y14, Y14
	VMOVUPS count<>(SB), Y15
	XORQ    AX, AX

judgeLoop:
	VMOVUPS (SI)(AX*4), Y0
	PROJECT(64, Y1)                  // q
	VCMPPS  $0x1e, Y14, Y1, Y2
	VCMPPS  $4, Y14, Y0, Y3
	VANDPS  Y3, Y2, Y2
	PROJECT(0, Y3)
	VDIVPS  Y1, Y3, Y3
	VADDPS  half<>(SB), Y3, Y3       // a
	PROJECT(32, Y4)
	VDIVPS  Y1, Y4, Y4
	VADDPS  half<>(SB), Y4, Y4       // b
	VCMPPS  $0x1d, Y14, Y3, Y5
	VANDPS  Y5, Y2, Y2
	VCMPPS  $0x1d, Y14, Y4, Y5
	VANDPS  Y5, Y2, Y2
	VCMPPS  $0x11, Judge_wide(DI), Y3, Y5
	VANDPS  Y5, Y2, Y2
	VCMPPS  $0x11, Judge_high(DI), Y4, Y5
	VANDPS  Y5, Y2, Y2
	VMOVMSKPS Y2, DX
	TESTL   DX, DX
	JZ      judgeNext                // the other image sees none of them
	VCVTTPS2DQ Y3, Y3
	VCVTTPS2DQ Y4, Y4
	VPMULLD Y13, Y4, Y4
	VPADDD  Y3, Y4, Y4
	VPAND   Y2, Y4, Y4
	VXORPS  Y5, Y5, Y5
	VMOVAPS Y2, Y6
	VGATHERDPS Y6, (R11)(Y4*4), Y5   // s
	VCMPPS  $4, Y14, Y5, Y6
	VANDPS  Y6, Y2, Y2
	VSUBPS  Y1, Y5, Y6
	VADDPS  Y1, Y5, Y7
	VDIVPS  Y7, Y6, Y6
	VMULPS  Y6, Y6, Y7
	VMULPS  third<>(SB), Y7, Y7
	VADDPS  one<>(SB), Y7, Y7
	VADDPS  Y6, Y6, Y6
	VMULPS  Y7, Y6, Y7               // e
	VMOVUPS (R8)(AX*4), Y8
	VMULPS  minusThree<>(SB), Y8, Y10
	VCMPPS  $0x11, Y10, Y7, Y10      // hidden
	VANDNPS Y2, Y10, Y2
	VMULPS  three<>(SB), Y8, Y9
	VCMPPS  $0x1e, Y9, Y7, Y10
	VANDPS  Y2, Y10, Y10             // seen through
	VANDNPS Y2, Y10, Y2
	VANDPS  one<>(SB), Y10, Y10
	VADDPS  (R10)(AX*4), Y10, Y10
	VMOVUPS Y10, (R10)(AX*4)
	VDIVPS  Y8, Y7, Y7
	VANDPS  magnitude<>(SB), Y7, Y7
	VMULPS  steps<>(SB), Y7, Y7
	VCVTTPS2DQ Y7, Y7
	VPAND   Y2, Y7, Y7
	VXORPS  Y5, Y5, Y5
	VGATHERDPS Y2, (BX)(Y7*4), Y5
	VADDPS  (R9)(AX*4), Y5, Y5
	VMOVUPS Y5, (R9)(AX*4)

judgeNext:
	VADDPS  eight<>(SB), Y15, Y15
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     judgeLoop
	VZEROUPPER
	RET
