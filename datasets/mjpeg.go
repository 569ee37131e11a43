package datasets

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// maxPartBytes bounds one image of a stream.
const maxPartBytes = 64 << 20

// mjpegReader takes the images out of a multipart/x-mixed-replace body. Other
// than mime/multipart it hands an image out when its Content-Length is there,
// not when the next one begins, and forgives the ways in which cameras write
// the boundary.
type mjpegReader struct {
	body     io.Closer
	in       *bufio.Reader
	boundary string // without the leading dashes
	atHeader bool   // the boundary before the next part has been read
	last     bool   // that boundary was the closing one
	first    []byte // read by probe, not yet handed out
}

func newMJPEGReader(body io.ReadCloser, boundary string) *mjpegReader {
	return &mjpegReader{body: body, in: bufio.NewReaderSize(body, 1<<16), boundary: strings.TrimLeft(strings.Trim(boundary, `"`), "-")}
}

// Close ends the connection; a read that waits returns an error.
func (r *mjpegReader) Close() error { return r.body.Close() }

// probe returns the size of the first image, which next will return again.
func (r *mjpegReader) probe(ctx context.Context) (w, h int, err error) {
	defer context.AfterFunc(ctx, func() { r.Close() })()
	const tries = 20
	for range tries {
		var data []byte
		if data, err = r.next(); err != nil {
			return 0, 0, fmt.Errorf("no image came: %w", err)
		}
		if w, h, err = checkImage(data); err == nil {
			r.first = data
			return w, h, nil
		}
	}
	return 0, 0, err
}

// next returns the bytes of the next image, io.EOF at the end of the body. A
// camera that is silent for streamTimeout counts as gone.
func (r *mjpegReader) next() ([]byte, error) {
	if data := r.first; data != nil {
		r.first = nil
		return data, nil
	}
	silent := time.AfterFunc(streamTimeout, func() { r.Close() })
	data, err := r.part()
	if !silent.Stop() {
		return nil, fmt.Errorf("no image for %v", streamTimeout)
	}
	return data, err
}

func (r *mjpegReader) part() ([]byte, error) {
	for !r.atHeader {
		line, err := r.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, endless(err)
		}
		r.atHeader = r.isBoundary(line)
	}
	r.atHeader = false
	if r.last {
		return nil, io.EOF
	}
	header, err := textproto.NewReader(r.in).ReadMIMEHeader()
	if err != nil {
		return nil, endless(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(header.Get("Content-Length")))
	if err != nil || n <= 0 {
		return r.untilBoundary()
	}
	if n > maxPartBytes {
		return nil, fmt.Errorf("an image of %d bytes", n)
	}
	data := make([]byte, n)
	_, err = io.ReadFull(r.in, data)
	return data, endless(err)
}

// untilBoundary reads an image whose length is not told.
func (r *mjpegReader) untilBoundary() ([]byte, error) {
	var data []byte
	for {
		line, err := r.in.ReadSlice('\n')
		if r.isBoundary(line) {
			r.atHeader = true
			return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r")), nil
		}
		data = append(data, line...)
		switch {
		case errors.Is(err, io.EOF) && len(data) > 0:
			return data, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return nil, endless(err)
		case len(data) > maxPartBytes:
			return nil, fmt.Errorf("an image of more than %d bytes", maxPartBytes)
		}
	}
}

// isBoundary reports whether a line begins a part: dashes and the boundary. More
// dashes behind it say that it is the last.
func (r *mjpegReader) isBoundary(line []byte) bool {
	name := bytes.TrimLeft(line, "-")
	rest, is := bytes.CutPrefix(name, []byte(r.boundary))
	if !is || len(line)-len(name) < 2 || len(name) == 0 {
		return false
	}
	r.last = bytes.HasPrefix(rest, []byte("--"))
	return true
}

// endless turns the end of the body inside a part into an error.
func endless(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
