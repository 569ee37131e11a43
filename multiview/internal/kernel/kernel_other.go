//go:build !amd64

package kernel

// haveAVX2 is false where there are no vector kernels.
var haveAVX2 = false

func warpRow(*Warp, *float32, *int32, *int32, int) {}

func slideRow(*int32, *int32, *int32, *int32, *int32, *uint8, *uint8, int) {}

func znccRow(*ZNCC, *int32, *int32, *int32, *int32, *float32, *float32, *uint32, int) {}

func extendRow(*uint16, *uint16, *uint16, *uint16, *uint16, *uint16, *uint16, int, uint16, int, int) {
}

func judgeRow(*Judge, *[Far*bellSteps + 2]float32, *float32, *float32, *float32, *float32, int) {}
