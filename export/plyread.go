package export

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/slam"
)

// ReadPLY reads the mesh or point cloud of a PLY file: ascii or binary of
// either byte order, numbers of any type, polygons cut into fans. Positions are
// needed; normals, colours (bytes, or floats from 0 to 1) and deviations are taken
// where they are; other properties and elements are passed over. An error names the
// file and what is wrong in it.
func ReadPLY(path string) (*slam.Mesh, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read mesh: %w", err)
	}
	defer f.Close()
	m, err := decodePLY(bufio.NewReaderSize(f, 1<<18))
	if err == nil {
		err = CheckMesh(m)
	}
	if err != nil {
		return nil, fmt.Errorf("read mesh %s: %w", path, err)
	}
	return m, nil
}

// plyProperty is one column of an element; count is the type of a list's
// length, "" for a single number.
type plyProperty struct{ name, kind, count string }

type plyElement struct {
	name  string
	n     int
	props []plyProperty
}

// plyNumbers reads the next number of a type.
type plyNumbers interface {
	next(kind string) (float64, error)
}

func decodePLY(r *bufio.Reader) (*slam.Mesh, error) {
	elements, numbers, err := plyHeader(r)
	if err != nil {
		return nil, err
	}
	m := &slam.Mesh{}
	for _, e := range elements {
		if err := e.read(numbers, m); err != nil {
			return nil, err
		}
	}
	if m.Vertices == nil {
		return nil, fmt.Errorf("the file has no element called vertex")
	}
	return m, nil
}

// plyHeader reads up to end_header.
func plyHeader(r *bufio.Reader) (elements []plyElement, numbers plyNumbers, err error) {
	for line := 1; ; line++ {
		text, err := r.ReadString('\n')
		if err != nil || len(text) > 1000 {
			return nil, nil, fmt.Errorf("the header has no end_header")
		}
		fields := strings.Fields(text)
		if line == 1 {
			if len(fields) != 1 || fields[0] != "ply" {
				return nil, nil, fmt.Errorf("not a PLY file: it does not start with \"ply\"")
			}
			continue
		}
		if len(fields) == 0 || fields[0] == "comment" || fields[0] == "obj_info" {
			continue
		}
		if fields[0] == "end_header" {
			break
		}
		if fields[0] == "format" && len(fields) == 3 {
			if numbers = plyFormat(fields[1], r); numbers != nil {
				continue
			}
		} else if elements, err = plyDeclaration(elements, fields); err == nil {
			continue
		}
		return nil, nil, fmt.Errorf("header line %d: %q is not understood", line, strings.TrimSpace(text))
	}
	if numbers == nil {
		return nil, nil, fmt.Errorf("the header states no format")
	}
	return elements, numbers, nil
}

func plyFormat(name string, r *bufio.Reader) plyNumbers {
	switch name {
	case "ascii":
		return &plyASCII{r: r}
	case "binary_little_endian":
		return &plyBinary{r: r, order: binary.LittleEndian}
	case "binary_big_endian":
		return &plyBinary{r: r, order: binary.BigEndian}
	}
	return nil
}

var errPLY = fmt.Errorf("bad declaration")

// plyDeclaration adds an element or property line to the elements.
func plyDeclaration(elements []plyElement, f []string) ([]plyElement, error) {
	switch {
	case f[0] == "element" && len(f) == 3:
		n, err := strconv.Atoi(f[2])
		if err != nil || n < 0 || n > math.MaxInt32 {
			return nil, errPLY
		}
		return append(elements, plyElement{name: f[1], n: n}), nil
	case f[0] != "property" || len(elements) == 0:
		return nil, errPLY
	}
	e := &elements[len(elements)-1]
	switch {
	case len(f) == 3 && plySize(f[1]) > 0:
		e.props = append(e.props, plyProperty{name: f[2], kind: f[1]})
	case len(f) == 5 && f[1] == "list" && plySize(f[2]) > 0 && plySize(f[3]) > 0:
		e.props = append(e.props, plyProperty{name: f[4], kind: f[3], count: f[2]})
	default:
		return nil, errPLY
	}
	return elements, nil
}

// read reads all rows of the element and keeps what a mesh has.
func (e plyElement) read(numbers plyNumbers, m *slam.Mesh) error {
	row := map[string]int{}
	for i, p := range e.props {
		if p.count == "" {
			row[p.name] = i
		}
	}
	sink := func([]float64, []float64) {}
	switch e.name {
	case "vertex":
		var err error
		if sink, err = e.vertexSink(row, m); err != nil {
			return err
		}
	case "face":
		sink = func(_, list []float64) { m.Triangles = appendFan(m.Triangles, list) }
	}
	values := make([]float64, len(e.props))
	for i := range e.n {
		list, err := e.readRow(numbers, values)
		if err != nil {
			return fmt.Errorf("%s %d of %d: %w", e.name, i, e.n, err)
		}
		sink(values, list)
	}
	return nil
}

// readRow fills values with the single numbers of a row and returns its list of
// vertex indices.
func (e plyElement) readRow(numbers plyNumbers, values []float64) (indices []float64, err error) {
	for i, p := range e.props {
		if p.count == "" {
			if values[i], err = numbers.next(p.kind); err != nil {
				return nil, err
			}
			continue
		}
		n, err := numbers.next(p.count)
		if err != nil {
			return nil, err
		}
		if !(n >= 0 && n <= 1<<20) {
			return nil, fmt.Errorf("a list of %.0f numbers", n)
		}
		list := make([]float64, 0, 4)
		for range int(n) {
			v, err := numbers.next(p.kind)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		if strings.HasPrefix(p.name, "vertex_ind") { // vertex_indices or vertex_index
			indices = list
		}
	}
	return indices, nil
}

// vertexSink returns what stores a row of the vertex element in m.
func (e plyElement) vertexSink(col map[string]int, m *slam.Mesh) (func(row, list []float64), error) {
	find := func(names ...string) (at [3]int, ok bool) {
		for i, n := range names {
			k, found := col[n]
			if !found {
				return at, false
			}
			at[i] = k
		}
		return at, true
	}
	pos, ok := find("x", "y", "z")
	if !ok {
		return nil, fmt.Errorf("the vertices have no x, y, z")
	}
	normal, hasNormal := find("nx", "ny", "nz")
	color, hasColor := find("red", "green", "blue")
	colorScale := 1.0
	if hasColor && strings.HasPrefix(e.props[color[0]].kind, "f") || hasColor && e.props[color[0]].kind == "double" {
		colorScale = 255
	}
	deviation, hasDeviation := col["deviation"]
	m.Vertices = make([][3]float32, 0, min(e.n, 1<<20))
	return func(v, _ []float64) {
		m.Vertices = append(m.Vertices, [3]float32{float32(v[pos[0]]), float32(v[pos[1]]), float32(v[pos[2]])})
		if hasNormal {
			m.Normals = append(m.Normals, [3]float32{float32(v[normal[0]]), float32(v[normal[1]]), float32(v[normal[2]])})
		}
		if hasColor {
			var c [3]uint8
			for i, k := range color {
				c[i] = uint8(min(max(v[k]*colorScale+.5, 0), 255))
			}
			m.Colors = append(m.Colors, c)
		}
		if hasDeviation {
			m.Deviation = append(m.Deviation, float32(v[deviation]))
		}
	}, nil
}

// appendFan cuts a polygon into triangles. Indices that are no vertex become
// one past all vertices, which CheckMesh refuses.
func appendFan(tris [][3]uint32, poly []float64) [][3]uint32 {
	index := func(v float64) uint32 {
		if !(v >= 0 && v < math.MaxUint32) {
			return math.MaxUint32
		}
		return uint32(v)
	}
	for i := 2; i < len(poly); i++ {
		tris = append(tris, [3]uint32{index(poly[0]), index(poly[i-1]), index(poly[i])})
	}
	return tris
}

// plySize returns the bytes of a number type, 0 of an unknown one.
func plySize(kind string) int {
	switch kind {
	case "char", "uchar", "int8", "uint8":
		return 1
	case "short", "ushort", "int16", "uint16":
		return 2
	case "int", "uint", "int32", "uint32", "float", "float32":
		return 4
	case "double", "float64":
		return 8
	}
	return 0
}

type plyASCII struct{ r *bufio.Reader }

// next reads the next word.
func (p *plyASCII) next(string) (float64, error) {
	var word []byte
	for {
		c, err := p.r.ReadByte()
		space := c == ' ' || c == '\n' || c == '\t' || c == '\r'
		switch {
		case err == io.EOF && len(word) > 0, err == nil && space && len(word) > 0:
			v, err := strconv.ParseFloat(string(word), 64)
			if err != nil {
				return 0, fmt.Errorf("%q is no number", word)
			}
			return v, nil
		case err == io.EOF:
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		case !space:
			if word = append(word, c); len(word) > 100 {
				return 0, fmt.Errorf("%q... is no number", word[:20])
			}
		}
	}
}

type plyBinary struct {
	r     *bufio.Reader
	order binary.ByteOrder
	buf   [8]byte
}

// next reads the next number of a type.
func (p *plyBinary) next(kind string) (float64, error) {
	b := p.buf[:plySize(kind)]
	if _, err := io.ReadFull(p.r, b); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	switch kind {
	case "char", "int8":
		return float64(int8(b[0])), nil
	case "uchar", "uint8":
		return float64(b[0]), nil
	case "short", "int16":
		return float64(int16(p.order.Uint16(b))), nil
	case "ushort", "uint16":
		return float64(p.order.Uint16(b)), nil
	case "int", "int32":
		return float64(int32(p.order.Uint32(b))), nil
	case "uint", "uint32":
		return float64(p.order.Uint32(b)), nil
	case "float", "float32":
		return float64(math.Float32frombits(p.order.Uint32(b))), nil
	default:
		return math.Float64frombits(p.order.Uint64(b)), nil
	}
}
