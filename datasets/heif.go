package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// isHEIF tells the photographs of phones that OpenCV does not read.
func isHEIF(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".heic", ".heif", ".hif":
		return true
	}
	return false
}

// heifTools are the names of libheif's converter, newest first.
var heifTools = []string{"heif-dec", "heif-convert"}

// heifQuality is that of the JPEG in between: its loss is below the sensor's noise.
const heifQuality = "97"

// heifTimeout is many times what a photograph of 50 megapixels takes.
const heifTimeout = time.Minute

// heifToJPEG converts a photograph by libheif's program, which puts the tiles of
// phones together (FFmpeg before 7.1 does not) and turns it upright.
func heifToJPEG(path string) ([]byte, error) {
	tool := ""
	for _, name := range heifTools {
		if found, err := exec.LookPath(name); err == nil {
			tool = found
			break
		}
	}
	if tool == "" {
		return nil, errors.New("HEIC needs libheif's program heif-convert (package libheif-examples), which is not installed; install it, or convert the images to JPEG")
	}
	dir, err := os.MkdirTemp("", "heif-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), heifTimeout)
	defer cancel()
	from, err := filepath.Abs(path) // no name is taken for an option
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, tool, "-q", heifQuality, from, filepath.Join(dir, "a.jpg")).CombinedOutput()
	// A file of several images becomes a-1.jpg and so on, the main one first.
	made, _ := filepath.Glob(filepath.Join(dir, "a*.jpg"))
	if len(made) == 0 {
		return nil, fmt.Errorf("%s: %v: %s", filepath.Base(tool), err, bytes.TrimSpace(out))
	}
	return os.ReadFile(made[0])
}
