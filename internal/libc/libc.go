// Package libc keeps the memory small that the C and C++ libraries take: glibc gives
// each thread a heap of its own and keeps what was freed.
package libc
