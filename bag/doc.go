// Package bag records a run for Foxglove and ROS 2. Its packages mcap and rosmsg read
// and write the file and its messages.
package bag
