// Package slam holds the words that every stage shares: images, frames, depth
// maps, trajectories and the views of the map that one stage publishes to the
// next. They are plain data: no OpenCV, ONNX Runtime or OpenGL handle crosses a
// border between packages, and what has been published is never changed.
package slam
