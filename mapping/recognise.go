package mapping

import (
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

const (
	linkCandidates  = 3   // keyframes that are verified for a query
	linkNeighbours  = 2   // and more around the best of them, where it says something new
	linkMinVotes    = 12  // features in common that make a candidate
	placeMinInliers = 18  // of PnP
	linkMinInliers  = 30  // of PnP, in each direction, that make a link
	linkSure        = 40  // inliers of a good link
	linkRecent      = 10  // keyframes back that are neighbours, not loops
	linkMaxTurnRad  = .09 // between the two directions' poses: 5 degrees
	linkMaxShift    = .1  // the same in shares of the median depth
	linkMaxLogScale = .4  // between two metric maps
	linkPixelSigma  = 2   // of an ORB corner, pixels
	neighbourShared = 8   // landmarks that make two keyframes neighbours, wherever they are in time
	returnShared    = 20  // landmarks that came back into sight together
	linkNewPx       = 8   // distance of its features from where the map has them, for a link to be news
)

// recognise returns the links of keyframe k to keyframes that are not its
// neighbours, verified from both sides, most inliers first.
func (m *Mapper) recognise(k *Keyframe) ([]*Link, error) {
	near := make(map[int]bool)
	for _, kf := range m.Map.Covisible(k.ID, neighbourShared) {
		near[kf] = true
	}
	skip := func(kf int) bool {
		o := m.Map.Keyframes[kf]
		return kf == k.ID || near[kf] || (o.Part == k.Part && k.ID-kf < linkRecent)
	}
	return m.recogniseBut(k, skip)
}

// returned returns the verified link of keyframe k to the old keyframe with which
// it shares most of the landmarks that came back into sight. They were found
// where the map has them, so that the loop is closed by then; the link confirms
// it. One link a return is enough. It is nil where there is none.
func (m *Mapper) returned(k *Keyframe) (*Link, error) {
	for _, kf := range m.Map.Covisible(k.ID, returnShared) {
		o := m.Map.Keyframes[kf]
		if o.Part != k.Part || k.ID-kf < 2*linkRecent || m.linkedNear(kf, k.ID) || !m.leftSight(o, k) {
			continue
		}
		return m.verify(o, k)
	}
	return nil, nil
}

// linkedNear reports whether keyframes around a and b are linked.
func (m *Mapper) linkedNear(a, b int) bool {
	return slices.ContainsFunc(m.Links, func(l Link) bool { return near(l.From, a, linkRecent-1) && near(l.To, b, linkRecent-1) })
}

// leftSight reports whether keyframes between o and k, some linkRecent of them,
// saw next to nothing of what o sees.
func (m *Mapper) leftSight(o, k *Keyframe) bool {
	seen := 0
	for _, kf := range m.Map.Covisible(o.ID, neighbourShared) {
		if o.ID < kf && kf < k.ID {
			seen++
		}
	}
	return k.ID-o.ID-1-seen >= linkRecent
}

// recogniseBut returns the links to the keyframes for which skip is false.
func (m *Mapper) recogniseBut(k *Keyframe, skip func(kf int) bool) ([]*Link, error) {
	links, tried, err := m.verifyBest(k, linkCandidates, linkMinVotes, skip)
	if err != nil {
		return nil, err
	}
	if len(links) > 0 && m.isNews(links[0]) {
		n := 0
		for _, kf := range m.Map.Covisible(links[0].From, linkMinInliers) {
			if n == linkNeighbours {
				break
			}
			if tried[kf] || skip(kf) {
				continue
			}
			n++
			l, err := m.verify(m.Map.Keyframes[kf], k)
			if err != nil {
				return nil, err
			}
			if l != nil {
				links = append(links, l)
			}
		}
		sortLinks(links)
	}
	return links, nil
}

// verifyBest verifies the candidates for keyframe k with most votes.
func (m *Mapper) verifyBest(k *Keyframe, candidates, minVotes int, skip func(kf int) bool) (links []*Link, tried map[int]bool, err error) {
	tried = make(map[int]bool)
	keypoints, err := m.Map.keypoints(k)
	if err != nil {
		return nil, nil, err
	}
	for i, c := range m.places.Query(keypoints, skip) {
		if i == candidates || c.Votes < minVotes {
			break
		}
		tried[c.Keyframe] = true
		l, err := m.verify(m.Map.Keyframes[c.Keyframe], k)
		if err != nil {
			return nil, nil, err
		}
		if l != nil {
			links = append(links, l)
		}
	}
	sortLinks(links)
	return links, tried, nil
}

// isNews reports whether a link says what the map does not have already.
func (m *Mapper) isNews(l *Link) bool {
	return m.Map.Keyframes[l.From].Part != m.Map.Keyframes[l.To].Part || m.strainPx(l) > linkNewPx
}

// lostCandidates are the keyframes that a lost frame is compared with.
const lostCandidates = 6

// Sighting is a picture whose place in the map was recognised.
type Sighting struct {
	Pose    geom.SE3 // T_wc
	Part    int
	Inliers int // features that vouch for it
}

// Sure reports whether so many features agree that a sighting needs no witness.
func (s Sighting) Sure() bool { return s.Inliers >= linkSure }

// Relocalise finds the pose of a picture's features in any part of the map.
func (m *Mapper) Relocalise(cam geom.Camera, px []geom.Vec2, desc []slam.Descriptor) (pose geom.SE3, part int, ok bool, err error) {
	s, ok, err := m.Sight(cam, px, desc)
	return s.Pose, s.Part, ok, err
}

// Sight does the same and tells how sure it is.
func (m *Mapper) Sight(cam geom.Camera, px []geom.Vec2, desc []slam.Descriptor) (s Sighting, ok bool, err error) {
	places := keypoints(px, desc)
	none := func(int) bool { return false }
	s.Inliers = placeMinInliers
	for i, c := range m.places.Query(places, none) {
		if i == lostCandidates || c.Votes < linkMinVotes {
			break
		}
		k := m.Map.Keyframes[c.Keyframe]
		known, err := m.Map.keypoints(k)
		if err != nil {
			return s, false, err
		}
		pairs := recognition.Match(known, places)
		points, err := m.places3D(k, known, pairs, 0)
		if err != nil {
			return s, false, err
		}
		cw, in, found := placePnP(points, cam, places, pairs, 1, uint64(k.ID))
		if found && len(in) > s.Inliers {
			s, ok = Sighting{k.Pose.Mul(cw.Inverse()), k.Part, len(in)}, true
		}
	}
	return s, ok, nil
}

// Resume makes part the one that keyframes are added to.
func (m *Mapper) Resume(part int) { m.part = part }
