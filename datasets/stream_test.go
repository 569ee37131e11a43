package datasets_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/metricslam/metricslam/datasets"
)

// mjpegServer sends n images, one every interval, then ends or waits for the
// client to leave.
type mjpegServer struct {
	n        int
	interval time.Duration
	length   bool   // tell Content-Length
	boundary string // as in the header
	stay     bool
	damaged  int // this one is rubbish, -1 for none
}

func (s mjpegServer) start(t *testing.T) string {
	t.Helper()
	images := make([][]byte, s.n)
	for i := range images {
		images[i] = encodeJPEG(t, texture(tinyW, tinyH, i))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary="+s.boundary)
		delimiter := "--" + strings.TrimLeft(s.boundary, "-")
		for i, p := range images {
			if i == s.damaged {
				p = []byte("rubbish")
			}
			fmt.Fprintf(w, "%s\r\nContent-Type: image/jpeg\r\n", delimiter)
			if s.length {
				fmt.Fprintf(w, "Content-Length: %d\r\n", len(p))
			}
			fmt.Fprintf(w, "\r\n%s", p)
			fmt.Fprint(w, "\r\n")
			w.(http.Flusher).Flush()
			select {
			case <-time.After(s.interval):
			case <-r.Context().Done():
				return
			}
		}
		if s.stay {
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, delimiter+"--\r\n")
	}))
	t.Cleanup(server.Close)
	return server.URL + "/stream.mjpg"
}

func TestMJPEG(t *testing.T) {
	for _, s := range []mjpegServer{
		{n: 6, interval: 60 * time.Millisecond, length: true, boundary: "frame", damaged: -1},
		{n: 6, interval: 60 * time.Millisecond, length: false, boundary: "frame", damaged: -1},
		{n: 6, interval: 60 * time.Millisecond, length: true, boundary: "--dcmjpeg", damaged: 3},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			noLeak(t)
			before := float64(time.Now().UnixNano()) * 1e-9
			src := open(t, s.start(t), datasets.Options{Fx: 60})
			if info := src.Info(); info.Kind != "stream" || !info.Live || info.Camera.W != tinyW || info.Len != 0 {
				t.Errorf("info %+v", info)
			}
			frames, skips := drain(t, src)
			want, wantSkips := 6, 0
			if s.damaged >= 0 {
				want, wantSkips = 5, 1
			}
			// On a busy computer frames may be lost, which is what live means.
			if len(frames) > want || len(frames) < want-3 || len(skips) != wantSkips {
				t.Errorf("%d frames, skips %v", len(frames), skips)
			}
			last := before
			for _, f := range frames {
				if f.Time <= last || f.Time > last+5 {
					t.Errorf("frame %d stamped %f after %f", f.Index, f.Time, last)
				}
				last = f.Time
			}
			if !hasWarning(src, "ended the stream after 6 images") {
				t.Errorf("the end is not told: %v", src.Warnings())
			}
			src.Close()
		})
	}
}

// A slow reader gets the newest image, not a queue of old ones.
func TestMJPEGDropsStale(t *testing.T) {
	noLeak(t)
	s := mjpegServer{n: 20, interval: 20 * time.Millisecond, length: true, boundary: "b", damaged: -1, stay: true}
	src := open(t, s.start(t), datasets.Options{MaxFrames: 2})
	time.Sleep(time.Second)
	f, err := src.Next(context.Background())
	if err != nil || f.Index < 10 {
		t.Errorf("frame %v, %v: want a late one", f, err)
	}
	// The server is silent now: only the context ends the wait.
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	for err == nil {
		_, err = src.Next(ctx)
	}
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	start := time.Now()
	if err := src.Close(); err != nil || time.Since(start) > time.Second {
		t.Errorf("Close took %v: %v", time.Since(start), err)
	}
}

func TestStreamErrors(t *testing.T) {
	noLeak(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>")
	})
	mux.HandleFunc("/nothing", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=b")
	})
	mux.HandleFunc("/silent", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=b")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]string{"/page": "text/html", "/nothing": "no image", "/none": "404", "/silent": "no image"} {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		_, err := datasets.Open(ctx, server.URL+path, datasets.Options{})
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}
