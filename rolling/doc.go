// Package rolling brings images that were read row by row to one moment, that of
// their middle row, by the camera's own motion: everything behind then sees a global
// shutter, as it sees a pinhole camera behind the undistortion of lenses.
//
// A row that is exposed tau seconds after the middle one was seen from where the
// camera had gone by then. The ray r of a pixel of the wanted image, at the inverse
// depth q, is found in that row along
//
//	r' = Exp(-w tau) (r - v tau q)
//
// with the rotation w and translation v of the camera per second in its own axes
// (Forssen and Ringaby, Rectifying rolling shutter video from hand-held devices,
// 2010, with translation added). The turn is most of it; what moves by the
// translation is taken from a coarse image of the depths that the map knows.
package rolling
