package tiles

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/fuzzbound"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/slam"
)

// Sections of any content under right checksums: a dense file is an error or views that
// can be fused.
func FuzzDense(f *testing.F) {
	path := filepath.Join(f.TempDir(), "a.dense")
	views := []slam.KeyframeView{look(3, geom.IdentitySE3(), 1), look(5, geom.IdentitySE3(), 1)}
	if err := writeDense(context.Background(), path, "a", all(views), fusion.Default()); err != nil {
		f.Fatal(err)
	}
	whole, err := mapfile.Open(path)
	if err != nil {
		f.Fatal(err)
	}
	defer whole.Close()
	var sections [][]byte
	for i, e := range whole.Entries() {
		raw, err := whole.Read(e)
		if err != nil {
			f.Fatal(err)
		}
		sections = append(sections, raw)
		f.Add(uint8(i), 40, []byte{1, 2, 3})
		f.Add(uint8(i), 0, raw[:min(len(raw), 200)])
	}
	f.Fuzz(func(t *testing.T, which uint8, at int, patch []byte) {
		defer fuzzbound.Check(t)()
		var file bytes.Buffer
		w, err := mapfile.NewWriter(&file)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range whole.Entries() {
			raw := sections[i]
			if i == int(which)%len(sections) {
				raw = bytes.Clone(raw)
				copy(raw[min(max(at, 0), len(raw)):], patch)
			}
			if err := w.Add(e.Tag, e.Index, raw); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		m, err := mapfile.New(bytes.NewReader(file.Bytes()), int64(file.Len()), "fuzzed")
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		d, err := newDense(m)
		if err != nil {
			return
		}
		for _, k := range d.Keyframes {
			if v, err := d.View(k.ID, geom.IdentitySim3()); err == nil && fusion.CheckView(v) != nil {
				t.Errorf("a view that cannot be fused: %v", fusion.CheckView(v))
			}
		}
	})
}
