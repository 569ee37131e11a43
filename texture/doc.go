// Package texture makes a texture atlas of a mesh from the images of its views.
//
// Each triangle takes its colours from one view that sees it whole, near, straight
// and sharp; neighbours prefer the same view (choose.go). The views' exposure is
// levelled by what they show of the same triangles (balance.go), what is left at
// the seams by corrections that fade away from them (seams.go). Triangles of one
// view that hang together are a chart, laid out as that view's image shows them
// (chart.go, pack.go). Around a seam the two views are blended (render.go). A view
// in which something nearer hides a texel gives nothing to it (depthbuffer.go).
//
// The choice of views follows Waechter, Moehrle and Goesele, Let there be color!
// Large-scale texturing of 3D reconstructions, ECCV 2014; the corrections at seams
// Lempitsky and Ivanov, Seamless mosaicing of image-based texture maps, CVPR 2007.
package texture
