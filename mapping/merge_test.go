package mapping

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metricslam/metricslam/geom"
)

// split cuts a ring's map in two that know nothing of each other: keyframes up to
// last, and those from first on, in a frame of their own.
func (w *ring) split(t *testing.T, last, first int, move geom.Sim3) (a, b *State) {
	t.Helper()
	cut := func(from, to int) *State {
		m := NewMapper(Default(), &fakeMatcher{}, nil)
		for _, k := range w.Map.Keyframes[from : to+1] {
			c := *k
			c.Features = append([]Feature(nil), k.Features...)
			m.Map.addKeyframe(&c)
			putImages(t, m.Map, &c, imagesOf(t, w.Map, k))
			for i := range c.Features {
				f := &c.Features[i]
				z := w.truth[k.ID].ApplyInverse(w.points[f.Landmark%lapShift]).Z
				if !c.Depth.Empty() {
					f.DepthM, f.LogStd = z, .02
				}
				if l := m.Map.landmarks.get(f.Landmark); l.Host == c.ID {
					l.InvDepth, l.LogStd = 1/z, .02
				}
			}
		}
		return stateOf(t, m)
	}
	a, b = cut(0, last), cut(first, len(w.Map.Keyframes)-1)
	for _, k := range b.Keyframes {
		k.Pose = move.ApplyPose(k.Pose)
	}
	if move.S != 1 {
		for _, l := range b.Landmarks {
			l.InvDepth /= move.S
		}
	}
	return a, b
}

func newMerger() Merger {
	return Merger{Config: Default(), Match: &fakeMatcher{}, Log: slog.New(slog.DiscardHandler)}
}

// Two maps of one place become one: metric ones as rigid bodies, those of free
// scale with the scale between them.
func TestMerge(t *testing.T) {
	for name, c := range map[string]struct {
		metric bool
		move   geom.Sim3
	}{
		"metric":     {true, geom.Sim3FromSE3(walk(3), 1)},
		"free scale": {false, geom.Sim3FromSE3(walk(3), 1.4)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newRing(t, ringSpec{metric: c.metric}, 17)
			a, b := w.split(t, 10, 8, c.move)
			a.Origins, b.Origins = []Origin{{Source: "a"}}, []Origin{{Source: "b"}}
			res, err := newMerger().Merge(context.Background(), a, b)
			if err != nil {
				t.Fatal(err)
			}
			s := res.State
			if len(s.Keyframes) != 21 || res.Parts != 1 || res.Links == 0 {
				t.Fatalf("%d keyframes, %d parts joined by %d links", len(s.Keyframes), res.Parts, res.Links)
			}
			if want := []Origin{{Source: "a"}, {Source: "b", Keyframe: 11}}; !cmp.Equal(s.Origins, want) {
				t.Errorf("origins %v, want %v", s.Origins, want)
			}
			joined, err := s.Map()
			if err != nil {
				t.Fatal(err)
			}
			checkInvariants(t, joined)
			if err := s.check(); err != nil {
				t.Error(err)
			}
			var got, want []geom.Vec3
			for i, k := range s.Keyframes {
				if k.Part != 0 {
					t.Errorf("keyframe %d stayed in part %d", i, k.Part)
				}
				truth := i
				if i >= 11 {
					truth = i - 3
				}
				got, want = append(got, k.Pose.T), append(want, w.truth[truth].T)
			}
			align, err := geom.Umeyama(got, want, !c.metric)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if e := align.Apply(got[i]).Sub(want[i]).Norm(); e > .03 {
					t.Errorf("keyframe %d is %.3f m off", i, e)
				}
			}
		})
	}
}

func TestMergeNothingInCommon(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, 30)
	a, b := w.split(t, 6, 20, geom.IdentitySim3())
	if _, err := newMerger().Merge(context.Background(), a, b); !errors.Is(err, ErrNoCommonPlace) {
		t.Errorf("error %v, want %v", err, ErrNoCommonPlace)
	}
}
