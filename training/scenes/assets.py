"""Models and textures of the scenes, from free packages (see training/SOURCES.md).

`python -m training.scenes.assets ROOT` reads the unpacked packages below ROOT and writes
one archive of meshes at true size and one of 256x256 textures, both cached.
"""

from __future__ import annotations

import argparse
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..data import DEFAULT_CACHE
from .mesh import COLOUR, FIELDS, GLOSS, LAYER, NORMAL, POSITION, UV

TEXTURE_SIZE = 256
MAX_OBJ_BYTES = 900_000
MAX_TRIANGLES = 9000

# Kinds of textures by folder and by the beginning of the file's name (UFO: Alien Invasion).
_TEXTURE_KINDS = {
    "floor": ("tex_buildings/(floor|carpet02[789]|carpet03|tile|concrete00[1-8]|paving)",),
    "rug": ("tex_buildings/carpet0(0|1|2[0-6])", "tex_furniture/jap_carpet"),
    "wall": ("tex_buildings/(wall0|wallpaper|wall_se|wall_dirt|concrete|cementwall|wall_wood)",),
    "facade": ("tex_buildings/(wall0|wall_brick|wall_stone|wall_se|wall_dirt|concrete)",),
    "roof": ("tex_buildings/roof",),
    "wood": ("tex_furniture/(table|wardrobe|chest|kitchen)", "tex_buildings/(wiz|woodceil)"),
    "cloth": ("tex_furniture/(textil|clothes|bed|couch|seat)",),
    "art": ("tex_pics/(art|asia|landsc|science|statist|messboard)",),
    "goods": ("tex_shop/", "tex_furniture/basket"),
    "door": ("tex_doors/door",),
    "window": ("tex_buildings/window",),
    "road": ("tex_streets/(base$|street0|street11|pavement)", "tex_buildings/concrete00"),
    "pavement": ("tex_buildings/(sidewalk|paving|floor_se|tile0|floor01[3-7]|streetbricks)",
                 "tex_streets/pavement"),
    "grass": ("tex_nature/grass(_mowed|0|_lush|$|_tall_green)",),
    "ground": ("tex_nature/(dirt|soil|wood_chips|leaves|rockyground|sp_ground)",),
    "hedge": ("tex_nature/(hedge|jungle|leaves|grass_tall_green)",),
    "bark": ("tex_nature/tree_bark",),
    "metal": ("tex_buildings/(met|mtl_gray|pewter|tin_)",),
}


@dataclass(frozen=True)
class Model:
    """A model at true size [m] (width x, depth y, height z), standing on z = 0."""

    name: str
    category: str
    size: tuple[float, float, float]
    elevation: float
    wall: bool
    mesh: np.ndarray


class TexturePile:
    """Collects textures; the layer of each is its index."""

    def __init__(self) -> None:
        self.images: list[np.ndarray] = []
        self.index: dict[str, int] = {}

    def add(self, key: str, image: Image.Image) -> int:
        """The layer of an image; one already known by its key is not added again."""
        if key not in self.index:
            rgba = image.convert("RGBA").resize((TEXTURE_SIZE, TEXTURE_SIZE), Image.BOX)
            self.index[key] = len(self.images)
            self.images.append(np.asarray(rgba))
        return self.index[key]


def _parse_mtl(text: str) -> dict[str, dict[str, object]]:
    """Materials of a .mtl file: kd, ks, opacity, texture name."""
    materials: dict[str, dict[str, object]] = {}
    current: dict[str, object] = {}
    for line in text.splitlines():
        parts = line.split()
        if not parts:
            continue
        if parts[0] == "newmtl":
            current = {"kd": (0.7, 0.7, 0.7), "ks": 0.0, "d": 1.0, "map": None}
            materials[" ".join(parts[1:])] = current
        elif parts[0] == "Kd":
            current["kd"] = tuple(float(x) for x in parts[1:4])
        elif parts[0] == "Ks":
            current["ks"] = float(parts[1])
        elif parts[0] == "d":
            current["d"] = float(parts[1])
        elif parts[0] == "map_Kd":
            current["map"] = parts[-1]
    return materials


def _parse_obj(text: str) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Triangles of an .obj file: corners [n, 3, 8] (position, normal, uv), materials, their index."""
    v: list[list[float]] = []
    vt: list[list[float]] = [[0.0, 0.0]]
    vn: list[list[float]] = [[0.0, 0.0, 0.0]]
    corners: list[tuple[int, int, int]] = []
    names: list[str] = ["default"]
    owner: list[int] = []
    current = 0
    for line in text.splitlines():
        key, _, rest = line.partition(" ")
        if key == "v":
            v.append([float(x) for x in rest.split()[:3]])
        elif key == "vt":
            vt.append([float(x) for x in rest.split()[:2]])
        elif key == "vn":
            vn.append([float(x) for x in rest.split()[:3]])
        elif key == "usemtl":
            name = rest.strip()
            if name not in names:
                names.append(name)
            current = names.index(name)
        elif key == "f":
            polygon = [_corner(c, len(v), len(vt), len(vn)) for c in rest.split()]
            for i in range(1, len(polygon) - 1):
                corners += [polygon[0], polygon[i], polygon[i + 1]]
                owner.append(current)
    index = np.array(corners, int).reshape(-1, 3)
    rows = np.concatenate((np.array(v, np.float32)[index[:, 0]],
                           np.array(vn, np.float32)[index[:, 2]],
                           np.array(vt, np.float32)[index[:, 1]]), 1)
    return rows.reshape(-1, 3, 8), names, np.array(owner, int)


def _corner(text: str, nv: int, nvt: int, nvn: int) -> tuple[int, int, int]:
    """Indices (v, vt, vn) of a face's corner; 0 stands for no vt or vn."""
    parts = (text.split("/") + ["", ""])[:3]
    v, vt, vn = (int(p) if p else 0 for p in parts)
    return (v - 1 if v > 0 else nv + v, vt if vt >= 0 else nvt + vt, vn if vn >= 0 else nvn + vn)


def _build(archive: zipfile.ZipFile, path: str, size: tuple[float, float, float],
           pile: TexturePile, source: str) -> np.ndarray | None:
    """The mesh of one catalogue entry, scaled to its size; None where it is unusable."""
    text = archive.read(path).decode("utf-8", "replace")
    corners, names, owner = _parse_obj(text)
    if not 0 < len(corners) <= MAX_TRIANGLES:
        return None
    library = re.search(r"^mtllib\s+(.+)$", text, re.M)
    folder = path.rsplit("/", 1)[0]
    materials: dict[str, dict[str, object]] = {}
    if library and f"{folder}/{library.group(1).strip()}" in archive.namelist():
        raw = archive.read(f"{folder}/{library.group(1).strip()}")
        materials = _parse_mtl(raw.decode("utf-8", "replace"))
    mesh = np.zeros((len(corners), 3, FIELDS), np.float32)
    # The catalogue's models have y up and face +z: x, y, z become x, -z, y.
    mesh[..., POSITION] = corners[..., [0, 2, 1]] * (1, -1, 1)
    mesh[..., NORMAL] = corners[..., [3, 5, 4]] * (1, -1, 1)
    mesh[..., UV] = corners[..., 6:8]
    flat = np.cross(mesh[:, 1, :3] - mesh[:, 0, :3], mesh[:, 2, :3] - mesh[:, 0, :3])
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    none = np.linalg.norm(mesh[..., NORMAL], axis=2) < 0.1
    mesh[..., NORMAL] = np.where(none[..., None], flat[:, None], mesh[..., NORMAL])
    keep = np.ones(len(mesh), bool)
    for i, name in enumerate(names):
        part = owner == i
        if part.any():
            keep &= ~part | _paint(mesh, part, materials.get(name), archive, folder, pile, source)
    mesh = mesh[keep]
    if not len(mesh):
        return None
    low, high = mesh[..., POSITION].min((0, 1)), mesh[..., POSITION].max((0, 1))
    extent = np.maximum(high - low, 1e-6)
    middle = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]], np.float32)
    mesh[..., POSITION] = (mesh[..., POSITION] - middle) * (np.asarray(size) / extent)
    return mesh.reshape(-1, FIELDS)


def _paint(mesh: np.ndarray, part: np.ndarray, material: dict | None, archive: zipfile.ZipFile,
           folder: str, pile: TexturePile, source: str) -> bool:
    """Gives triangles their material; False where it is glass and to be left out."""
    mesh[part, :, LAYER] = -1
    mesh[part, :, COLOUR] = 0.6
    if material is None:
        return True
    if material["d"] < 0.45:
        return False
    mesh[part, :, GLOSS] = min(float(material["ks"]), 1.0)
    mesh[part, :, COLOUR] = np.clip(material["kd"], 0.03, 0.95)
    path = f"{folder}/{material['map']}"
    if material["map"] and path in archive.namelist():
        image = Image.open(io.BytesIO(archive.read(path)))
        mesh[part, :, LAYER] = pile.add(f"{source}:{path}", image)
        mesh[part, :, COLOUR] = 0.9
    return True


def read_catalogue(path: Path, pile: TexturePile) -> list[Model]:
    """The models of one Sweet Home 3D library (.sh3f) that are small enough."""
    models = []
    with zipfile.ZipFile(path) as archive:
        text = archive.read("PluginFurnitureCatalog.properties").decode("latin-1")
        entries: dict[str, dict[str, str]] = {}
        for m in re.finditer(r"^(\w+)#(\d+)=(.*?)\r?$", text, re.M):
            entries.setdefault(m.group(2), {})[m.group(1)] = m.group(3).strip()
        for e in entries.values():
            obj = e.get("model", "").lstrip("/")
            if obj not in archive.namelist() or "modelRotation" in e \
                    or archive.getinfo(obj).file_size > MAX_OBJ_BYTES:
                continue
            size = tuple(float(e[k]) / 100 for k in ("width", "depth", "height"))
            mesh = _build(archive, obj, size, pile, path.stem)
            if mesh is not None:
                models.append(Model(e["name"], e["category"], size,
                                    float(e.get("elevation", 0)) / 100,
                                    e.get("doorOrWindow") == "true", mesh))
    return models


def read_textures(root: Path, pile: TexturePile) -> dict[str, list[int]]:
    """Layers by kind: materials of UFO: Alien Invasion, trees and facades of TORCS."""
    kinds: dict[str, list[int]] = {}
    base = next(root.rglob("tex_buildings")).parent
    files = sorted(p for p in base.rglob("*") if p.suffix in (".jpg", ".png", ".tga")
                   and not re.search(r"_(nm|sm|gm|rm)$", p.stem))
    for kind, patterns in _TEXTURE_KINDS.items():
        chosen = [p for p in files if any(
            re.match(x, str(p.relative_to(base).with_suffix(""))) for x in patterns)]
        # Only leaves are cut out by their alpha; elsewhere it means something else.
        modes = "RGBA" if kind == "hedge" else "RGB"
        kinds[kind] = [pile.add(f"{modes}:{p.relative_to(base)}", Image.open(p).convert(modes))
                       for p in chosen]
    torcs = next(root.rglob("games/torcs"))
    for kind, pattern in (("tree", r"(tree|bush).*\.(rgb|png)$"),
                          ("city", r"(tr-)?(building|house)\d*.*\.(rgb|png)$")):
        kinds[kind] = []
        for p in sorted(torcs.rglob("*")):
            if not re.match(pattern, p.name, re.I):
                continue
            image = Image.open(p)
            if kind == "tree":
                alpha = np.asarray(image.convert("RGBA"))[..., 3]
                if not 0.15 < (alpha > 128).mean() < 0.8 or image.width > image.height * 1.3:
                    continue
            kinds[kind].append(pile.add(f"torcs:{p.parent.name}/{p.name}", image))
    return kinds


@dataclass(frozen=True)
class Assets:
    """Everything scenes are made of; textures [n, 256, 256, 4] uint8, brightness [n] of each."""

    models: list[Model]
    textures: np.ndarray
    kinds: dict[str, list[int]]
    brightness: np.ndarray

    def named(self, pattern: str) -> list[Model]:
        """The models whose names match a regular expression, from their beginning."""
        return [m for m in self.models if re.match(pattern, m.name, re.I)]


def save(path: Path, models: list[Model], textures: np.ndarray, kinds: dict[str, list[int]]) -> None:
    """Writes the archive."""
    arrays: dict[str, np.ndarray] = {"textures": textures}
    arrays["models"] = np.array([repr((m.name, m.category, m.size, m.elevation, m.wall))
                                 for m in models])
    arrays["ends"] = np.cumsum([len(m.mesh) for m in models])
    arrays["mesh"] = np.concatenate([m.mesh for m in models])
    arrays["kinds"] = np.array(repr(kinds))
    temporary = path.with_name(f".{path.name}.tmp.npz")
    np.savez(temporary, **arrays)
    temporary.rename(path)


def load(path: Path = DEFAULT_CACHE / "assets.npz") -> Assets:
    """Reads the archive; FileNotFoundError names the step that makes it."""
    import ast
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `python -m training.scenes.assets ROOT`")
    z = np.load(path)
    ends = z["ends"]
    parts = np.split(z["mesh"], ends[:-1])
    models = [Model(*ast.literal_eval(str(t)), mesh) for t, mesh in zip(z["models"], parts)]
    textures = z["textures"]
    opaque = textures[..., 3:].astype(np.float32) / 255
    linear = (textures[..., :3].astype(np.float32) / 255) ** 2.2
    mean = (linear * opaque).sum((1, 2, 3)) / np.maximum(3 * opaque.sum((1, 2, 3)), 1)
    return Assets(models, textures, ast.literal_eval(str(z["kinds"])), mean)


def main() -> None:
    """Reads the packages and writes the archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, help="folder the packages were unpacked into")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    args = parser.parse_args()
    pile = TexturePile()
    models: list[Model] = []
    for library in sorted(args.root.rglob("*.sh3f")):
        found = read_catalogue(library, pile)
        print(f"{library.name}: {len(found)} models")
        models += found
    kinds = read_textures(args.root, pile)
    print({k: len(v) for k, v in kinds.items()}, f"{len(pile.images)} textures")
    args.cache.mkdir(parents=True, exist_ok=True)
    save(args.cache / "assets.npz", models, np.stack(pile.images), kinds)


if __name__ == "__main__":
    main()
