// Package mapfile is the container of a map file: a header, sections with a
// checksum each, a table of the sections and a footer. Every byte of the file is
// covered by a checksum (CRC-32C), so that a file which opens and whose sections
// read is what was written. Numbers are little-endian. The package knows nothing
// of maps; docs/map.md gives the layout byte by byte.
//
// A section is a list of named columns (Encoder, Decoder). A reader takes the
// columns it knows, so that later versions may add columns and sections; what
// older readers must not overlook raises Version.
package mapfile
