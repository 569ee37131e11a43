package datasets_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/metricslam/metricslam/datasets"
)

// Reading ahead changes nothing but the time: same frames, same order, same
// skips, and the goroutine ends with the source.
func TestPrefetch(t *testing.T) {
	noLeak(t)
	dir := t.TempDir()
	writeTUM(t, dir, 12)
	write(t, dir, map[string]any{"rgb/100.300000.png": "damaged"})
	want, wantSkips := drain(t, open(t, dir, datasets.Options{}))
	for _, n := range []int{0, 1, 3, 50} {
		src := datasets.Prefetch(open(t, dir, datasets.Options{}), n)
		got, skips := drain(t, src)
		if len(got) != len(want) || len(skips) != 1 || skips[0].Index != wantSkips[0].Index {
			t.Fatalf("ahead %d: %d frames, skips %v", n, len(got), skips)
		}
		for i := range got {
			if got[i].Index != want[i].Index || !bytes.Equal(got[i].Gray.Pix, want[i].Gray.Pix) || !bytes.Equal(got[i].Color.Pix, want[i].Color.Pix) {
				t.Errorf("ahead %d: frame %d differs", n, i)
			}
		}
		if _, err := src.Next(context.Background()); !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %v", err)
		}
		if src.Info().Len != 12 || len(src.Truth()) != 12 {
			t.Errorf("info %+v", src.Info())
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A reader may leave at any time.
func TestPrefetchAbandoned(t *testing.T) {
	noLeak(t)
	dir := t.TempDir()
	writeTUM(t, dir, 12)
	src := datasets.Prefetch(open(t, dir, datasets.Options{}), 2)
	if _, err := src.Next(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := src.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if f, err := src.Next(context.Background()); err != nil || f.Index != 1 {
		t.Errorf("after a cancelled call: %v, %v", f, err)
	}
	src.Close()
	src.Close()
	if _, err := src.Next(context.Background()); !errors.Is(err, datasets.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// --live plays a recording in real time: a slow reader loses frames, and gets
// the newest.
func TestLivePlayback(t *testing.T) {
	noLeak(t)
	dir := t.TempDir()
	writeTUM(t, dir, 12)
	src := open(t, dir, datasets.Options{Live: true})
	if !src.Info().Live || datasets.Prefetch(src, 4) != src {
		t.Error("not marked as live, or read ahead")
	}
	start := time.Now()
	var got []int
	for {
		f, err := src.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if early := f.Time - 100 - time.Since(start).Seconds(); early > .02 {
			t.Errorf("frame %d comes %.3f s too early", f.Index, early)
		}
		got = append(got, f.Index)
		time.Sleep(250 * time.Millisecond)
	}
	if len(got) < 2 || len(got) > 7 || got[len(got)-1] != 11 {
		t.Errorf("frames %v, want about every third and the last", got)
	}
	for i := 1; i < len(got); i++ {
		if got[i] <= got[i-1] {
			t.Errorf("order %v", got)
		}
	}
	src.Close()
	if _, err := src.Next(context.Background()); !errors.Is(err, datasets.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestLiveAbandoned(t *testing.T) {
	noLeak(t)
	dir := t.TempDir()
	writeTUM(t, dir, 12)
	src := open(t, dir, datasets.Options{Live: true})
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	for {
		if _, err := src.Next(ctx); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			break
		}
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
}

// The synthetic scenes are sources too.
func TestSynthetic(t *testing.T) {
	noLeak(t)
	src := open(t, "synthetic:room:8", datasets.Options{Seed: 3, Start: 2, Stride: 5, MaxFrames: 2})
	frames, _ := drain(t, datasets.Prefetch(src, 2))
	if len(frames) != 2 || frames[0].Index != 2 || frames[1].Index != 7 || frames[0].Truth == nil {
		t.Fatalf("frames %v", frames)
	}
	if d, err := frames[0].SensorDepth(); err != nil || d.Empty() {
		t.Errorf("depth: %v", err)
	}
}

// Poses and depth are for evaluation: images and stamps are the same without
// their files.
func TestTruthChangesNothing(t *testing.T) {
	dir := t.TempDir()
	writeTUM(t, dir, 3)
	with, _ := drain(t, open(t, dir, datasets.Options{}))
	for _, f := range []string{"groundtruth.txt", "depth.txt"} {
		if err := os.Remove(filepath.Join(dir, f)); err != nil {
			t.Fatal(err)
		}
	}
	src := open(t, dir, datasets.Options{})
	without, _ := drain(t, src)
	if src.Info().HasTruth || src.Info().HasSensorDepth || src.Truth() != nil {
		t.Errorf("info %+v", src.Info())
	}
	for i := range with {
		if with[i].Time != without[i].Time || !bytes.Equal(with[i].Gray.Pix, without[i].Gray.Pix) || without[i].Truth != nil || without[i].SensorDepth != nil {
			t.Errorf("frame %d differs", i)
		}
	}
}
