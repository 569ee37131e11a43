package viewer

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
)

// savedMeasurement is a measurement in a file. Points are in the map's frame.
type savedMeasurement struct {
	Kind   Kind         `json:"kind"`
	Value  float64      `json:"value"`
	Std    *float64     `json:"std"` // null where the map is of free scale
	Unit   string       `json:"unit"`
	SizeM  *[3]float64  `json:"size_m,omitempty"`
	Points [][3]float64 `json:"points_m"`
	StdM   []float64    `json:"points_std_m"`
}

type savedMeasurements struct {
	Measurements []savedMeasurement `json:"measurements"`
}

// SaveMeasurements writes them as JSON to path, and as CSV beside it.
func SaveMeasurements(path string, all []Measurement) error {
	doc := savedMeasurements{Measurements: []savedMeasurement{}}
	var table bytes.Buffer
	rows := csv.NewWriter(&table)
	_ = rows.Write([]string{"number", "kind", "value", "std", "unit", "points_m"}) // a buffer takes all
	for i, m := range all {
		s := savedMeasurement{Kind: m.Kind, Value: m.Value, Unit: m.Kind.unit(!math.IsInf(m.Std, 1))}
		std := ""
		if !math.IsInf(m.Std, 1) {
			s.Std, std = &m.Std, strconv.FormatFloat(m.Std, 'g', 6, 64)
		}
		if m.Kind == Box {
			s.SizeM = &m.SizeM
		}
		var points []string
		for _, p := range m.Points {
			s.Points, s.StdM = append(s.Points, [3]float64{p.At.X, p.At.Y, p.At.Z}), append(s.StdM, p.StdM)
			points = append(points, fmt.Sprintf("%.6f %.6f %.6f", p.At.X, p.At.Y, p.At.Z))
		}
		doc.Measurements = append(doc.Measurements, s)
		_ = rows.Write([]string{strconv.Itoa(i + 1), string(m.Kind), strconv.FormatFloat(m.Value, 'g', 9, 64), std, s.Unit, strings.Join(points, "; ")})
	}
	rows.Flush()
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("measurements: %w", err)
	}
	if err := atomicfile.WriteBytes(path, append(text, '\n')); err != nil {
		return err
	}
	return atomicfile.WriteBytes(strings.TrimSuffix(path, ".json")+".csv", table.Bytes())
}

// loadMeasurements reads what was saved, nothing where there is no file. What is not
// a measurement is an error: it may be somebody's work.
func loadMeasurements(path string, r ruler) ([]Measurement, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var doc savedMeasurements
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil {
		return nil, fmt.Errorf("measurements %s: %w; move the file away to begin anew", path, err)
	}
	var all []Measurement
	for i, s := range doc.Measurements {
		n, known := kindPoints[s.Kind]
		if n == 0 {
			n = max(least[s.Kind], len(s.Points))
		}
		if !known || len(s.Points) != n || len(s.StdM) != n {
			return nil, fmt.Errorf("measurements %s: number %d of kind %q has %d points; move the file away to begin anew", path, i+1, s.Kind, len(s.Points))
		}
		points := make([]Point, n)
		for j, p := range s.Points {
			points[j] = Point{geom.Vec3{X: p[0], Y: p[1], Z: p[2]}, s.StdM[j]}
			if !points[j].At.IsFinite() || !(s.StdM[j] >= 0) {
				return nil, fmt.Errorf("measurements %s: number %d has a point that is none", path, i+1)
			}
		}
		if why := r.can(s.Kind); why != "" {
			return nil, fmt.Errorf("measurements %s: number %d: %s; move the file away to begin anew", path, i+1, why)
		}
		all = append(all, r.measure(s.Kind, points)) // by the metres of today's map
	}
	return all, nil
}
