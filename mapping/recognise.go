package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Link is a place seen twice: keyframe To shows what keyframe From showed.
type Link struct {
	From, To int
	Z        geom.Sim3 // T_from_to; its scale is 1 where both maps are metric
	Inliers  int
	pairs    []linkPair // features of both that show the same point
	ties     []int      // landmarks made of them
}

type linkPair struct {
	from, to geom.Vec2 // pixels
	depthM   float64   // in from
}

const (
	linkCandidates  = 3   // keyframes that are verified for a query
	linkMinVotes    = 12  // features in common that make a candidate
	linkMinInliers  = 18  // of PnP, in each direction
	linkSure        = 40  // inliers that need no second witness
	linkRecent      = 10  // keyframes back that are neighbours, not loops
	linkMaxTurnRad  = .09 // between the two directions' poses: 5 degrees
	linkMaxShift    = .1  // the same in shares of the median depth
	linkMaxLogScale = .4  // between two metric maps
	linkPixelSigma  = 2   // of an ORB corner, pixels
)

// recognise returns the links of keyframe k to keyframes that are not its
// neighbours, verified from both sides, most inliers first.
func (m *Mapper) recognise(k *Keyframe) []Link {
	near := make(map[int]bool)
	for _, kf := range m.Map.Covisible(k.ID, 8) {
		near[kf] = true
	}
	skip := func(kf int) bool {
		o := m.Map.Keyframes[kf]
		return kf == k.ID || near[kf] || (o.Part == k.Part && k.ID-kf < linkRecent)
	}
	return m.recogniseBut(k, skip)
}

// recogniseBut does the same with the keyframes for which skip is false.
func (m *Mapper) recogniseBut(k *Keyframe, skip func(kf int) bool) []Link {
	var links []Link
	for i, c := range m.places.query(k.Place, skip) {
		if i == linkCandidates || c.votes < linkMinVotes {
			break
		}
		if l, ok := m.verify(m.Map.Keyframes[c.kf], k); ok {
			links = append(links, l)
		}
	}
	slices.SortStableFunc(links, func(a, b Link) int { return b.Inliers - a.Inliers })
	return links
}

// verify measures the pose of b seen from a by PnP in both directions and asks
// that they agree.
func (m *Mapper) verify(a, b *Keyframe) (Link, bool) {
	pairs := matchPlaces(a.Place, b.Place)
	if len(pairs) < linkMinInliers {
		return Link{}, false
	}
	pa, pb := m.places3D(a, pairs, 0), m.places3D(b, pairs, 1)
	ba, inB, okB := placePnP(pa, b.Camera, b.Place, pairs, 1, uint64(b.ID)) // T_b_a
	ab, inA, okA := placePnP(pb, a.Camera, a.Place, pairs, 0, uint64(a.ID)) // T_a_b
	if !okA || !okB {
		return Link{}, false
	}
	scale, depth, ok := relativeScale(pa, pb, ba)
	if !ok {
		return Link{}, false
	}
	// A map of another scale shifts the two translations against each other by
	// that scale, and nothing else.
	back := ab.Inverse()
	turn := geom.RotationAngle(back.R.T().Mul(ba.R))
	shift := back.T.Scale(1/scale).Sub(ba.T).Norm() / depth
	if turn > linkMaxTurnRad || shift > linkMaxShift {
		return Link{}, false
	}
	l := Link{From: a.ID, To: b.ID, Z: geom.Sim3FromSE3(ba, scale).Inverse(), Inliers: min(len(inA), len(inB))}
	if m.metric(a) && m.metric(b) {
		if math.Abs(math.Log(scale)) > linkMaxLogScale {
			return Link{}, false
		}
		l.Z = geom.Sim3FromSE3(ba.Inverse(), 1)
	}
	for _, i := range inB {
		l.pairs = append(l.pairs, linkPair{a.Place[pairs[i][0]].Pixel, b.Place[pairs[i][1]].Pixel, pa[i].Z})
	}
	return l, true
}

// metric reports whether the lengths around a keyframe are metres rather than
// free.
func (m *Mapper) metric(k *Keyframe) bool { return !k.Depth.Empty() || m.Ground.Metric() }

// places3D returns the points of one side of the matched features in their
// camera; those without depth have Z = 0.
func (m *Mapper) places3D(k *Keyframe, pairs [][2]int, side int) []geom.Vec3 {
	out := make([]geom.Vec3, len(pairs))
	for i, p := range pairs {
		u := k.Place[p[side]].Pixel
		if z, ok := m.placeDepth(k, u); ok {
			out[i] = k.Camera.Unproject(u, z)
		}
	}
	return out
}

// placeDepth is the depth at a pixel of a keyframe in the map's lengths: of a
// landmark close by, else of its depth map.
func (m *Mapper) placeDepth(k *Keyframe, u geom.Vec2) (depthM float64, ok bool) {
	const reach = 5.0
	best := reach * reach
	for _, f := range k.Features {
		d := f.Pixel.Sub(u).Norm2()
		if d >= best {
			continue
		}
		l, has := m.Map.landmarks[f.Landmark]
		if !has || !l.Known() || l.LogStd > .2 {
			continue
		}
		if z := k.Pose.ApplyInverse(m.Map.Position(l)).Z; z > minDepthM {
			depthM, best, ok = z, d, true
		}
	}
	if ok {
		return depthM, true
	}
	z, std, has := readDepth(&k.Depth, k.Camera, u)
	if !has || std >= edgeLogStd {
		return 0, false
	}
	return z * math.Exp(k.LogScale), true
}

// placePnP locates the camera of the given side of the pairs against points of
// the other one; inliers are indices of pairs.
func placePnP(points []geom.Vec3, cam geom.Camera, places []PlaceFeature, pairs [][2]int, side int, seed uint64) (pose geom.SE3, inliers []int, ok bool) {
	var x []geom.Vec2
	var p []geom.Vec3
	var at []int
	for i, pair := range pairs {
		if points[i].Z > 0 {
			x = append(x, cam.Ray(places[pair[side]].Pixel).XY())
			p, at = append(p, points[i]), append(at, i)
		}
	}
	opt := geom.PnPOptions{Sigma: linkPixelSigma / cam.Focal()}
	opt.MinInliers, opt.Seed = linkMinInliers, seed
	pose, in, ok := geom.PnP(x, p, opt)
	for _, i := range in {
		inliers = append(inliers, at[i])
	}
	return pose, inliers, ok
}

// relativeScale returns the median ratio of the depths of b's own points to
// those of a's points moved into b, and the median depth.
func relativeScale(pa, pb []geom.Vec3, ba geom.SE3) (scale, depth float64, ok bool) {
	var ratio, z []float64
	for i := range pa {
		if pa[i].Z <= 0 || pb[i].Z <= 0 {
			continue
		}
		if p := ba.Apply(pa[i]); p.Z > minDepthM {
			ratio, z = append(ratio, pb[i].Z/p.Z), append(z, p.Z)
		}
	}
	if len(ratio) < linkMinInliers/2 {
		return 0, 0, false
	}
	slices.Sort(ratio)
	slices.Sort(z)
	return ratio[len(ratio)/2], z[len(z)/2], true
}

// firstTie is where the ids of landmarks that come from links begin, far above
// those of tracks.
const firstTie = 1 << 40

// tie makes landmarks of a link's features, so that bundle adjustment holds the
// two keyframes together.
func (m *Mapper) tie(l *Link) {
	from, to := m.Map.Keyframes[l.From], m.Map.Keyframes[l.To]
	for _, p := range l.pairs {
		id := firstTie + m.ties
		m.ties++
		l.ties = append(l.ties, id)
		lm := &Landmark{ID: id, Host: from.ID, Ray: from.Camera.Ray(p.from), InvDepth: 1 / p.depthM, LogStd: .1}
		m.Map.landmarks[id] = lm
		m.Map.see(lm, from, p.from)
		m.Map.see(lm, to, p.to)
	}
}

// untie takes the landmarks of a link that proved false out of the map.
func (m *Mapper) untie(l Link) {
	for _, id := range l.ties {
		lm, ok := m.Map.landmarks[id]
		for ok && len(lm.Obs) > 0 {
			m.Map.forgetObservation(lm, lm.Obs[len(lm.Obs)-1])
		}
	}
}

// Sighting is a picture whose place in the map was recognised.
type Sighting struct {
	Pose    geom.SE3 // T_wc
	Part    int
	Inliers int // features that vouch for it
}

// Sure reports whether so many features agree that a sighting needs no witness.
func (s Sighting) Sure() bool { return s.Inliers >= linkSure }

// Relocalise finds the pose of a picture's features in any part of the map.
func (m *Mapper) Relocalise(cam geom.Camera, px []geom.Vec2, desc []slam.Descriptor) (pose geom.SE3, part int, ok bool) {
	s, ok := m.Sight(cam, px, desc)
	return s.Pose, s.Part, ok
}

// Sight does the same and tells how sure it is.
func (m *Mapper) Sight(cam geom.Camera, px []geom.Vec2, desc []slam.Descriptor) (s Sighting, ok bool) {
	places := make([]PlaceFeature, len(px))
	for i := range px {
		places[i] = PlaceFeature{px[i], desc[i]}
	}
	none := func(int) bool { return false }
	s.Inliers = linkMinInliers
	for i, c := range m.places.query(places, none) {
		if i == linkCandidates || c.votes < linkMinVotes {
			break
		}
		k := m.Map.Keyframes[c.kf]
		pairs := matchPlaces(k.Place, places)
		cw, in, found := placePnP(m.places3D(k, pairs, 0), cam, places, pairs, 1, uint64(k.ID))
		if found && len(in) > s.Inliers {
			s, ok = Sighting{k.Pose.Mul(cw.Inverse()), k.Part, len(in)}, true
		}
	}
	return s, ok
}

// Resume makes part the one that keyframes are added to.
func (m *Mapper) Resume(part int) { m.part = part }
