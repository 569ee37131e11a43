//go:build !linux

package viewer

import "fmt"

func eglContext() (release func(), err error) {
	return nil, fmt.Errorf("%w: images without a window need Linux", ErrNoOpenGL)
}
