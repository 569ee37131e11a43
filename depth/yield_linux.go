package depth

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// workerNice is the niceness of a live worker's thread: beside a tracker that
// wants the same core it gets about a tenth of it.
const workerNice = 10

// yield binds the calling goroutine to a thread of its own with a low priority.
// The thread ends with the goroutine. Where the system refuses, all stays as it is.
func yield() {
	runtime.LockOSThread()
	// The system call gives 20 - niceness; a process that is nicer stays so.
	if p, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid()); err == nil && 20-p < workerNice {
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), workerNice)
	}
}
