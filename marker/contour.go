package marker

// lattice is a corner between pixels: (x, y) lies at the upper left of pixel
// (x, y), margin included.
type lattice struct{ x, y int32 }

// seen marks a pixel whose left side has been walked along.
const seen = 2

// outlines walks along the sides of the pixels of every dark region, which lie
// to the right, and gives the outer outlines to visit. Regions are joined by
// sides, not by corners. Each side is walked once: outlines start at left sides
// that no walk has passed.
func (d *Detector) outlines(b binary, visit func([]lattice)) {
	for y := 1; y < b.h-1; y++ {
		row := b.dark[y*b.w : (y+1)*b.w]
		before := uint8(0)
		for x, v := range row {
			if v == 1 && before == 0 && d.walk(b, x, y) > 0 {
				visit(d.outline)
			}
			before = v
		}
	}
}

// The four directions, each the next one turned to the right.
var (
	stepX = [4]int32{0, 1, 0, -1} // up, right, down, left
	stepY = [4]int32{-1, 0, 1, 0}
	// Offsets from a corner to the pixels ahead of it on the left and the right.
	leftX  = [4]int32{-1, 0, 0, -1}
	leftY  = [4]int32{-1, -1, 0, 0}
	rightX = [4]int32{0, 0, -1, -1}
	rightY = [4]int32{-1, 0, 0, -1}
)

// walk fills d.outline with the corners at which an outline turns, and returns
// twice the area within, negative around a hole. It starts up the left side of
// pixel (x, y).
func (d *Detector) walk(b binary, x, y int) (area int) {
	start := lattice{int32(x), int32(y) + 1}
	at, dir := start, 0
	d.outline, d.sides = d.outline[:0], 0
	w := int32(b.w)
	for {
		if dir == 0 {
			b.dark[(at.y-1)*w+at.x] = seen
		}
		next := lattice{at.x + stepX[dir], at.y + stepY[dir]}
		area += int(at.x)*int(next.y) - int(next.x)*int(at.y)
		at = next
		d.sides++
		turned := dir
		switch {
		case b.dark[(at.y+rightY[dir])*w+at.x+rightX[dir]] == 0:
			turned = (dir + 1) & 3
		case b.dark[(at.y+leftY[dir])*w+at.x+leftX[dir]] != 0:
			turned = (dir + 3) & 3
		}
		if turned != dir {
			d.outline = append(d.outline, at)
		}
		if dir = turned; at == start && dir == 0 {
			return area
		}
	}
}
