package onnx

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/internal/tinyonnx"
)

// needLibrary skips without ONNX Runtime, and fails where CI=true.
func needLibrary(t testing.TB) {
	t.Helper()
	if _, err := Init(""); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func open(t testing.TB, g *tinyonnx.Graph, in, out []string, opt Options) *Session {
	t.Helper()
	needLibrary(t)
	s, err := Open(Model{Data: g.Bytes()}, in, out, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func img(h, w int64) network.Tensor {
	x := network.NewTensor("image", contract.Float32, 1, 3, h, w)
	for i := range x.F32 {
		x.F32[i] = float32(i)
	}
	return x
}

func TestFindLibrary(t *testing.T) {
	dir := t.TempDir()
	lib := filepath.Join(dir, "libonnxruntime.so.1.32.0")
	os.WriteFile(lib, nil, 0o644)
	for _, flag := range []string{lib, dir} {
		if got, err := FindLibrary(flag); err != nil || got != lib {
			t.Errorf("flag %s: got %q, %v", flag, got, err)
		}
	}
	t.Setenv(EnvLibrary, dir)
	if got, err := FindLibrary(""); err != nil || got != lib {
		t.Errorf("environment: got %q, %v", got, err)
	}
	if _, err := FindLibrary(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "--onnxruntime") {
		t.Errorf("a flag that leads nowhere: got %v", err)
	}
	t.Setenv(EnvLibrary, "")
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("LD_LIBRARY_PATH", "")
	t.Chdir(dir)
	user := filepath.Join(dir, "metricslam", "onnxruntime")
	os.MkdirAll(user, 0o755)
	inCache := filepath.Join(user, "libonnxruntime.so")
	os.WriteFile(inCache, nil, 0o644)
	if got, err := FindLibrary(""); err != nil || got != inCache {
		t.Errorf("user's cache: got %q, %v", got, err)
	}
	os.Remove(inCache)
	if got, err := FindLibrary(""); err == nil {
		t.Skipf("this system has a library of its own: %s", got)
	} else if !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), "make") || strings.Contains(err.Error(), "\n") {
		t.Errorf("no library: got %v", err)
	}
}

func TestRun(t *testing.T) {
	s := open(t, tinyonnx.Mean("image", "depth", 2, 3), []string{"image"}, []string{"depth"}, Options{})
	x := img(2, 3)
	for round := range 3 { // the memory is shared: what changes is seen
		x.F32[0] = float32(3 * round)
		out, err := s.Run(context.Background(), []network.Tensor{x}, []string{"depth"})
		if err != nil {
			t.Fatal(err)
		}
		want := []float32{float32(6 + round), 7, 8, 9, 10, 11}
		if !slices.Equal(out[0].F32, want) || !slices.Equal(out[0].Shape, []int64{1, 1, 2, 3}) {
			t.Fatalf("got %v %v, want %v", out[0].Shape, out[0].F32, want)
		}
	}
	if s.Provider() != "cpu" {
		t.Errorf("provider %q", s.Provider())
	}
}

// TestAllocations: an image of the size before it costs no tensor, only the few
// pointers that the binding hands to the library.
func TestAllocations(t *testing.T) {
	s := open(t, tinyonnx.Mean("image", "depth", 192, 256), []string{"image"}, []string{"depth"}, Options{})
	in, out := []network.Tensor{img(192, 256)}, []string{"depth"}
	var before, after runtime.MemStats
	run := func(times int) {
		for range times {
			if _, err := s.Run(context.Background(), in, out); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(1)
	runtime.ReadMemStats(&before)
	run(100)
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / 100; bytes > 512 {
		t.Errorf("%d bytes an image, want a few pointers", bytes)
	}
}

// TestFreed: a session leaves its memory when it is closed.
func TestFreed(t *testing.T) {
	needLibrary(t)
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	resident := func() int {
		text, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Fatal(err)
		}
		var size, pages int
		if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
			t.Fatal(err)
		}
		return pages * os.Getpagesize() >> 20
	}
	// About 5 MB of tensors inside each.
	m := Model{Data: tinyonnx.Mean("image", "depth", 512, 640).Bytes()}
	in := []network.Tensor{img(512, 640)}
	once := func() {
		s, err := Open(m, []string{"image"}, []string{"depth"}, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Run(context.Background(), in, []string{"depth"}); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	for range 10 {
		once()
	}
	before := resident()
	for range 100 {
		once()
	}
	if grown := resident() - before; grown > 60 {
		t.Errorf("100 sessions opened and closed left %d MB", grown)
	}
}

// TestFreeSize: another size, another buffer, and back.
func TestFreeSize(t *testing.T) {
	s := open(t, tinyonnx.Mean("image", "depth", -1, -1), []string{"image"}, []string{"depth"}, Options{})
	for _, size := range [][2]int64{{2, 3}, {4, 4}, {2, 3}} {
		x := img(size[0], size[1])
		out, err := s.Run(context.Background(), []network.Tensor{x}, []string{"depth"})
		if err != nil {
			t.Fatal(err)
		}
		n := float32(size[0] * size[1])
		if len(out[0].F32) != int(n) || out[0].F32[0] != n {
			t.Errorf("%v: got %v", size, out[0].F32)
		}
	}
}

func TestHalfAndBytes(t *testing.T) {
	for _, side := range []int64{2, -1} { // fixed and free
		g := tinyonnx.Gray("image", tinyonnx.Float16, side, side).
			Node("Cast", []string{"gray"}, []string{"depth"}, tinyonnx.Attr{Name: "to", Value: int64(tinyonnx.Float16)}).
			Output("depth", tinyonnx.Float16, 1, 1, side, side)
		s := open(t, g, []string{"image"}, []string{"depth"}, Options{})
		x := network.NewTensor("image", contract.Float16, 1, 3, 2, 2)
		for i := range 12 {
			binary.LittleEndian.PutUint16(x.Raw[2*i:], depthio.FloatToHalf(float32(i)))
		}
		out, err := s.Run(context.Background(), []network.Tensor{x}, []string{"depth"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			if got := depthio.HalfToFloat(binary.LittleEndian.Uint16(out[0].Raw[2*i:])); out[0].Type != contract.Float16 || got != float32(4+i) {
				t.Errorf("side %d: got %v %v, want float16 %d", side, out[0].Type, got, 4+i)
			}
		}
	}

	b := open(t, tinyonnx.Gray("image", tinyonnx.Uint8, 1, 2).Node("Identity", []string{"gray"}, []string{"depth"}).
		Output("depth", tinyonnx.Float, 1, 1, 1, 2), []string{"image"}, []string{"depth"}, Options{})
	u := network.Tensor{Name: "image", Type: contract.Uint8, Shape: []int64{1, 3, 1, 2}, Raw: []byte{0, 200, 0, 220, 3, 240}}
	out, err := b.Run(context.Background(), []network.Tensor{u}, []string{"depth"})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].F32[0] != 1 || out[0].F32[1] != 220 {
		t.Errorf("got %v, want 1 and 220", out[0].F32)
	}
}

// TestInt8 runs a quantised graph: 8-bit values inside, float32 outside.
func TestInt8(t *testing.T) {
	g := tinyonnx.Gray("image", tinyonnx.Float, 1, 2).
		Const("scale", []float32{.5}).Raw("zero", tinyonnx.Int8, []byte{0}).
		Node("QuantizeLinear", []string{"gray", "scale", "zero"}, []string{"q"}).
		Node("DequantizeLinear", []string{"q", "scale", "zero"}, []string{"depth"}).
		Output("depth", tinyonnx.Float, 1, 1, 1, 2)
	s := open(t, g, []string{"image"}, []string{"depth"}, Options{})
	x := network.Tensor{Name: "image", Type: contract.Float32, Shape: []int64{1, 3, 1, 2}, F32: []float32{1.3, 300, 1.3, 300, 1.3, 300}}
	out, err := s.Run(context.Background(), []network.Tensor{x}, []string{"depth"})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].F32[0] != 1.5 || out[0].F32[1] != 63.5 {
		t.Errorf("got %v, want 1.5 and 63.5 (127 steps of .5)", out[0].F32)
	}
}

func TestScalarInput(t *testing.T) {
	g := tinyonnx.Gray("image", tinyonnx.Float, 1, 1).Input("tokens", tinyonnx.Int64).
		Node("Cast", []string{"tokens"}, []string{"f"}, tinyonnx.Attr{Name: "to", Value: int64(tinyonnx.Float)}).
		Node("Add", []string{"gray", "f"}, []string{"depth"}).Output("depth", tinyonnx.Float, 1, 1, 1, 1)
	s := open(t, g, []string{"image", "tokens"}, []string{"depth"}, Options{})
	n := network.NewTensor("tokens", contract.Int64)
	binary.LittleEndian.PutUint64(n.Raw, 1800)
	out, err := s.Run(context.Background(), []network.Tensor{n, img(1, 1)}, []string{"depth"})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].F32[0] != 1801 {
		t.Errorf("got %v, want 1801", out[0].F32)
	}
}

func TestOpenRefuses(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		os.WriteFile(path, data, 0o644)
		return path
	}
	good := tinyonnx.Mean("image", "depth", 2, 3).Bytes()
	file := write("good.onnx", good)
	tests := []struct {
		name    string
		m       Model
		in, out []string
		opt     Options
		want    string
	}{
		{"missing", Model{Path: filepath.Join(dir, "none.onnx")}, nil, nil, Options{}, "no such file"},
		{"empty", Model{Path: write("empty.onnx", nil)}, nil, nil, Options{}, "empty"},
		{"text", Model{Path: write("text.onnx", []byte("hello"))}, nil, nil, Options{}, "text.onnx"},
		{"cut short", Model{Path: write("cut.onnx", good[:len(good)/2])}, nil, nil, Options{}, "cut.onnx"},
		{"input", Model{Path: file}, []string{"img"}, []string{"depth"}, Options{}, `no input "img"; its inputs are ["image"]`},
		{"output", Model{Path: file}, []string{"image"}, []string{"d"}, Options{}, `no output "d"; its outputs are ["depth"]`},
		{"input left empty", Model{Path: file}, nil, []string{"depth"}, Options{}, "extra_inputs"},
		{"provider unknown", Model{Path: file}, []string{"image"}, []string{"depth"}, Options{Provider: "gpu"}, "cuda"},
		{"optimisation", Model{Path: file}, []string{"image"}, []string{"depth"}, Options{Optimize: "most"}, "basic"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Open(tt.m, tt.in, tt.out, tt.opt)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// TestProviders: one named alone fails where it cannot be had; in a list it
// gives way to the next with a warning.
func TestProviders(t *testing.T) {
	needLibrary(t)
	m := Model{Data: tinyonnx.Mean("image", "depth", 2, 3).Bytes()}
	in, out := []string{"image"}, []string{"depth"}
	if s, err := Open(m, in, out, Options{Provider: "coreml"}); err == nil {
		s.Close()
		t.Skip("this library has CoreML")
	} else if !strings.Contains(err.Error(), "coreml") {
		t.Errorf("got %v", err)
	}
	for _, list := range []string{"tensorrt,cuda,cpu", "auto"} {
		var warned []string
		s, err := Open(m, in, out, Options{Provider: list, Warn: func(format string, _ ...any) { warned = append(warned, format) }})
		if err != nil {
			t.Fatal(err)
		}
		if s.Provider() == "cpu" && len(warned) == 0 {
			t.Error(list, ": fell back without a warning")
		}
		s.Close()
	}
}

func TestRunRefuses(t *testing.T) {
	s := open(t, tinyonnx.Mean("image", "depth", 2, 3), []string{"image"}, []string{"depth"}, Options{})
	bad := img(2, 3)
	bad.Shape = []int64{1, 3, 2, 4}
	other := img(2, 3)
	other.Name = "img"
	for name, in := range map[string][]network.Tensor{
		"shape":        {img(2, 4)},
		"too few":      {bad},
		"name":         {other},
		"none":         nil,
		"one too many": {img(2, 3), other},
		"type":         {network.NewTensor("image", contract.Float16, 1, 3, 2, 3)},
		"empty image":  {img(0, 3)},
	} {
		if _, err := s.Run(context.Background(), in, []string{"depth"}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if out, err := s.Run(context.Background(), []network.Tensor{img(2, 3)}, []string{"depth"}); err != nil || out[0].F32[0] != 6 {
		t.Errorf("after the errors: got %v", err)
	}
	s.Close()
	s.Close()
	if _, err := s.Run(context.Background(), []network.Tensor{img(2, 3)}, []string{"depth"}); err == nil {
		t.Error("ran after Close")
	}
}

// slow is a network that multiplies large matrices for a long time.
func slow(rounds int) *tinyonnx.Graph {
	const n = 512
	g := tinyonnx.Gray("image", tinyonnx.Float, n, n)
	from := "gray"
	for i := range rounds {
		to := "m" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		g.Node("MatMul", []string{from, "gray"}, []string{to})
		from = to
	}
	return g.Node("Identity", []string{from}, []string{"depth"}).Output("depth", tinyonnx.Float, 1, 1, n, n)
}

// TestCancel: a run ends soon after its context, and the session still works.
func TestCancel(t *testing.T) {
	s := open(t, slow(60), []string{"image"}, []string{"depth"}, Options{Threads: 1})
	x := network.NewTensor("image", contract.Float32, 1, 3, 512, 512)
	start := time.Now()
	if _, err := s.Run(context.Background(), []network.Tensor{x}, []string{"depth"}); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(start)
	ctx, cancel := context.WithTimeout(context.Background(), whole/10)
	defer cancel()
	start = time.Now()
	if _, err := s.Run(ctx, []network.Tensor{x}, []string{"depth"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	if d := time.Since(start); d > whole*8/10 {
		t.Errorf("ended after %v, a whole run takes %v", d, whole)
	}
	if _, err := s.Run(context.Background(), []network.Tensor{x}, []string{"depth"}); err != nil {
		t.Errorf("after a cancelled run: %v", err)
	}
}
