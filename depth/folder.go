package depth

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/slam"
)

// The uncertainty of depth whose maker did not state one: that of a good metric
// network on ordinary rooms.
const (
	networkSigma      = .08
	networkScaleSigma = .10
)

// maxStampGap is how far the stamp of a depth image may be from the frame's.
const maxStampGap = .02

// Folder is a folder of depth images, 16-bit PNG or NPY, one a frame. A frame
// finds its file, in this order, by
//
//  1. the same name, apart from endings such as .depth or .color;
//  2. where the names are stamps (seconds with a decimal point, or nanoseconds):
//     the nearest one within .02 s;
//  3. else the number in the names: that of Frame.Name, or Frame.Index where
//     the frame's name has none.
//
// A depth image covers the same view as the (undistorted) image, at any
// size of the same shape.
type Folder struct {
	dir      string
	scale    float64
	byName   map[string]string // cleaned name to file
	byNumber map[int]string
	stamps   []stampedFile // sorted by time; empty where the names are no stamps
}

type stampedFile struct {
	time float64
	file string
}

// OpenFolder lists a folder of depth images; scale is units per metre, 0 for
// 1000 where they hold integers and 1 where they hold floats.
func OpenFolder(dir string, scale float64) (*Folder, error) {
	if scale < 0 || math.IsNaN(scale) || math.IsInf(scale, 0) {
		return nil, fmt.Errorf("--depth-scale %v: it must be positive (units per metre)", scale)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("--depth %s: %w", dir, err)
	}
	s := &Folder{dir: dir, scale: scale, byName: map[string]string{}, byNumber: map[int]string{}}
	stamps := true
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if e.IsDir() || (ext != ".png" && ext != ".npy") {
			continue
		}
		name := cleanName(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
		s.byName[name] = e.Name()
		if n, ok := number(name); ok {
			s.byNumber[n] = e.Name()
		}
		t, ok := stamp(name)
		stamps = stamps && ok
		s.stamps = append(s.stamps, stampedFile{t, e.Name()})
	}
	if len(s.stamps) == 0 {
		return nil, fmt.Errorf("--depth %s: no .png or .npy file in it", dir)
	}
	if !stamps {
		s.stamps = nil
	}
	slices.SortFunc(s.stamps, func(a, b stampedFile) int {
		return cmp.Or(cmp.Compare(a.time, b.time), strings.Compare(a.file, b.file))
	})
	return s, nil
}

// Name returns "folder".
func (s *Folder) Name() string { return "folder" }

// Depth reads the file that belongs to f.
func (s *Folder) Depth(_ context.Context, f *slam.Frame) (slam.DepthMap, error) {
	file, ok := s.find(f)
	if !ok {
		return slam.DepthMap{}, ErrNoDepth
	}
	path := filepath.Join(s.dir, file)
	p, err := depthio.Read(path, s.scale)
	if err != nil {
		return slam.DepthMap{}, err
	}
	if err := sameShape(p, f); err != nil {
		return slam.DepthMap{}, fmt.Errorf("depth image %s: %w", path, err)
	}
	return slam.DepthMap{
		W: p.W, H: p.H, Camera: f.Camera.Resized(p.W, p.H), Depth: p.Depth,
		Sigma: networkSigma, ScaleSigma: networkScaleSigma, PlaceSigma: contract.PlaceSigma, Source: s.Name(),
	}, nil
}

// Close does nothing.
func (s *Folder) Close() error { return nil }

// Covers returns an error where none of the frames, of which index, time and name
// are read, has a file.
func (s *Folder) Covers(frames []slam.Frame) error {
	if len(frames) == 0 {
		return nil
	}
	for i := range frames {
		if _, ok := s.find(&frames[i]); ok {
			return nil
		}
	}
	files := make([]string, 0, len(s.byName))
	for _, f := range s.byName {
		files = append(files, f)
	}
	slices.Sort(files)
	return fmt.Errorf("--depth %s: none of the %d frames has a file in it: the frames are named like %q (stamp %.6f), its %d files like %q; a file belongs to the frame of the same name, stamp or number",
		s.dir, len(frames), frames[0].Name, frames[0].Time, len(files), files[0])
}

// sameShape refuses a depth image that cannot cover the frame's view: sides
// in another ratio than the image's, by more than 2 %.
func sameShape(p depthio.Image, f *slam.Frame) error {
	rx, ry := float64(p.W)/float64(f.Camera.W), float64(p.H)/float64(f.Camera.H)
	if math.Abs(rx/ry-1) > .02 {
		return fmt.Errorf("%dx%d pixels do not cover the %dx%d pixels of frame %d (%s); is it the depth of another sequence?",
			p.W, p.H, f.Camera.W, f.Camera.H, f.Index, f.Name)
	}
	return nil
}

func (s *Folder) find(f *slam.Frame) (file string, ok bool) {
	name := cleanName(f.Name)
	if file, ok = s.byName[name]; ok {
		return file, true
	}
	if s.stamps != nil {
		return s.nearest(f.Time)
	}
	n := f.Index
	if _, isStamp := stamp(name); !isStamp {
		if m, ok := number(name); ok {
			n = m
		}
	}
	file, ok = s.byNumber[n]
	return file, ok
}

// nearest returns the file whose stamp is nearest to t, within maxStampGap.
func (s *Folder) nearest(t float64) (file string, ok bool) {
	i, _ := slices.BinarySearchFunc(s.stamps, t, func(a stampedFile, t float64) int { return cmp.Compare(a.time, t) })
	best := maxStampGap
	for _, j := range [2]int{i - 1, i} {
		if j < 0 || j >= len(s.stamps) {
			continue
		}
		if gap := math.Abs(s.stamps[j].time - t); gap <= best {
			best, file, ok = gap, s.stamps[j].file, true
		}
	}
	return file, ok
}

// cleanName drops the endings by which data sets tell images from depth.
func cleanName(name string) string {
	for _, end := range []string{".depth", ".color", "_depth", "_color", "-depth", "-color", "_rgb", "_colors"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// stamp reads a name as a time in seconds: a number with a decimal point, or
// one of nanoseconds since 1970.
func stamp(name string) (seconds float64, ok bool) {
	if ns, err := strconv.ParseInt(name, 10, 64); err == nil && ns > 1e15 {
		return float64(ns) * 1e-9, true
	}
	if !strings.Contains(name, ".") {
		return 0, false
	}
	t, err := strconv.ParseFloat(name, 64)
	return t, err == nil && !math.IsInf(t, 0)
}

// number returns the last group of digits in a name.
func number(name string) (n int, ok bool) {
	end := strings.LastIndexAny(name, "0123456789") + 1
	start := end
	for start > 0 && name[start-1] >= '0' && name[start-1] <= '9' {
		start--
	}
	n, err := strconv.Atoi(name[start:end])
	return n, err == nil
}
