package datasets

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// Netpbm's binary images, PGM and PPM, are decoded by OpenCV; their headers are read
// here.
func init() {
	for _, magic := range []string{"P5", "P6"} {
		image.RegisterFormat("netpbm", magic, decodeNetpbm, netpbmConfig)
	}
}

// netpbmHeader is "P5" or "P6", width, height and largest value, parted by white space
// and comments, and one white space more.
type netpbmHeader struct {
	w, h, most, channels int
}

func readNetpbmHeader(r io.ByteReader) (p netpbmHeader, err error) {
	var magic [2]byte
	for i := range magic {
		if magic[i], err = r.ReadByte(); err != nil {
			return p, err
		}
	}
	p.channels = map[string]int{"P5": 1, "P6": 3}[string(magic[:])]
	for _, v := range []*int{&p.w, &p.h, &p.most} {
		if *v, err = netpbmNumber(r); err != nil {
			return p, err
		}
	}
	if p.channels == 0 || p.most < 1 || p.most > 65535 {
		return p, errors.New("not a PGM or PPM image")
	}
	return p, nil
}

// netpbmNumber reads a number and the one byte behind it.
func netpbmNumber(r io.ByteReader) (n int, err error) {
	const most = 1 << 24
	digits := 0
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c == '#' && digits == 0:
			for c != '\n' && err == nil {
				c, err = r.ReadByte()
			}
		case c >= '0' && c <= '9' && n < most:
			n, digits = 10*n+int(c-'0'), digits+1
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if digits > 0 {
				return n, nil
			}
		default:
			return 0, fmt.Errorf("a header of PGM or PPM with the byte %q", c)
		}
	}
}

func netpbmConfig(r io.Reader) (image.Config, error) {
	p, err := readNetpbmHeader(bufio.NewReader(r))
	model := color.Model(color.RGBAModel)
	switch {
	case p.channels == 1 && p.most > 255:
		model = color.Gray16Model
	case p.channels == 1:
		model = color.GrayModel
	}
	return image.Config{ColorModel: model, Width: p.w, Height: p.h}, err
}

// decodeNetpbm is never asked: only sizes are.
func decodeNetpbm(io.Reader) (image.Image, error) {
	return nil, errors.New("PGM and PPM are decoded by OpenCV")
}

// netpbmComplete reports whether all pixels are there.
func netpbmComplete(data []byte) bool {
	r := &counted{data: data}
	p, err := readNetpbmHeader(r)
	bytes := p.channels
	if p.most > 255 {
		bytes *= 2
	}
	return err == nil && len(data)-r.at >= p.w*p.h*bytes
}

// counted reads bytes and counts them.
type counted struct {
	data []byte
	at   int
}

func (c *counted) ReadByte() (byte, error) {
	if c.at == len(c.data) {
		return 0, io.ErrUnexpectedEOF
	}
	c.at++
	return c.data[c.at-1], nil
}
