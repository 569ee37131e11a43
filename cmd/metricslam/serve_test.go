package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/metricslam/metricslam/page"
)

// freePort returns a port of this machine that nobody uses now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A run that is served shows its page and sends the map until it is told to end.
func TestServe(t *testing.T) {
	if why := page.Missing(); why != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	address := freePort(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	ended := make(chan int, 1)
	go func() {
		ended <- runUntil(ctx, interrupts{ctx}, []string{"run", "synthetic:room", "--max-frames", "40", "--depth", "sensor", "--voxel", ".1", "--no-map", "--quiet", "-o", t.TempDir(), "--serve", address})
	}()
	get := func(path string) (int, string) {
		resp, err := http.Get("http://" + address + path)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	for {
		if status, text := get("/"); status == http.StatusOK {
			if !strings.Contains(text, `id="map"`) || !strings.Contains(text, "room") {
				t.Error("the page holds no map")
			}
			break
		}
		select {
		case status := <-ended:
			t.Fatalf("the run has ended with status %d before it was looked at", status)
		case <-time.After(20 * time.Millisecond):
		}
	}
	if status, _ := get("/etc/passwd"); status != http.StatusNotFound {
		t.Errorf("another address has status %d", status)
	}
	conn, _, err := websocket.Dial(ctx, "ws://"+address+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 26)
	if _, _, err := conn.Read(ctx); err != nil {
		t.Fatalf("nothing is sent: %v", err)
	}
	select {
	case status := <-ended:
		t.Fatalf("the finished map does not stay: status %d", status)
	default:
	}
	cancel()
	select {
	case <-ended: // its status tells whether the run was over by then
	case <-time.After(time.Minute):
		t.Error("the run does not end when it is told to")
	}
}

func TestServeBadAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, address := range []string{"nowhere", fmt.Sprint(l.Addr())} {
		status, _, stderr := capture(t, "run", "synthetic:room", "--max-frames", "2", "-o", t.TempDir(), "--quiet", "--serve", address)
		if status != 1 || !strings.Contains(stderr, "--serve") {
			t.Errorf("%s: status %d, %q", address, status, stderr)
		}
	}
}
