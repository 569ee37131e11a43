// Package datasets reads the frames of one camera, whatever they come from: the
// layouts of public data sets (TUM RGB-D, KITTI odometry, 7-Scenes, EuRoC), a
// folder of images, a video file, a camera, a network stream, or a scene that
// the program renders itself.
//
// Every source hands out undistorted images in plain Go memory, with the
// pinhole camera they belong to. A damaged frame is a *SkipError, after which
// the source goes on; what makes a whole sequence unreadable is an error of Open
// that names the file and the remedy. See docs/input.md.
package datasets
