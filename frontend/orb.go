package frontend

import (
	"cmp"
	"fmt"
	"slices"

	"gocv.io/x/gocv"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Descriptor is a 256-bit ORB descriptor.
type Descriptor = slam.Descriptor

// Describe returns the ORB keypoints and descriptors of the current image, strongest first.
func (t *Tracker) Describe() ([]geom.Vec2, []Descriptor, error) {
	return ORB(t.current(), t.cfg.ORBFeatures)
}

// ORB finds up to n multi-scale corners with their descriptors, strongest first,
// for place recognition. An image without corners gives none.
func ORB(g slam.Gray, n int) ([]geom.Vec2, []Descriptor, error) {
	if g.W < minSide || g.H < minSide || len(g.Pix) != g.W*g.H {
		return nil, nil, fmt.Errorf("frontend: an image of %dx%d is too small for ORB", g.W, g.H)
	}
	m, err := gocv.NewMatFromBytes(g.H, g.W, gocv.MatTypeCV8UC1, g.Pix)
	if err != nil {
		return nil, nil, err
	}
	defer m.Close()
	orb := gocv.NewORBWithParams(n, 1.2, 8, 19, 0, 2, gocv.ORBScoreTypeHarris, 31, 12)
	defer orb.Close()
	mask := gocv.NewMat()
	defer mask.Close()
	kps, d := orb.DetectAndCompute(m, mask)
	defer d.Close()
	if d.Empty() {
		return nil, nil, nil
	}
	raw, err := d.DataPtrUint8()
	if err != nil {
		return nil, nil, err
	}
	order := make([]int, len(kps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(kps[b].Response, kps[a].Response) })
	px, desc := make([]geom.Vec2, len(kps)), make([]Descriptor, len(kps))
	for i, k := range order {
		px[i] = geom.Vec2{X: kps[k].X, Y: kps[k].Y}
		copy(desc[i][:], raw[k*d.Cols():(k+1)*d.Cols()])
	}
	return px, desc, nil
}
