package problemfile

import (
	"io"
	"math"
	"strconv"
)

// BAL is a bundle adjustment problem. A camera is 9 numbers: the rotation vector
// and the translation of world to camera, focal length f in pixels, and the
// radial distortion k1, k2. It looks along -z:
//
//	P = R X + t, p = -P.xy / P.z, pixel = f (1 + k1 |p|^2 + k2 |p|^4) p
type BAL struct {
	Cameras      [][9]float64
	Points       [][3]float64
	Observations []BALObservation
}

// BALObservation is the pixel of a point in a camera, from the image's centre,
// y up.
type BALObservation struct {
	Camera, Point int32
	X, Y          float64
}

// readBAL reads the file whose first line is in s.
func readBAL(s *scanner) (*BAL, error) {
	nc := s.integer("the number of cameras", 1, math.MaxInt32)
	np := s.integer("the number of points", 1, math.MaxInt32)
	no := s.integer("the number of observations", 1, math.MaxInt32)
	s.endOfLine()
	b := &BAL{}
	for i := 0; i < no && s.err == nil; i++ {
		if !s.next() {
			return nil, s.truncated("observation %d of %d", i+1, no)
		}
		o := BALObservation{Camera: int32(s.integer("the camera", 0, nc)), Point: int32(s.integer("the point", 0, np))}
		o.X, o.Y = s.float("x"), s.float("y")
		s.endOfLine()
		b.Observations = append(b.Observations, o)
	}
	for i := 0; i < nc && s.err == nil; i++ {
		var c [9]float64
		for k := range c {
			if !s.next() {
				return nil, s.truncated("value %d of camera %d of %d", k+1, i+1, nc)
			}
			c[k] = s.float("the value of a camera")
			s.endOfLine()
		}
		b.Cameras = append(b.Cameras, c)
	}
	for i := 0; i < np && s.err == nil; i++ {
		var p [3]float64
		for k := range p {
			if !s.next() {
				return nil, s.truncated("value %d of point %d of %d", k+1, i+1, np)
			}
			p[k] = s.float("the value of a point")
			s.endOfLine()
		}
		b.Points = append(b.Points, p)
	}
	if s.err == nil && s.next() {
		return nil, s.errorf("more lines than the counts in line 1 ask for")
	}
	return b, s.err
}

// truncated says what the file lacks.
func (s *scanner) truncated(format string, args ...any) error {
	if s.err != nil {
		return s.err
	}
	return s.errorf("the file ends before "+format+"; is it complete?", args...)
}

// Write writes the problem in BAL format.
func (b *BAL) Write(w io.Writer) error {
	var line []byte
	end := func() error {
		line = append(line, '\n')
		_, err := w.Write(line)
		line = line[:0]
		return err
	}
	ints := func(v ...int) {
		for i, x := range v {
			if i > 0 {
				line = append(line, ' ')
			}
			line = strconv.AppendInt(line, int64(x), 10)
		}
	}
	ints(len(b.Cameras), len(b.Points), len(b.Observations))
	if err := end(); err != nil {
		return err
	}
	for _, o := range b.Observations {
		ints(int(o.Camera), int(o.Point))
		line = append(line, ' ')
		line = appendFloat(line, o.X)
		line = append(line, ' ')
		line = appendFloat(line, o.Y)
		if err := end(); err != nil {
			return err
		}
	}
	for i := range b.Cameras {
		for _, x := range b.Cameras[i] {
			line = append(appendFloat(line, x), '\n')
		}
	}
	for i := range b.Points {
		for _, x := range b.Points[i] {
			line = append(appendFloat(line, x), '\n')
		}
	}
	_, err := w.Write(line)
	return err
}

// appendFloat writes the shortest text that reads back to the same number.
func appendFloat(b []byte, x float64) []byte { return strconv.AppendFloat(b, x, 'g', -1, 64) }
