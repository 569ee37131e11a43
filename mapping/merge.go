package mapping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// ErrNoCommonPlace says that two maps have no place in common that is sure.
var ErrNoCommonPlace = errors.New("no common place")

// Merger is how Merge works.
type Merger struct {
	Config Config
	Match  Matcher
	Log    *slog.Logger
}

// Merged is the result of a merge.
type Merged struct {
	State *State
	Links int // places of one map that were recognised in the other
	Parts int // connected maps that hold keyframes of both
}

// Merge joins map b to map a by the places that both show, and adjusts what was
// joined as a whole. The frame is that of a, unless only b is metric. Parts of b
// that show no place of a stay apart. Both states belong to the result. Without a
// common place the error is ErrNoCommonPlace.
func (c Merger) Merge(ctx context.Context, a, b *State) (*Merged, error) {
	if !a.Metric() && b.Metric() {
		a, b = b, a
	}
	first := len(a.Keyframes)
	m, err := c.adoptBoth(a, b)
	if err != nil {
		return nil, err
	}
	out := &Merged{}
	if err := m.joinPlaces(ctx, first, out); err != nil {
		return nil, err
	}
	m.Map.moveChildren()
	mixed := m.mixedParts(first)
	if out.Parts = len(mixed); out.Parts == 0 {
		return nil, fmt.Errorf("%w: none of %d keyframes was recognised among %d with enough certainty; both maps must show one place from similar viewpoints",
			ErrNoCommonPlace, len(b.Keyframes), first)
	}
	for _, part := range mixed {
		if _, err := m.Finish(ctx, part); err != nil {
			return nil, err
		}
	}
	m.Map.moveChildren()
	if out.State, err = m.State(); err != nil {
		return nil, err
	}
	out.State.Origins = slices.Clone(a.Origins)
	for _, o := range b.Origins {
		o.Keyframe += first
		out.State.Origins = append(out.State.Origins, o)
	}
	return out, nil
}

// adoptBoth returns a mapper with the keyframes of a, and those of b behind them.
func (c Merger) adoptBoth(a, b *State) (*Mapper, error) {
	m := NewMapper(c.Config, c.Match, c.Log)
	if err := m.Restore(a); err != nil {
		return nil, err
	}
	return m, m.adopt(b, shift{keyframes: len(a.Keyframes), parts: a.Parts, tracks: a.NextTrack(), linked: a.Linked})
}

// shift is what is added to the ids of a map that is adopted.
type shift struct{ keyframes, parts, tracks, linked int }

func (s shift) landmark(id int) int {
	if id >= firstLinkLandmark {
		return id + s.linked
	}
	return id + s.tracks
}

// adopt enters all of another map, with ids above those of the mapper's own.
func (m *Mapper) adopt(o *State, by shift) error {
	for _, k := range o.Keyframes {
		by.keyframe(k)
		m.Map.enter(k)
	}
	if err := m.Map.images.Adopt(o.Images, by.keyframes); err != nil {
		return err
	}
	if err := m.loops.enter(o.Keyframes...); err != nil {
		return err
	}
	for _, l := range o.Landmarks {
		l.ID, l.Host = by.landmark(l.ID), l.Host+by.keyframes
		for i := range l.Obs {
			l.Obs[i].KF += by.keyframes
		}
		m.Map.landmarks.put(l)
	}
	for _, l := range slices.Concat(o.Links, o.Pending) {
		l.From, l.To = l.From+by.keyframes, l.To+by.keyframes
		for i := range l.landmarks {
			l.landmarks[i] = by.landmark(l.landmarks[i])
		}
	}
	m.loops.links, m.loops.pending = append(m.loops.links, o.Links...), append(m.loops.pending, o.Pending...)
	m.Map.parts, m.Map.linked = m.Map.parts+o.Parts, m.Map.linked+o.Linked
	for part, e := range o.Metrics {
		m.inheritPart(part+by.parts, e)
	}
	return nil
}

func (s shift) keyframe(k *Keyframe) {
	k.ID, k.Part = k.ID+s.keyframes, k.Part+s.parts
	if g := k.Gap; g != nil {
		k.Gap = &Gap{From: g.From + s.keyframes, Z: g.Z, DurationS: g.DurationS}
	}
	if t := k.Tether; t != nil {
		k.Tether = &Tether{From: t.From + s.keyframes, Z: t.Z, Info: t.Info}
	}
	if k.Culled() {
		k.parent.by += s.keyframes
	}
	for i := range k.Features {
		if f := &k.Features[i]; f.Landmark >= 0 {
			f.Landmark = s.landmark(f.Landmark)
		}
	}
}

// joinPlaces looks for the places of all keyframes from first on among those below,
// and judges them.
func (m *Mapper) joinPlaces(ctx context.Context, first int, out *Merged) error {
	for _, k := range m.Map.Keyframes[first:] {
		if err := m.joinPlace(ctx, k, first, out); err != nil {
			return err
		}
	}
	return m.judgeAgain(ctx)
}

// joinPlace looks for the place of an adopted keyframe among those below first.
func (m *Mapper) joinPlace(ctx context.Context, k *Keyframe, first int, out *Merged) error {
	if err := ctx.Err(); err != nil || k.Culled() {
		return err
	}
	links, err := m.loops.detectBut(k, func(kf int) bool { return kf >= first })
	if err != nil {
		return err
	}
	got, err := m.resolve(ctx, k, links)
	if err != nil {
		return err
	}
	out.Links += max(0, got.accepted)
	if got.joined {
		m.log.Info("maps joined", "keyframe", k.ID, "as", got.from)
	}
	return nil
}

// mixedParts lists the parts that hold keyframes of both maps.
func (m *Mapper) mixedParts(first int) []int {
	has := make([][2]bool, m.Map.parts)
	for i, k := range m.Map.Keyframes {
		if i < first {
			has[k.Part][0] = true
		} else {
			has[k.Part][1] = true
		}
	}
	var out []int
	for part, h := range has {
		if h[0] && h[1] {
			out = append(out, part)
		}
	}
	return out
}
