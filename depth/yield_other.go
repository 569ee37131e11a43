//go:build !linux

package depth

// yield lowers the priority of the calling goroutine's thread where the system
// knows priorities of threads; here it does not.
func yield() {}
