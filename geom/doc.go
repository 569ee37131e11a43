// Package geom holds the geometry every other package speaks: vectors,
// rotations, rigid and similarity transforms, camera models, minimal solvers,
// robust kernels and alignment.
//
// # Conventions
//
// Camera frames are x right, y down, z forward. T_wc maps camera coordinates
// to world coordinates: p_w = T_wc p_c. Distances are metres, angles radians,
// image points pixels with the centre of the top left pixel at (0, 0).
//
// Tangent vectors of SE(3) are (rho, phi): translation first, then rotation;
// those of Sim(3) append the log-scale. Increments are applied on the right
// (in the body frame): T [+] xi = T Exp(xi).
//
// All types are small values; functions neither allocate nor keep references
// unless they return a slice.
package geom
