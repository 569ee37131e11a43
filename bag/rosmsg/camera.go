package rosmsg

import "math"

// Encoding is how a message lies in a recording, as MCAP calls it.
type Encoding string

// The encodings that are read.
const (
	CDR  Encoding = "cdr"
	ROS1 Encoding = "ros1"
)

// Header stands at the head of most messages.
type Header struct {
	Time  float64 // seconds
	Frame string
}

func (e *encoder) header(h Header) {
	s := math.Floor(h.Time)
	e.u32(uint32(int32(s)), uint32(min(math.Round((h.Time-s)*1e9), 999999999)))
	e.text(h.Frame)
}

func (d *decoder) header() Header {
	if d.packed {
		d.u32() // a number
	}
	s, ns := int32(d.u32()), d.u32()
	return Header{float64(s) + float64(ns)*1e-9, d.text()}
}

// Image is sensor_msgs/msg/Image: an image as it lies in memory.
type Image struct {
	Header
	W, H      int
	Encoding  string // mono8, rgb8, bgr8, 16UC1, ...
	BigEndian bool
	Step      int // bytes a row
	Data      []byte
}

// Encode returns the message in CDR.
func (m *Image) Encode() []byte {
	e := newEncoder(len(m.Data))
	e.header(m.Header)
	e.u32(uint32(m.H), uint32(m.W))
	e.text(m.Encoding)
	e.flag(m.BigEndian)
	e.u32(uint32(m.Step))
	e.bytes(m.Data)
	return e.b
}

// DecodeImage reads a message.
func DecodeImage(enc Encoding, b []byte) (m Image, err error) {
	d, err := newDecoder(enc, b)
	if err != nil {
		return m, err
	}
	m.Header = d.header()
	m.H, m.W = int(d.u32()), int(d.u32())
	m.Encoding = d.text()
	m.BigEndian = d.u8() != 0
	m.Step = int(d.u32())
	m.Data = d.bytes()
	return m, d.err()
}

// CompressedImage is sensor_msgs/msg/CompressedImage: the bytes of a JPEG or PNG
// file.
type CompressedImage struct {
	Header
	Format string // "jpeg", "png", or longer
	Data   []byte
}

// Encode returns the message in CDR.
func (m *CompressedImage) Encode() []byte {
	e := newEncoder(len(m.Data))
	e.compressed(m)
	return e.b
}

func (e *encoder) compressed(m *CompressedImage) {
	e.header(m.Header)
	e.text(m.Format)
	e.bytes(m.Data)
}

// DecodeCompressedImage reads a message.
func DecodeCompressedImage(enc Encoding, b []byte) (m CompressedImage, err error) {
	d, err := newDecoder(enc, b)
	if err != nil {
		return m, err
	}
	m.Header, m.Format, m.Data = d.header(), d.text(), d.bytes()
	return m, d.err()
}

// CameraInfo is sensor_msgs/msg/CameraInfo: a calibration.
type CameraInfo struct {
	Header
	W, H  int
	Model string    // plumb_bob, rational_polynomial, equidistant
	D     []float64 // distortion, in OpenCV's order
	K     [9]float64
	R     [9]float64
	P     [12]float64
}

// Encode returns the message in CDR.
func (m *CameraInfo) Encode() []byte {
	e := newEncoder(512)
	e.header(m.Header)
	e.u32(uint32(m.H), uint32(m.W))
	e.text(m.Model)
	e.u32(uint32(len(m.D)))
	if len(m.D) > 0 {
		e.f64(m.D...)
	}
	e.f64(m.K[:]...)
	e.f64(m.R[:]...)
	e.f64(m.P[:]...)
	e.u32(0, 0, 0, 0, 0, 0) // no binning, the whole image
	e.flag(false)
	return e.b
}

// DecodeCameraInfo reads a message.
func DecodeCameraInfo(enc Encoding, b []byte) (m CameraInfo, err error) {
	d, err := newDecoder(enc, b)
	if err != nil {
		return m, err
	}
	m.Header = d.header()
	m.H, m.W = int(d.u32()), int(d.u32())
	m.Model, m.D = d.text(), d.f64s()
	copy(m.K[:], d.f64(9))
	copy(m.R[:], d.f64(9))
	copy(m.P[:], d.f64(12))
	return m, d.err()
}
