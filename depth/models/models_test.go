package models

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/metricslam/metricslam/depth/contract"
)

// TestShipped: a network that ships comes with a contract that can be read.
func TestShipped(t *testing.T) {
	m, ok := Shipped()
	if !ok {
		t.Skip("no network ships yet")
	}
	c, err := contract.Parse(m.Contract, m.Name)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != m.Name || len(m.ONNX) == 0 {
		t.Errorf("contract named %q of %s, %d bytes", c.Name, m.Name, len(m.ONNX))
	}
}

func TestCached(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(EnvDir, dir)
	os.WriteFile(filepath.Join(dir, "net.onnx"), nil, 0o644)
	if path, ok := Cached("net"); !ok || path != filepath.Join(dir, "net.onnx") {
		t.Errorf("got %q, %v", path, ok)
	}
	for _, name := range []string{"", "other", "../net", "a/net", ".net"} {
		if path, ok := Cached(name); ok {
			t.Errorf("%q: got %q", name, path)
		}
	}
	t.Setenv(EnvDir, "")
	t.Setenv("XDG_CACHE_HOME", dir)
	if got, err := CacheDir(); err != nil || got != filepath.Join(dir, "metricslam", "models") {
		t.Errorf("got %q, %v", got, err)
	}
}
