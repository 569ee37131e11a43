package datasets

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// looksLike says what a file is that was taken for an image, a video or a recording, by
// its first bytes; "" where nothing is known.
func looksLike(head []byte) string {
	head = head[:min(len(head), 512)]
	switch kind := http.DetectContentType(head); {
	case bytes.HasPrefix(head, []byte("version https://git-lfs")):
		return "a pointer of Git LFS, not the file itself: fetch that by `git lfs pull`"
	case bytes.HasPrefix(head, []byte("/annex/objects")), bytes.Contains(head, []byte(".git/annex/objects")):
		return "a pointer of git-annex, not the file itself: fetch that by `git annex get`"
	case strings.HasPrefix(kind, "text/html"):
		return "a web page, as a download that failed leaves it: download the file again"
	case bytes.Contains(head, []byte("ftypavif")):
		return "an AVIF image, which is not read: convert it to PNG or JPEG"
	case kind == "application/zip", kind == "application/x-gzip", kind == "application/x-rar-compressed":
		return "an archive: unpack it first"
	case kind == "application/pdf":
		return "a PDF file"
	}
	return ""
}

// looksOfFile is looksLike of a file's first bytes.
func looksOfFile(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(f, head)
	return looksLike(head[:n])
}

// unreadable says what a folder holds that looks like many images and is not read: files
// of a format that is none of ours, or without an extension.
func unreadable(dir string) string {
	const looked = 1000 // files
	all, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	count, first := map[string]int{}, map[string]string{}
	for _, e := range all[:min(len(all), looked)] {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") || ext != "" && !slices.Contains(otherImages, ext) {
			continue
		}
		if ext == "" && !isImageByContent(filepath.Join(dir, e.Name())) {
			continue
		}
		if count[ext]++; count[ext] == 1 {
			first[ext] = e.Name()
		}
	}
	most := ""
	for ext := range count {
		if n, m := count[ext], count[most]; n > m || n == m && ext < most {
			most = ext
		}
	}
	switch n := count[most]; {
	case n == 0:
		return ""
	case most == "":
		return fmt.Sprintf("; %d files, such as %s, are images without an extension: name them .jpg or .png as they are", n, first[most])
	default:
		return fmt.Sprintf("; %d files, such as %s, are images of a format that is not read: convert them to PNG or JPEG (`mogrify -format png *%s`)", n, first[most], most)
	}
}

// otherImages are formats of images that are not read.
var otherImages = []string{".gif", ".jp2", ".j2k", ".jpx", ".jxl", ".avif", ".tga", ".exr", ".hdr", ".pbm", ".pfm", ".psd", ".ico", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".raw"}

func isImageByContent(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(f, head)
	return strings.HasPrefix(http.DetectContentType(head[:n]), "image/")
}

// moreImages says that a file holds several images of which a reader of images takes the
// first alone, and what to do; "" where it holds one.
func moreImages(data []byte) string {
	const do = "make a folder of images of it (`ffmpeg -i IN %04d.png`, ImageMagick's `convert -coalesce IN %04d.png`)"
	switch head := data[:min(len(data), 4096)]; {
	case bytes.HasPrefix(head, []byte("\x89PNG")):
		if i := bytes.Index(head, []byte("acTL")); i >= 0 && !bytes.Contains(head[:i], []byte("IDAT")) {
			return "an animation: name it .apng to have it read as a video, or " + do
		}
	case len(head) > 20 && string(head[:4]) == "RIFF" && string(head[8:16]) == "WEBPVP8X" && head[20]&2 != 0:
		return "an animation, of which no image is read: " + do
	}
	return ""
}
