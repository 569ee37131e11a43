package mapping

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping/metric"
)

// field is a column of a table in a map file: where the value of a row lies. What
// is added to Keyframe, Landmark or Link and has to be kept gets a line in one of
// the lists below, as optional where older files lack it: it keeps its zero value
// then.
type field[T any] struct {
	name     string
	optional bool
	ints     func(*T) []*int
	flag     func(*T) *bool // as 0 or 1
	floats   func(*T) []*float64
}

func intField[T any](name string, at func(*T) *int) field[T] {
	return field[T]{name: name, ints: func(r *T) []*int { return []*int{at(r)} }}
}

func floatField[T any](name string, at func(*T) *float64) field[T] {
	return field[T]{name: name, floats: func(r *T) []*float64 { return []*float64{at(r)} }}
}

func vectorField[T any](name string, at func(*T) []*float64) field[T] {
	return field[T]{name: name, floats: at}
}

var keyframeFields = []field[Keyframe]{
	intField("frame", func(k *Keyframe) *int { return &k.Frame }),
	floatField("time", func(k *Keyframe) *float64 { return &k.Time }),
	vectorField("pose", func(k *Keyframe) []*float64 { return poseValues(&k.Pose.R, &k.Pose.T) }),
	{name: "camera.size", ints: func(k *Keyframe) []*int { return []*int{&k.Camera.W, &k.Camera.H} }},
	vectorField("camera", func(k *Keyframe) []*float64 { return cameraValues(&k.Camera) }),
	floatField("log_scale", func(k *Keyframe) *float64 { return &k.LogScale }),
	floatField("unit", func(k *Keyframe) *float64 { return &k.Unit }),
	intField("part", func(k *Keyframe) *int { return &k.Part }),
	floatField("step_m", func(k *Keyframe) *float64 { return &k.StepM }),
	floatField("step_log_std", func(k *Keyframe) *float64 { return &k.StepLogStd }),
	{name: "noise_px", optional: true, floats: func(k *Keyframe) []*float64 { return []*float64{&k.NoisePx} }},
}

var featureFields = []field[Feature]{
	intField("landmark", func(f *Feature) *int { return &f.Landmark }),
	vectorField("pixel", func(f *Feature) []*float64 { return []*float64{&f.Pixel.X, &f.Pixel.Y} }),
	floatField("depth_m", func(f *Feature) *float64 { return &f.DepthM }),
	floatField("log_std", func(f *Feature) *float64 { return &f.LogStd }),
	{name: "found", optional: true, flag: func(f *Feature) *bool { return &f.Registered }},
}

var landmarkFields = []field[Landmark]{
	intField("id", func(l *Landmark) *int { return &l.ID }),
	intField("host", func(l *Landmark) *int { return &l.Host }),
	vectorField("ray", func(l *Landmark) []*float64 { return []*float64{&l.Ray.X, &l.Ray.Y, &l.Ray.Z} }),
	floatField("inv_depth", func(l *Landmark) *float64 { return &l.InvDepth }),
	floatField("log_std", func(l *Landmark) *float64 { return &l.LogStd }),
	{name: "slant", optional: true, floats: func(l *Landmark) []*float64 { return []*float64{&l.Slant.X, &l.Slant.Y, &l.Slant.Info} }},
}

var observationFields = []field[Observation]{
	intField("keyframe", func(o *Observation) *int { return &o.KF }),
	intField("index", func(o *Observation) *int { return &o.Index }),
}

var linkFields = []field[Link]{
	intField("from", func(l *Link) *int { return &l.From }),
	intField("to", func(l *Link) *int { return &l.To }),
	vectorField("z", func(l *Link) []*float64 { return append(poseValues(&l.Z.R, &l.Z.T), &l.Z.S) }),
	intField("inliers", func(l *Link) *int { return &l.Inliers }),
	{name: "tried", optional: true, ints: func(l *Link) []*int { return []*int{&l.tried} }},
	{name: "units", optional: true, floats: func(l *Link) []*float64 { return pointers(l.units[:]) }},
	{name: "info", optional: true, floats: func(l *Link) []*float64 {
		var out []*float64
		for i := range l.info {
			out = append(out, pointers(l.info[i][:])...)
		}
		return out
	}},
}

var linkPairFields = []field[linkPair]{
	vectorField("pair.from", func(p *linkPair) []*float64 { return []*float64{&p.from.X, &p.from.Y} }),
	vectorField("pair.to", func(p *linkPair) []*float64 { return []*float64{&p.to.X, &p.to.Y} }),
	floatField("pair.depth_m", func(p *linkPair) *float64 { return &p.depthM }),
}

// gapRow is the gap before a keyframe, in a table of its own: few have one.
type gapRow struct {
	keyframe int
	gap      Gap
}

var gapFields = []field[gapRow]{
	intField("keyframe", func(r *gapRow) *int { return &r.keyframe }),
	intField("from", func(r *gapRow) *int { return &r.gap.From }),
	vectorField("z", func(r *gapRow) []*float64 { return poseValues(&r.gap.Z.R, &r.gap.Z.T) }),
	floatField("duration_s", func(r *gapRow) *float64 { return &r.gap.DurationS }),
}

// tetherRow is a keyframe's tether in a table of its own: few have one.
type tetherRow struct {
	keyframe int
	tether   Tether
}

var tetherFields = []field[tetherRow]{
	intField("keyframe", func(r *tetherRow) *int { return &r.keyframe }),
	intField("from", func(r *tetherRow) *int { return &r.tether.From }),
	vectorField("z", func(r *tetherRow) []*float64 { return poseValues(&r.tether.Z.R, &r.tether.Z.T) }),
	vectorField("info", func(r *tetherRow) []*float64 {
		var out []*float64
		for i := range r.tether.Info {
			out = append(out, pointers(r.tether.Info[i][:])...)
		}
		return out
	}),
}

// parentRow is the parent of a culled keyframe.
type parentRow struct {
	keyframe int
	parent   parent
}

var parentFields = []field[parentRow]{
	intField("keyframe", func(r *parentRow) *int { return &r.keyframe }),
	intField("by", func(r *parentRow) *int { return &r.parent.by }),
	vectorField("rel", func(r *parentRow) []*float64 { return poseValues(&r.parent.rel.R, &r.parent.rel.T) }),
	floatField("unit", func(r *parentRow) *float64 { return &r.parent.unit }),
	floatField("own", func(r *parentRow) *float64 { return &r.parent.own }),
}

// infoValues are the entries of a tether's information.
func (t *Tether) infoValues() (out []float64) {
	for i := range t.Info {
		out = append(out, t.Info[i][:]...)
	}
	return out
}

var metricFields = []field[metric.Estimate]{
	floatField("log", func(m *metric.Estimate) *float64 { return &m.Log }),
	floatField("gain", func(m *metric.Estimate) *float64 { return &m.Gain }),
	floatField("sigma", func(m *metric.Estimate) *float64 { return &m.Sigma }),
}

// sourceRow is a metric.Source in a table.
type sourceRow struct {
	n, used, conflict, rank int
	log, sigma              float64
}

var sourceFields = []field[sourceRow]{
	intField("source.n", func(r *sourceRow) *int { return &r.n }),
	intField("source.used", func(r *sourceRow) *int { return &r.used }),
	intField("source.conflict", func(r *sourceRow) *int { return &r.conflict }),
	intField("source.trust", func(r *sourceRow) *int { return &r.rank }),
	floatField("source.log", func(r *sourceRow) *float64 { return &r.log }),
	floatField("source.sigma", func(r *sourceRow) *float64 { return &r.sigma }),
}

var originFields = []field[Origin]{
	intField("keyframe", func(o *Origin) *int { return &o.Keyframe }),
}

// stateFields are the single values of a map.
var stateFields = []field[State]{
	intField("part", func(s *State) *int { return &s.Part }),
	intField("parts", func(s *State) *int { return &s.Parts }),
	intField("ties", func(s *State) *int { return &s.Linked }),
	vectorField("scale", func(s *State) []*float64 { return []*float64{&s.Scale.Log, &s.Scale.Sigma} }),
	floatField("ground.height_m", func(s *State) *float64 { return &s.Ground.HeightM }),
	vectorField("ground.normal", func(s *State) []*float64 {
		return []*float64{&s.Ground.Normal.X, &s.Ground.Normal.Y, &s.Ground.Normal.Z}
	}),
	intField("ground.heights", func(s *State) *int { return &s.Ground.Count }),
}

// poseValues are the rows of a rotation and a translation.
func poseValues(r *geom.Mat3, t *geom.Vec3) []*float64 {
	out := make([]*float64, 0, 13)
	for i := range 3 {
		for j := range 3 {
			out = append(out, &r[i][j])
		}
	}
	return append(out, &t.X, &t.Y, &t.Z)
}

func cameraValues(c *geom.Camera) []*float64 {
	return []*float64{&c.Fx, &c.Fy, &c.Cx, &c.Cy, &c.U1, &c.U2}
}

// putRows adds the columns of rows to a section; values of one row stand together.
func putRows[T any](e *mapfile.Encoder, fields []field[T], rows []*T) {
	for _, f := range fields {
		if f.flag != nil {
			v := make([]int, len(rows))
			for i, r := range rows {
				v[i] = asInt(*f.flag(r))
			}
			e.Ints(f.name, v)
			continue
		}
		if f.ints != nil {
			var v []int
			for _, r := range rows {
				for _, p := range f.ints(r) {
					v = append(v, *p)
				}
			}
			e.Ints(f.name, v)
			continue
		}
		var v []float64
		for _, r := range rows {
			for _, p := range f.floats(r) {
				v = append(v, *p)
			}
		}
		e.Floats(f.name, v)
	}
}

// takeRows reads the columns of rows that are there already.
func takeRows[T any](d *mapfile.Decoder, fields []field[T], rows []*T) error {
	for _, f := range fields {
		if f.optional && !d.Has(f.name) {
			continue
		}
		if f.flag != nil {
			for i, v := range d.Ints(f.name, len(rows)) {
				*f.flag(rows[i]) = v != 0
			}
		} else if f.ints != nil {
			takeValues(d.Ints(f.name, len(rows)*len(f.ints(new(T)))), f.ints, rows)
		} else {
			takeValues(d.Floats(f.name, len(rows)*len(f.floats(new(T)))), f.floats, rows)
		}
		if d.Err() != nil {
			return d.Err()
		}
	}
	return nil
}

func takeValues[T, V any](v []V, at func(*T) []*V, rows []*T) {
	for _, r := range rows {
		for _, p := range at(r) {
			if len(v) == 0 {
				return
			}
			*p, v = v[0], v[1:]
		}
	}
}

// rowCount is the number of rows that a column of single values tells.
func rowCount(d *mapfile.Decoder, column string) int { return len(d.Ints(column, -1)) }

// pointers returns where the elements of a slice lie.
func pointers[T any](v []T) []*T {
	out := make([]*T, len(v))
	for i := range v {
		out[i] = &v[i]
	}
	return out
}
