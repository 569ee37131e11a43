package datasets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// imageFiles returns the names of the images in a folder, sorted.
func imageFiles(dir string) ([]string, error) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, f := range all {
		if !f.IsDir() && isImage(f.Name()) {
			files = append(files, f.Name())
		}
	}
	return files, nil
}

// isImage tells images by the end of their names.
func isImage(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pnm":
		return !strings.HasPrefix(filepath.Base(name), ".")
	}
	return isHEIF(name) && !strings.HasPrefix(filepath.Base(name), ".")
}

// exists reports whether a file or folder is there.
func exists(elem ...string) bool {
	_, err := os.Stat(filepath.Join(elem...))
	return err == nil
}

// stem is a file's name without folder and extension.
func stem(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isVideo tells videos by the end of their names.
func isVideo(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp4", ".m4v", ".mov", ".qt", ".avi", ".mkv", ".webm", ".ts", ".mts", ".m2ts", ".m2t", ".mpg", ".mpeg", ".m2v", ".vob",
		".wmv", ".asf", ".flv", ".f4v", ".3gp", ".3g2", ".ogv", ".ogg", ".mjpg", ".mjpeg", ".gif", ".mxf", ".dv", ".h264", ".264", ".avc",
		".h265", ".265", ".hevc", ".m3u8", ".apng", ".ivf", ".y4m", ".lrv", ".insv", ".360", ".nut":
		return true
	}
	return false
}

// isPlaylist tells the text that lists the pieces of a video.
func isPlaylist(name string) bool { return strings.EqualFold(filepath.Ext(name), ".m3u8") }

// maxFileBytes bounds the files that are read whole.
const maxFileBytes = 1 << 30

// readHead refuses what is no file, or an empty one.
func readHead(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("is a folder, not a file")
	case info.Size() == 0:
		return nil, errors.New("the file is empty")
	}
	return info, nil
}

// encodedImage is an image file in a format that OpenCV reads.
type encodedImage struct {
	data    []byte
	upright bool // it is turned already, whatever its EXIF data say
}

// readImage reads an image file that is not empty.
func readImage(path string) (encodedImage, error) {
	info, err := readHead(path)
	switch {
	case err != nil:
		return encodedImage{}, err
	case info.Size() > maxFileBytes:
		return encodedImage{}, fmt.Errorf("%d bytes are too many for an image", info.Size())
	case isHEIF(path):
		data, err := heifToJPEG(path)
		return encodedImage{data, true}, err
	}
	data, err := os.ReadFile(path)
	return encodedImage{data, false}, err
}
