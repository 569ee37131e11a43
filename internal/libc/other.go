//go:build !linux || !cgo

package libc

// OneHeap does nothing where there is no glibc.
func OneHeap() {}

// GiveBack does nothing where there is no glibc.
func GiveBack() {}
