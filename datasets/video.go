package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/metricslam/metricslam/datasets/ffmpeg"
	"github.com/metricslam/metricslam/slam"
)

// video is a source of what FFmpeg reads: a video file or a network stream.
type video struct {
	info   slam.SourceInfo
	in     *ffmpeg.Reader
	first  *ffmpeg.Image // decoded by the opening, not yet handed out
	shape  display       // of the first image; all are brought to it
	rect   *rectifier
	opt    Options
	clock  fileClock
	stamps arrival // nil for a file, which has its own
	mended tally

	read     int // images decoded
	returned int // frames and skips handed out
	ended    bool
	closed   bool
	pix      []byte // of the image being converted
}

// arrival stamps a frame by the clock.
type arrival func() float64

// byClock stamps frames in seconds since 1970, by the wall clock at the start
// and the monotonic one from then on.
func byClock() arrival {
	start := time.Now()
	wall := float64(start.UnixNano()) * 1e-9
	return func() float64 { return wall + time.Since(start).Seconds() }
}

// openVideo opens a video file, or a URL that FFmpeg reads.
func openVideo(ctx context.Context, spec string, opt Options) (Source, error) {
	var dirs []string
	silence := streamTimeout
	if !isURL(spec) {
		if _, err := readHead(spec); err != nil {
			return nil, fmt.Errorf("video %s: %w", spec, err)
		}
		dirs = []string{filepath.Dir(spec), filepath.Join(filepath.Dir(spec), "..")}
		silence = 0
	}
	v, err := newVideo(ctx, spec, KindVideo, silence, opt, dirs)
	if err != nil {
		if what := looksOfFile(spec); what != "" && !isPlaylist(spec) {
			err = fmt.Errorf("no video: it is %s", what)
		}
		return nil, fmt.Errorf("video %s: %w", spec, err)
	}
	n := v.in.Stream.Frames
	if n > 0 && opt.Start >= n {
		v.Close()
		return nil, fmt.Errorf("video %s: --start %d is behind the last of %d frames", spec, opt.Start, n)
	}
	if n == 0 {
		n = int(math.Round(v.in.Stream.Duration.Seconds() * v.info.FPS))
	}
	v.info.Len = selectedLen(n, opt)
	if opt.Live {
		return newLive(v, true, 0), nil
	}
	return v, nil
}

// newVideo opens a reader, decodes the first image and finds its camera.
func newVideo(ctx context.Context, spec, kind string, silence time.Duration, opt Options, dirs []string) (*video, error) {
	file, err := chooseCameraFile(opt, dirs)
	if err != nil {
		return nil, err
	}
	in, err := openReader(ctx, spec, silence)
	if err != nil {
		return nil, err
	}
	v := &video{in: in, opt: opt}
	l := &listing{}
	if err := v.start(ctx, l); err != nil {
		in.Close()
		return nil, err
	}
	calibrated, err := resolveLens(v.shape, opt, file, l, "")
	if err != nil {
		in.Close()
		return nil, err
	}
	fps := v.rate(file, l)
	v.clock = fileClock{step: 1 / fps, mended: &v.mended}
	v.rect = newRectifier(calibrated)
	v.info = slam.SourceInfo{Name: spec, Kind: kind, Camera: v.rect.camera, CameraFrom: calibrated.from, FocalSigma: calibrated.focalSigma, ReadoutS: calibrated.readoutS, FPS: fps, Warnings: l.warnings}
	return v, nil
}

// openReader opens what FFmpeg reads and says what to do where it does not.
func openReader(ctx context.Context, spec string, silence time.Duration) (*ffmpeg.Reader, error) {
	in, err := ffmpeg.Open(ctx, spec, silence)
	switch {
	case err == nil && in.Stream.Spherical:
		in.Close()
		return nil, errors.New("it shows a sphere around the camera, which no pinhole camera does; export a flat (reframed) view of it first")
	case err == nil && in.Stream.Stereo:
		in.Close()
		return nil, errors.New("it holds two views in one image; cut one out first, with `ffmpeg -i IN -vf crop=iw/2:ih:0:0 OUT.mp4` where they are side by side")
	case err == nil || ctx.Err() != nil:
		return in, err
	case errors.Is(err, ffmpeg.ErrNoImages):
		return nil, fmt.Errorf("it holds no images, only %s (%s)", in.Stream.Streams, in.Stream.Format)
	case errors.Is(err, ffmpeg.ErrNoDecoder):
		return nil, fmt.Errorf("this FFmpeg has no decoder for it: it holds %s (%s); convert it where it plays, to H.264 in mp4", in.Stream.Streams, in.Stream.Format)
	case isURL(spec):
		return nil, err
	case unfinished(spec):
		return nil, errors.New("cannot be read as a video: its index (the moov atom) is missing, because the recording was not finished or the copy is cut off; copy it again, or let the camera repair it (most do when switched on with the card in)")
	}
	return nil, fmt.Errorf("cannot be read as a video: it is damaged, or in a format that FFmpeg does not know (%w)", err)
}

// start decodes the first image, which tells the size that all shall have.
func (v *video) start(ctx context.Context, l *listing) error {
	const tries = 300 // images before the first key image of a stream that is joined midway
	var p ffmpeg.Image
	var err error
	for range tries {
		if p, err = v.in.Next(ctx); !errors.Is(err, ffmpeg.ErrDamaged) {
			break
		}
		v.mended.add("%d images before the first that can be decoded were left out")
	}
	if errors.Is(err, io.EOF) {
		return errors.New("no image in it can be decoded")
	}
	if err != nil {
		return err
	}
	if p.W > maxSide || p.H > maxSide || p.W*p.H > maxPixels {
		return fmt.Errorf("images of %dx%d pixels are not supported", p.W, p.H)
	}
	v.first = &p
	s := v.in.Stream
	d := displayOf(p, s.Matrix)
	v.shape = d
	if d.squareW != d.storedW {
		l.warn("the pixels are not square (%.4g wide by 1): the images of %dx%d are stretched to %dx%d, as players show them", p.PixelShape, d.storedW, d.storedH, d.squareW, d.squareH)
	}
	if _, exact := orientationOf(s.Matrix); !exact {
		l.warn("the file asks to show its images turned by an angle that is no multiple of 90 degrees; they are turned to the nearest")
	}
	if s.Videos > 1 {
		l.warn("the file holds %d videos; the best is read", s.Videos)
	}
	return nil
}

// displayOf is how one image is shown.
func displayOf(p ffmpeg.Image, m *ffmpeg.Matrix) display {
	d := display{storedW: p.W, storedH: p.H}
	d.squareW, d.squareH = squarePixels(p.W, p.H, p.PixelShape)
	d.orientation, _ = orientationOf(m)
	return d
}

// rate returns the frames per second of the video, or of the camera file.
func (v *video) rate(file *lens, l *listing) float64 {
	if fps := v.in.Stream.FPS; fps > .01 && fps < 10000 {
		return fps
	}
	fps := rateOf(file)
	l.warn("the video does not tell its frame rate; it is taken as %g frames a second", fps)
	return fps
}

// selectedLen returns how many of n frames the options select.
func selectedLen(n int, opt Options) int {
	stride := max(opt.Stride, 1)
	k := max(n-opt.Start+stride-1, 0) / stride
	if opt.MaxFrames > 0 {
		k = min(k, opt.MaxFrames)
	}
	return k
}

// Info describes the source.
func (v *video) Info() slam.SourceInfo { return v.info }

// Warnings tells what was mended too.
func (v *video) Warnings() []string { return v.mended.warnings(v.info.Warnings) }

// Truth returns nil: videos carry no poses.
func (v *video) Truth() slam.Trajectory { return nil }

// Next decodes the next frame.
func (v *video) Next(ctx context.Context) (*slam.Frame, error) {
	switch {
	case v.closed:
		return nil, ErrClosed
	case v.ended, v.stamps == nil && v.opt.MaxFrames > 0 && v.returned == v.opt.MaxFrames:
		return nil, io.EOF
	}
	for {
		p, err := v.image(ctx)
		index := v.read
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, ffmpeg.ErrDamaged):
			v.read++
			return nil, v.skip(index, err)
		case err != nil:
			return nil, v.end(err)
		}
		v.read++
		t := v.stamp(p)
		if index < v.opt.Start || (index-v.opt.Start)%max(v.opt.Stride, 1) != 0 {
			continue
		}
		f := &slam.Frame{Index: index, Time: t, Name: fmt.Sprintf("%06d", index), Camera: v.info.Camera}
		if err := v.convert(p, f); err != nil {
			return nil, v.skip(index, err)
		}
		v.returned++
		return f, nil
	}
}

// image returns the next decoded image.
func (v *video) image(ctx context.Context) (ffmpeg.Image, error) {
	if p := v.first; p != nil {
		v.first = nil
		return *p, nil
	}
	return v.in.Next(ctx)
}

func (v *video) skip(index int, err error) error {
	v.returned++
	return &SkipError{Index: index, File: v.info.Name, Err: err}
}

// stamp returns the time of an image: that of arrival, else the file's own.
func (v *video) stamp(p ffmpeg.Image) float64 {
	if v.stamps != nil {
		return v.stamps()
	}
	return v.clock.next(p.Time)
}

// convert makes the pixels of a frame. An image of another size but the same
// shape is another size of the same view; of another shape, another view.
func (v *video) convert(p ffmpeg.Image, f *slam.Frame) error {
	if p.Damaged {
		return errors.New("parts of the image are missing")
	}
	to := v.shape
	if d := displayOf(p, v.in.Stream.Matrix); d != to {
		if !sameShape(d.squareW, d.squareH, to.squareW, to.squareH, shapeTol) {
			return fmt.Errorf("the image has %dx%d pixels, those before it %dx%d, another shape", d.squareW, d.squareH, to.squareW, to.squareH)
		}
		v.mended.add(fmt.Sprintf("%%d frames of %dx%d pixels were scaled to the %dx%d of the first", d.squareW, d.squareH, to.squareW, to.squareH))
	}
	if p.Interlaced {
		v.mended.add("%d frames are interlaced: their lines were taken at two times, and moving edges are combed; deinterlace the video first (`ffmpeg -i IN -vf yadif OUT.mp4`)")
	}
	if n := 3 * to.squareW * to.squareH; len(v.pix) != n {
		v.pix = make([]byte, n)
	}
	if err := v.in.BGR(v.pix, to.squareW, to.squareH); err != nil {
		return err
	}
	m, err := bgrMat(v.pix, to.squareW, to.squareH)
	if err != nil {
		return err
	}
	defer func() { m.Close() }() // upright and rect replace it
	upright(&m, to.orientation)
	if err := v.rect.apply(&m); err != nil {
		return err
	}
	f.Gray, f.Color, err = fromMat(m)
	return err
}

// end says why the images are over: at the end, or before it.
func (v *video) end(err error) error {
	if v.stamps != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the server closed it")
		}
		return &lostError{v.read, err}
	}
	v.ended = true
	s := v.in.Stream
	switch {
	case !errors.Is(err, io.EOF):
		return v.skip(v.read, fmt.Errorf("the video ends after %d frames: %w", v.read, err))
	// The header's count is an estimate in some formats.
	case v.read < s.Frames*9/10:
		return v.skip(v.read, fmt.Errorf("the video ends after %d of %d frames: it is cut off or damaged", v.read, s.Frames))
	case s.Frames == 0 && v.clock.last+1 < .9*s.Duration.Seconds():
		return v.skip(v.read, fmt.Errorf("the video ends after %.1f of %.1f s: it is cut off or damaged", v.clock.last, s.Duration.Seconds()))
	}
	return io.EOF
}

// connect opens a stream again.
func (v *video) connect(ctx context.Context) error {
	in, err := openReader(ctx, v.info.Name, streamTimeout)
	if err != nil {
		return err
	}
	v.in.Close()
	v.in, v.first = in, nil
	return nil
}

func (v *video) tell(text string) { v.mended.add(text) }

// Close frees the decoder.
func (v *video) Close() error {
	if v.closed {
		return nil
	}
	v.closed = true
	v.rect.close()
	return v.in.Close()
}

// unfinished reports whether a file has the boxes of mp4 and mov (ISO 14496-12)
// but not the one that says where the images lie.
func unfinished(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	boxes := 0
	for at := int64(0); boxes < 1000; boxes++ {
		var head [16]byte
		if n, _ := f.ReadAt(head[:], at); n < 8 {
			break
		}
		size := int64(head[0])<<24 | int64(head[1])<<16 | int64(head[2])<<8 | int64(head[3])
		if size == 1 {
			size = 0
			for _, b := range head[8:] {
				size = size<<8 | int64(b)
			}
		}
		switch kind := string(head[4:8]); {
		case kind == "moov":
			return false
		case boxes == 0 && kind != "ftyp" && kind != "mdat" && kind != "wide" && kind != "skip" && kind != "free":
			return false
		case size == 0: // to the end of the file
			return true
		case size < 8 || at > math.MaxInt64-size:
			return boxes > 0
		}
		at += size
	}
	return boxes > 0
}
