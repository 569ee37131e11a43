"""Rooms at true size: living rooms, bedrooms, kitchens, offices, corridors, halls.

A room is a box of 2.3-3.2 m height with doors, windows, skirting, furniture along the
walls and in the middle, things on the tables, pictures on the walls and clutter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .assets import Assets, Model
from .mesh import COLOUR, LAYER, box, cylinder, join, place, quad
from .render import Light

_TABLES = r"(table|round table|oak table|coffee table|folding table|bar table|children table|" \
          r"wooden|desk|technical|glass table|table on trestles)"
_CHAIRS = r"(chair|osaka|cafe chair|stool|folding chair|children chair|ryokan)"
_SMALL = 0.55


@dataclass
class Room:
    """A room in the making: its mesh parts, and the rectangles that are taken."""

    width: float
    depth: float
    height: float
    parts: list[np.ndarray] = field(default_factory=list)
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)
    tops: list[tuple[float, float, float, float, float]] = field(default_factory=list)

    def free(self, x: float, y: float, w: float, d: float, margin: float = 0.02) -> bool:
        """Whether a rectangle about (x, y) lies in the room and touches nothing."""
        if abs(x) + w / 2 > self.width / 2 or abs(y) + d / 2 > self.depth / 2:
            return False
        return all(abs(x - a) > (w + c) / 2 + margin or abs(y - b) > (d + e) / 2 + margin
                   for a, b, c, e in self.taken)

    def take(self, x: float, y: float, w: float, d: float) -> None:
        """Marks a rectangle as taken."""
        self.taken.append((x, y, w, d))


class Palette:
    """Draws colours and textures of a chosen brightness."""

    def __init__(self, rng: np.random.Generator, assets: Assets) -> None:
        self.rng, self.assets = rng, assets

    def plain(self, low: float = 0.05, high: float = 0.85) -> np.ndarray:
        """A colour, more often pale than vivid (linear)."""
        grey = self.rng.uniform(low, high)
        hue = self.rng.uniform(0, 1, 3)
        vivid = self.rng.uniform(0, 1) ** 3
        return np.clip(grey * (1 - vivid + vivid * 2 * hue), 0.02, 0.95).astype(np.float32)

    def grey(self, low: float, high: float) -> np.ndarray:
        """A nearly grey colour, as asphalt and stone have."""
        return (self.rng.uniform(low, high) * np.exp(self.rng.normal(size=3) * 0.06)).astype(np.float32)

    def material(self, kind: str, low: float = 0.1, high: float = 0.7, plain: float = 0.25
                 ) -> tuple[np.ndarray, int]:
        """(colour, layer) of a kind: plain at times, else a texture made this bright."""
        if self.rng.random() < plain or not self.assets.kinds.get(kind):
            return self.plain(low, high), -1
        layer = int(self.rng.choice(self.assets.kinds[kind]))
        wanted = self.rng.uniform(low, high)
        gain = np.clip(wanted / max(self.assets.brightness[layer], 0.02), 0.5, 6)
        tint = np.exp(self.rng.normal(size=3) * 0.12)
        return (gain * tint).astype(np.float32), layer


def varied(rng: np.random.Generator, model: Model) -> np.ndarray:
    """A model's mesh with its colours varied; plain ones are at times repainted."""
    mesh = model.mesh.copy()
    mesh[:, COLOUR] *= np.exp(rng.normal(size=3) * 0.2 + rng.normal() * 0.3).astype(np.float32)
    if rng.random() < 0.3:
        mesh[mesh[:, LAYER] < 0, COLOUR] *= rng.uniform(0.2, 1.4, 3).astype(np.float32)
    mesh[:, COLOUR] = np.clip(mesh[:, COLOUR], 0.02, 1.3)
    return mesh


def _shell(room: Room, rng: np.random.Generator, palette: Palette) -> None:
    """Floor, ceiling, four walls, skirting."""
    w, d, h = room.width / 2, room.depth / 2, room.height
    colour, layer = palette.material("floor", 0.06, 0.5, 0.15)
    room.parts.append(quad((-w, -d, 0), (2 * w, 0, 0), (0, 2 * d, 0), colour, layer,
                           rng.uniform(0.6, 2.5), rng.uniform(0, 0.8)))
    colour, layer = palette.plain(0.5, 0.9), -1
    if rng.random() < 0.3:
        colour, layer = palette.material("wall", 0.4, 0.8, 0)
    room.parts.append(quad((-w, d, h), (2 * w, 0, 0), (0, -2 * d, 0), colour, layer, 0.6))
    colour, layer = palette.material("wall", 0.25, 0.8, 0.5)
    repeat = rng.uniform(1.0, 3.5)
    skirting = palette.plain()
    corners = [((-w, d), (w, d)), ((w, d), (w, -d)), ((w, -d), (-w, -d)), ((-w, -d), (-w, d))]
    for (x0, y0), (x1, y1) in corners:
        c, t = (colour, layer) if rng.random() < 0.8 else palette.material("wall", 0.1, 0.8, 0.5)
        across = (x1 - x0, y1 - y0, 0)
        room.parts.append(quad((x0, y0, 0), across, (0, 0, h), c, t, repeat))
        n = np.array([y1 - y0, x0 - x1]) / np.hypot(x1 - x0, y1 - y0) * 0.012
        room.parts.append(quad((x0 + n[0], y0 + n[1], 0), across, (0, 0, 0.09), skirting))


def wall_spot(room: Room, rng: np.random.Generator, along: float, depth: float
               ) -> tuple[float, float, float]:
    """(x, y, yaw) of a piece with its back to a random wall; models face -y at yaw 0."""
    side = int(rng.integers(4))
    w, d = room.width / 2, room.depth / 2
    if side in (0, 1):
        x = rng.uniform(-w + along / 2, w - along / 2) if 2 * w > along else 0.0
        y = (d - depth / 2 - 0.02) * (1 if side == 0 else -1)
        return x, y, 0.0 if side == 0 else np.pi
    y = rng.uniform(-d + along / 2, d - along / 2) if 2 * d > along else 0.0
    x = (w - depth / 2 - 0.02) * (1 if side == 2 else -1)
    return x, y, -np.pi / 2 if side == 2 else np.pi / 2


def footprint(size: tuple[float, float, float], yaw: float) -> tuple[float, float]:
    """Width and depth of the rectangle about a piece turned by yaw."""
    c, s = abs(np.cos(yaw)), abs(np.sin(yaw))
    return size[0] * c + size[1] * s, size[0] * s + size[1] * c


def against_walls(room: Room, rng: np.random.Generator, models: list[Model], count: int) -> None:
    """Stands pieces with their backs to the walls."""
    for _ in range(count):
        m = models[rng.integers(len(models))]
        if m.size[2] + m.elevation > room.height:
            continue
        for _ in range(4):
            x, y, yaw = wall_spot(room, rng, m.size[0], m.size[1])
            w, d = footprint(m.size, yaw)
            if m.elevation > 0.9 or room.free(x, y, w, d):
                room.parts.append(place(varied(rng, m), (x, y, m.elevation), yaw))
                if m.elevation < 0.9:
                    room.take(x, y, w, d)
                    if m.size[2] < 1.3:
                        room.tops.append((x, y, w, d, m.size[2]))
                break


def _fixtures(room: Room, rng: np.random.Generator, palette: Palette) -> None:
    """Doors, windows (bright panes), pictures, boards and lamps."""
    assets = palette.assets
    w, d = room.width / 2, room.depth / 2
    against_walls(room, rng, [m for m in assets.named(r"(door|exterior door|double door)")
                               if m.size[1] < 0.3], int(rng.integers(1, 3)))
    for _ in range(int(rng.integers(3, 11))):
        is_window = rng.random() < 0.3
        width = rng.uniform(0.8, 2.2) if is_window else rng.uniform(0.25, 1.3)
        height = rng.uniform(0.9, 1.5) if is_window else width * rng.uniform(0.6, 1.4)
        x, y, yaw = wall_spot(room, rng, width, 0.0)
        z = rng.uniform(0.7, 1.0) if is_window else rng.uniform(1.1, 1.7)
        if z + height > room.height:
            continue
        if is_window:
            colour, layer = np.full(3, rng.uniform(1, 6)) * rng.uniform(0.85, 1.1, 3), -1
        else:
            colour, layer = palette.material("art" if rng.random() < 0.7 else "goods", 0.1, 0.6, 0.1)
        frame = box((width + 0.08, 0.04, height + 0.08), palette.plain())
        pane = quad((-width / 2, -0.025, 0.04), (width, 0, 0), (0, 0, height), colour, layer,
                    uv_size=(1, 1))
        bars = [box((0.04, 0.05, height), palette.plain(0.5, 0.9))] if is_window else []
        room.parts.append(place(join([frame, pane, *bars]), (x, y, z), yaw))
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(-w * 0.8, w * 0.8), rng.uniform(-d * 0.8, d * 0.8)
        lamp = box((rng.uniform(0.2, 1.2), rng.uniform(0.2, 0.6), 0.06), np.full(3, 5.0))
        room.parts.append(place(lamp, (x, y, room.height - 0.07)))


def shelf(rng: np.random.Generator, palette: Palette) -> tuple[np.ndarray, tuple[float, float, float]]:
    """A shelf full of books and boxes; gives the mesh and its size."""
    w, d, h = rng.uniform(0.6, 2.0), rng.uniform(0.25, 0.45), rng.uniform(0.9, 2.2)
    colour, layer = palette.material("wood", 0.08, 0.5, 0.4)
    parts = [place(box((0.025, d, h), colour, layer), (x, 0, 0)) for x in (-w / 2, w / 2)]
    parts.append(place(box((w, 0.01, h), colour, layer), (0, d / 2, 0)))
    boards = max(2, int(h / rng.uniform(0.28, 0.42)))
    for i in range(boards + 1):
        z = h * i / boards
        parts.append(place(box((w, d, 0.022), colour, layer), (0, 0, z - 0.011)))
        x = -w / 2 + 0.03
        while i < boards and x < w / 2 - 0.06:
            if rng.random() < 0.12:
                x += rng.uniform(0.05, 0.3)
                continue
            width = rng.uniform(0.015, 0.06) if rng.random() < 0.8 else rng.uniform(0.1, 0.3)
            size = (width, d * rng.uniform(0.5, 0.9), h / boards * rng.uniform(0.5, 0.9))
            parts.append(place(box(size, palette.plain()), (x + width / 2, -0.01, z + 0.011)))
            x += width + 0.002
    return join(parts), (w, d, h)


def clutter(room: Room, rng: np.random.Generator, palette: Palette, count: int) -> None:
    """Small things on tables and on the floor."""
    small = [m for m in palette.assets.models if max(m.size) < _SMALL and m.elevation == 0
             and m.category not in ("Characters", "Exterior", "Lights")]
    for _ in range(count):
        on_top = bool(room.tops) and rng.random() < 0.85
        if on_top:
            x, y, w, d, z = room.tops[rng.integers(len(room.tops))]
            x += rng.uniform(-0.42, 0.42) * w
            y += rng.uniform(-0.42, 0.42) * d
        else:
            x, y, z = (rng.uniform(-0.48, 0.48) * room.width,
                       rng.uniform(-0.48, 0.48) * room.depth, 0.0)
        if rng.random() < 0.55:
            m = small[rng.integers(len(small))]
            thing = varied(rng, m)
        else:
            top = 0.3 if on_top else 0.6
            size = tuple(rng.uniform(0.03, top, 3) * (1, 1, rng.uniform(0.1, 1)))
            colour, layer = palette.material("goods" if rng.random() < 0.5 else "art", 0.1, 0.7, 0.5)
            thing = box(size, colour, layer, max(size)) if rng.random() < 0.7 else \
                cylinder(size[0] / 2 + 0.02, size[2] + 0.05, colour, layer, 14)
        room.parts.append(place(thing, (x, y, z), rng.uniform(0, 2 * np.pi)))


def screen(rng: np.random.Generator, palette: Palette) -> np.ndarray:
    """A flat monitor on its foot."""
    w = rng.uniform(0.38, 0.65)
    h = w * rng.uniform(0.55, 0.75)
    frame = palette.plain(0.02, 0.3)
    lit = rng.uniform(0.02, 2.0) * rng.uniform(0.5, 1.1, 3)
    layer = int(rng.choice(palette.assets.kinds["art"])) if rng.random() < 0.5 else -1
    pane = quad((-w / 2 + 0.02, -0.03, 0.13), (w - 0.04, 0, 0), (0, 0, h - 0.04), lit, layer,
                uv_size=(1, 1), gloss=0.3)
    return join([place(box((w, 0.05, h), frame), (0, 0, 0.11)), pane,
                 box((0.05, 0.05, 0.2), frame), box((0.25, 0.2, 0.015), frame)])


def _tables(room: Room, rng: np.random.Generator, palette: Palette, count: int) -> None:
    """Tables and desks with chairs, screens and things on them."""
    tables = [m for m in palette.assets.named(_TABLES) if 0.35 < m.size[2] < 1.0 and m.size[0] > 0.5]
    chairs = [m for m in palette.assets.named(_CHAIRS) if m.size[2] > 0.4]
    for _ in range(count):
        m = tables[rng.integers(len(tables))]
        if rng.random() < 0.5:
            size = (rng.uniform(0.9, 2.2), rng.uniform(0.6, 1.0), rng.uniform(0.7, 0.78))
            colour, layer = palette.material("wood", 0.1, 0.7, 0.4)
            legs = [place(box((0.05, 0.05, size[2]), palette.plain()),
                          (sx * (size[0] / 2 - 0.05), sy * (size[1] / 2 - 0.05), 0))
                    for sx in (-1, 1) for sy in (-1, 1)]
            mesh = join([place(box((size[0], size[1], 0.03), colour, layer, 1.0, 0.3),
                               (0, 0, size[2] - 0.03)), *legs])
        else:
            size, mesh = m.size, varied(rng, m)
        yaw = rng.choice([0, np.pi / 2, np.pi, -np.pi / 2])
        if rng.random() < 0.5:
            x, y, yaw = wall_spot(room, rng, size[0], size[1])
        else:
            x = rng.uniform(-0.35, 0.35) * room.width
            y = rng.uniform(-0.35, 0.35) * room.depth
        w, d = footprint(size, yaw)
        if not room.free(x, y, w, d):
            continue
        room.parts.append(place(mesh, (x, y, 0), yaw))
        room.take(x, y, w, d)
        room.tops.append((x, y, w, d, size[2]))
        if rng.random() < 0.6:
            for _ in range(int(rng.integers(1, 4))):
                room.parts.append(place(screen(rng, palette), (
                    x + rng.uniform(-0.35, 0.35) * w, y + rng.uniform(-0.3, 0.3) * d, size[2]),
                    yaw + rng.normal() * 0.4))
        for _ in range(int(rng.integers(0, 5))):
            c = chairs[rng.integers(len(chairs))]
            a = rng.uniform(0, 2 * np.pi)
            cx, cy = x + np.cos(a) * (w / 2 + 0.2), y + np.sin(a) * (d / 2 + 0.2)
            if abs(cx) < room.width / 2 - 0.3 and abs(cy) < room.depth / 2 - 0.3:
                room.parts.append(place(varied(rng, c), (cx, cy, 0), np.pi / 2 - a + rng.normal() * 0.5))


def _kitchen_row(room: Room, rng: np.random.Generator, palette: Palette) -> None:
    """Worktops with cupboards below and above along one or two walls."""
    front, layer = palette.material("wood", 0.1, 0.8, 0.5)
    top_colour, top_layer = palette.material("floor", 0.08, 0.6, 0.5)
    knob = palette.plain()
    for yaw, length, back in ((0.0, room.width, room.depth), (np.pi / 2, room.depth, room.width)):
        if rng.random() < 0.25:
            continue
        parts, x = [], -length / 2
        unit = rng.uniform(0.4, 0.65)
        while x < length / 2 - unit:
            mid = x + unit / 2
            parts.append(place(box((unit - 0.01, 0.58, 0.76), front, layer, 1.0), (mid, 0, 0.1)))
            parts.append(place(box((0.12, 0.03, 0.015), knob), (mid, -0.3, 0.75)))
            if rng.random() < 0.85:
                h = rng.choice([0.6, 0.7, 0.8])
                parts.append(place(box((unit - 0.01, 0.34, h), front, layer, 1.0),
                                   (mid, 0.12, 1.42)))
            x += unit
        parts.append(place(box((length, 0.62, 0.04), top_colour, top_layer, 0.6, 0.4), (0, 0, 0.86)))
        tiles, tile_layer = palette.material("floor", 0.3, 0.8, 0.3)
        parts.append(quad((-length / 2, 0.285, 0.9), (length, 0, 0), (0, 0, 0.52), tiles, tile_layer, 0.5))
        y = back / 2 - 0.3
        c, s = np.cos(yaw), np.sin(yaw)
        cx, cy = -s * y, c * y
        room.parts.append(place(join(parts), (cx, cy, 0), yaw))
        w, d = (length, 0.62) if yaw == 0 else (0.62, length)
        room.take(cx, cy, w, d)
        room.tops += [(cx, cy, w, d, 0.9)] * 4
    big = palette.assets.named(r"(fridge|large fridge|refrigerator|clothes washing|dryer|small oven|microwave|cooker)")
    against_walls(room, rng, big, int(rng.integers(1, 4)))


def _cubicles(room: Room, rng: np.random.Generator, palette: Palette) -> None:
    """Partitions of an open-plan office."""
    colour, layer = palette.material("cloth", 0.15, 0.6, 0.4)
    h = rng.uniform(1.1, 1.7)
    for _ in range(int(rng.integers(2, 7))):
        length = rng.uniform(1.2, 3.0)
        x, y = rng.uniform(-0.4, 0.4) * room.width, rng.uniform(-0.4, 0.4) * room.depth
        yaw = rng.choice([0, np.pi / 2])
        room.parts.append(place(box((length, 0.06, h), colour, layer, 1.0), (x, y, 0), yaw))
        room.take(x, y, *footprint((length, 0.06, h), yaw))


def _light(room: Room, rng: np.random.Generator) -> Light:
    """A ceiling lamp with shadows, up to three more lamps, light from windows all about."""
    w, d, h = room.width, room.depth, room.height
    warm = np.array([1, 1 - rng.uniform(0, 0.2), 1 - rng.uniform(0, 0.4)])
    level = np.exp(rng.normal() * 0.5)
    ambient = rng.uniform(0.15, 0.8)
    cool = np.array([1 - rng.uniform(0, 0.15), 1, 1 + rng.uniform(-0.05, 0.15)])
    lamps = [((rng.uniform(-0.4, 0.4) * w, rng.uniform(-0.4, 0.4) * d, rng.uniform(0.8, h - 0.2),
               rng.uniform(0.1, 0.6)), tuple(warm * rng.uniform(0, 0.7)))
             for _ in range(int(rng.integers(0, 4)))]
    up = ambient * cool
    return Light((rng.uniform(-0.35, 0.35) * w, rng.uniform(-0.35, 0.35) * d, h - 0.12, 1.0),
                 tuple(level * warm), rng.uniform(0.02, 0.2), tuple(up),
                 tuple(up * rng.uniform(0.3, 0.9)), lamps, occlusion=rng.uniform(0.5, 1.2))


def build_room(rng: np.random.Generator, assets: Assets) -> tuple[np.ndarray, Light, Room]:
    """A furnished room: its mesh, its light, and the plan that cameras are placed by."""
    kind = rng.choice(["living", "bedroom", "kitchen", "office", "cubicles", "corridor", "hall"],
                      p=[0.2, 0.13, 0.2, 0.2, 0.12, 0.05, 0.1])
    size = {"corridor": (rng.uniform(1.2, 2.4), rng.uniform(5, 14)),
            "hall": (rng.uniform(5, 11), rng.uniform(6, 14)),
            "cubicles": (rng.uniform(4, 8), rng.uniform(4, 9))}.get(
                kind, (rng.uniform(2.3, 5.5), rng.uniform(2.6, 6.5)))
    height = rng.uniform(2.3, 2.9) if kind != "hall" else rng.uniform(2.5, 3.8)
    room = Room(size[0], size[1], height)
    palette = Palette(rng, assets)
    _shell(room, rng, palette)
    area = room.width * room.depth
    if kind == "kitchen":
        _kitchen_row(room, rng, palette)
    if kind == "cubicles":
        _cubicles(room, rng, palette)
    _fixtures(room, rng, palette)
    for _ in range(int(rng.integers(0, 2 + area / 8))):
        mesh, dims = shelf(rng, palette)
        x, y, yaw = wall_spot(room, rng, dims[0], dims[1])
        w, d = footprint(dims, yaw)
        if room.free(x, y, w, d):
            room.parts.append(place(mesh, (x, y, 0), yaw))
            room.take(x, y, w, d)
    categories = {"living": ("Living room",), "bedroom": ("Bedroom",), "kitchen": ("Kitchen",),
                  "office": ("Office",), "cubicles": ("Office",), "corridor": ("Miscellaneous",),
                  "hall": ("Living room", "Office", "Miscellaneous")}[kind]
    pieces = [m for m in assets.models if m.category in categories and max(m.size) > _SMALL
              and m.size[2] > 0.2 and max(m.size) < 3]
    _tables(room, rng, palette, int(rng.integers(1, 3 + area / 8)))
    against_walls(room, rng, pieces, int(rng.integers(3, 6 + area / 3)))
    anything = [m for m in assets.models if 0.4 < max(m.size) < 2.2 and m.category not in
                ("Exterior", "Vehicles", "Doors and windows", "Staircases") and m.elevation < 1]
    for _ in range(int(rng.integers(0, 5))):
        m = anything[rng.integers(len(anything))]
        x, y = rng.uniform(-0.4, 0.4) * room.width, rng.uniform(-0.4, 0.4) * room.depth
        if room.free(x, y, *m.size[:2]):
            room.parts.append(place(varied(rng, m), (x, y, m.elevation), rng.uniform(0, 2 * np.pi)))
            room.take(x, y, *m.size[:2])
    if rng.random() < 0.4 and assets.kinds["rug"]:
        colour, layer = palette.material("rug", 0.08, 0.5, 0)
        w, d = rng.uniform(0.8, 0.7 * room.width + 0.1), rng.uniform(0.8, 0.6 * room.depth)
        x, y = rng.uniform(-0.1, 0.1, 2)
        room.parts.append(quad((x - w / 2, y - d / 2, 0.008), (w, 0, 0), (0, d, 0), colour, layer,
                               uv_size=(1, 1)))
    clutter(room, rng, palette, int(rng.integers(5, 45)))
    return join(room.parts), _light(room, rng), room
