// Package surface makes triangle meshes fit for use: fewer triangles within an
// error bound, small holes closed, and what can be said of them as manifolds.
//
// Simplify follows Garland and Heckbert (1997): edges are collapsed in the order of
// the squared distance that their new vertex has from the planes of all triangles
// that it stands for. A large mesh is taken in pieces of space whose common
// vertices stay, twice with the pieces shifted, so that memory and time grow with
// the surface, and all cores work.
package surface
