package patch

const (
	// Radius of a patch in pixels: 11 x 11 pixels.
	Radius = 5
	side   = 2*Radius + 1
	area   = side * side

	maxZoom       = 3    // largest change of area's root that a warp can bridge
	minDepth      = 1e-3 // depth, in those of the map, that a warped ray must reach
	minGradient   = 1    // grey levels a pixel, in the direction of least texture
	minContrast   = 3    // grey levels, root mean square
	greyStd       = 5.   // of a grey level between two images of a surface
	minParallaxPx = 1    // pixels that a point must move for a change of its inverse depth by e, so that a slant shows

	alignNCCSlack = .35  // of the correlation that is still missing on the way
	alignSteps    = 15   // Gauss-Newton steps
	alignEnoughPx = .004 // a step that ends the search
	alignNearPx   = .1   // a step after which the shear is set free
	maxShear      = .9   // largest that is believed

	slantPriorStd = 3.   // of a surface that nobody has looked at; a road 20 m ahead of a car has 12
	slantMinStd   = .3   // deviation that no number of views goes below: surfaces are no planes
	maxSlant      = 30.  // largest gradient
	edgeOnCos     = 1e-3 // cosine below which a plane is seen from its edge
)

// MaxPlaneRad is half of what a plane may span: more is seldom one, radians.
const MaxPlaneRad = .015
