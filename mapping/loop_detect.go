package mapping

import (
	"slices"
)

// detect returns the links of keyframe k to keyframes that are not its neighbours,
// verified, most inliers first.
func (c *loopCloser) detect(k *Keyframe) ([]*Link, error) {
	near := make(map[int]bool)
	for _, kf := range c.m.covisible(k.ID, neighbourShared) {
		near[kf] = true
	}
	skip := func(kf int) bool {
		o := c.m.Keyframes[kf]
		return kf == k.ID || near[kf] || (o.Part == k.Part && k.ID-kf < linkRecent)
	}
	return c.detectBut(k, skip)
}

// revisited returns the verified link of keyframe k to the old keyframe with which
// it shares most of the landmarks that came back into view. They were found
// where the map has them, so that the loop is closed by then; the link confirms
// it. One link a return is enough. It is nil where there is none.
func (c *loopCloser) revisited(k *Keyframe) (*Link, error) {
	for _, kf := range c.m.covisible(k.ID, returnShared) {
		o := c.m.Keyframes[kf]
		if o.Part != k.Part || k.ID-kf < 2*linkRecent || c.linkedNear(kf, k.ID) || !c.leftView(o, k) {
			continue
		}
		return c.verify(o, k)
	}
	return nil, nil
}

// linkedNear reports whether keyframes around a and b are linked.
func (c *loopCloser) linkedNear(a, b int) bool {
	return slices.ContainsFunc(c.links, func(l *Link) bool { return near(l.From, a, linkRecent-1) && near(l.To, b, linkRecent-1) })
}

// leftView reports whether keyframes between o and k, some linkRecent of them,
// saw next to nothing of what o sees.
func (c *loopCloser) leftView(o, k *Keyframe) bool {
	seen := 0
	for _, kf := range c.m.covisible(o.ID, neighbourShared) {
		if o.ID < kf && kf < k.ID {
			seen++
		}
	}
	return k.ID-o.ID-1-seen >= linkRecent
}

// detectBut returns the verified links to the keyframes for which skip is false.
func (c *loopCloser) detectBut(k *Keyframe, skip func(kf int) bool) ([]*Link, error) {
	links, tried, err := c.verifyBest(k, linkCandidates, linkMinVotes, skip)
	if err != nil {
		return nil, err
	}
	if len(links) > 0 && c.isNews(links[0]) {
		n := 0
		for _, kf := range c.m.covisible(links[0].From, linkMinInliers) {
			if n == linkNeighbours {
				break
			}
			if tried[kf] || skip(kf) {
				continue
			}
			n++
			l, err := c.verify(c.m.Keyframes[kf], k)
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
func (c *loopCloser) verifyBest(k *Keyframe, candidates, minVotes int, skip func(kf int) bool) (links []*Link, tried map[int]bool, err error) {
	tried = make(map[int]bool)
	keypoints, err := c.m.Keypoints(k)
	if err != nil {
		return nil, nil, err
	}
	for i, o := range c.index.Query(keypoints, skip) {
		if i == candidates || o.Votes < minVotes {
			break
		}
		tried[o.Keyframe] = true
		l, err := c.verify(c.m.Keyframes[o.Keyframe], k)
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
func (c *loopCloser) isNews(l *Link) bool {
	return c.m.Keyframes[l.From].Part != c.m.Keyframes[l.To].Part || c.residualPx(l) > linkNewPx
}

func near(a, b, reach int) bool { return max(a-b, b-a) <= reach }
