package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/metricslam/metricslam/slam"
)

// streamTimeout is how long a network camera may be silent.
const streamTimeout = 10 * time.Second

func isURL(spec string) bool { return strings.Contains(spec, "://") }

// openStream opens a network camera: motion JPEG over HTTP by the reader of this
// package, RTSP and its like by FFmpeg. Any other content of HTTP counts as a
// video file.
func openStream(ctx context.Context, spec string, opt Options) (Source, error) {
	if !strings.HasPrefix(spec, "http") {
		return openRTSP(ctx, spec, opt)
	}
	body, contentType, err := get(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w; check the address and that the camera is on", spec, err)
	}
	kind, params, _ := mime.ParseMediaType(contentType)
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return openMJPEG(ctx, spec, newMJPEGReader(body, params["boundary"]), opt)
	case strings.HasPrefix(kind, "text/"), strings.HasPrefix(kind, "image/"):
		body.Close()
		return nil, fmt.Errorf("stream %s: the server sends %s, not a stream of images; give the address of the stream itself", spec, kind)
	}
	body.Close()
	return openVideo(ctx, spec, opt)
}

func openRTSP(ctx context.Context, spec string, opt Options) (Source, error) {
	v, err := newVideo(ctx, spec, KindStream, streamTimeout, opt, nil)
	if err != nil {
		return nil, fmt.Errorf("stream %s cannot be opened: %w; check the address, user and password, and that the camera is on", spec, err)
	}
	v.stamps = byClock()
	return newLive(&reconnecting{connection: v, patience: reconnectFor}, false, opt.MaxFrames), nil
}

// get starts a request whose body ends when it is closed; ctx bounds the wait
// for the headers alone.
func get(ctx context.Context, url string) (io.ReadCloser, string, error) {
	own, cancel := context.WithCancel(context.Background())
	defer context.AfterFunc(ctx, cancel)()
	req, err := http.NewRequestWithContext(own, http.MethodGet, url, nil)
	if err != nil {
		cancel()
		return nil, "", err
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: streamTimeout}).DialContext,
		TLSHandshakeTimeout:   streamTimeout,
		ResponseHeaderTimeout: streamTimeout,
		DisableKeepAlives:     true,
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		err = errors.New(resp.Status)
	}
	if err != nil {
		cancel()
		return nil, "", err
	}
	return &body{resp.Body, cancel}, resp.Header.Get("Content-Type"), nil
}

// body ends its request when closed, from any goroutine and more than once.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *body) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

// mjpeg is a source of motion JPEG over HTTP, stamped by arrival.
type mjpeg struct {
	info   slam.SourceInfo
	in     *mjpegReader
	rect   *rectifier
	opt    Options
	stamps arrival
	mended tally
	read   int
	ended  bool
	closed bool
}

// openMJPEG waits for the first image, for its size, and starts to read.
func openMJPEG(ctx context.Context, spec string, in *mjpegReader, opt Options) (Source, error) {
	fail := func(err error) (Source, error) {
		in.Close()
		return nil, fmt.Errorf("stream %s: %w", spec, err)
	}
	file, err := chooseCameraFile(opt, nil)
	if err != nil {
		return fail(err)
	}
	w, h, err := in.probe(ctx)
	if err != nil {
		return fail(err)
	}
	l := &listing{}
	calibrated, err := resolveLens(plainDisplay(w, h), opt, file, l, "")
	if err != nil {
		return fail(err)
	}
	s := &mjpeg{in: in, rect: newRectifier(calibrated), opt: opt, stamps: byClock()}
	s.info = slam.SourceInfo{Name: spec, Kind: KindStream, Camera: s.rect.camera, CameraFrom: calibrated.from, FocalSigma: calibrated.focalSigma, ReadoutS: calibrated.readoutS, FPS: rateOf(file), Live: true, Warnings: l.warnings}
	return newLive(&reconnecting{connection: s, patience: reconnectFor}, false, opt.MaxFrames), nil
}

// connect asks for the stream again.
func (s *mjpeg) connect(ctx context.Context) error {
	body, contentType, err := get(ctx, s.info.Name)
	if err != nil {
		return err
	}
	kind, params, _ := mime.ParseMediaType(contentType)
	if !strings.HasPrefix(kind, "multipart/") {
		body.Close()
		return fmt.Errorf("the server now sends %s", kind)
	}
	s.in.Close()
	s.in = newMJPEGReader(body, params["boundary"])
	return nil
}

func (s *mjpeg) tell(text string) { s.mended.add(text) }

// Warnings tells how the stream ended too.
func (s *mjpeg) Warnings() []string { return s.mended.warnings(s.info.Warnings) }

// Info describes the source.
func (s *mjpeg) Info() slam.SourceInfo { return s.info }

// Truth returns nil.
func (s *mjpeg) Truth() slam.Trajectory { return nil }

// Next reads and decodes the next image. A server that says that the stream
// is over ends it; anything else is a loss.
func (s *mjpeg) Next(ctx context.Context) (*slam.Frame, error) {
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.ended:
		return nil, io.EOF
	}
	in := s.in
	defer context.AfterFunc(ctx, func() { in.Close() })()
	for {
		index := s.read
		s.read++
		data, err := in.next()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, io.EOF):
			s.ended = true
			s.mended.add(fmt.Sprintf("the server ended the stream after %d images", index))
			return nil, io.EOF
		case err != nil:
			return nil, &lostError{index, err}
		case index < s.opt.Start || (index-s.opt.Start)%max(s.opt.Stride, 1) != 0:
			continue
		}
		f := &slam.Frame{Index: index, Time: s.stamps(), Name: fmt.Sprintf("%06d", index), Camera: s.info.Camera}
		if f.Gray, f.Color, err = decodeFrame(encodedImage{data: data}, s.rect); err != nil {
			return nil, &SkipError{Index: index, File: s.info.Name, Err: err}
		}
		return f, nil
	}
}

// Close ends the connection.
func (s *mjpeg) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.rect.close()
	return s.in.Close()
}
