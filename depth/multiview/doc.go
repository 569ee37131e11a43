// Package multiview measures in several photographs of one place: it finds where
// each was taken from, triangulates what is asked for, and takes the metres from
// the depth of all of them.
//
// The shape is triangulated, and so does not suffer from what a network gets
// wrong within an image. The scale is the network's: log z = log D_i + s_i for
// the depth D_i of photograph i, s_i ~ N(0, ScaleSigma^2) by its viewpoint, and
// an error that all of them share by their place (PlaceSigma), which no number of
// photographs of it takes away.
package multiview

import (
	"errors"

	"github.com/metricslam/metricslam/depth/photo"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// Describe finds the keypoints of an image with their descriptors.
type Describe func(slam.Gray) ([]geom.Vec2, []slam.Descriptor, error)

// ErrApart says that photographs share too little to be placed together.
var ErrApart = errors.New("the photographs share too little")

// Place is several photographs and where they were taken from.
type Place struct {
	views     []*view
	landmarks []*landmark
}

// view is a photograph at the size it is worked with.
type view struct {
	name     string
	photo    *photo.Photo
	gray     slam.Gray
	cam      geom.Camera
	keys     []recognition.Keypoint
	landmark map[int]*landmark // by keypoint
	pose     geom.SE3          // camera to place
	logScale float64           // s_i
	placed   bool
}

// landmark is a point of the place, in metres, and where it is seen.
type landmark struct {
	point geom.Vec3
	seen  []observation
}

type observation struct {
	view  *view
	pixel geom.Vec2
	std   float64 // of a coordinate, pixels
}

// ray returns the image point of a pixel on the z = 1 plane.
func (v *view) ray(u geom.Vec2) geom.Vec2 {
	r := v.cam.Ray(u)
	return geom.Vec2{X: r.X / r.Z, Y: r.Y / r.Z}
}

// original returns the pixel of the photograph of one at the working size.
func (v *view) original(u geom.Vec2) geom.Vec2 {
	k := float64(v.photo.Image.W) / float64(v.gray.W)
	return geom.Vec2{X: (u.X+.5)*k - .5, Y: (u.Y+.5)*k - .5}
}

// working is the inverse of original.
func (v *view) working(u geom.Vec2) geom.Vec2 {
	k := float64(v.gray.W) / float64(v.photo.Image.W)
	return geom.Vec2{X: (u.X+.5)*k - .5, Y: (u.Y+.5)*k - .5}
}
