// Package ground finds the plane below a camera of known height, and by it how
// many metres one length of a map is.
//
// The plane is found by direct alignment of two images. With q = n/h (n the unit
// normal towards the ground, h the height, both in the frame of camera b), a pixel
// of b on the ground has inverse depth q . ray, and is seen in camera a at
// proj(R_ab ray + t_ab (q . ray)). q minimises the photometric difference over
// the road's part of the image; only |t_ab|/h enters, so that h comes out in
// lengths of the map. (Song and Chandraker, Robust scale estimation in real-time
// monocular SFM for autonomous driving, 2014; Zhou et al., Ground-plane-based
// absolute scale estimation for monocular visual odometry, 2019.)
package ground
