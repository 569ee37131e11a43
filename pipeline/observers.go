package pipeline

import "github.com/metricslam/metricslam/slam"

// Observers are several observers as one.
type Observers []Observer

// Wants reports whether one of them wants this frame.
func (o Observers) Wants(frame int) bool {
	for _, each := range o {
		if each.Wants(frame) {
			return true
		}
	}
	return false
}

// Publish gives the snapshot to those who want it.
func (o Observers) Publish(s slam.Snapshot) {
	for _, each := range o {
		if each.Wants(s.Frame) {
			each.Publish(s)
		}
	}
}
