package bag

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/bag/mcap"
	"github.com/metricslam/metricslam/bag/rosmsg"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// The topics of a record.
const (
	topicImage  = "/camera/image/compressed"
	topicInfo   = "/camera/camera_info"
	topicDepth  = "/camera/depth"
	topicPose   = "/camera/pose"
	topicPath   = "/path"
	topicPoints = "/map/points"
	topicMesh   = "/map/mesh"
	topicTF     = "/tf"
)

// The frames of a record: mapFrame has z up (ROS REP 103), worldFrame is that of
// the map's own poses, cameraFrame the optical frame of the camera.
const (
	mapFrame, worldFrame, cameraFrame = "map", "world", "camera"
)

const (
	imageQuality = 85 // of JPEG: the images are for looking at
	// A path or cloud is written again when it has grown by this: all of them
	// together are then ten times the last.
	growth = 1.1
	// A marker names each corner of each triangle, 40 bytes each.
	meshTriangles = 500_000
)

// Recorder writes what a run sees into an MCAP file while it goes on. It is an
// observer of a run. Packing images takes place on a goroutine of its own; a live
// run does not wait for it and skips frames, recorded input does.
type Recorder struct {
	Path  string
	file  *os.File
	buf   *bufio.Writer
	w     *mcap.Writer
	topic map[string]int
	live  bool
	queue chan slam.Snapshot
	done  chan struct{}
	err   error // of the goroutine; read after done

	toMap         geom.SE3 // T_map_world
	paths, points int      // how many were written last
	last          float64
}

// Create starts a record under a temporary name beside path.
func Create(path string, live bool) (*Recorder, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp*")
	if err != nil {
		return nil, fmt.Errorf("record %s: %w; check that its folder exists and is writable", path, err)
	}
	r := &Recorder{
		Path: path, file: f, buf: bufio.NewWriterSize(f, 1<<18), topic: make(map[string]int), live: live,
		queue: make(chan slam.Snapshot, 4), done: make(chan struct{}),
		// Until the map is finished the first camera is taken for level.
		toMap: export.Level(geom.Vec3{Y: -1}, geom.IdentitySE3()),
	}
	if r.w, err = mcap.NewWriter(r.buf, "ros2", "metricslam"); err != nil {
		r.Discard()
		return nil, err
	}
	for _, t := range []struct{ topic, kind string }{
		{topicImage, rosmsg.TypeCompressedImage}, {topicInfo, rosmsg.TypeCameraInfo}, {topicDepth, rosmsg.TypeImage}, {topicPose, rosmsg.TypePoseStamped},
		{topicPath, rosmsg.TypePath}, {topicPoints, rosmsg.TypePointCloud2}, {topicMesh, rosmsg.TypeMarker}, {topicTF, rosmsg.TypeTFMessage},
	} {
		r.topic[t.topic] = r.w.Channel(t.topic, "cdr", rosmsg.Schema(t.kind))
	}
	go r.write(r.queue)
	return r, nil
}

// write takes snapshots until there are no more.
func (r *Recorder) write(queue <-chan slam.Snapshot) {
	defer close(r.done)
	for s := range queue {
		if r.err == nil {
			r.err = r.snapshot(s)
		}
	}
}

// Wants reports whether there is room for another frame.
func (r *Recorder) Wants(int) bool { return !r.live || len(r.queue) < cap(r.queue) }

// Publish takes a frame.
func (r *Recorder) Publish(s slam.Snapshot) { r.queue <- s }

// stop waits for the goroutine, once.
func (r *Recorder) stop() {
	if r.queue != nil {
		close(r.queue)
		r.queue = nil
		<-r.done
	}
}

// Discard ends a record without a file, unless it is finished or none.
func (r *Recorder) Discard() {
	if r == nil || r.file == nil {
		return
	}
	if r.w != nil {
		r.stop()
	}
	r.file.Close()
	os.Remove(r.file.Name())
	r.file = nil
}

func (r *Recorder) put(topic string, timeS float64, data []byte) error {
	if err := r.w.Message(r.topic[topic], uint64(math.Round(math.Max(timeS, 0)*1e9)), data); err != nil {
		return fmt.Errorf("record %s: %w", r.Path, err)
	}
	return nil
}

// snapshot writes what a frame brings.
func (r *Recorder) snapshot(s slam.Snapshot) error {
	r.last = s.Time
	camera := rosmsg.Header{Time: s.Time, Frame: cameraFrame}
	if !s.Image.Empty() {
		data, err := jpegOf(s.Image)
		if err != nil {
			return err
		}
		if err := r.put(topicImage, s.Time, (&rosmsg.CompressedImage{Header: camera, Format: "jpeg", Data: data}).Encode()); err != nil {
			return err
		}
	}
	if err := r.put(topicInfo, s.Time, infoOf(camera, s.Camera).Encode()); err != nil {
		return err
	}
	transforms := []rosmsg.Transform{{Header: rosmsg.Header{Time: s.Time, Frame: mapFrame}, Child: worldFrame, Pose: r.toMap}}
	if s.State == slam.Tracking {
		world := rosmsg.Header{Time: s.Time, Frame: worldFrame}
		if err := r.put(topicPose, s.Time, rosmsg.PoseStamped(world, s.Pose)); err != nil {
			return err
		}
		transforms = append(transforms, rosmsg.Transform{Header: world, Child: cameraFrame, Pose: s.Pose})
	}
	if err := r.put(topicTF, s.Time, rosmsg.TFMessage(transforms...)); err != nil {
		return err
	}
	if n := len(s.Trajectory); float64(n) > growth*float64(r.paths) {
		r.paths = n
		if err := r.putPath(s.Time, s.Trajectory); err != nil {
			return err
		}
	}
	if n := len(s.Points); float64(n) > growth*float64(r.points) {
		r.points = n
		points := make([][3]float32, n)
		for i, p := range s.Points {
			points[i] = [3]float32{float32(p.X), float32(p.Y), float32(p.Z)}
		}
		return r.put(topicPoints, s.Time, rosmsg.PointCloud2(rosmsg.Header{Time: s.Time, Frame: worldFrame}, points, nil))
	}
	return nil
}

func (r *Recorder) putPath(timeS float64, t slam.Trajectory) error {
	return r.put(topicPath, timeS, rosmsg.Path(rosmsg.Header{Time: timeS, Frame: worldFrame}, t))
}

// Finish writes the finished map with the stamp of the last frame, the depth of the
// keyframes with theirs, and gives the file its name.
func (r *Recorder) Finish(m formats.Map) error {
	r.stop()
	if r.err != nil {
		return r.err
	}
	if err := r.finished(m); err != nil {
		return err
	}
	if err := r.w.Close(); err != nil {
		return fmt.Errorf("record %s: %w", r.Path, err)
	}
	if err := r.buf.Flush(); err != nil {
		return fmt.Errorf("record %s: %w", r.Path, err)
	}
	if err := r.file.Chmod(0o644); err != nil {
		return err
	}
	if err := r.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(r.file.Name(), r.Path); err != nil {
		return err
	}
	r.file = nil
	return nil
}

func (r *Recorder) finished(m formats.Map) error {
	world := rosmsg.Header{Time: r.last, Frame: worldFrame}
	r.toMap = m.ToLevel()
	steps := []func() error{
		func() error {
			t := rosmsg.Transform{Header: rosmsg.Header{Time: r.last, Frame: mapFrame}, Child: worldFrame, Pose: r.toMap}
			return r.put(topicTF, r.last, rosmsg.TFMessage(t))
		},
		func() error { return r.putPath(r.last, m.Trajectory) },
		func() error {
			cloud, err := m.Map.Cloud(m.Part)
			if err != nil {
				return err
			}
			points, colors := make([][3]float32, len(cloud)), make([][3]uint8, len(cloud))
			for i, p := range cloud {
				points[i], colors[i] = [3]float32{float32(p.Position.X), float32(p.Position.Y), float32(p.Position.Z)}, p.Color
			}
			return r.put(topicPoints, r.last, rosmsg.PointCloud2(world, points, colors))
		},
		func() error {
			if m.Mesh == nil || len(m.Mesh.Triangles) == 0 {
				return nil
			}
			return r.put(topicMesh, r.last, rosmsg.MeshMarker(world, m.Mesh.Thinned(meshTriangles)))
		},
	}
	for _, k := range m.Map.Keyframes {
		if k.Part != m.Part || k.Culled() || k.Depth.Empty() {
			continue
		}
		steps = append(steps, func() error {
			depthM, err := m.Map.PhotoDepth(k)
			if err != nil {
				return err
			}
			return r.put(topicDepth, k.Time, depthOf(rosmsg.Header{Time: k.Time, Frame: cameraFrame}, k.Camera, depthM).Encode())
		})
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func jpegOf(c slam.RGB) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, c.W, c.H)) // what the encoder takes without a detour
	for i := range c.W * c.H {
		copy(img.Pix[4*i:], c.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: imageQuality})
	return b.Bytes(), err
}

// infoOf is a camera whose images are undistorted. ROS has pixels' centres at
// integers, as this program.
func infoOf(h rosmsg.Header, c geom.Camera) *rosmsg.CameraInfo {
	return &rosmsg.CameraInfo{
		Header: h, W: c.W, H: c.H, Model: "plumb_bob", D: make([]float64, 5),
		K: [9]float64{c.Fx, 0, c.Cx, 0, c.Fy, c.Cy, 0, 0, 1}, R: [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1},
		P: [12]float64{c.Fx, 0, c.Cx, 0, 0, c.Fy, c.Cy, 0, 0, 0, 1, 0},
	}
}

// depthOf is a depth image in millimetres (ROS REP 118); what is further than 16
// bits hold is unknown.
func depthOf(h rosmsg.Header, c geom.Camera, depthM []float32) *rosmsg.Image {
	m := &rosmsg.Image{Header: h, W: c.W, H: c.H, Encoding: "16UC1", Step: 2 * c.W, Data: make([]byte, 2*len(depthM))}
	for i, z := range depthM {
		if mm := math.Round(float64(z) * 1000); mm <= math.MaxUint16 {
			binary.LittleEndian.PutUint16(m.Data[2*i:], uint16(mm))
		}
	}
	return m
}
