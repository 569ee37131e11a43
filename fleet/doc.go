// Package fleet makes one map of many recordings on one machine. Its steps are commands
// of the program, each a process of its own that reads files and writes one:
//
//	run    a recording            -> recordings/NAME/map.mslam
//	index  a map                  -> places/NAME.json
//	pairs  all indices            -> pairs.json
//	match  two maps of a pair     -> links/A--B.json
//	join   all maps and all links -> joined.json
//
// A step that has ended is noted with a key of its command and of what it read; it is
// done again where either changed. So a fleet that was stopped at any moment goes on
// where it was. fleet/Snakefile states the same steps for Snakemake, which runs them on a
// cluster.
package fleet
