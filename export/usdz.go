package export

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// WriteUSDZ writes a mesh for phones and Apple's viewers: a zip without compression
// whose one member, a USD layer as text, begins at a multiple of 64 bytes. The mesh
// has y up and is in metres, as the layer says. Colours of the vertices become the
// material's, linear as USD has them.
// https://openusd.org/release/spec_usdz.html
func WriteUSDZ(path string, m *slam.Mesh) error {
	if err := CheckMesh(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if len(m.Triangles) == 0 {
		return fmt.Errorf("write %s: a mesh without triangles; USDZ shows surfaces alone", path)
	}
	layer := usdLayer(m)
	return atomicfile.Write(path, func(w io.Writer) error {
		const name, align, localHeader, extraHeader = "map.usda", 64, 30, 4
		pad := make([]byte, extraHeader+(align-(localHeader+len(name)+extraHeader)%align)%align)
		binary.LittleEndian.PutUint16(pad, 0x1986) // as USD's own tools pad
		binary.LittleEndian.PutUint16(pad[2:], uint16(len(pad)-extraHeader))
		z := zip.NewWriter(w)
		f, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, Extra: pad, CRC32: crc32.ChecksumIEEE(layer),
			CompressedSize64: uint64(len(layer)), UncompressedSize64: uint64(len(layer)),
		})
		if err != nil {
			return err
		}
		if _, err := f.Write(layer); err != nil {
			return err
		}
		return z.Close()
	})
}

// usdLayer is the mesh in USD's text form.
func usdLayer(m *slam.Mesh) []byte {
	var b bytes.Buffer
	b.WriteString(`#usda 1.0
(
    defaultPrim = "map"
    metersPerUnit = 1
    upAxis = "Y"
)

def Xform "map" (kind = "component")
{
    def Mesh "mesh" (prepend apiSchemas = ["MaterialBindingAPI"])
    {
        uniform bool doubleSided = 1
        uniform token subdivisionScheme = "none"
`)
	lo, hi := box(m.Vertices)
	fmt.Fprintf(&b, "        float3[] extent = [(%g, %g, %g), (%g, %g, %g)]\n", lo[0], lo[1], lo[2], hi[0], hi[1], hi[2])
	b.WriteString("        int[] faceVertexCounts = [")
	for i := range m.Triangles {
		usdComma(&b, i)
		b.WriteByte('3')
	}
	b.WriteString("]\n        int[] faceVertexIndices = [")
	for i, t := range m.Triangles {
		for c, v := range t {
			usdComma(&b, i+c)
			b.Write(strconv.AppendUint(b.AvailableBuffer(), uint64(v), 10))
		}
	}
	b.WriteString("]\n")
	usdVectors(&b, "point3f[] points", "", m.Vertices)
	if m.Normals != nil {
		usdVectors(&b, "normal3f[] normals", "vertex", m.Normals)
	}
	if m.Colors != nil {
		linear := make([][3]float32, len(m.Colors))
		for i, c := range m.Colors {
			for k, v := range c {
				linear[i][k] = float32(linearLight[v])
			}
		}
		usdVectors(&b, "color3f[] primvars:displayColor", "vertex", linear)
	}
	b.WriteString(`        rel material:binding = </map/material>
    }

    def Material "material"
    {
        token outputs:surface.connect = </map/material/surface.outputs:surface>

        def Shader "surface"
        {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </map/material/color.outputs:result>
            float inputs:metallic = 0
            float inputs:roughness = 1
            token outputs:surface
        }

        def Shader "color"
        {
            uniform token info:id = "UsdPrimvarReader_float3"
            float3 inputs:fallback = (0.7, 0.7, 0.7)
            string inputs:varname = "displayColor"
            float3 outputs:result
        }
    }
}
`)
	return b.Bytes()
}

func usdComma(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// usdVectors writes an attribute of one vector a vertex.
func usdVectors(b *bytes.Buffer, name, interpolation string, v [][3]float32) {
	b.WriteString("        " + name + " = [")
	for i, p := range v {
		usdComma(b, i)
		b.WriteByte('(')
		for c, x := range p {
			usdComma(b, c)
			b.Write(strconv.AppendFloat(b.AvailableBuffer(), float64(x), 'g', 7, 32))
		}
		b.WriteByte(')')
	}
	b.WriteByte(']')
	if interpolation != "" {
		b.WriteString(" (interpolation = \"" + interpolation + "\")")
	}
	b.WriteByte('\n')
}
