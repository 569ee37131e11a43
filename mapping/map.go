package mapping

import (
	"sort"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/patch"
	"github.com/metricslam/metricslam/mapping/recognition"
)

// Feature is a keyframe's observation of a landmark.
type Feature struct {
	Landmark int // landmark id
	Pixel    geom.Vec2
	DepthM   float64 // the depth source's reading at Pixel, 0 where it has none
	LogStd   float64 // deviation of its logarithm

	// Registered says that the patch of another keyframe found it: its pixel does not
	// drift with the age of its track.
	Registered bool
}

// Keyframe is a frame that is kept. IDs count up in the order of insertion.
type Keyframe struct {
	ID       int
	Frame    int // index in the source
	Time     float64
	Pose     geom.SE3 // T_wc
	Camera   geom.Camera
	Features []Feature

	// LogScale is s_k: log z = log D + s_k for readings D of its depth map.
	LogScale float64

	Depth images.DepthInfo // of its depth map, which Map.Images has with the other images

	Unit float64 // what one length of its making is worth now: maps of free scale are stretched

	Part int // connected map that the keyframe belongs to

	Tether *Tether // nil where landmarks hold it
	Gap    *Gap    // before the first keyframe of a part; nil where nobody knows

	NoisePx float64 // deviation of a coordinate of its pixels; 0: that of a sharp image

	reach  reach
	parent *parent // nil unless it was culled

	// StepM is the metric length of the step from keyframe ID-1 where the ground
	// tells it, with the deviation of its logarithm; 0 where it does not.
	StepM, StepLogStd float64
}

// measuresMetres reports whether the keyframe's depth comes from a sensor.
func (k *Keyframe) measuresMetres() bool { return !k.Depth.Empty() && k.Depth.ScaleSigma == 0 }

// Observation says that feature Index of keyframe KF sees a landmark.
type Observation struct{ KF, Index int }

// Landmark is a point of the map.
type Landmark struct {
	ID       int
	Host     int         // keyframe id, always its first observation
	Ray      geom.Vec3   // in the host's camera, z = 1
	InvDepth float64     // 1/m along the host's optical axis; 0 while unknown
	LogStd   float64     // deviation of its log depth
	Slant    patch.Slant // of its surface, in the host's camera
	Obs      []Observation
}

// Known reports whether the landmark has a depth.
func (l *Landmark) Known() bool { return l.InvDepth > 0 }

// Map holds keyframes, landmarks and the images of keyframes. Its exported methods
// read it; only a Mapper changes it, by the methods that keep its parts in line with
// each other: addKeyframe, observe, forgetObservation, setDepth, addLinkLandmarks,
// removeLandmark, movePose, cull, apply (of a Correction), rescale, newPart. One
// goroutine at a time holds the Mapper.
type Map struct {
	Keyframes []*Keyframe // index = ID; never removed
	landmarks landmarkTable
	images    *images.Store
	moved     int // times that it was moved as a whole, from 1

	culled   int                 // keyframes of which nothing but the pose is left
	children map[int][]*Keyframe // culled ones, by their parent
	moving   []int               // keyframes with children that have moved since these did
	allMoved bool                // all have
	origins  map[int]int         // first keyframes of parts, of those that were asked for
	tethered map[int]bool        // keyframes that a tether begins at

	parts         int // connected maps that were ever started
	linked        int // landmarks that were ever made of links
	undistortions undistortions
	threads       int // that share the work on a keyframe, see Mapper.Spread
}

// NewMap returns an empty map that keeps images of keyframes as o says.
func NewMap(o images.Options) *Map {
	return &Map{images: images.New(o), moved: 1, parts: 1, children: make(map[int][]*Keyframe), tethered: make(map[int]bool)}
}

// Keypoints returns the keypoints by which a keyframe's place is recognised.
func (m *Map) Keypoints(k *Keyframe) ([]recognition.Keypoint, error) {
	return m.images.Keypoints(k.ID)
}

// Images returns the images of a keyframe, none of one that was culled.
func (m *Map) Images(k *Keyframe) (images.Images, error) { return m.images.Get(k.ID) }

// Landmark returns the landmark of an id.
func (m *Map) Landmark(id int) (*Landmark, bool) {
	return m.landmarks.find(id)
}

// LandmarkCount returns the number of landmarks with a depth.
func (m *Map) LandmarkCount() int { return m.landmarks.known }

// setDepth gives a landmark a depth, or takes it away by 0.
func (m *Map) setDepth(l *Landmark, invDepth float64) {
	if l.Known() {
		m.landmarks.known--
	}
	if l.InvDepth = invDepth; l.Known() {
		m.landmarks.known++
	}
}

// Position returns a known landmark's place in the world.
func (m *Map) Position(l *Landmark) geom.Vec3 {
	return l.in(m.Keyframes[l.Host])
}

// in returns a known landmark's place in the world by its host.
func (l *Landmark) in(host *Keyframe) geom.Vec3 {
	return host.Pose.Apply(l.Ray.Scale(1 / l.InvDepth))
}

// Points returns the places of all known landmarks of a part, by ascending id.
func (m *Map) Points(part int) []geom.Vec3 {
	out := make([]geom.Vec3, 0, m.landmarks.n)
	for l := range m.landmarks.all() {
		if l.Known() && m.Keyframes[l.Host].Part == part {
			out = append(out, m.Position(l))
		}
	}
	return out
}

// enter appends a keyframe with the next id.
func (m *Map) enter(k *Keyframe) {
	m.Keyframes = append(m.Keyframes, k)
	if k.Tether != nil {
		m.tethered[k.Tether.From] = true
	}
	if k.parent != nil {
		m.culled++
		m.children[k.parent.by] = append(m.children[k.parent.by], k)
	}
}

// addKeyframe enters a keyframe whose Features name landmarks; landmarks not
// seen before get it as host.
func (m *Map) addKeyframe(k *Keyframe) {
	k.ID = len(m.Keyframes)
	m.enter(k)
	sort.Slice(k.Features, func(i, j int) bool { return k.Features[i].Landmark < k.Features[j].Landmark })
	for i, f := range k.Features {
		l, ok := m.landmarks.find(f.Landmark)
		if !ok {
			l = &Landmark{ID: f.Landmark, Host: k.ID, Ray: k.Camera.Ray(f.Pixel)}
			m.landmarks.put(l)
		}
		l.Obs = append(l.Obs, Observation{k.ID, i})
	}
}

// forgetObservation removes one observation; a landmark that loses its host
// moves to the next observer, one that loses all is gone.
func (m *Map) forgetObservation(l *Landmark, o Observation) {
	for i := range l.Obs {
		if l.Obs[i] == o {
			l.Obs = append(l.Obs[:i], l.Obs[i+1:]...)
			break
		}
	}
	m.Keyframes[o.KF].Features[o.Index].Landmark = -1
	if len(l.Obs) == 0 {
		m.landmarks.remove(l.ID)
		return
	}
	if o.KF == l.Host {
		m.rehost(l)
	}
}

// rehost expresses a landmark in its first remaining observer.
func (m *Map) rehost(l *Landmark) {
	next := m.Keyframes[l.Obs[0].KF]
	ray := next.Camera.Ray(next.Features[l.Obs[0].Index].Pixel)
	if l.Known() {
		p := next.Pose.ApplyInverse(m.Position(l))
		var invDepth float64
		if p.Z > minDepthM {
			invDepth = 1 / p.Z
		}
		m.setDepth(l, invDepth)
	}
	l.Host, l.Ray, l.Slant = next.ID, ray, patch.Slant{}
}

// observe adds one observation of a landmark.
func (m *Map) observe(l *Landmark, k *Keyframe, u geom.Vec2) error {
	im, err := m.Images(k)
	if err != nil {
		return err
	}
	z, s, _ := im.Depth.At(k.Camera, u)
	l.Obs = append(l.Obs, Observation{k.ID, len(k.Features)})
	k.Features = append(k.Features, Feature{Landmark: l.ID, Pixel: u, DepthM: z, LogStd: s})
	return nil
}

// firstLinkLandmark is where the ids of landmarks that come from links begin, far
// above those of tracks.
const firstLinkLandmark = 1 << 40

// addLinkLandmarks makes landmarks of the features that two keyframes share by a
// link, so that bundle adjustment holds the two together.
func (m *Map) addLinkLandmarks(from, to *Keyframe, pairs []linkPair) (ids []int, err error) {
	for _, p := range pairs {
		id := firstLinkLandmark + m.linked
		m.linked++
		ids = append(ids, id)
		l := &Landmark{ID: id, Host: from.ID, Ray: from.Camera.Ray(p.from), InvDepth: 1 / p.depthM, LogStd: linkLandmarkStd}
		m.landmarks.put(l)
		if err := m.observe(l, from, p.from); err != nil {
			return ids, err
		}
		if err := m.observe(l, to, p.to); err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// removeLandmark takes a landmark with all its observations out of the map.
func (m *Map) removeLandmark(id int) {
	l, ok := m.landmarks.find(id)
	for ok && len(l.Obs) > 0 {
		m.forgetObservation(l, l.Obs[len(l.Obs)-1])
	}
}

// newPart starts a connected map and returns its id.
func (m *Map) newPart() int {
	m.parts++
	return m.parts - 1
}
