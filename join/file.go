package join

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
)

// MapRef names a map file and what it held.
type MapRef struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// Refer returns the reference to a map file as it is now.
func Refer(path string) (MapRef, error) {
	f, err := os.Open(path)
	if err != nil {
		return MapRef{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return MapRef{}, fmt.Errorf("%s: %w", path, err)
	}
	return MapRef{File: path, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// Pose is a pose or a similarity as files have it.
type Pose struct {
	Scale float64    `json:"scale,omitempty"` // 1 where it is left out
	Q     [4]float64 `json:"q_xyzw"`
	T     [3]float64 `json:"t"`
}

func poseOf(s geom.Sim3) Pose {
	q := geom.QuatFromMat3(s.R)
	p := Pose{Scale: s.S, Q: [4]float64{q.X, q.Y, q.Z, q.W}, T: [3]float64{s.T.X, s.T.Y, s.T.Z}}
	if s.S == 1 {
		p.Scale = 0
	}
	return p
}

// Sim3 returns the similarity.
func (p Pose) Sim3() geom.Sim3 {
	s := geom.Sim3FromSE3(geom.FromQuat(geom.Quat{X: p.Q[0], Y: p.Q[1], Z: p.Q[2], W: p.Q[3]}, geom.Vec3{X: p.T[0], Y: p.T[1], Z: p.T[2]}), 1)
	if p.Scale != 0 {
		s.S = p.Scale
	}
	return s
}

// check names what cannot be in a pose.
func (p Pose) check() error {
	n := p.Q[0]*p.Q[0] + p.Q[1]*p.Q[1] + p.Q[2]*p.Q[2] + p.Q[3]*p.Q[3]
	if !geom.Finite(n, p.Scale, p.T[0], p.T[1], p.T[2]) || n < .99 || n > 1.01 || p.Scale < 0 {
		return fmt.Errorf("quaternion %v, translation %v, scale %g are no pose", p.Q, p.T, p.Scale)
	}
	return nil
}

// WriteJSON writes a file of joining under a temporary name and renames it.
func WriteJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(v)
	})
}

// ReadJSON reads a file of joining, of Version; kind is what it must be.
func ReadJSON(path, kind string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var head struct {
		Kind    string `json:"kind"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("%s: not a file of %s: %w", path, kind, err)
	}
	if head.Kind != kind {
		return fmt.Errorf("%s: holds %q, want %s", path, head.Kind, kind)
	}
	if head.Version != Version {
		return fmt.Errorf("%s: version %d, this program reads version %d: make it anew", path, head.Version, Version)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
