package synthetic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Options selects frames and the scene's random choices.
type Options struct {
	Seed      uint64 // another seed gives another scene, path and noise
	Start     int    // index of the first frame
	Stride    int    // every Stride-th frame; 0 and 1: all
	MaxFrames int    // at most so many frames; 0: all
	Workers   int    // frames rendered at a time, ahead of the reader; 0: up to 2
}

// validate names the first option that makes no sense.
func (o Options) validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"start", o.Start}, {"stride", o.Stride}, {"max-frames", o.MaxFrames}, {"workers", o.Workers}} {
		if f.value < 0 {
			return fmt.Errorf("%w: %s must not be negative, not %d", ErrSpec, f.name, f.value)
		}
	}
	return nil
}

// world is everything that a kind of sequence is made of.
type world struct {
	scene    scene
	path     cameraPath
	cam      geom.Camera
	fps      float64
	model    sensorModel
	nominal  float64 // gain at which the model's figures hold
	target   float64 // log brightness the exposure aims at
	unrest   float64
	light    float64 // share of the ordinary light, which gain makes up for
	readoutS float64 // of the rows, one after the other; 0: all at once
	heightM  float64
	warnings []string
}

// Source renders the frames of a synthetic sequence in order. Next is for one
// goroutine; frames are rendered ahead by others.
type Source struct {
	world
	info     slam.SourceInfo
	opt      Options
	exposure *autoExposure
	started  int // of the selected frames, being rendered
	pending  []chan *slam.Frame
	benches  chan *bench
	wg       sync.WaitGroup
	closed   bool
}

// bench is what one goroutine needs to render.
type bench struct {
	painter   *painter
	developer *developer
	groups    []*group
}

// ErrClosed is returned by Next after Close.
var ErrClosed = errors.New("synthetic source is closed")

// New builds the scene of a specification: "synthetic:room" (a furnished flat,
// 640x480 colour at 30 Hz), "synthetic:street" (a city by car, 800x256 colour
// at 10 Hz, camera StreetCameraHeightM above the road, round the same blocks) and
// "synthetic:tour" (the same car in streets that are all new until the end), each
// with an optional path length in metres after another colon, and options after
// commas (docs/synthetic.md): "synthetic:room:24,fps=10,light=.1". Errors wrap ErrSpec.
func New(spec string, opt Options) (*Source, error) {
	req, err := parseSpec(spec)
	if err != nil {
		return nil, err
	}
	if err := opt.validate(); err != nil {
		return nil, err
	}
	opt.Stride = max(opt.Stride, 1)
	if opt.Workers == 0 {
		opt.Workers = min(runtime.GOMAXPROCS(0), 2)
	}
	s := &Source{opt: opt, world: newWorld(req, opt.Seed)}
	frames := int(s.path.durationS()*s.fps) + 1
	count := max((frames-opt.Start+opt.Stride-1)/opt.Stride, 0)
	if opt.MaxFrames > 0 {
		count = min(count, opt.MaxFrames)
	}
	s.info = slam.SourceInfo{Name: spec, Kind: "synthetic", Camera: s.cam, CameraFrom: "the renderer", FPS: s.fps, Len: count,
		HasSensorDepth: true, HasTruth: true, CameraHeightM: s.heightM, ReadoutS: s.readoutS, Warnings: s.warnings}
	s.exposure = newAutoExposure(s.path, s.scene, s.cam, s.target, s.unrest, opt.Seed)
	s.benches = make(chan *bench, opt.Workers)
	for range opt.Workers {
		s.benches <- &bench{painter: newPainter(s.cam, s.scene.surroundings()), developer: newDeveloper(s.cam, s.model)}
	}
	return s, nil
}

// newWorld builds what a specification asks for.
func newWorld(req request, seed uint64) world {
	var w world
	if plan, ok := cityPlans[req.name]; ok {
		p, closes := plan(req.lengthM)
		w = newCityWorld(p, closes, req, seed)
	} else {
		w = newIndoorWorld(req, seed)
	}
	if req.fps > 0 {
		w.fps = req.fps
	}
	w.cam.Fx, w.cam.Fy = w.cam.Fx*req.lens, w.cam.Fy*req.lens
	w.model.exposureS *= req.blur
	w.readoutS = req.readoutS
	w.light = req.light * max(req.blur, leastBlur)
	return w
}

// leastBlur bounds how much light a short exposure costs: with blur=0 the
// pictures are sharp, and as bright as those of a tenth of the exposure.
const leastBlur = .1

// newCityWorld is a camera behind a car's windscreen.
func newCityWorld(plan cityPlan, closes bool, req request, seed uint64) world {
	path := newStreetPath(plan, req.lengthM, seed)
	w := world{
		scene: newCityScene(plan, path, paintAll(hash(seed, 1), streetRecipes()), seed), path: path, fps: 10,
		cam:     geom.Camera{W: 800, H: 256, Fx: 460, Fy: 460, Cx: 399.5, Cy: 123.5},
		model:   sensorModel{exposureS: .004, electrons: 9000, readNoise: 4, vignette: .25},
		nominal: .5, target: math.Log(.17), unrest: .08, heightM: StreetCameraHeightM,
	}
	if req.lead {
		w.scene = &led{cityScene: w.scene.(*cityScene), path: path}
	}
	if !closes {
		w.warnings = append(w.warnings, fmt.Sprintf("the path of %g m is too short to close a loop; from %d m on it does", req.lengthM, leastLoopM))
	}
	return w
}

// newIndoorWorld is a hand-held colour camera of ordinary quality in a building.
func newIndoorWorld(req request, seed uint64) world {
	tex := paintAll(hash(seed, 1), indoorRecipes())
	path, build := indoorPlaces[req.name](req.lengthM, seed)
	return world{
		scene: withWalkers(build(tex, indoorLight), path, req.walkers, tex, seed), path: path, fps: 30,
		cam:     geom.Camera{W: 640, H: 480, Fx: 525, Fy: 525, Cx: 319.5, Cy: 239.5},
		model:   sensorModel{exposureS: .009, electrons: 11000, readNoise: 4, vignette: .3},
		nominal: .6, target: math.Log(.13), unrest: .1,
	}
}

// indoorPlaces make the way through a place and what builds it, by name.
var indoorPlaces = map[string]func(lengthM float64, seed uint64) (*walkPath, func([]*texture, lighting) *indoorScene){
	"room": func(lengthM float64, seed uint64) (*walkPath, func([]*texture, lighting) *indoorScene) {
		path, plan := newRoomPath(lengthM, seed)
		return path, func(tex []*texture, l lighting) *indoorScene { return newRoomScene(plan, tex, l, seed) }
	},
	"corridor": func(lengthM float64, seed uint64) (*walkPath, func([]*texture, lighting) *indoorScene) {
		path, storeys := newCorridorPath(lengthM, seed)
		return path, func(tex []*texture, l lighting) *indoorScene { return newCorridorScene(storeys, tex, l, seed) }
	},
	"stairs": func(lengthM float64, seed uint64) (*walkPath, func([]*texture, lighting) *indoorScene) {
		path, storeys := newStairsPath(lengthM, seed)
		return path, func(tex []*texture, l lighting) *indoorScene { return newStairsScene(storeys, tex, l, seed) }
	},
	"office": func(lengthM float64, seed uint64) (*walkPath, func([]*texture, lighting) *indoorScene) {
		return newHallPath(officeHall, lengthM, seed), func(tex []*texture, l lighting) *indoorScene { return newOfficeScene(officeHall, tex, l, seed) }
	},
	"supermarket": func(lengthM float64, seed uint64) (*walkPath, func([]*texture, lighting) *indoorScene) {
		return newHallPath(supermarketHall, lengthM, seed), func(tex []*texture, l lighting) *indoorScene {
			return newSupermarketScene(supermarketHall, tex, l, seed)
		}
	},
}

// Info describes the source.
func (s *Source) Info() slam.SourceInfo { return s.info }

// Warnings are those of Info.
func (s *Source) Warnings() []string { return s.info.Warnings }

// Truth returns the true poses of the frames that Next returns.
func (s *Source) Truth() slam.Trajectory {
	out := make(slam.Trajectory, s.info.Len)
	for i := range out {
		t := s.time(s.index(i))
		out[i] = slam.StampedPose{Time: t, Pose: s.path.pose(t)}
	}
	return out
}

func (s *Source) index(i int) int { return s.opt.Start + i*s.opt.Stride }

func (s *Source) time(index int) float64 { return float64(index) / s.fps }

// Next returns the next frame, or io.EOF after the last one.
func (s *Source) Next(ctx context.Context) (*slam.Frame, error) {
	if s.closed {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for s.started < s.info.Len && len(s.pending) < s.opt.Workers+1 {
		s.start(s.index(s.started))
		s.started++
	}
	if len(s.pending) == 0 {
		return nil, io.EOF
	}
	select {
	case f := <-s.pending[0]:
		s.pending = s.pending[1:]
		return f, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// start renders a frame beside the caller.
func (s *Source) start(index int) {
	done := make(chan *slam.Frame, 1)
	s.pending = append(s.pending, done)
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		b := <-s.benches
		done <- s.render(b, index)
		s.benches <- b
	}()
}

// Close waits for the frames being rendered and releases the scene.
func (s *Source) Close() error {
	s.closed = true
	s.wg.Wait()
	s.pending = nil
	return nil
}

// render makes frame index from nothing: it depends on no other frame.
func (s *Source) render(b *bench, index int) *slam.Frame {
	t := s.time(index)
	pose := s.path.pose(t)
	gain := s.exposure.gain(t)
	relative := gain / s.nominal
	// Half of a change of exposure is shutter time, the rest electronic gain.
	shutter := s.model.exposureS * min(max(math.Sqrt(relative), .4), 1.8)
	amplify := relative * s.model.exposureS / shutter / s.light
	if amplify > mostGain { // the rest stays dark
		gain *= mostGain / amplify
		amplify = mostGain
	}
	b.groups = s.scene.groups(pose, t, b.groups[:0])
	if s.readoutS == 0 {
		b.painter.paint(pose, b.groups, gain)
	} else {
		b.painter.paintRolling(s.rowPose(t), b.groups, gain)
	}
	m := s.motion(t, shutter)
	color, gray := b.developer.develop(b.painter.light, b.painter.depthM, m, amplify, hash(s.opt.Seed, 6, int64(index)))
	depth := slam.DepthMap{W: s.cam.W, H: s.cam.H, Camera: s.cam, Depth: append([]float32(nil), b.painter.depthM...),
		Sigma: depthLogStd, Source: "sensor"}
	// The closure hands out one map: like all that is published, it is read only.
	return &slam.Frame{Index: index, Time: t, Name: fmt.Sprintf("%06d", index), Camera: s.cam, Gray: gray, Color: color,
		Truth: &pose, SensorDepth: func() (slam.DepthMap, error) { return depth, nil }}
}

// rowPose returns the camera at the moment when a row is exposed; t is that of the
// middle of the picture.
func (s *Source) rowPose(t float64) func(row float64) geom.SE3 {
	return func(row float64) geom.SE3 {
		return s.path.pose(t + ((row+.5)/float64(s.cam.H)-.5)*s.readoutS)
	}
}

// mostGain bounds the electronic gain over the nominal one: 24 dB more, where
// ordinary sensors end.
const mostGain = 16

// depthLogStd is the deviation given with the exact depth: not zero, so that
// weights stay finite.
const depthLogStd = 1e-3

// motion returns how the camera moves, in its axes, while the shutter is open
// around time t.
func (s *Source) motion(t, shutterS float64) motion {
	a, b := s.path.pose(t-shutterS/2), s.path.pose(t+shutterS/2)
	xi := geom.LogSE3(a.Between(b))
	return motion{v: geom.Vec3{X: xi[0], Y: xi[1], Z: xi[2]}, w: geom.Vec3{X: xi[3], Y: xi[4], Z: xi[5]}}
}
