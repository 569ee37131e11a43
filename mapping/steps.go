package mapping

import (
	"iter"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/ground"
)

// beginStep asks the ground for the length of the last step, beside what follows where
// the work on a keyframe is shared: nothing may move a keyframe until finish. The first
// answer that is confirmed brings a map of unknown scale to metres.
func (m *Mapper) beginStep(k *Keyframe) (finish func(), err error) {
	none := func() {}
	if k.ID == 0 || m.Map.Keyframes[k.ID-1].Part != k.Part {
		m.Ground.Restarted()
		return none, nil
	}
	if m.Ground.HeightM <= 0 {
		return none, nil
	}
	prev, now, err := m.groundViews(m.Map.Keyframes[k.ID-1], k)
	if err != nil {
		return nil, err
	}
	metric := m.Ground.Metric()
	var s ground.Step
	var ok bool
	measured := make(chan struct{})
	measure := func() {
		s, ok = m.Ground.Measure(prev, now, ground.TiltStd)
		close(measured)
	}
	if m.Map.threads > 1 {
		go measure()
	} else {
		measure()
	}
	return func() {
		<-measured
		if ok {
			k.StepM, k.StepLogStd = s.LengthM, s.LogStd
		}
		if ok && !metric && k.Depth.Empty() {
			m.Map.rescale(k.Part, s.Factor)
			m.Ground.Rescaled(s.Factor)
		}
	}, nil
}

// groundViews are two keyframes as the ground is measured between them.
func (m *Mapper) groundViews(prev, k *Keyframe) (a, b ground.View, err error) {
	if a, err = m.groundView(prev); err != nil {
		return a, b, err
	}
	b, err = m.groundView(k)
	return a, b, err
}

func (m *Mapper) groundView(k *Keyframe) (ground.View, error) {
	im, err := m.Map.Images(k)
	return ground.View{Gray: im.Gray, Camera: k.Camera, Pose: k.Pose}, err
}

// stepLength is the metric length of the step between two keyframes:
// r = (log |t_b - t_a| - log L)/sigma. Variables: both poses.
type stepLength struct {
	a, b   *poseVar
	logM   float64
	weight float64
}

func (f *stepLength) Dim() int { return 1 }

func (f *stepLength) Linearize(r []float64, j [][]float64) bool {
	d := f.b.pose.T.Sub(f.a.pose.T)
	n := d.Norm()
	if n < 1e-6 {
		return false
	}
	r[0] = (math.Log(n) - f.logM) * f.weight
	if j == nil {
		return true
	}
	u := d.Scale(f.weight / (n * n))
	set6(j[0], f.a.pose.R.TMulVec(u).Scale(-1), geom.Vec3{})
	set6(j[1], f.b.pose.R.TMulVec(u), geom.Vec3{})
	return true
}

// addSteps enters the metric steps between keyframes of the problem.
func (b *bundle) addSteps() {
	for _, id := range b.ids() {
		k := b.m.Keyframes[id]
		if k.StepM <= 0 || k.ID == 0 {
			continue
		}
		va, okA := b.poses[k.ID-1]
		vb, okB := b.poses[k.ID]
		if !okA || !okB {
			continue
		}
		b.p.AddFactor(&stepLength{va, vb, math.Log(k.StepM), 1 / k.StepLogStd},
			geom.Kernel{Kind: geom.Huber, Delta: stepHuber}, b.poseIDs[k.ID-1], b.poseIDs[k.ID])
	}
}

// rescale multiplies all lengths of a part by a factor.
func (m *Map) rescale(part int, factor float64) {
	m.moved++
	m.allMoved = true
	for _, k := range m.Keyframes {
		if k.Part == part {
			k.Pose.T = k.Pose.T.Scale(factor)
			k.LogScale += math.Log(factor)
			k.Unit *= factor
		}
	}
	for l := range m.landmarks.all() {
		if m.Keyframes[l.Host].Part == part {
			l.InvDepth /= factor
		}
	}
}

// measureAgain measures all steps of a part once more, with the poses of the
// adjusted map: an error of the pitch between two keyframes is one of the height,
// and so is one of the plane: 1 milliradian is .5 to 1 % of it.
func (m *Mapper) measureAgain(part int) error {
	if !m.Ground.Metric() {
		return nil
	}
	mounted := m.Ground
	mounted.Restarted()
	normal := mounted.Mounted(m.Map.stepDirections(part))
	var steps [][2]*Keyframe
	for prev, k := range m.Map.steps(part) {
		steps = append(steps, [2]*Keyframe{prev, k})
	}
	for batch := range slices.Chunk(steps, stepBatch) {
		views, seen := make([][2]ground.View, len(batch)), make([]ground.Seen, len(batch))
		for i, s := range batch {
			var err error
			if views[i][0], views[i][1], err = m.groundViews(s[0], s[1]); err != nil {
				return err
			}
		}
		mounted.Normal = normal // every step expects the same
		spread(m.Map.threads, len(batch), func(i int) {
			seen[i] = mounted.Look(views[i][0], views[i][1], ground.MountedTiltStd)
		})
		for i, s := range batch {
			k := s[1]
			k.StepM = 0
			if step, ok := mounted.Judge(seen[i]); ok {
				k.StepM, k.StepLogStd = step.LengthM, step.LogStd
			}
		}
	}
	return nil
}

// stepBatch is the number of steps whose images are held at a time.
const stepBatch = 16

// steps are the pairs of a keyframe and the one before it, both of a part and
// neither culled: a keyframe that goes takes the steps at it along.
func (m *Map) steps(part int) iter.Seq2[*Keyframe, *Keyframe] {
	return func(yield func(prev, k *Keyframe) bool) {
		for i := 1; i < len(m.Keyframes); i++ {
			prev, k := m.Keyframes[i-1], m.Keyframes[i]
			if prev.Part == part && k.Part == part && !prev.Culled() && !k.Culled() && !yield(prev, k) {
				return
			}
		}
	}
}

// stepDirections are the directions in which the camera of a part moves, each as
// the mean of what the keyframes at its two ends say.
func (m *Map) stepDirections(part int) (out []geom.Vec3) {
	for prev, k := range m.steps(part) {
		if k.StepM <= 0 {
			continue
		}
		d := k.Pose.T.Sub(prev.Pose.T).Unit()
		out = append(out, k.Pose.R.TMulVec(d).Add(prev.Pose.R.TMulVec(d)).Unit())
	}
	return out
}
