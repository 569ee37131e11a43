package depthio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// The header of an NPY file is a Python dictionary of these three keys (NumPy
// enhancement proposal 1, "A Simple File Format for NumPy Arrays").
var (
	npyDescr   = regexp.MustCompile(`'descr'\s*:\s*'([^']*)'`)
	npyFortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape'\s*:\s*\(([^)]*)\)`)
)

type npyHeader struct {
	order  binary.ByteOrder
	kind   byte // 'f' or 'u' or 'i'
	size   int  // bytes a value
	height int
	width  int
}

func readNPY(path string, scale float64) (Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return Image{}, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	h, err := parseNPYHeader(r)
	if err != nil {
		return Image{}, err
	}
	buf := make([]byte, h.width*h.height*h.size)
	if _, err := io.ReadFull(r, buf); err != nil {
		return Image{}, fmt.Errorf("cut short: %w", err)
	}
	if scale == 0 {
		scale = 1
		if h.kind != 'f' {
			scale = 1000
		}
	}
	p := Image{W: h.width, H: h.height, Depth: make([]float32, h.width*h.height)}
	for i := range p.Depth {
		v := h.value(buf[i*h.size:]) / scale
		if v > 0 && !math.IsInf(v, 0) {
			p.Depth[i] = float32(v)
		}
	}
	return p, nil
}

func parseNPYHeader(r io.Reader) (npyHeader, error) {
	var pre [8]byte
	if _, err := io.ReadFull(r, pre[:]); err != nil {
		return npyHeader{}, fmt.Errorf("cut short: %w", err)
	}
	if string(pre[:6]) != "\x93NUMPY" {
		return npyHeader{}, errors.New("not an NPY file")
	}
	n := 2
	if pre[6] >= 2 {
		n = 4
	}
	var size [4]byte
	if _, err := io.ReadFull(r, size[:n]); err != nil {
		return npyHeader{}, fmt.Errorf("cut short: %w", err)
	}
	length := binary.LittleEndian.Uint32(size[:])
	if length > 1<<16 {
		return npyHeader{}, fmt.Errorf("a header of %d bytes", length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return npyHeader{}, fmt.Errorf("cut short: %w", err)
	}
	return parseNPYDict(string(text))
}

func parseNPYDict(text string) (h npyHeader, err error) {
	descr, fortran, shape := npyDescr.FindStringSubmatch(text), npyFortran.FindStringSubmatch(text), npyShape.FindStringSubmatch(text)
	if descr == nil || fortran == nil || shape == nil {
		return h, errors.New("its NPY header is not one of a plain array")
	}
	if fortran[1] == "True" {
		return h, errors.New("stored column by column (fortran_order): save it with numpy.ascontiguousarray")
	}
	if h.order = binary.ByteOrder(binary.LittleEndian); strings.HasPrefix(descr[1], ">") {
		h.order = binary.BigEndian
	}
	switch t := strings.TrimLeft(descr[1], "<>|="); t {
	case "f2", "f4", "f8", "u2", "u4", "i2", "i4":
		h.kind, h.size = t[0], int(t[1]-'0')
	default:
		return h, fmt.Errorf("holds values of type %q; depth is f2, f4, f8, u2, u4, i2 or i4", descr[1])
	}
	var dims []int
	for s := range strings.SplitSeq(shape[1], ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		d, err := strconv.Atoi(s)
		if err != nil || d < 1 || d > maxPixels {
			return h, fmt.Errorf("its shape is (%s)", shape[1])
		}
		if d != 1 || len(dims) > 0 {
			dims = append(dims, d)
		}
	}
	if len(dims) == 3 && dims[2] == 1 {
		dims = dims[:2]
	}
	if len(dims) != 2 || dims[0]*dims[1] > maxPixels {
		return h, fmt.Errorf("its shape is (%s); depth is height x width", shape[1])
	}
	h.height, h.width = dims[0], dims[1]
	return h, nil
}

// value decodes the value at the start of b.
func (h npyHeader) value(b []byte) float64 {
	switch {
	case h.kind == 'f' && h.size == 8:
		return math.Float64frombits(h.order.Uint64(b))
	case h.kind == 'f' && h.size == 4:
		return float64(math.Float32frombits(h.order.Uint32(b)))
	case h.kind == 'f':
		return float64(HalfToFloat(h.order.Uint16(b)))
	case h.kind == 'u' && h.size == 2:
		return float64(h.order.Uint16(b))
	case h.kind == 'u':
		return float64(h.order.Uint32(b))
	case h.size == 2:
		return float64(int16(h.order.Uint16(b)))
	default:
		return float64(int32(h.order.Uint32(b)))
	}
}
