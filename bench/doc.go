// Package bench runs the program on a set of sequences, several seeds each, and
// sums up what came out as tables in papers do: medians with ranges, a failed
// run counts as infinitely wrong.
//
// Every run is a process of its own, so that one that ends badly costs one cell
// of the table and memory is measured for each. A run whose results are there
// is not repeated.
package bench
