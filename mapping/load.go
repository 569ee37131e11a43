package mapping

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/metric"
)

// Loaded is a map that was read from a file.
type Loaded struct {
	State *State
	File  *mapfile.File // open: later files take images from it
}

// Load reads a map file and checks all of it. Errors name the file, what is wrong
// and what to do. The caller closes the file.
func Load(ctx context.Context, path string) (*Loaded, error) {
	f, err := mapfile.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := Read(ctx, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Loaded{State: st, File: f}, nil
}

// Read reads the map of an open file and checks all of it.
func Read(ctx context.Context, f *mapfile.File) (*State, error) {
	st, err := ReadGeometry(f)
	if err != nil {
		return nil, err
	}
	return st, readImages(ctx, f, st)
}

// ReadGeometry reads the map of an open file without its images, and checks it: a
// large map takes a tenth of the memory.
func ReadGeometry(f *mapfile.File) (*State, error) {
	st := new(State)
	for _, t := range sections {
		if _, ok := f.Find(t.tag, 0); !ok && t.optional {
			continue
		}
		d, err := f.Section(t.tag, 0)
		if err != nil {
			return nil, err
		}
		if err := t.take(d, st); err != nil {
			return nil, f.Damaged("section %s: %w", t.tag, err)
		}
	}
	if err := st.check(); err != nil {
		return nil, f.Damaged("%w", err)
	}
	return st, nil
}

// readImages checks the keyframes' images, several at a time. Of a large map all but
// some lie packed then, in a file where the system has a folder for such.
func readImages(ctx context.Context, f *mapfile.File, st *State) error {
	store := images.New(images.Options{Budget: Default().OpenMB << 20, Scratch: os.TempDir()})
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i, k := range st.Keyframes {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			d, err := f.Section(tagImages, i)
			if err != nil {
				return err
			}
			im, err := images.Decode(d)
			if err == nil {
				err = k.checkImages(&im)
			}
			if err != nil {
				return f.Damaged("section %s %d: %w", tagImages, i, err)
			}
			k.Depth = im.Depth.DepthInfo
			if k.Culled() {
				return nil
			}
			return store.Put(i, im)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	st.Images = store.Snapshot()
	return nil
}

// checkImages names what cannot be in the images of a keyframe.
func (k *Keyframe) checkImages(im *images.Images) error {
	switch {
	case im.Gray.Empty() && !k.Culled():
		return errors.New("no image")
	case !im.Gray.Empty() && (im.Gray.W != k.Camera.W || im.Gray.H != k.Camera.H):
		return fmt.Errorf("an image of %dx%d and a camera of %dx%d", im.Gray.W, im.Gray.H, k.Camera.W, k.Camera.H)
	}
	return nil
}

// maxParts bounds the parts that a map may have had.
const maxParts = 1 << 20

func takeState(d *mapfile.Decoder, st *State) error {
	if err := takeRows(d, stateFields, []*State{st}); err != nil {
		return err
	}
	if st.Parts < 1 || st.Parts > maxParts {
		return fmt.Errorf("%d parts", st.Parts)
	}
	st.Metrics = make([]metric.Estimate, st.Parts)
	names, kinds := d.Strings("origin.source"), d.Strings("origin.kind")
	if d.Err() == nil && len(kinds) != len(names) {
		d.Fail("%d kinds of %d sources", len(kinds), len(names))
	}
	if d.Err() != nil {
		return d.Err()
	}
	st.Origins = make([]Origin, len(names))
	for i := range names {
		st.Origins[i] = Origin{Source: names[i], Kind: kinds[i]}
	}
	return takeRows(d, originFields, pointers(st.Origins))
}

func takeKeyframes(d *mapfile.Decoder, st *State) error {
	rows := make([]Keyframe, rowCount(d, "frame"))
	for i := range rows {
		rows[i].ID = i
	}
	st.Keyframes = pointers(rows)
	return takeRows(d, keyframeFields, st.Keyframes)
}

func takeFeatures(d *mapfile.Decoder, st *State) error {
	all := make([]Feature, rowCount(d, "landmark"))
	if err := takeRows(d, featureFields, pointers(all)); err != nil {
		return err
	}
	for i, n := range d.Ints("features", len(st.Keyframes)) {
		if n < 0 || n > len(all) {
			return fmt.Errorf("keyframe %d has %d features, %d are left", i, n, len(all))
		}
		st.Keyframes[i].Features, all = all[:n:n], all[n:]
		for _, f := range st.Keyframes[i].Features {
			if !f.Pixel.IsFinite() || !geom.Finite(f.DepthM, f.LogStd) || f.Landmark < -1 {
				return fmt.Errorf("keyframe %d: a feature of landmark %d at %v with depth %g", i, f.Landmark, f.Pixel, f.DepthM)
			}
		}
	}
	if d.Err() == nil && len(all) > 0 {
		return fmt.Errorf("%d features belong to no keyframe", len(all))
	}
	return d.Err()
}

func takeLandmarks(d *mapfile.Decoder, st *State) error {
	rows := make([]Landmark, rowCount(d, "id"))
	st.Landmarks = pointers(rows)
	if err := takeRows(d, landmarkFields, st.Landmarks); err != nil {
		return err
	}
	all := make([]Observation, rowCount(d, "keyframe"))
	if err := takeRows(d, observationFields, pointers(all)); err != nil {
		return err
	}
	for i, n := range d.Ints("observations", len(rows)) {
		if n < 1 || n > len(all) {
			return fmt.Errorf("landmark %d has %d observations, %d are left", rows[i].ID, n, len(all))
		}
		rows[i].Obs, all = all[:n:n], all[n:]
	}
	return d.Err()
}

func takeLinks(d *mapfile.Decoder, st *State) error {
	st.Links = pointers(make([]Link, rowCount(d, "from")))
	return takeLinkRows(d, st.Links)
}

func takePending(d *mapfile.Decoder, st *State) error {
	st.Pending = pointers(make([]Link, rowCount(d, "from")))
	return takeLinkRows(d, st.Pending)
}

func takeLinkRows(d *mapfile.Decoder, links []*Link) error {
	if err := takeRows(d, linkFields, links); err != nil {
		return err
	}
	landmarks := d.Ints("tie", -1)
	for i, n := range d.Ints("ties", len(links)) {
		if n < 0 || n > len(landmarks) {
			return fmt.Errorf("link %d has %d landmarks, %d are left", i, n, len(landmarks))
		}
		links[i].landmarks, landmarks = landmarks[:n:n], landmarks[n:]
	}
	if !d.Has("pairs") {
		return d.Err()
	}
	pairs := make([]linkPair, len(d.Floats("pair.depth_m", -1)))
	if err := takeRows(d, linkPairFields, pointers(pairs)); err != nil {
		return err
	}
	for i, n := range d.Ints("pairs", len(links)) {
		if n < 0 || n > len(pairs) {
			return fmt.Errorf("link %d has %d pairs, %d are left", i, n, len(pairs))
		}
		links[i].pairs, pairs = pairs[:n:n], pairs[n:]
	}
	return d.Err()
}

func takeTethers(d *mapfile.Decoder, st *State) error {
	rows := make([]tetherRow, rowCount(d, "from"))
	if err := takeRows(d, tetherFields, pointers(rows)); err != nil {
		return err
	}
	for i, r := range rows {
		if r.keyframe < 0 || r.keyframe >= len(st.Keyframes) {
			return fmt.Errorf("a tether of keyframe %d", r.keyframe)
		}
		st.Keyframes[r.keyframe].Tether = &rows[i].tether
	}
	return nil
}

func takeGaps(d *mapfile.Decoder, st *State) error {
	rows := make([]gapRow, rowCount(d, "from"))
	if err := takeRows(d, gapFields, pointers(rows)); err != nil {
		return err
	}
	for i, r := range rows {
		if r.keyframe < 0 || r.keyframe >= len(st.Keyframes) {
			return fmt.Errorf("a gap before keyframe %d", r.keyframe)
		}
		st.Keyframes[r.keyframe].Gap = &rows[i].gap
	}
	return nil
}

func takeParents(d *mapfile.Decoder, st *State) error {
	rows := make([]parentRow, rowCount(d, "by"))
	if err := takeRows(d, parentFields, pointers(rows)); err != nil {
		return err
	}
	for i, r := range rows {
		if n := len(st.Keyframes); r.keyframe < 0 || r.keyframe >= n || r.parent.by < 0 || r.parent.by >= n {
			return fmt.Errorf("keyframe %d has the parent %d", r.keyframe, r.parent.by)
		}
		st.Keyframes[r.keyframe].parent = &rows[i].parent
	}
	return nil
}

func takeMetrics(d *mapfile.Decoder, st *State) error {
	st.Metrics = make([]metric.Estimate, rowCount(d, "sources"))
	if err := takeRows(d, metricFields, pointers(st.Metrics)); err != nil {
		return err
	}
	names := d.Strings("source.name")
	rows := make([]sourceRow, len(names))
	if err := takeRows(d, sourceFields, pointers(rows)); err != nil {
		return err
	}
	for i, n := range d.Ints("sources", len(st.Metrics)) {
		if n < 0 || n > len(rows) {
			return fmt.Errorf("part %d has %d sources of scale, %d are left", i, n, len(rows))
		}
		for j, r := range rows[:n] {
			st.Metrics[i].Sources = append(st.Metrics[i].Sources, metric.Source{
				Name: names[j], Log: r.log, Sigma: r.sigma, N: r.n, Used: r.used != 0, Conflict: r.conflict != 0, Rank: metric.Rank(r.rank),
			})
		}
		names, rows = names[n:], rows[n:]
	}
	return d.Err()
}
