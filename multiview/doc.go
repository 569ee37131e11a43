// Package multiview refines the depth of keyframes by other views of the same
// scene.
//
// A depth network knows roughly how far things are, and little of their shape. Where
// the camera moved sideways, the images themselves tell depth much better. So
// every keyframe goes through
//
//	neighbours  frames that see the same from another place, at a good angle
//	sweep       for each pixel, depths around the prior's are tried: how well do
//	            the neighbours' patches look like the keyframe's (ZNCC)?
//	SGM         semi-global matching (Hirschmueller 2008) over the logarithm of
//	            refined depth over prior: flat means the shape of the prior
//	agreement   what other keyframes confirm is trusted, what they see through
//	            is dropped
//	completion  what is not trusted, or has no texture, takes a plane through trusted
//	            pixels nearby; how rough depth is tells its deviation
//
// The sweep has two levels, the coarse one over a wide range of depth, the fine one
// around what it found.
//
// Results do not depend on the number of goroutines: each keyframe is computed by
// one of them.
package multiview
