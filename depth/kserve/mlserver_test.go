package kserve

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// mlserver finds the program of the PyPI package mlserver: METRICSLAM_MLSERVER,
// else .cache/mlserver/bin/mlserver in the source folder, where make test puts
// it. Without it the test is skipped, but not where CI=true.
func mlserver(t *testing.T) string {
	t.Helper()
	path := os.Getenv("METRICSLAM_MLSERVER")
	if path == "" {
		path = filepath.Join("..", "..", ".cache", "mlserver", "bin", "mlserver")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs MLServer: scripts/mlserver.sh (%v)", err)
		}
		t.Skipf("needs MLServer: scripts/mlserver.sh (%v)", err)
	}
	return path
}

// freePorts returns ports that nobody listens on now.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	ports := make([]string, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// startMLServer serves testdata/mlserver and waits until it answers; kill ends
// it without notice.
func startMLServer(t *testing.T, program, httpPort, grpcPort, metricsPort string) (kill func()) {
	t.Helper()
	cmd := exec.Command(program, "start", ".")
	cmd.Dir = filepath.Join("testdata", "mlserver")
	cmd.Env = append(os.Environ(), "MLSERVER_HOST=127.0.0.1", "MLSERVER_HTTP_PORT="+httpPort, "MLSERVER_GRPC_PORT="+grpcPort,
		"MLSERVER_METRICS_PORT="+metricsPort, "MLSERVER_PARALLEL_WORKERS=0", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=.")
	cmd.Env = append(cmd.Env, "PYTHONUNBUFFERED=1")
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := false
	kill = func() {
		if !done {
			done = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(kill)
	ready := dial(t, "kserve+grpc://127.0.0.1:"+grpcPort+"/mean", Options{Timeout: time.Second, Attempts: 1})
	for range 600 {
		if _, err := ready.Metadata(context.Background()); err == nil {
			return kill
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("MLServer does not answer within a minute")
	return kill
}

// TestMLServer speaks to a real server of the protocol, killed and restarted
// midway.
func TestMLServer(t *testing.T) {
	program := mlserver(t)
	ports := freePorts(t, 3)
	kill := startMLServer(t, program, ports[0], ports[1], ports[2])
	opt := hasty
	opt.Timeout = 20 * time.Second
	clients := map[string]*Client{
		"grpc":          dial(t, "kserve+grpc://127.0.0.1:"+ports[1]+"/mean", opt),
		"http":          dial(t, "kserve+http://127.0.0.1:"+ports[0]+"/v2/models/mean", opt),
		"http, numbers": dial(t, "kserve+http://127.0.0.1:"+ports[0]+"/mean", Options{JSON: true, Failures: 2, Attempts: 2, Cooldown: opt.Cooldown}),
	}
	for name, c := range clients {
		m, err := c.Metadata(context.Background())
		if err != nil || m.Name != "mean" {
			t.Fatalf("%s: metadata %+v, %v", name, m, err)
		}
		for range 2 {
			out, err := run(c)
			wantMean(t, out, err)
		}
	}
	kill()
	for name, c := range clients {
		for range 2 {
			if _, err := run(c); err == nil {
				t.Fatalf("%s: answered by a server that was killed", name)
			}
		}
		if _, err := run(c); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: got %v, want an open circuit", name, err)
		}
	}
	startMLServer(t, program, ports[0], ports[1], ports[2])
	time.Sleep(opt.Cooldown)
	for _, c := range clients {
		deadline := time.Now().Add(10 * time.Second)
		out, err := run(c)
		for err != nil && time.Now().Before(deadline) { // HTTP may listen a moment later
			time.Sleep(opt.Cooldown)
			out, err = run(c)
		}
		wantMean(t, out, err)
	}
}
