package depth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/metricslam/metricslam/depth/kserve"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

const served = `name: served
input: {name: image, shape: [1, 3, 6, 8]}
resize: {rule: fit-and-pad}
outputs: {depth: {name: depth}}
kind: depth
scale: {rule: canonical, focal: 4}
range_m: [0.1, 100]
`

// wall answers every request with a depth of 2, or fails.
type wall struct {
	down     atomic.Bool
	nothing  atomic.Bool
	requests atomic.Int32
}

func (s *wall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if s.down.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodGet {
		w.Write([]byte(`{"name":"served","inputs":[{"name":"image"}],"outputs":[{"name":"depth"}]}`))
		return
	}
	v := make([]float32, 48)
	for i := range v {
		if v[i] = 2; s.nothing.Load() {
			v[i] = -1
		}
	}
	json.NewEncoder(w).Encode(map[string]any{"outputs": []any{map[string]any{"name": "depth", "datatype": "FP32", "shape": []int{1, 1, 6, 8}, "data": v}}})
}

func remote(t *testing.T, live bool) (*wall, Source) {
	t.Helper()
	s := &wall{}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "served.yaml")
	os.WriteFile(file, []byte(served), 0o644)
	opt := Options{Contract: file}
	opt.Remote = RemoteOptions{Live: live, Options: kserve.Options{Attempts: 2, Backoff: time.Millisecond, Failures: 2, Cooldown: time.Hour}}
	src, err := Open("kserve+"+srv.URL+"/served?timeout=5s", opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return s, src
}

func frameAt(time float64) *slam.Frame {
	return &slam.Frame{Time: time, Camera: cam, Gray: slam.NewGray(8, 6)}
}

// TestRemoteLive: the last good depth stands in for a moment, wide in its
// deviation and marked; once the circuit is open the server is left alone.
func TestRemoteLive(t *testing.T) {
	s, src := remote(t, true)
	ctx := context.Background()
	d, err := src.Depth(ctx, frameAt(10))
	if err != nil || d.Depth[0] != 4 || d.Source != "served" { // f 8 over 4
		t.Fatalf("got %v, %v", d, err)
	}
	s.down.Store(true)
	for i := range 4 {
		d, err = src.Depth(ctx, frameAt(10.1+.1*float64(i)))
		if err != nil || d.Depth[0] != 4 || d.Sigma != staleSigma || d.LogStd != nil || d.Source != "served (last good)" {
			t.Fatalf("server down: got %v, %v", d, err)
		}
	}
	if n := s.requests.Load(); n != 2+2*2 { // metadata, one good, two failed twice
		t.Errorf("%d requests, want 6: the circuit is open", n)
	}
	if _, err = src.Depth(ctx, frameAt(13)); !errors.Is(err, kserve.ErrOpen) {
		t.Errorf("3 s later: got %v", err)
	}
	other := frameAt(10.2)
	other.Camera.Fx = 20
	if _, err = src.Depth(ctx, other); err == nil {
		t.Error("the depth of another camera stood in")
	}
}

// TestRemoteOffline: recorded input never gets the depth of another frame.
func TestRemoteOffline(t *testing.T) {
	s, src := remote(t, false)
	if _, err := src.Depth(context.Background(), frameAt(10)); err != nil {
		t.Fatal(err)
	}
	s.down.Store(true)
	if _, err := src.Depth(context.Background(), frameAt(10.1)); err == nil || errors.Is(err, ErrNoDepth) {
		t.Errorf("got %v, want an error", err)
	}
}

func TestRemoteNothing(t *testing.T) {
	s, src := remote(t, true)
	s.nothing.Store(true)
	if _, err := src.Depth(context.Background(), frameAt(10)); !errors.Is(err, ErrNoDepth) {
		t.Errorf("got %v, want ErrNoDepth", err)
	}
}

func TestRemoteRefuses(t *testing.T) {
	srv := httptest.NewServer(&wall{})
	defer srv.Close()
	other := filepath.Join(t.TempDir(), "other.yaml")
	os.WriteFile(other, []byte(strings.Replace(served, "name: depth", "name: metres", 1)), 0o644)
	fast := RemoteOptions{Options: kserve.Options{Attempts: 1, Timeout: time.Second}}
	for spec, want := range map[string]string{
		"kserve+" + srv.URL + "/served":                             "no contract",
		"kserve+" + srv.URL + "/served?contract=" + other:           `no output "metres"`,
		"kserve+" + srv.URL + "/served?timeout=soon":                "timeout",
		"kserve+" + srv.URL + "/served?color=1":                     "tensors",
		"kserve+" + srv.URL + "/served?tensors=xml":                 "json or binary",
		"kserve+https://h/depth-pro?ca=" + other:                    "PEM",
		"kserve+http://127.0.0.1:1/served?contract=metric3d-v2-vit": "refused",
		"kserve+http://": "host",
	} {
		if _, err := Open(spec, Options{Remote: fast}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", spec, err, want)
		}
	}
}

func TestSameView(t *testing.T) {
	d := slam.DepthMap{W: 4, H: 3, Camera: cam.Resized(4, 3), Depth: make([]float32, 12)}
	if !sameView(d, &slam.Frame{Camera: cam}) {
		t.Error("the camera's own map is of another view")
	}
	if sameView(d, &slam.Frame{Camera: geom.Camera{W: 8, H: 6, Fx: 9, Fy: 8, Cx: 3.5, Cy: 2.5}}) {
		t.Error("another focal length is the same view")
	}
}
