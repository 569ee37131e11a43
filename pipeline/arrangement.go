package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// arrangement looks for what no lens makes: two views in one image, black bars, the
// circle of a fisheye, and what is laid over every image or goes along with the camera
// (logos, dashboards, the frame of a screen). It keeps sums of blocks of pixels.
type arrangement struct {
	w, h, nx, ny int
	read         int
	samples      int
	blocks       []blockSum
	beside, over int // samples whose halves look alike
}

// blockSum is what is kept of a block: of its mean, and of its deviation.
type blockSum struct{ sum, squares, most, contrast float64 }

const (
	arrangeBlock   = 8  // pixels of a block's side
	arrangeEvery   = 5  // frames
	arrangeSamples = 64 // that are looked at
	arrangeLeast   = 8  // of them that tell something

	blackMost     = 20 // grey level of the mean of a black block: video's black is 16
	blackContrast = 4  // deviation of its pixels, by compression
	barShare      = .03
	cornerShare   = .05 // of the image's sides: what a circle leaves of each corner

	// A block stays the same where its mean deviates by less than stillStd over time
	// and it has texture; others must change by movingStd in the middle.
	stillStd     = 1.5
	stillTexture = 10
	movingStd    = 8
	stillTold    = .03 // share of textured blocks that is told
	stillDoubt   = .15 // from which on the pose may be that of what goes along

	// alikeHalves is the correlation of two halves, rows or columns without their
	// means, from which on they show one thing: .77 to .98 for two views, .56 at most
	// for images of nine places, some of which repeat.
	alikeHalves = .7
	alikeShift  = .12 // of a half's width, the largest disparity
	alikeShare  = .8  // of the samples
)

// see takes a frame into account.
func (a *arrangement) see(g slam.Gray) {
	a.read++
	if a.samples == arrangeSamples || (a.read-1)%arrangeEvery != 0 || a.blocks != nil && (g.W != a.w || g.H != a.h) {
		return
	}
	if a.blocks == nil {
		a.w, a.h, a.nx, a.ny = g.W, g.H, g.W/arrangeBlock, g.H/arrangeBlock
		a.blocks = make([]blockSum, a.nx*a.ny)
	}
	a.samples++
	means := make([]float64, len(a.blocks))
	for i := range a.blocks {
		mean, std := block(g, i%a.nx*arrangeBlock, i/a.nx*arrangeBlock)
		means[i] = mean
		b := &a.blocks[i]
		b.sum, b.squares, b.contrast, b.most = b.sum+mean, b.squares+mean*mean, b.contrast+std, max(b.most, mean)
	}
	if alike(means, a.nx, a.ny) {
		a.beside++
	}
	turned := make([]float64, len(means))
	for i, m := range means {
		turned[i%a.nx*a.ny+i/a.nx] = m
	}
	if alike(turned, a.ny, a.nx) {
		a.over++
	}
}

// block returns mean and deviation of a block's pixels.
func block(g slam.Gray, x, y int) (mean, std float64) {
	var s, q int
	for r := y; r < y+arrangeBlock; r++ {
		for _, v := range g.Pix[r*g.W+x : r*g.W+x+arrangeBlock] {
			s += int(v)
			q += int(v) * int(v)
		}
	}
	const n = arrangeBlock * arrangeBlock
	mean = float64(s) / n
	return mean, math.Sqrt(max(float64(q)/n-mean*mean, 0))
}

// alike reports whether the left half of an image of nx x ny values shows what the
// right one does, moved by a disparity: rows without their means, for all landscapes
// are dark below and bright above.
func alike(v []float64, nx, ny int) bool {
	half := nx / 2
	most := int(alikeShift * float64(half))
	if half < 8 || ny < 8 {
		return false
	}
	for shift := -most; shift <= most; shift++ {
		var ab, aa, bb float64
		for y := range ny {
			left, right := v[y*nx:y*nx+half], v[y*nx+nx-half:y*nx+nx]
			if shift >= 0 {
				left, right = left[shift:], right[:half-shift]
			} else {
				left, right = left[:half+shift], right[-shift:]
			}
			ma, mb := average(left), average(right)
			for i := range left {
				p, q := left[i]-ma, right[i]-mb
				ab, aa, bb = ab+p*q, aa+p*p, bb+q*q
			}
		}
		if aa > 0 && bb > 0 && ab/math.Sqrt(aa*bb) > alikeHalves {
			return true
		}
	}
	return false
}

func average(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// black reports whether a block was black throughout.
func (a *arrangement) black(x, y int) bool {
	b := a.blocks[y*a.nx+x]
	return b.most <= blackMost && b.contrast <= blackContrast*float64(a.samples)
}

// bars returns the pixels of black bars at the left, right, top and bottom.
func (a *arrangement) bars() (left, right, top, bottom int) {
	column := func(x int) bool {
		return !slices.ContainsFunc(indices(a.ny), func(y int) bool { return !a.black(x, y) })
	}
	row := func(y int) bool {
		return !slices.ContainsFunc(indices(a.nx), func(x int) bool { return !a.black(x, y) })
	}
	count := func(n int, is func(int) bool, from, step int) (k int) {
		for k < n && is(from+step*k) {
			k++
		}
		return k * arrangeBlock
	}
	return count(a.nx, column, 0, 1), count(a.nx, column, a.nx-1, -1), count(a.ny, row, 0, 1), count(a.ny, row, a.ny-1, -1)
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// circle reports whether all four corners are black: what a lens draws that does not
// fill its sensor.
func (a *arrangement) circle() bool {
	cx, cy := max(int(cornerShare*float64(a.nx)), 1), max(int(cornerShare*float64(a.ny)), 1)
	for _, x0 := range [2]int{0, a.nx - cx} {
		for _, y0 := range [2]int{0, a.ny - cy} {
			for i := range cx * cy {
				if !a.black(x0+i%cx, y0+i/cx) {
					return false
				}
			}
		}
	}
	return true
}

// still is the share of the textured blocks that stay as they are while the others
// change.
func (a *arrangement) still() float64 {
	n := float64(a.samples)
	var over []float64
	textured, same := 0, 0
	for _, b := range a.blocks {
		mean := b.sum / n
		std := math.Sqrt(max(b.squares/n-mean*mean, 0))
		over = append(over, std)
		if b.contrast/n < stillTexture {
			continue
		}
		textured++
		if std < stillStd {
			same++
		}
	}
	moving := slices.DeleteFunc(over, func(s float64) bool { return s < stillStd })
	if textured == 0 || len(moving) == 0 || stats.Median(moving) < movingStd {
		return 0
	}
	return float64(same) / float64(textured)
}

// told says what was found: warnings, and what makes the trajectory doubtful, with a
// camera that comes from so.
func (a *arrangement) told(from slam.SourceInfo) (warnings, doubts []string) {
	if a.samples < arrangeLeast || len(a.blocks) == 0 {
		return nil, nil
	}
	measured := from.FocalSigma == 0 && from.CameraFrom != "--fov"     // in pixels of these images
	pinhole := !measured || strings.HasPrefix(from.CameraFrom, "--fx") // nothing is known of its distortion
	most := alikeShare * float64(a.samples)
	switch {
	case float64(a.beside) > most:
		return nil, []string{"the images hold two views side by side, which are no single camera's: cut one out first, with `ffmpeg -i IN -vf crop=iw/2:ih:0:0 OUT.mp4`, and give its field of view"}
	case float64(a.over) > most:
		return nil, []string{"the images hold two views one above the other, which are no single camera's: cut one out first, with `ffmpeg -i IN -vf crop=iw:ih/2:0:0 OUT.mp4`, and give its field of view"}
	}
	l, r, t, b := a.bars()
	switch wide := float64(l+r) > barShare*float64(a.w); {
	case wide || float64(t+b) > barShare*float64(a.h):
		text := fmt.Sprintf("the images have black bars of %d, %d, %d and %d pixels at the left, right, top and bottom: cut them away first, with `ffmpeg -i IN -vf crop=%d:%d:%d:%d OUT.mp4`", l, r, t, b, a.w-l-r, a.h-t-b, l, t)
		if measured || !wide && from.CameraFrom == "--fov" {
			warnings = append(warnings, text+", and move the principal point of the calibration along")
		} else {
			doubts = append(doubts, text+"; a field of view or a guess takes them for a part of the view, so that the focal length is wrong")
		}
	case pinhole && a.circle():
		doubts = append(doubts, "the corners of the images are black: a fisheye lens, or a vignette, whose circle does not fill them. No pinhole camera sees that; calibrate it (`metricslam calibrate --model fisheye`) and give the --camera FILE")
	}
	if share := a.still(); share > stillTold {
		text := fmt.Sprintf("%.0f %% of what has texture is the same in all images while the rest moves: a logo, a dashboard, the frame of a screen recording. Cut it away (`ffmpeg -i IN -vf crop=W:H:X:Y OUT.mp4`)", 100*share)
		if share > stillDoubt {
			doubts = append(doubts, text)
		} else {
			warnings = append(warnings, text)
		}
	}
	return warnings, doubts
}
