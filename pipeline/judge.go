package pipeline

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/report"
)

// What a trajectory must have for the run to vouch for it.
const (
	// minPosedShare: where half of the frames have no pose, what is called the
	// trajectory is not that of the source.
	minPosedShare = .5
	// maxSkippedShare: a source of which a fifth cannot be read is damaged, or is
	// not what it was taken for.
	maxSkippedShare = .2
	// guessedFocal: a focal length that is known less well than this is a guess, which
	// is off by 4 to 60 % on the sequences of docs/calibration.md.
	guessedFocal = .12
)

// judge says how far the run came and why the trajectory cannot be vouched for.
func (r *Result) judge(rep *report.Report) {
	rep.Status = report.Done
	doubt := func(format string, args ...any) { rep.Doubts = append(rep.Doubts, fmt.Sprintf(format, args...)) }
	if r.stopped != "" {
		rep.Status = report.Stopped
		rep.Warnings = append(rep.Warnings, r.stopped)
		doubt("%s", r.stopped)
	}
	if r.bounded != "" {
		rep.Warnings = append(rep.Warnings, r.bounded)
	}
	if rep.Frames == 0 {
		return
	}
	if rep.Posed == 0 {
		doubt("no frame has a pose: a map begins where a camera has moved sideways, by some hundredths of the distance to what it sees, between images that have texture and much in common. Of a single image, `metricslam depth` gives the depth")
	} else if share := float64(rep.Posed) / float64(rep.Frames); share < minPosedShare {
		doubt("only %d of %d frames have a pose in the largest map", rep.Posed, rep.Frames)
	}
	if share := float64(len(rep.SkippedFrames)) / float64(rep.Frames); share > maxSkippedShare {
		doubt("%d of %d frames could not be used", len(rep.SkippedFrames), rep.Frames)
	}
	if sigma := r.job.Source.Info().FocalSigma; sigma >= guessedFocal && !r.focalConfirmed(r.main()) {
		doubt("the focal length is known to %.0f %% only (%s), and the images do not confirm it: shape and metres are off by as much. Give --fov or --camera FILE, or let --camera auto find it", 100*sigma, r.job.Source.Info().CameraFrom)
	}
	for _, text := range r.inputDoubts {
		doubt("%s", text)
	}
	r.judgeDepth(rep, doubt)
	if text := r.focalConflicts[r.main()]; text != "" {
		doubt("%s", text)
	}
	if r.frozen > rep.Frames/2 {
		doubt("%d of %d frames repeat the one before to the last bit: the stream was frozen", r.frozen, rep.Frames)
	}
	if n := len(r.parts()) - maxPartFiles; n > 0 {
		rep.Warnings = append(rep.Warnings, fmt.Sprintf("the trajectories of the %d smallest of %d parts were not written", n, n+maxPartFiles))
	}
	for _, s := range rep.ScaleSources {
		if s.Conflict {
			doubt("the sources of scale contradict each other (%s)", s.Name)
			break
		}
	}
}

// judgeDepth counts the keyframes without depth where depth was asked for.
func (r *Result) judgeDepth(rep *report.Report, doubt func(format string, args ...any)) {
	source := r.job.Depth.Name()
	if source == (depth.None{}).Name() {
		return
	}
	all, without := 0, 0
	for _, k := range r.Keyframes[r.firstKeyframe:] {
		if k.Culled() {
			continue
		}
		if all++; k.Depth.Empty() {
			without++
		}
	}
	switch {
	case all > 0 && without == all:
		doubt("depth was asked for (%s), and none of %d keyframes got any", source, all)
	case without > all/2:
		rep.Warnings = append(rep.Warnings, fmt.Sprintf("depth was asked for (%s), and %d of %d keyframes got none", source, without, all))
	}
}

// doubtDepth takes up what speaks against the depth: no metres are better than that.
func (r *Result) doubtDepth() {
	if r.job.Witness == nil {
		return
	}
	text, sigma := r.job.Witness.Doubt()
	if text == "" {
		return
	}
	r.job.Log.Warn(text)
	r.inputDoubts = append(r.inputDoubts, text)
	for i := range r.metrics {
		if r.metrics[i].Known() {
			r.metrics[i].Sigma = math.Hypot(r.metrics[i].Sigma, sigma)
		}
	}
}
