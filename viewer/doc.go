// Package viewer draws a map with OpenGL 3.3: mesh, camera frusta, trajectory
// and truth, landmarks, the current image with its tracks, a grid in metres.
// One renderer serves the window (Show) and, without a display, images
// (RenderPNG) and films (RenderVideo).
//
// A View is a pose and a geom.Camera, so that what is drawn lies exactly where
// geom.Camera projects it. Everything that needs no OpenGL (views, orbiting,
// picking, the geometry of frusta and grid) is plain Go.
//
// OpenGL calls of a window stay on the thread that called Show; those without a
// display on a thread of their own.
package viewer
