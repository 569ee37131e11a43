// Package onnx runs networks in this process with ONNX Runtime. The library is
// found and loaded when the first network is opened; a program without networks
// does not need it.
package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// EnvLibrary is the environment variable that names the library or its folder.
const EnvLibrary = "METRICSLAM_ONNXRUNTIME"

// ErrNoLibrary says that ONNX Runtime was not found, and how to get it.
var ErrNoLibrary = errors.New("ONNX Runtime was not found; run `make onnxruntime` in the source folder, or name the library with --onnxruntime FILE or " + EnvLibrary)

// FindLibrary returns the path of the ONNX Runtime library: the file or folder
// of the flag, of METRICSLAM_ONNXRUNTIME, lib beside the program's folder as an
// archive of make dist has it, .cache/onnxruntime beside the program or in the source folder, the user's cache folder, then the system's folders.
// A named one that is not there is an error; nothing found is ErrNoLibrary.
func FindLibrary(flag string) (string, error) {
	for _, named := range []struct{ how, path string }{{"--onnxruntime", flag}, {EnvLibrary, os.Getenv(EnvLibrary)}} {
		if named.path == "" {
			continue
		}
		if lib, ok := libraryAt(named.path); ok {
			return lib, nil
		}
		return "", fmt.Errorf("%s %s: no ONNX Runtime library there", named.how, named.path)
	}
	for _, dir := range append(cacheDirs(), systemDirs()...) {
		if lib, ok := libraryAt(dir); ok {
			return lib, nil
		}
	}
	return "", ErrNoLibrary
}

// libraryAt returns path itself where it is a file, else the newest library in
// the folder.
func libraryAt(path string) (lib string, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	if !info.IsDir() {
		return path, true
	}
	pattern := "libonnxruntime.so*"
	switch runtime.GOOS {
	case "darwin":
		pattern = "libonnxruntime*.dylib"
	case "windows":
		pattern = "onnxruntime.dll"
	}
	found, err := filepath.Glob(filepath.Join(path, pattern))
	if err != nil || len(found) == 0 {
		return "", false
	}
	slices.Sort(found)
	return found[len(found)-1], true
}

// cacheDirs lists lib in the folder above the program, .cache/onnxruntime beside the program, in the folder above
// it (bin/..) and in the module's folder when run from within the sources, then
// the user's.
func cacheDirs() []string {
	var dirs []string
	add := func(base string) { dirs = append(dirs, filepath.Join(base, ".cache", "onnxruntime")) }
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		above := filepath.Dir(filepath.Dir(exe))
		dirs = append(dirs, filepath.Join(above, "lib"))
		add(filepath.Dir(exe))
		add(above)
	}
	if dir, err := os.Getwd(); err == nil {
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				add(dir)
				break
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	if user, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(user, "metricslam", "onnxruntime"))
	}
	return dirs
}

func systemDirs() []string {
	dirs := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	dirs = append(dirs, "/usr/local/lib", "/usr/lib/"+arch+"-linux-gnu", "/usr/lib64", "/usr/lib", "/opt/onnxruntime/lib", "/opt/homebrew/lib")
	return slices.DeleteFunc(dirs, func(d string) bool { return d == "" })
}

var env struct {
	sync.Mutex
	library string
}

// Init loads the library once for the whole process and returns its path; a
// later call with another flag keeps what is loaded.
func Init(flag string) (string, error) {
	env.Lock()
	defer env.Unlock()
	if env.library != "" {
		return env.library, nil
	}
	path, err := FindLibrary(flag)
	if err != nil {
		return "", err
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return "", fmt.Errorf("load ONNX Runtime from %s: %w; version 1.29 or later is needed", path, oneLine(err))
	}
	env.library = path
	return path, nil
}

// Version returns the version of the loaded library, empty before Init.
func Version() string {
	env.Lock()
	defer env.Unlock()
	if env.library == "" {
		return ""
	}
	return ort.GetVersion()
}

// oneLine makes one line of the library's messages.
func oneLine(err error) error {
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}
