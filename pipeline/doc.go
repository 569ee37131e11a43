// Package pipeline runs the whole chain over a source of frames: track, locate,
// keep keyframes, adjust, close loops, fuse, publish. Recorded input runs offline
// and deterministically, every frame in order; live input drops frames instead
// of falling behind.
package pipeline
