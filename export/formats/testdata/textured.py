"""Opens the textured banner of textured_test.go with the programs that others use:
textured.py DIR. Three squares lie along x: red, green, blue."""
import io
import sys
import zipfile

import numpy as np
import trimesh
from PIL import Image
from pxr import Usd, UsdGeom, UsdShade

WANT = np.array([[220, 20, 20], [20, 220, 20], [20, 20, 220]])


def check(what, x, color):
    want = WANT[int(x)]
    assert np.abs(np.asarray(color, float) - want).max() < 30, f"{what}: at x = {x:.2f} the colour is {color}, want {want}"


def sample(image, uv):
    """The colour at uv, counted from the lower left corner."""
    image = np.asarray(image.convert("RGB"))
    h, w = image.shape[:2]
    return image[int((1 - uv[1]) * h), int(uv[0] * w)]


def scene(path):
    n = 0
    loaded = trimesh.load(path, process=False, force="scene")
    for mesh in loaded.geometry.values():
        material = mesh.visual.material
        image = getattr(material, "image", None) or material.baseColorTexture
        for face in mesh.faces:
            check(path, mesh.vertices[face, 0].mean(), sample(image, np.asarray(mesh.visual.uv)[face].mean(0)))
            n += 1
    assert n == 6, f"{path}: {n} triangles"


def usdz(path):
    stage = Usd.Stage.Open(path)
    prim = stage.GetPrimAtPath("/map/mesh")
    mesh = UsdGeom.Mesh(prim)
    points, index = np.array(mesh.GetPointsAttr().Get()), np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
    uv = np.array(UsdGeom.PrimvarsAPI(prim).GetPrimvar("st").Get())
    n = 0
    for subset in UsdGeom.Subset.GetAllGeomSubsets(mesh):
        material, _ = UsdShade.MaterialBindingAPI(subset.GetPrim()).ComputeBoundMaterial()
        surface, _, _ = material.ComputeSurfaceSource()
        source = surface.GetInput("diffuseColor").GetConnectedSources()[0][0].source.GetPrim()
        shader = UsdShade.Shader(source)
        assert shader.GetIdAttr().Get() == "UsdUVTexture", source
        name = shader.GetInput("file").Get().path
        image = Image.open(io.BytesIO(zipfile.ZipFile(path).read(name)))
        for f in subset.GetIndicesAttr().Get():
            check(path, points[index[f], 0].mean(), sample(image, uv[index[f]].mean(0)))
            n += 1
    assert n == 6, f"{path}: {n} triangles"
    for i in zipfile.ZipFile(path).infolist():
        with open(path, "rb") as f:
            f.seek(i.header_offset + 26)
            pad = int.from_bytes(f.read(2), "little") + int.from_bytes(f.read(2), "little")
        assert (i.header_offset + 30 + pad) % 64 == 0 and i.compress_type == 0, i


d = sys.argv[1]
scene(f"{d}/mesh.obj")
scene(f"{d}/mesh.glb")
usdz(f"{d}/mesh.usdz")

import pygltflib
g = pygltflib.GLTF2().load(f"{d}/mesh.glb")
assert [i.mimeType for i in g.images] == ["image/jpeg", "image/png"], g.images
assert all(m.pbrMetallicRoughness.baseColorTexture is not None for m in g.materials)
print("textured: obj, glb, usdz")
