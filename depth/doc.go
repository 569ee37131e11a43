// Package depth gives the metric depth of images: from a sensor, a folder, a
// stated error model, or a network in this process or on a server, all behind
// the one interface Source, with the Worker that keeps them off the tracker's
// way.
//
// Depth is metres along the optical axis of the depth map's own camera. 0 is
// unknown. Every map carries the standard deviation of its log depth, and that
// of the log-scale which all its pixels share: depth from one image is
// evidence with an uncertainty, never truth.
//
// Sub-packages: depthio reads and writes depth images, simulate holds the
// error model, canonical the geometry between an image and a network's input,
// contract the description of a network, network the pre- and post-processing,
// onnx and kserve the two ways to run one, filter the cleaning of a depth map,
// models the network that ships.
package depth
