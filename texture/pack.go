package texture

import "slices"

// pack places charts, in an order, on at most so many pages of a size, and returns the
// width and height of each; nil where they do not fit.
func pack(charts []chart, order []int, size, most int) (pages [][2]int) {
	var area int
	for i := range charts {
		area += charts[i].w * charts[i].h
	}
	if area > most*size*size {
		return nil
	}
	var lines []skyline
	for _, i := range order {
		c := &charts[i]
		if c.w > size || c.h > size {
			return nil
		}
		placed := false
		for p := range lines {
			if c.x, c.y, placed = lines[p].place(c.w, c.h); placed {
				c.page = p
				break
			}
		}
		if !placed {
			if len(lines) == most {
				return nil
			}
			lines = append(lines, newSkyline(size))
			c.page = len(lines) - 1
			c.x, c.y, _ = lines[c.page].place(c.w, c.h)
		}
	}
	for _, l := range lines {
		h := minSizePx
		for h < l.top() {
			h *= 2
		}
		pages = append(pages, [2]int{size, h})
	}
	return pages
}

// skyline is the upper edge of what was placed on a page: steps from left to right.
type skyline struct {
	size  int
	steps []step
}

type step struct{ x, y, w int }

func newSkyline(size int) skyline { return skyline{size, []step{{0, 0, size}}} }

// top is the highest of its steps.
func (s *skyline) top() (y int) {
	for _, st := range s.steps {
		y = max(y, st.y)
	}
	return y
}

// place puts a rectangle as low as it goes, and as far left there.
func (s *skyline) place(w, h int) (x, y int, ok bool) {
	best := -1
	for i := range s.steps {
		top, fits := s.rest(i, w)
		if !fits || top+h > s.size {
			continue
		}
		if best < 0 || top < y {
			best, x, y = i, s.steps[i].x, top
		}
	}
	if best < 0 {
		return 0, 0, false
	}
	s.cover(best, step{x, y + h, w})
	return x, y, true
}

// rest is how high a rectangle comes to lie that begins at step i.
func (s *skyline) rest(i, w int) (top int, fits bool) {
	if s.steps[i].x+w > s.size {
		return 0, false
	}
	for ; w > 0; i++ {
		top = max(top, s.steps[i].y)
		w -= s.steps[i].w
	}
	return top, true
}

// cover puts a step in place of those under it.
func (s *skyline) cover(i int, n step) {
	j, end := i, n.x+n.w
	for j < len(s.steps) && s.steps[j].x+s.steps[j].w <= end {
		j++
	}
	if j < len(s.steps) && s.steps[j].x < end {
		s.steps[j].w -= end - s.steps[j].x
		s.steps[j].x = end
	}
	s.steps = slices.Replace(s.steps, i, j, n)
	if i > 0 && s.steps[i-1].y == n.y {
		s.steps[i-1].w += n.w
		s.steps = slices.Delete(s.steps, i, i+1)
	}
}
