package join

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// pairedS is the time between a keyframe and its true pose, seconds.
const pairedS = .02

// Score is a joint map against the truth.
type Score struct {
	SE3M      float64          `json:"ate_se3_m"` // RMSE over all recordings of a component, one alignment for all
	Sim3M     float64          `json:"ate_sim3_m"`
	Scale     float64          `json:"scale"` // true lengths over those of the map
	Keyframes int              `json:"keyframes"`
	Alone     []RecordingScore `json:"recordings"`
	Links     int              `json:"links"` // that are believed
	False     int              `json:"false_links"`
}

// RecordingScore is a recording of the component by itself.
type RecordingScore struct {
	Name     string  `json:"name"`
	Straight bool    `json:"straight"`         // a straight way has no alignment of its own
	Sim3M    float64 `json:"ate_sim3_m"`       // by an alignment of its own, as it lies in the joint map
	JointM   float64 `json:"joint_ate_sim3_m"` // by the alignment of all
	JointLog float64 `json:"log_scale_error"`  // of the recording within the joint map
}

// Evaluate compares the largest component with true trajectories, one a recording, all in
// one frame; nil where a recording has none.
func (j *Joined) Evaluate(truths []slam.Trajectory) (*Score, error) {
	if len(truths) != len(j.Maps) {
		return nil, fmt.Errorf("%d true trajectories of %d recordings", len(truths), len(j.Maps))
	}
	s := &Score{}
	pairs := make([][]eval.Pair, len(j.Maps))
	var all []eval.Pair
	for i := range j.Maps {
		if j.Maps[i].Component != 0 || truths[i] == nil {
			continue
		}
		var err error
		if pairs[i], err = eval.Associate(truths[i], j.Maps[i].Trajectory(), pairedS); err != nil {
			return nil, fmt.Errorf("%s: %w", j.Maps[i].Name, err)
		}
		all = append(all, pairs[i]...)
	}
	rigid, err := eval.Align(all, eval.AlignSE3)
	if err != nil {
		return nil, err
	}
	free, err := eval.Align(all, eval.AlignSim3)
	if err != nil {
		return nil, err
	}
	s.SE3M, s.Sim3M, s.Scale, s.Keyframes = rmse(all, rigid), rmse(all, free), free.S, len(all)
	for i, p := range pairs {
		if p == nil {
			continue
		}
		r := RecordingScore{Name: j.Maps[i].Name, JointM: rmse(p, free)}
		if own, err := eval.Align(p, eval.AlignSim3); err != nil {
			r.Straight = true
		} else {
			r.Sim3M, r.JointLog = rmse(p, own), math.Log(free.S/own.S)
		}
		s.Alone = append(s.Alone, r)
	}
	s.countLinks(j, pairs, free.S)
	return s, nil
}

func rmse(pairs []eval.Pair, by geom.Sim3) float64 {
	return eval.NewStats(eval.ATE(eval.Apply(pairs, by))).RMSE
}

// countLinks counts the believed links, and those that the true poses contradict: where
// the joint map has the two keyframes, which it was bent to, is not where they were.
func (s *Score) countLinks(j *Joined, pairs [][]eval.Pair, scale float64) {
	at := make([]map[float64]eval.Pair, len(pairs))
	for i, all := range pairs {
		at[i] = make(map[float64]eval.Pair)
		for _, p := range all {
			at[i][p.Estimate.Time] = p
		}
	}
	for _, l := range j.Links {
		if l.State != Believed && l.State != Spare {
			continue
		}
		a, okA := j.pair(at[l.A], l.A, l.KeyframeA)
		b, okB := j.pair(at[l.B], l.B, l.KeyframeB)
		if !okA || !okB {
			continue
		}
		s.Links++
		truth, joint := a.Truth.Pose.Between(b.Truth.Pose), a.Estimate.Pose.Between(b.Estimate.Pose)
		joint.T = joint.T.Scale(scale)
		if _, _, isFalse := eval.LoopError(truth, joint); isFalse {
			s.False++
		}
	}
}

func (j *Joined) pair(at map[float64]eval.Pair, recording, keyframe int) (p eval.Pair, ok bool) {
	for _, k := range j.Maps[recording].Keyframes {
		if k.ID == keyframe {
			p, ok = at[k.Time]
			return p, ok
		}
	}
	return p, false
}
