package export

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// WriteGLB writes a mesh as binary glTF 2.0, vertex colours included, so that
// browsers and phones show it. The world frame of the first camera (x right,
// y down, z forward) is turned about x into glTF's (y up, z towards the
// viewer). Colours, stored as the images had them (sRGB), are turned into the
// linear values glTF asks for, in 16 bits.
func WriteGLB(path string, m *slam.Mesh) error {
	if err := CheckMesh(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	b := newGLB(m)
	if m.Colors != nil {
		b.attribute("COLOR_0", linearColors(m.Colors), gltfAccessor{ComponentType: gltfUint16, Type: "VEC4", Normalized: true, Count: len(m.Colors)})
	}
	return b.write(path)
}

// WriteGLBTextured writes a mesh as binary glTF 2.0 with its images inside, a
// primitive a page. Vertex colours are left out. See WriteGLB for the frame.
func WriteGLBTextured(path string, m *slam.TexturedMesh) error {
	if err := CheckTextured(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	b := newGLB(&slam.Mesh{Vertices: m.Vertices, Normals: m.Normals})
	uv := make([]byte, 0, 8*len(m.UV))
	for _, c := range m.UV {
		uv = binary.LittleEndian.AppendUint32(uv, math.Float32bits(c[0]))
		uv = binary.LittleEndian.AppendUint32(uv, math.Float32bits(c[1]))
	}
	b.attribute("TEXCOORD_0", uv, gltfAccessor{ComponentType: gltfFloat, Type: "VEC2", Count: len(m.UV)})
	b.doc.Samplers = []gltfSampler{{MagFilter: 9729, MinFilter: 9987, WrapS: 33071, WrapT: 33071}} // linear, mipmaps, clamped
	attributes := b.doc.Meshes[0].Primitives[0].Attributes
	b.doc.Meshes[0].Primitives, b.doc.Materials = nil, nil
	for i, page := range pages(m) {
		b.doc.Images = append(b.doc.Images, gltfImage{BufferView: b.view(page.Data, 0), MimeType: page.mime()})
		b.doc.Textures = append(b.doc.Textures, gltfTexture{Source: i})
		material := gltfMaterial{PBR: gltfPBR{Roughness: 1, BaseColorTexture: &gltfTextureRef{Index: i}}, DoubleSided: true}
		b.doc.Materials = append(b.doc.Materials, material)
		index := b.indices(page.triangles)
		b.doc.Meshes[0].Primitives = append(b.doc.Meshes[0].Primitives, gltfPrimitive{Attributes: attributes, Indices: &index, Material: i, Mode: gltfTriangles})
	}
	return b.write(path)
}

// The numbers of glTF's component types, buffer targets and modes (those of
// OpenGL).
const (
	gltfUint16, gltfUint32, gltfFloat      = 5123, 5125, 5126
	gltfArrayBuffer, gltfElementBuffer     = 34962, 34963
	gltfPoints, gltfTriangles              = 0, 4
	glbMagic, glbVersion, glbJSON, glbBin  = 0x46546C67, 2, 0x4E4F534A, 0x004E4942
	glbHeaderLen, glbChunkHeaderLen, glbAl = 12, 8, 4
)

type (
	gltfDoc struct {
		Asset       gltfAsset        `json:"asset"`
		Scene       int              `json:"scene"`
		Scenes      []gltfScene      `json:"scenes"`
		Nodes       []gltfNode       `json:"nodes"`
		Meshes      []gltfMesh       `json:"meshes,omitempty"`
		Materials   []gltfMaterial   `json:"materials,omitempty"`
		Textures    []gltfTexture    `json:"textures,omitempty"`
		Images      []gltfImage      `json:"images,omitempty"`
		Samplers    []gltfSampler    `json:"samplers,omitempty"`
		Accessors   []gltfAccessor   `json:"accessors,omitempty"`
		BufferViews []gltfBufferView `json:"bufferViews,omitempty"`
		Buffers     []gltfBuffer     `json:"buffers,omitempty"`
	}
	gltfAsset struct {
		Version   string `json:"version"`
		Generator string `json:"generator"`
	}
	gltfScene struct {
		Nodes []int `json:"nodes"`
	}
	gltfNode struct {
		Name string `json:"name"`
		Mesh *int   `json:"mesh,omitempty"`
	}
	gltfMesh struct {
		Primitives []gltfPrimitive `json:"primitives"`
	}
	gltfPrimitive struct {
		Attributes map[string]int `json:"attributes"`
		Indices    *int           `json:"indices,omitempty"`
		Material   int            `json:"material"`
		Mode       int            `json:"mode"`
	}
	gltfMaterial struct {
		PBR         gltfPBR `json:"pbrMetallicRoughness"`
		DoubleSided bool    `json:"doubleSided"`
	}
	gltfPBR struct {
		BaseColorTexture *gltfTextureRef `json:"baseColorTexture,omitempty"`
		Metallic         float64         `json:"metallicFactor"`
		Roughness        float64         `json:"roughnessFactor"`
	}
	gltfTextureRef struct {
		Index int `json:"index"`
	}
	gltfTexture struct {
		Sampler int `json:"sampler"`
		Source  int `json:"source"`
	}
	gltfImage struct {
		BufferView int    `json:"bufferView"`
		MimeType   string `json:"mimeType"`
	}
	gltfSampler struct {
		MagFilter int `json:"magFilter"`
		MinFilter int `json:"minFilter"`
		WrapS     int `json:"wrapS"`
		WrapT     int `json:"wrapT"`
	}
	gltfAccessor struct {
		BufferView    int       `json:"bufferView"`
		ComponentType int       `json:"componentType"`
		Normalized    bool      `json:"normalized,omitempty"`
		Count         int       `json:"count"`
		Type          string    `json:"type"`
		Min           []float32 `json:"min,omitempty"`
		Max           []float32 `json:"max,omitempty"`
	}
	gltfBufferView struct {
		Buffer     int `json:"buffer"`
		ByteOffset int `json:"byteOffset"`
		ByteLength int `json:"byteLength"`
		Target     int `json:"target,omitempty"`
	}
	gltfBuffer struct {
		ByteLength int `json:"byteLength"`
	}
)

// glbBuilder gathers a document and its one buffer.
type glbBuilder struct {
	doc gltfDoc
	bin []byte
}

// newGLB starts a document with the positions, normals and triangles of m. A
// mesh without vertices gives a scene without a mesh: glTF has no empty
// accessors.
func newGLB(m *slam.Mesh) *glbBuilder {
	b := &glbBuilder{doc: gltfDoc{
		Asset:  gltfAsset{Version: "2.0", Generator: "metricslam"},
		Scenes: []gltfScene{{Nodes: []int{0}}},
		Nodes:  []gltfNode{{Name: "map"}},
	}}
	if len(m.Vertices) == 0 {
		return b
	}
	mesh := 0
	b.doc.Nodes[0].Mesh = &mesh
	b.doc.Materials = []gltfMaterial{{PBR: gltfPBR{Roughness: 1}, DoubleSided: true}}
	b.doc.Meshes = []gltfMesh{{Primitives: []gltfPrimitive{{Attributes: map[string]int{}, Mode: gltfPoints}}}}
	pos := gltfAccessor{ComponentType: gltfFloat, Type: "VEC3", Count: len(m.Vertices)}
	pos.Min, pos.Max = bounds(m.Vertices)
	b.attribute("POSITION", upVectors(m.Vertices), pos)
	if m.Normals != nil {
		b.attribute("NORMAL", upVectors(m.Normals), gltfAccessor{ComponentType: gltfFloat, Type: "VEC3", Count: len(m.Normals)})
	}
	if len(m.Triangles) > 0 {
		i := b.indices(m.Triangles)
		p := &b.doc.Meshes[0].Primitives[0]
		p.Indices, p.Mode = &i, gltfTriangles
	}
	return b
}

// indices appends triangles and returns the number of their accessor.
func (b *glbBuilder) indices(triangles [][3]uint32) int {
	var idx []byte
	for _, t := range triangles {
		for _, v := range t {
			idx = binary.LittleEndian.AppendUint32(idx, v)
		}
	}
	return b.accessor(idx, gltfElementBuffer, gltfAccessor{ComponentType: gltfUint32, Type: "SCALAR", Count: 3 * len(triangles)})
}

// up turns a vector from the camera convention to glTF's: half a turn about x.
func up(v [3]float32) [3]float32 { return [3]float32{v[0], -v[1], -v[2]} }

func upVectors(v [][3]float32) []byte {
	buf := make([]byte, 0, 12*len(v))
	for _, x := range v {
		buf = appendVec(buf, up(x))
	}
	return buf
}

// bounds returns the box of the turned positions.
func bounds(v [][3]float32) (lo, hi []float32) {
	first := up(v[0])
	lo, hi = append(lo, first[:]...), append(hi, first[:]...)
	for _, x := range v {
		for i, c := range up(x) {
			lo[i], hi[i] = min(lo[i], c), max(hi[i], c)
		}
	}
	return lo, hi
}

// linearLight is the light, 0 to 1, of each value of an image's colours
// (IEC 61966-2-1).
var linearLight = func() (light [256]float64) {
	for i := range light {
		c := float64(i) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		light[i] = c
	}
	return light
}()

// linearColors returns opaque colours as normalised 16-bit RGBA, linear.
func linearColors(colors [][3]uint8) []byte {
	buf := make([]byte, 0, 8*len(colors))
	for _, c := range colors {
		for _, x := range c {
			buf = binary.LittleEndian.AppendUint16(buf, uint16(math.Round(linearLight[x]*math.MaxUint16)))
		}
		buf = binary.LittleEndian.AppendUint16(buf, math.MaxUint16)
	}
	return buf
}

// view appends data to the buffer, aligned, and returns its number.
func (b *glbBuilder) view(data []byte, target int) int {
	b.bin = pad(b.bin, 0)
	b.doc.BufferViews = append(b.doc.BufferViews, gltfBufferView{ByteOffset: len(b.bin), ByteLength: len(data), Target: target})
	b.bin = append(b.bin, data...)
	return len(b.doc.BufferViews) - 1
}

// accessor appends data with its description and returns its number.
func (b *glbBuilder) accessor(data []byte, target int, a gltfAccessor) int {
	a.BufferView = b.view(data, target)
	b.doc.Accessors = append(b.doc.Accessors, a)
	return len(b.doc.Accessors) - 1
}

// attribute appends data of the vertices.
func (b *glbBuilder) attribute(name string, data []byte, a gltfAccessor) {
	if a.Count > 0 {
		b.doc.Meshes[0].Primitives[0].Attributes[name] = b.accessor(data, gltfArrayBuffer, a)
	}
}

// pad fills up to a multiple of four bytes.
func pad(b []byte, with byte) []byte {
	for len(b)%glbAl != 0 {
		b = append(b, with)
	}
	return b
}

// write writes the header, the JSON chunk and the binary chunk.
func (b *glbBuilder) write(path string) error {
	b.bin = pad(b.bin, 0)
	if len(b.bin) > 0 {
		b.doc.Buffers = []gltfBuffer{{ByteLength: len(b.bin)}}
	}
	doc, err := json.Marshal(b.doc)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	doc = pad(doc, ' ')
	size := glbHeaderLen + glbChunkHeaderLen + len(doc)
	if len(b.bin) > 0 {
		size += glbChunkHeaderLen + len(b.bin)
	}
	if size > math.MaxUint32 {
		return fmt.Errorf("write %s: %d bytes, but a GLB file holds at most 4 GiB; write .ply", path, size)
	}
	words := func(v ...uint32) (out []byte) {
		for _, x := range v {
			out = binary.LittleEndian.AppendUint32(out, x)
		}
		return out
	}
	parts := [][]byte{words(glbMagic, glbVersion, uint32(size), uint32(len(doc)), glbJSON), doc}
	if len(b.bin) > 0 {
		parts = append(parts, words(uint32(len(b.bin)), glbBin), b.bin)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		for _, p := range parts {
			if _, err := w.Write(p); err != nil {
				return err
			}
		}
		return nil
	})
}
