// Package metric holds what is known of a map's metres: the true sizes that a user
// knows, what one source of scale says, and the fusing of sources that may
// contradict each other (docs/scale.md).
package metric
