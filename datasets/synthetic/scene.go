package synthetic

import "github.com/metricslam/metricslam/geom"

// scene is what the renderer draws.
type scene interface {
	// groups appends to dst the groups that may be seen from the pose at time
	// t; the caller does not change them.
	groups(pose geom.SE3, t float64, dst []*group) []*group
	// surroundings returns what lies behind and between the surfaces.
	surroundings() *surroundings
}

// surroundings is the air, the sky and the lamps that glossy surfaces mirror.
type surroundings struct {
	hazePerM float64    // share of light lost and replaced by haze a metre, of small distances
	haze     [3]float64 // radiance of haze and horizon
	sky      *texture   // clouds on a plane high above; nil indoors
	zenith   [3]float64 // radiance the sky texture is multiplied with
	lamps    []lamp     // at most a few
}

// lamp is a highlight: a bright body of the given radius mirrored in gloss.
type lamp struct {
	pos      geom.Vec3 // or direction, where far
	far      bool
	radiance [3]float64
	sharp    float64 // exponent of its Phong lobe
}
