// Package selfcal finds the focal length and one coefficient of radial distortion
// of a camera from a sequence of its own images, without any target.
//
// The sequence is cut into windows of neighbouring views that share features. From
// each of several focal lengths every window is built up by two views, resection
// and triangulation, and an adjustment of all windows with one camera follows
// (Pollefeys, Koch and Van Gool, Self-calibration and metric reconstruction, 1999;
// the scoring of many starts as in Gherardi and Fusiello, 2010). The end that
// explains most observations wins.
//
// A camera that does not turn, or turns without moving, does not show its focal
// length: the deviation, from the information of the observations and from how the
// result moves when a window is left out, then stays near that of the guess.
package selfcal
