package main

import "runtime"

// Windows belong to the program's first thread (macOS insists on it). main keeps
// that thread and runs the command elsewhere, so that a command which needs no
// window is an ordinary goroutine.

// onMain takes what shall be run on the first thread; nil where main does not
// serve it, as in tests.
var onMain chan func()

func init() { runtime.LockOSThread() }

// serveMain runs command on another goroutine, and on this one, the first, what
// the command sends here; it returns when the command has ended.
func serveMain(command func() int) int {
	onMain = make(chan func())
	status := make(chan int)
	go func() { status <- command() }()
	for {
		select {
		case f := <-onMain:
			f()
		case s := <-status:
			return s
		}
	}
}

// onMainThread runs f on the first thread and returns what it returns.
func onMainThread(f func() error) error {
	if onMain == nil {
		return f()
	}
	done := make(chan error, 1)
	onMain <- func() { done <- f() }
	return <-done
}
