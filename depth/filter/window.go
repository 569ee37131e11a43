package filter

import (
	"iter"

	"github.com/metricslam/metricslam/slam"
)

// agreementFloor is the least deviation that agreement can show: views that see
// a thing from nearly the same place err alike.
const agreementFloor = .01

// Agree passes views on, with a deviation from their Agreement with up to reach
// views before and reach after where a view's own depth comes without one by
// pixel. The depths must have one scale, as a network's have by and large.
func Agree(views iter.Seq2[slam.KeyframeView, error], reach int) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		var window []slam.KeyframeView // those before, the next one to pass on, those after
		next := 0
		pass := func() bool {
			v := window[next]
			if v.Depth.LogStd == nil && !v.Depth.Empty() {
				v.Depth = Agreement(seen(v), others(window, next), agreementFloor)
			}
			if next++; next > reach {
				window, next = window[1:], next-1
			}
			return yield(v, nil)
		}
		for v, err := range views {
			if err != nil {
				yield(v, err)
				return
			}
			window = append(window, v)
			if len(window) > next+reach && !pass() {
				return
			}
		}
		for next < len(window) {
			if !pass() {
				return
			}
		}
	}
}

func seen(v slam.KeyframeView) View { return View{v.Depth, v.Pose} }

// others are the views of a window but one.
func others(window []slam.KeyframeView, but int) []View {
	var list []View
	for i, v := range window {
		if i != but && !v.Depth.Empty() {
			list = append(list, seen(v))
		}
	}
	return list
}
