// Package images keeps the images of keyframes: grey image, colour, depth and the
// keypoints by which places are recognised. They are nearly all that a keyframe
// takes of the memory, and few keyframes are looked at: those that were used last
// lie decoded, the others packed as in a map file, in a scratch file where there is
// a folder for it, else in memory. Grey and depth are packed without loss, colour,
// which paints surfaces, as JPEG.
//
// What is stored under an id is immutable: a keyframe whose depth changes gets new
// images. What cannot be read back is an error, never an empty image.
package images
