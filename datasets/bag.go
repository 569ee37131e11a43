package datasets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/metricslam/metricslam/bag/recording"
	"github.com/metricslam/metricslam/bag/rosmsg"
	"github.com/metricslam/metricslam/slam"
)

// bag is a source of the images of one topic of a recording of ROS, in one file or
// several.
type bag struct {
	info   slam.SourceInfo
	rect   *rectifier
	frames []bagMessage
	topic  bagTopic
	depth  []bagMessage // of the depth images that belong to the frames, by time
	depths bagTopic

	mu     sync.Mutex // of the files: depth is read beside the frames
	files  []*recording.File
	scale  float64
	start  int // frame that frames[0] is in the recording
	stride int
	next   int
	last   float64
	closed bool
}

// bagMessage is a message in one of the files.
type bagMessage struct {
	file int
	recording.Message
}

// bagTopic is a topic of images.
type bagTopic struct {
	name, kind string
	encoding   rosmsg.Encoding
}

// bagSuffixes are those of recordings.
var bagSuffixes = []string{".mcap", ".bag", ".active", ".db3"}

func isBagFile(name string) bool {
	return slices.Contains(bagSuffixes, strings.ToLower(filepath.Ext(name)))
}

// bagFiles are the files of a recording in a folder, in their order; bags of ROS 1 that
// lie side by side may be several.
func bagFiles(dir string) (files []string) {
	for _, suffix := range []string{".mcap", ".db3"} {
		if files, _ = filepath.Glob(filepath.Join(dir, "*"+suffix)); len(files) > 0 {
			break
		}
	}
	slices.SortFunc(files, compareNatural)
	return files
}

// isBagFolder reports whether a folder is a recording of rosbag2.
func isBagFolder(dir string) bool {
	return exists(dir, "metadata.yaml") && len(bagFiles(dir)) > 0
}

// openBag opens a file, or the folder of a recording.
func openBag(spec string, opt Options) (Source, error) {
	b := &bag{stride: max(opt.Stride, 1), start: opt.Start}
	if err := b.open(spec, opt); err != nil {
		b.Close()
		return nil, err
	}
	if opt.Live {
		return newLive(b, true, 0), nil
	}
	return b, nil
}

func (b *bag) open(spec string, opt Options) error {
	paths := []string{spec}
	if info, err := os.Stat(spec); err == nil && info.IsDir() {
		paths = bagFiles(spec)
	}
	l := &listing{}
	for _, p := range paths {
		f, err := recording.Open(p)
		if err != nil {
			if what := looksOfFile(p); what != "" {
				err = fmt.Errorf("%s is no recording but %s", p, what)
			}
			return err
		}
		b.files = append(b.files, f)
		l.warnings = append(l.warnings, f.Warnings...)
	}
	if err := b.choose(spec, opt.Topic, l); err != nil {
		return err
	}
	all := b.messages(b.topic)
	if opt.Start >= len(all) {
		return fmt.Errorf("%s: --start %d is behind the last of %d frames of %s", spec, opt.Start, len(all), b.topic.name)
	}
	for i := opt.Start; i < len(all) && (opt.MaxFrames == 0 || len(b.frames) < opt.MaxFrames); i += b.stride {
		b.frames = append(b.frames, all[i])
	}
	l.fps = bagRate(all)
	return b.calibrate(spec, opt, l)
}

// bagRate is the frames a second of the times at which messages were logged.
func bagRate(all []bagMessage) float64 {
	e := make([]entry, len(all))
	for i, m := range all {
		e[i].time = float64(m.TimeNs) * 1e-9
	}
	return medianRate(e)
}

// topics lists the topics of a type, by name.
func (b *bag) topics(kinds ...string) (out []bagTopic) {
	for _, f := range b.files {
		for _, c := range f.Topics {
			t := bagTopic{c.Name, c.Type, rosmsg.Encoding(c.Encoding)}
			if (t.encoding == rosmsg.CDR || t.encoding == rosmsg.ROS1) && slices.Contains(kinds, t.kind) && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, func(x, y bagTopic) int { return cmp.Compare(x.name, y.name) })
	return out
}

// messages returns the messages of a topic in all files, by the time of logging.
func (b *bag) messages(t bagTopic) (out []bagMessage) {
	for i, f := range b.files {
		for _, c := range f.Topics {
			if c.Name != t.name {
				continue
			}
			for _, m := range f.Messages(c.ID) {
				out = append(out, bagMessage{i, m})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y bagMessage) int { return cmp.Compare(x.TimeNs, y.TimeNs) })
	return out
}

func (b *bag) data(m bagMessage) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrClosed
	}
	data, err := b.files[m.file].Data(m.Message)
	return slices.Clone(data), err
}

// choose finds the topic of images, and that of the depth that belongs to them.
func (b *bag) choose(spec, wanted string, l *listing) error {
	var colors, depths []bagTopic
	for _, t := range b.topics(rosmsg.TypeImage, rosmsg.TypeCompressedImage) {
		all := b.messages(t)
		if len(all) == 0 {
			continue
		}
		switch p, err := b.image(t, all[0]); {
		case t.name == wanted: // what is wrong with it is told when it is read
			colors = []bagTopic{t}
		case err == nil && p.isDepth():
			depths = append(depths, t)
		case err == nil && !slices.ContainsFunc(colors, func(c bagTopic) bool { return c.name == wanted }):
			colors = append(colors, t)
		}
	}
	switch {
	case wanted != "" && !slices.ContainsFunc(colors, func(t bagTopic) bool { return t.name == wanted }):
		return fmt.Errorf("--topic %s: %s has no such topic of images; it has %s", wanted, spec, b.all())
	case len(colors) == 0:
		return fmt.Errorf("%s has no topic of images (sensor_msgs/msg/Image or CompressedImage); it has %s", spec, b.all())
	case len(colors) > 1:
		most := slices.MaxFunc(colors, func(x, y bagTopic) int { return cmp.Compare(len(b.messages(x)), len(b.messages(y))) })
		var names []string
		for _, t := range colors {
			names = append(names, t.name)
		}
		l.warn("%s has the topics of images %s; reading %s: --topic takes another", spec, strings.Join(names, ", "), most.name)
		colors = []bagTopic{most}
	}
	b.topic = colors[0]
	b.findDepth(depths)
	return nil
}

// findDepth takes the depth that is registered to the images: of the same frame.
func (b *bag) findDepth(candidates []bagTopic) {
	first := b.messages(b.topic)[0]
	p, err := b.image(b.topic, first)
	if err != nil {
		return
	}
	for _, t := range candidates {
		all := b.messages(t)
		if d, err := b.image(t, all[0]); err == nil && d.header.Frame == p.header.Frame && sameShape(p.w, p.h, d.w, d.h, depthShapeTol) {
			b.depths, b.depth = t, all
			return
		}
	}
}

// all names the topics with their types.
func (b *bag) all() string {
	var out []string
	for _, f := range b.files {
		for _, c := range f.Topics {
			kind := c.Type
			if e := rosmsg.Encoding(c.Encoding); e != rosmsg.CDR && e != rosmsg.ROS1 {
				kind += " in " + c.Encoding
			}
			out = append(out, fmt.Sprintf("%s (%s)", c.Name, kind))
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// calibrate finds the camera of the images.
func (b *bag) calibrate(spec string, opt Options, l *listing) error {
	var p bagImage
	var err error
	const tries = 100
	for _, m := range b.frames[:min(len(b.frames), tries)] {
		if p, err = b.image(b.topic, m); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: none of the first images of %s can be read: %w", spec, b.topic.name, err)
	}
	if p.isDepth() {
		return fmt.Errorf("--topic %s: its images are %s, which is depth, not what a camera shows", b.topic.name, p.encoding)
	}
	file, err := chooseCameraFile(opt, []string{filepath.Dir(spec)})
	if err != nil {
		return err
	}
	if l.own, err = b.cameraInfo(p, l); err != nil {
		return fmt.Errorf("%s: %w", spec, err)
	}
	calibrated, err := resolveLens(plainDisplay(p.w, p.h), opt, file, l, "")
	if err != nil {
		return fmt.Errorf("%s: %w", spec, err)
	}
	b.rect = newRectifier(calibrated)
	b.scale = cmp.Or(opt.DepthScale, 1000)
	b.info = slam.SourceInfo{
		Name: spec, Kind: KindBag, Camera: b.rect.camera, CameraFrom: calibrated.from, FocalSigma: calibrated.focalSigma, ReadoutS: calibrated.readoutS, FPS: cmp.Or(l.fps, defaultRate),
		Len: len(b.frames), HasSensorDepth: len(b.depth) > 0, Warnings: l.warnings,
	}
	return nil
}

// Info describes the source.
func (b *bag) Info() slam.SourceInfo { return b.info }

// Warnings returns Info's.
func (b *bag) Warnings() []string { return b.info.Warnings }

// Truth returns nil: what poses a recording has are those of another estimator.
func (b *bag) Truth() slam.Trajectory { return nil }

// Next decodes the next image.
func (b *bag) Next(ctx context.Context) (*slam.Frame, error) {
	switch {
	case b.closed:
		return nil, ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case b.next == len(b.frames):
		return nil, io.EOF
	}
	m := b.frames[b.next]
	index := b.start + b.next*b.stride
	first := b.next == 0
	b.next++
	f, err := b.frame(m, index)
	if err == nil && !first && f.Time <= b.last {
		err = fmt.Errorf("its stamp %.6f s does not come after the one before, %.6f s", f.Time, b.last)
	}
	if err != nil {
		return nil, &SkipError{Index: index, File: b.topic.name, Err: err}
	}
	b.last = f.Time
	return f, nil
}

func (b *bag) frame(m bagMessage, index int) (*slam.Frame, error) {
	p, err := b.image(b.topic, m)
	if err != nil {
		return nil, err
	}
	mat, err := p.decode()
	if err != nil {
		return nil, err
	}
	defer func() { mat.Close() }() // the rectifier replaces it
	if err := b.rect.apply(&mat); err != nil {
		return nil, err
	}
	f := &slam.Frame{Index: index, Time: p.header.Time, Name: fmt.Sprintf("%06d", index), Camera: b.info.Camera}
	if f.Gray, f.Color, err = fromMat(mat); err != nil {
		return nil, err
	}
	if d, ok := b.nearestDepth(m); ok {
		f.SensorDepth = func() (slam.DepthMap, error) { return b.loadDepth(d) }
	}
	return f, nil
}

// nearestDepth returns the depth image nearest in time to an image.
func (b *bag) nearestDepth(m bagMessage) (bagMessage, bool) {
	i, _ := slices.BinarySearchFunc(b.depth, m.TimeNs, func(d bagMessage, t uint64) int { return cmp.Compare(d.TimeNs, t) })
	var best bagMessage
	nearest := math.Inf(1)
	for _, d := range b.depth[max(i-1, 0):min(i+1, len(b.depth))] {
		if dt := math.Abs(float64(int64(d.TimeNs) - int64(m.TimeNs))); dt < nearest {
			best, nearest = d, dt
		}
	}
	return best, nearest*1e-9 <= maxAssociationS
}

func (b *bag) loadDepth(m bagMessage) (slam.DepthMap, error) {
	p, err := b.image(b.depths, m)
	if err != nil {
		return slam.DepthMap{}, fmt.Errorf("%s: %w", b.depths.name, err)
	}
	raw, err := p.depth()
	if err != nil {
		return slam.DepthMap{}, fmt.Errorf("%s: %w", b.depths.name, err)
	}
	return depthMap(raw, p.w, p.h, b.scale, b.rect)
}

// Close closes the files.
func (b *bag) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	if b.rect != nil {
		b.rect.close()
	}
	var err error
	for _, f := range b.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

var _ Source = (*bag)(nil)
