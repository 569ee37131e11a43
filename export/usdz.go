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
	return writeUSDZ(path, []usdFile{{"map.usda", usdLayer(m, nil)}})
}

// WriteUSDZTextured is WriteUSDZ of a mesh with its images.
func WriteUSDZTextured(path string, m *slam.TexturedMesh) error {
	if err := CheckTextured(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	files := []usdFile{{"map.usda", usdLayer(&slam.Mesh{Vertices: m.Vertices, Normals: m.Normals, Triangles: m.Triangles}, m)}}
	for i, p := range pages(m) {
		files = append(files, usdFile{p.name("map", i), p.Data})
	}
	return writeUSDZ(path, files)
}

// usdFile is a member of the zip.
type usdFile struct {
	name string
	data []byte
}

// writeUSDZ writes the members, the data of each at a multiple of 64 bytes.
func writeUSDZ(path string, files []usdFile) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		const align, localHeader, extraHeader = 64, 30, 4
		z := zip.NewWriter(w)
		at := 0
		for _, member := range files {
			head := at + localHeader + len(member.name) + extraHeader
			pad := make([]byte, extraHeader+(align-head%align)%align)
			binary.LittleEndian.PutUint16(pad, 0x1986) // as USD's own tools pad
			binary.LittleEndian.PutUint16(pad[2:], uint16(len(pad)-extraHeader))
			f, err := z.CreateRaw(&zip.FileHeader{
				Name: member.name, Method: zip.Store, Extra: pad, CRC32: crc32.ChecksumIEEE(member.data),
				CompressedSize64: uint64(len(member.data)), UncompressedSize64: uint64(len(member.data)),
			})
			if err != nil {
				return err
			}
			if _, err := f.Write(member.data); err != nil {
				return err
			}
			at += localHeader + len(member.name) + len(pad) + len(member.data)
		}
		return z.Close()
	})
}

// usdLayer is the mesh in USD's text form.
func usdLayer(m *slam.Mesh, textured *slam.TexturedMesh) []byte {
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
	if textured != nil {
		usdTextured(&b, textured)
	} else {
		usdColored(&b, m)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// usdColored ends a mesh with the colours of its vertices and their material.
func usdColored(b *bytes.Buffer, m *slam.Mesh) {
	if m.Colors != nil {
		linear := make([][3]float32, len(m.Colors))
		for i, c := range m.Colors {
			for k, v := range c {
				linear[i][k] = float32(linearLight[v])
			}
		}
		usdVectors(b, "color3f[] primvars:displayColor", "vertex", linear)
	}
	b.WriteString("        rel material:binding = </map/material>\n    }\n")
	usdMaterial(b, "material", `
        def Shader "color"
        {
            uniform token info:id = "UsdPrimvarReader_float3"
            float3 inputs:fallback = (0.7, 0.7, 0.7)
            string inputs:varname = "displayColor"
            float3 outputs:result
        }
`, "color.outputs:result")
}

// usdTextured ends a mesh with the places in its images, and a subset with a material
// for each.
func usdTextured(b *bytes.Buffer, m *slam.TexturedMesh) {
	b.WriteString("        texCoord2f[] primvars:st = [")
	for i, c := range m.UV { // from the bottom of the image
		usdComma(b, i)
		fmt.Fprintf(b, "(%g, %g)", c[0], 1-c[1])
	}
	b.WriteString("] (interpolation = \"vertex\")\n        uniform token subsetFamily:materialBind:familyType = \"partition\"\n")
	first := 0
	for i, p := range pages(m) {
		fmt.Fprintf(b, `
        def GeomSubset "page%d" (prepend apiSchemas = ["MaterialBindingAPI"])
        {
            uniform token elementType = "face"
            uniform token familyName = "materialBind"
            rel material:binding = </map/page%d>
            int[] indices = [`, i, i)
		for k := range p.triangles {
			usdComma(b, k)
			b.Write(strconv.AppendUint(b.AvailableBuffer(), uint64(first+k), 10))
		}
		b.WriteString("]\n        }\n")
		first += len(p.triangles)
	}
	b.WriteString("    }\n")
	for i, p := range pages(m) {
		usdMaterial(b, fmt.Sprintf("page%d", i), fmt.Sprintf(`
        def Shader "place"
        {
            uniform token info:id = "UsdPrimvarReader_float2"
            string inputs:varname = "st"
            float2 outputs:result
        }

        def Shader "image"
        {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @%s@
            token inputs:sourceColorSpace = "sRGB"
            token inputs:wrapS = "clamp"
            token inputs:wrapT = "clamp"
            float2 inputs:st.connect = </map/page%d/place.outputs:result>
            float3 outputs:rgb
        }
`, p.name("map", i), i), "image.outputs:rgb")
	}
}

// usdMaterial writes a material whose diffuse colour is an output of shaders of it.
func usdMaterial(b *bytes.Buffer, name, shaders, output string) {
	fmt.Fprintf(b, `
    def Material "%[1]s"
    {
        token outputs:surface.connect = </map/%[1]s/surface.outputs:surface>

        def Shader "surface"
        {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </map/%[1]s/%[3]s>
            float inputs:metallic = 0
            float inputs:roughness = 1
            token outputs:surface
        }
%[2]s    }
`, name, shaders, output)
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
