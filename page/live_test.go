package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// snapshots returns the n-th snapshot of a run with large images.
func snapshots(s *Scene) func(n int) slam.Snapshot {
	img := slam.NewRGB(640, 480)
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i)
	}
	return func(n int) slam.Snapshot {
		out := slam.Snapshot{
			Frame: n, State: slam.Tracking, Camera: geom.CameraFromFOV(640, 480, 1), Image: img, Pose: s.Trajectory[n%50].Pose,
			Trajectory: s.Trajectory[:n%50+1], Mesh: s.Mesh, ScaleSigma: .1, Points: s.Landmarks, Tracks: []geom.Vec2{{X: 3, Y: 4}},
		}
		for i := range n%5 + 1 {
			out.Keyframes = append(out.Keyframes, s.Trajectory[10*i])
		}
		return out
	}
}

// meta returns the header of a message.
func meta(t *testing.T, message []byte) map[string]any {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Meta map[string]any }
	if err := json.Unmarshal(data[4:4+binary.LittleEndian.Uint32(data)], &header); err != nil {
		t.Fatal(err)
	}
	return header.Meta
}

func dial(t *testing.T, server *httptest.Server) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 26)
	return conn
}

// A watcher that reads nothing keeps neither the run nor another watcher waiting,
// what waits for it is bounded, and nothing is left of it at the end.
func TestSlowWatcher(t *testing.T) {
	before := runtime.NumGoroutine()
	scene := hall()
	snapshot := snapshots(scene)
	l := NewLive("test")
	server := httptest.NewServer(l)
	// The first watcher's connection takes little and is never read.
	narrow := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if c, ok := conn.(*net.TCPConn); ok {
			c.SetReadBuffer(1 << 12)
		}
		return conn, err
	}}}
	slow, _, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+"/live", &websocket.DialOptions{HTTPClient: narrow})
	if err != nil {
		t.Fatal(err)
	}
	fast := dial(t, server)
	last := make(chan float64, 1)
	go func() {
		defer close(last)
		for {
			_, m, err := fast.Read(context.Background())
			if err != nil {
				return
			}
			if meta(t, m)["finished"] != nil {
				last <- 1
			}
		}
	}()
	for l.watching() < 2 {
		time.Sleep(time.Millisecond)
	}
	for n := range 400 {
		l.Publish(snapshot(n)) // returns whatever the watchers do
		l.mu.Lock()
		for w := range l.watchers {
			if len(w.pending) != kinds || len(w.wake) > 1 {
				t.Error("more than one message of a kind waits")
			}
		}
		l.mu.Unlock()
	}
	if err := l.Finish(scene); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-last; !ok {
		t.Error("the watcher that reads did not get the finished map")
	}
	l.Close()
	server.CloseClientConnections()
	server.Close()
	slow.CloseNow()
	for range last {
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

// Nobody is asked for snapshots where nobody watches; who comes late gets the map
// that is there.
func TestLateWatcher(t *testing.T) {
	scene := hall()
	l := NewLive("test")
	defer l.Close()
	server := httptest.NewServer(l)
	defer server.Close()
	if l.Wants(0) {
		t.Error("snapshots are asked for without a watcher")
	}
	first := dial(t, server)
	for !l.Wants(1) {
		time.Sleep(time.Millisecond)
	}
	l.Publish(snapshots(scene)(7))
	if l.Wants(2) {
		t.Error("another snapshot is asked for at once")
	}
	if _, m, err := first.Read(t.Context()); err != nil || meta(t, m)["up"] == nil {
		t.Fatalf("the first message is no map: %v", err)
	}
	late := dial(t, server)
	_, m, err := late.Read(t.Context())
	if err != nil || meta(t, m)["up"] == nil {
		t.Fatalf("who came late got no map: %v", err)
	}
	_, m, err = late.Read(t.Context())
	if err != nil || meta(t, m)["frame"] == nil {
		t.Fatalf("who came late does not see the camera: %v", err)
	}
}

// A page of another site cannot listen.
func TestForeignOrigin(t *testing.T) {
	l := NewLive("test")
	defer l.Close()
	server := httptest.NewServer(l)
	defer server.Close()
	_, resp, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+"/live", &websocket.DialOptions{
		HTTPHeader: map[string][]string{"Origin": {"http://elsewhere.example"}},
	})
	if err == nil || resp.StatusCode != 403 {
		t.Errorf("a connection from another site: %v", err)
	}
}

func (l *Live) watching() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.watchers)
}
