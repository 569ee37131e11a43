#include "textflag.h"

// Lane masks for VMASKMOVPD: reading at offset (4-t)*8 selects the first t lanes.
DATA mask<>+0(SB)/8, $-1
DATA mask<>+8(SB)/8, $-1
DATA mask<>+16(SB)/8, $-1
DATA mask<>+24(SB)/8, $-1
DATA mask<>+32(SB)/8, $0
DATA mask<>+40(SB)/8, $0
DATA mask<>+48(SB)/8, $0
DATA mask<>+56(SB)/8, $0
GLOBL mask<>(SB), RODATA|NOPTR, $64

// STEP adds the products of the four elements of b in Y15 with those of the
// three rows of a in Y12, Y13, Y14.
#define STEP(r0, r1, r2) \
	VFMADD231PD Y15, Y12, r0 \
	VFMADD231PD Y15, Y13, r1 \
	VFMADD231PD Y15, Y14, r2

// FIRST starts three sums with a masked step; the mask is in Y15.
#define FIRST(row, r0, r1, r2) \
	VMASKMOVPD (row)(AX*1), Y15, r2 \
	VMULPD     r2, Y12, r0          \
	VMULPD     r2, Y13, r1          \
	VMULPD     r2, Y14, r2

// STORE adds up the lanes of four sums and subtracts them from a row of c.
#define STORE(r0, r1, r2, r3, row) \
	VHADDPD    r1, r0, r0          \
	VHADDPD    r3, r2, r2          \
	VPERM2F128 $0x20, r2, r0, r1   \
	VPERM2F128 $0x31, r2, r0, r3   \
	VADDPD     r3, r1, r1          \
	VMOVUPD    row, r3             \
	VSUBPD     r1, r3, r3          \
	VMOVUPD    r3, row

// func subStrip3(c *float64, ldc int, a *float64, lda int, b *float64, ldb int, n int, k int)
//
// c (3 x n) -= a (3 x k) b^T (n x k), n a multiple of 4, in tiles of 3 x 4: twelve
// sums of four lanes each along k stay in Y0-Y11.
TEXT ·subStrip3(SB), NOSPLIT, $0-64
	MOVQ c+0(FP), DI
	MOVQ ldc+8(FP), BX
	SHLQ $3, BX
	MOVQ a+16(FP), SI
	MOVQ lda+24(FP), R11
	SHLQ $3, R11
	LEAQ (SI)(R11*2), R12
	ADDQ SI, R11
	MOVQ b+32(FP), DX
	MOVQ ldb+40(FP), R9
	SHLQ $3, R9
	LEAQ (DX)(R9*1), R13
	LEAQ (DX)(R9*2), R14
	LEAQ (R13)(R9*2), R15
	SHLQ $2, R9
	MOVQ n+48(FP), R10

tile:
	MOVQ k+56(FP), CX
	MOVQ CX, AX
	ANDQ $3, AX
	JZ   whole

	// The k%4 elements at the end come first, while registers are free.
	LEAQ mask<>+32(SB), R8
	SHLQ $3, AX
	SUBQ AX, R8
	VMOVUPD (R8), Y15
	SHRQ $2, CX
	MOVQ CX, AX
	SHLQ $5, AX
	VMASKMOVPD (SI)(AX*1), Y15, Y12
	VMASKMOVPD (R11)(AX*1), Y15, Y13
	VMASKMOVPD (R12)(AX*1), Y15, Y14
	FIRST(DX, Y0, Y4, Y8)
	FIRST(R13, Y1, Y5, Y9)
	FIRST(R14, Y2, Y6, Y10)
	FIRST(R15, Y3, Y7, Y11)
	JMP  start

whole:
	SHRQ   $2, CX
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7
	VXORPD Y8, Y8, Y8
	VXORPD Y9, Y9, Y9
	VXORPD Y10, Y10, Y10
	VXORPD Y11, Y11, Y11

start:
	XORQ  AX, AX
	TESTQ CX, CX
	JZ    done

loop:
	VMOVUPD (SI)(AX*1), Y12
	VMOVUPD (R11)(AX*1), Y13
	VMOVUPD (R12)(AX*1), Y14
	VMOVUPD (DX)(AX*1), Y15
	STEP(Y0, Y4, Y8)
	VMOVUPD (R13)(AX*1), Y15
	STEP(Y1, Y5, Y9)
	VMOVUPD (R14)(AX*1), Y15
	STEP(Y2, Y6, Y10)
	VMOVUPD (R15)(AX*1), Y15
	STEP(Y3, Y7, Y11)
	ADDQ $32, AX
	DECQ CX
	JNZ  loop

done:
	STORE(Y0, Y1, Y2, Y3, (DI))
	STORE(Y4, Y5, Y6, Y7, (DI)(BX*1))
	STORE(Y8, Y9, Y10, Y11, (DI)(BX*2))
	ADDQ $32, DI
	ADDQ R9, DX
	ADDQ R9, R13
	ADDQ R9, R14
	ADDQ R9, R15
	SUBQ $4, R10
	JNZ  tile
	VZEROUPPER
	RET
