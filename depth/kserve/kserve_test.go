package kserve

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/metricslam/metricslam/depth/network"
)

// hasty fails fast, for tests.
var hasty = Options{Timeout: 2 * time.Second, Attempts: 3, Backoff: time.Millisecond, Failures: 2, Cooldown: 50 * time.Millisecond}

func dial(t *testing.T, spec string, opt Options) *Client {
	t.Helper()
	c, err := Dial(spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func run(c *Client) ([]network.Tensor, error) {
	return c.Run(context.Background(), []network.Tensor{img(2, 3)}, []string{"depth"})
}

// wantMean checks the answer for image(2, 3).
func wantMean(t *testing.T, out []network.Tensor, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{6, 7, 8, 9, 10, 11}; len(out) != 1 || out[0].Name != "depth" || !slices.Equal(out[0].F32, want) || !slices.Equal(out[0].Shape, []int64{1, 1, 2, 3}) {
		t.Fatalf("got %+v, want %v", out, want)
	}
}

func TestParseAddress(t *testing.T) {
	tests := []struct {
		spec string
		want Address
	}{
		{"kserve+http://h:8000/net", Address{Host: "h:8000", Model: "net"}},
		{"kserve+https://h/v2/models/net", Address{TLS: true, Host: "h", Model: "net"}},
		{"kserve+grpc://h:8001/net/versions/3", Address{GRPC: true, Host: "h:8001", Model: "net", Version: "3"}},
		{"kserve+grpcs://h:8001/v2/models/net/versions/3", Address{GRPC: true, TLS: true, Host: "h:8001", Model: "net", Version: "3"}},
		{"kserve+http://h/gate/way/v2/models/net", Address{Host: "h", Prefix: "gate/way", Model: "net"}},
	}
	for _, tt := range tests {
		if got, err := ParseAddress(tt.spec); err != nil || got != tt.want {
			t.Errorf("%s: got %+v, %v, want %+v", tt.spec, got, err, tt.want)
		}
	}
	for _, bad := range []string{"kserve+ftp://h/n", "kserve+http:///n", "kserve+http://h", "kserve+http://h/a/b", "http://h/n", "kserve+http://h:x/n"} {
		if _, err := ParseAddress(bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}

// TestProtocols: the same answer by every way of speaking.
func TestProtocols(t *testing.T) {
	for _, noBinary := range []bool{false, true} {
		f := &fake{noBinary: noBinary}
		h, _ := f.serveHTTP(t, "127.0.0.1:0")
		g, _ := f.serveGRPC(t, "127.0.0.1:0")
		for _, spec := range []string{"kserve+http://" + h + "/mean", "kserve+grpc://" + g + "/mean"} {
			for _, asJSON := range []bool{false, true} {
				opt := hasty
				opt.JSON = asJSON
				c := dial(t, spec, opt)
				m, err := c.Metadata(context.Background())
				if err != nil || m.Name != "mean" || m.Inputs[0].Name != "image" || m.Outputs[0].Name != "depth" {
					t.Errorf("%s: metadata %+v, %v", spec, m, err)
				}
				out, err := run(c)
				wantMean(t, out, err)
				before := f.requests.Load()
				out, err = run(c)
				wantMean(t, out, err)
				if n := f.requests.Load() - before; n != 1 {
					t.Errorf("%s, binary unknown %v: the second answer took %d requests", spec, noBinary, n)
				}
			}
		}
	}
}

func TestRetries(t *testing.T) {
	f := &fake{}
	h, _ := f.serveHTTP(t, "127.0.0.1:0")
	g, _ := f.serveGRPC(t, "127.0.0.1:0")
	for _, spec := range []string{"kserve+http://" + h + "/mean", "kserve+grpc://" + g + "/mean"} {
		c := dial(t, spec, hasty)
		f.requests.Store(0)
		f.fail.Store(2)
		out, err := run(c)
		wantMean(t, out, err)
		if n := f.requests.Load(); n != 3 {
			t.Errorf("%s: %d requests, want 3", spec, n)
		}
		f.requests.Store(0)
		f.fail.Store(100)
		if _, err := run(c); err == nil || !strings.Contains(err.Error(), "attempt 3 of 3") || !strings.Contains(err.Error(), "busy") {
			t.Errorf("%s: got %v", spec, err)
		}
		f.fail.Store(0)

		unknown := dial(t, strings.Replace(spec, "/mean", "/other", 1), hasty)
		f.requests.Store(0)
		if _, err := run(unknown); err == nil || !strings.Contains(err.Error(), "no such model") {
			t.Errorf("%s: unknown model: got %v", spec, err)
		}
		if n := f.requests.Load(); n != 1 {
			t.Errorf("%s: a refusal was sent %d times", spec, n)
		}
	}
}

func TestDeadline(t *testing.T) {
	f := &fake{silent: true}
	h, _ := f.serveHTTP(t, "127.0.0.1:0")
	g, _ := f.serveGRPC(t, "127.0.0.1:0")
	opt := hasty
	opt.Timeout, opt.Attempts = 20*time.Millisecond, 2
	for _, spec := range []string{"kserve+http://" + h + "/mean", "kserve+grpc://" + g + "/mean"} {
		if _, err := run(dial(t, spec, opt)); err == nil || !strings.Contains(err.Error(), "no answer within 20ms") {
			t.Errorf("%s: got %v", spec, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		if _, err := dial(t, spec, opt).Run(ctx, []network.Tensor{img(2, 3)}, []string{"depth"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: the caller's deadline: got %v", spec, err)
		}
		cancel()
	}
}

func TestToken(t *testing.T) {
	f := &fake{token: "secret"}
	h, _ := f.serveHTTP(t, "127.0.0.1:0")
	g, _ := f.serveGRPC(t, "127.0.0.1:0")
	for _, spec := range []string{"kserve+http://" + h + "/mean", "kserve+grpc://" + g + "/mean"} {
		if _, err := run(dial(t, spec, hasty)); err == nil || !strings.Contains(err.Error(), EnvToken) {
			t.Errorf("%s: without: got %v", spec, err)
		}
		opt := hasty
		opt.Token = "secret"
		out, err := run(dial(t, spec, opt))
		wantMean(t, out, err)
		t.Setenv(EnvToken, "secret")
		out, err = run(dial(t, spec, hasty))
		wantMean(t, out, err)
		os.Unsetenv(EnvToken)
	}
}

func TestTLS(t *testing.T) {
	f := &fake{}
	s := httptest.NewTLSServer(f)
	defer s.Close()
	spec := "kserve+https://" + strings.TrimPrefix(s.URL, "https://") + "/mean"
	if _, err := run(dial(t, spec, hasty)); err == nil || !strings.Contains(err.Error(), "attempt 1 of 3") || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: got %v", err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o644)
	opt := hasty
	opt.CAFile = ca
	out, err := run(dial(t, spec, opt))
	wantMean(t, out, err)
	opt.CAFile = filepath.Join(t.TempDir(), "none.pem")
	if _, err := Dial(spec, opt); err == nil {
		t.Error("a missing certificate file passed")
	}
	os.WriteFile(ca, []byte("hello"), 0o644)
	opt.CAFile = ca
	if _, err := Dial(spec, opt); err == nil || !strings.Contains(err.Error(), "PEM") {
		t.Errorf("a file without certificates: got %v", err)
	}
}

// TestGRPCTLS: the same over gRPC, with the token inside.
func TestGRPCTLS(t *testing.T) {
	f := &fake{token: "secret"}
	s := httptest.NewTLSServer(f)
	defer s.Close()
	at, _ := f.serveGRPC(t, "127.0.0.1:0", grpc.Creds(credentials.NewServerTLSFromCert(&s.TLS.Certificates[0])))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o644)
	opt := hasty
	opt.CAFile, opt.Token = ca, "secret"
	out, err := run(dial(t, "kserve+grpcs://"+at+"/mean", opt))
	wantMean(t, out, err)
	opt.CAFile = ""
	if _, err := run(dial(t, "kserve+grpcs://"+at+"/mean", opt)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: got %v", err)
	}
}

func TestBreaker(t *testing.T) {
	now := time.Unix(0, 0)
	b := breaker{threshold: 2, cooldown: time.Second, now: func() time.Time { return now }}
	step := func(want error, ok bool) {
		t.Helper()
		if err := b.allow(); !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		} else if err == nil {
			b.done(ok)
		}
	}
	step(nil, false)
	step(nil, true) // a success forgets the failure
	step(nil, false)
	step(nil, false)
	step(ErrOpen, false)
	now = now.Add(time.Second)
	if err := b.allow(); err != nil {
		t.Fatal(err)
	}
	if err := b.allow(); !errors.Is(err, ErrOpen) { // one at a time
		t.Fatalf("half open: got %v", err)
	}
	b.done(false)
	step(ErrOpen, false)
	now = now.Add(time.Second)
	step(nil, true)
	step(nil, true)
}

// TestKilledAndRestarted: while the server is gone requests fail, soon without
// being sent; when it is back they succeed again.
func TestKilledAndRestarted(t *testing.T) {
	f := &fake{}
	overGRPC := func(t *testing.T, addr string) (string, func()) { return f.serveGRPC(t, addr) }
	for scheme, serve := range map[string]func(*testing.T, string) (string, func()){"http": f.serveHTTP, "grpc": overGRPC} {
		at, stop := serve(t, "127.0.0.1:0")
		opt := hasty
		opt.Cooldown = time.Second
		c := dial(t, "kserve+"+scheme+"://"+at+"/mean", opt)
		out, err := run(c)
		wantMean(t, out, err)
		stop()
		for range opt.Failures {
			if _, err := run(c); err == nil || errors.Is(err, ErrOpen) {
				t.Fatalf("%s: the server is gone: got %v", scheme, err)
			}
		}
		if _, err := run(c); !errors.Is(err, ErrOpen) {
			t.Fatalf("%s: got %v, want an open circuit", scheme, err)
		}
		serve(t, at)
		deadline := time.Now().Add(10 * time.Second)
		for {
			if out, err = run(c); err == nil || time.Now().After(deadline) {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		wantMean(t, out, err)
	}
}

// TestMalformed: whatever a server answers is an error, never a crash.
func TestMalformed(t *testing.T) {
	f := &fake{}
	h, _ := f.serveHTTP(t, "127.0.0.1:0")
	g, _ := f.serveGRPC(t, "127.0.0.1:0")
	for _, garbage := range []string{
		"hello", "{", `{"outputs":[{"name":"depth","datatype":"FP32","shape":[1,1,2,3],"data":[1,2]}]}`,
		`{"outputs":[{"name":"depth","datatype":"FP32","shape":[1,-1],"data":[1]}]}`,
		`{"outputs":[{"name":"depth","datatype":"FP32","shape":[1048576,1048576,1048576],"data":[1]}]}`,
		`{"outputs":[{"name":"depth","datatype":"FP32","shape":[1],"data":{"a":1}}]}`,
		`{"outputs":[{"name":"depth","datatype":"FP32","shape":[1],"data":["x"]}]}`,
		`{"outputs":[{"name":"depth","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}`,
	} {
		f.garbage = garbage
		if _, err := run(dial(t, "kserve+http://"+h+"/mean", hasty)); err == nil {
			t.Errorf("%s: no error", garbage)
		}
	}
	tensor := func(datatype string, dims ...byte) []byte {
		return appendBytes(appendString(appendString(nil, 1, "depth"), 2, datatype), 3, dims)
	}
	for name, msg := range map[string][]byte{
		"no message":  []byte("hello"),
		"cut short":   {5<<3 | 2, 200},
		"too few":     appendBytes(appendBytes(nil, 5, tensor("FP32", 2, 2)), 6, []byte{1, 2, 3}),
		"no values":   appendBytes(nil, 5, tensor("FP32", 2, 2)),
		"unknown":     appendBytes(appendBytes(nil, 5, tensor("BYTES", 1)), 6, []byte{1}),
		"two of one":  appendBytes(appendBytes(appendBytes(nil, 5, tensor("FP32", 1)), 6, []byte{0, 0, 0, 0}), 6, []byte{0, 0, 0, 0}),
		"cut shape":   appendBytes(nil, 5, tensor("FP32", 0x80)),
		"bad field":   {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"huge shapes": appendBytes(nil, 5, tensor("FP32", 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f)),
	} {
		f.garbage = string(msg)
		if _, err := run(dial(t, "kserve+grpc://"+g+"/mean", hasty)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
