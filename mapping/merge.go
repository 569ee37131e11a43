package mapping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	State  *State
	Links  int // places of one map that were recognised in the other
	Joined int // parts of the second map that became one with the first
}

// Merge joins map b to map a by the places that both show, and adjusts what was
// joined as a whole. The frame is that of a, unless only b is metric. Parts of b
// that show no place of a stay apart. Both states belong to the result. Without a
// common place the error is ErrNoCommonPlace.
func (c Merger) Merge(ctx context.Context, a, b *State) (*Merged, error) {
	if !a.Metric() && b.Metric() {
		a, b = b, a
	}
	m := NewMapper(c.Config, c.Match)
	m.Log = c.Log
	m.Restore(a)
	first := len(a.Keyframes)
	origins := append(a.Origins, m.adopt(a, b)...)
	out := &Merged{}
	for _, k := range m.Map.Keyframes[first:] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := m.joinPlace(ctx, k, first, out); err != nil {
			return nil, err
		}
	}
	if out.Joined == 0 {
		return nil, fmt.Errorf("%w: none of %d keyframes was recognised among %d with enough certainty; both maps must show one place from similar viewpoints",
			ErrNoCommonPlace, len(b.Keyframes), first)
	}
	m.pending = nil
	for _, part := range m.mixedParts(first) {
		if _, err := m.Finish(ctx, part); err != nil {
			return nil, err
		}
	}
	out.State = m.State()
	out.State.Origins = origins
	return out, nil
}

// adopt enters all of another map, with ids above those of the mapper's own, and
// returns where it came from.
func (m *Mapper) adopt(own, s *State) []Origin {
	tracks, keyframes, parts, ties := own.NextTrack(), len(m.Map.Keyframes), m.parts, m.ties
	landmark := func(id int) int {
		if id >= firstTie {
			return id + ties
		}
		return id + tracks
	}
	for _, k := range s.Keyframes {
		k.ID, k.Part = k.ID+keyframes, k.Part+parts
		if t := k.Tether; t != nil {
			k.Tether = &Tether{From: t.From + keyframes, Z: t.Z, Info: t.Info}
		}
		if c := k.carried; c != nil {
			k.carried = &carried{by: c.by + keyframes, rel: c.rel, unit: c.unit, own: c.own}
		}
		for i := range k.Features {
			if f := &k.Features[i]; f.Landmark >= 0 {
				f.Landmark = landmark(f.Landmark)
			}
		}
		m.Map.Keyframes = append(m.Map.Keyframes, k)
		m.places.add(k.ID, k.Place)
		m.match.Keep(k.ID, k.Gray)
	}
	for _, l := range s.Landmarks {
		l.ID, l.Host = landmark(l.ID), l.Host+keyframes
		for i := range l.Obs {
			l.Obs[i].KF += keyframes
		}
		m.Map.landmarks[l.ID] = l
	}
	for _, l := range s.Links {
		l.From, l.To = l.From+keyframes, l.To+keyframes
		for i := range l.ties {
			l.ties[i] = landmark(l.ties[i])
		}
		m.Links = append(m.Links, l)
	}
	m.parts, m.ties = m.parts+s.Parts, m.ties+s.Ties
	for part, metric := range s.Metrics {
		m.rememberPart(part+parts, metric)
	}
	origins := make([]Origin, len(s.Origins))
	for i, o := range s.Origins {
		o.Keyframe += keyframes
		origins[i] = o
	}
	return origins
}

// joinPlace looks for the place of an adopted keyframe among those below first.
func (m *Mapper) joinPlace(ctx context.Context, k *Keyframe, first int, out *Merged) error {
	before := len(m.Links)
	got, err := m.take(ctx, k, m.recogniseBut(k, func(kf int) bool { return kf >= first }))
	if err != nil {
		return err
	}
	out.Links += len(m.Links) - before
	if got.joined {
		m.Log.Info("maps joined", "keyframe", k.ID, "as", got.from)
		out.Joined++
	}
	return nil
}

// mixedParts lists the parts that hold keyframes of both maps.
func (m *Mapper) mixedParts(first int) []int {
	has := make([][2]bool, m.parts)
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
