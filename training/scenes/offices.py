"""Offices at true size: open-plan floors with rows of workplaces, and rooms for one to three.

What rooms.py does for homes: a shell (carpet, suspended ceiling with light panels, windows
in a band, pillars, glazed screens), rows of workplaces, cupboards and whiteboards along
the walls, now and then a meeting table or a corner to sit, and things on the desks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .assets import Assets
from .mesh import box, cylinder, join, place, quad
from .render import Light, Pose, look
from .rooms import Palette, Room, against_walls, clutter, footprint, shelf, varied, wall_spot
from .workplaces import (Rect, bin_, cupboard, desk, metal, moved, row, row_style, task_chair,
                         whiteboard)


@dataclass
class Office(Room):
    """A room whose solid things are known, so that no camera stands in one."""

    solids: list[Rect] = field(default_factory=list)

    def stand(self, mesh: np.ndarray, size: tuple[float, float, float], x: float, y: float,
              yaw: float) -> None:
        """Puts a piece down and marks its place as taken."""
        w, d = footprint(size, yaw)
        self.parts.append(place(mesh, (x, y, 0), yaw))
        self.take(x, y, w, d)
        self.solids.append((x, y, w, d, size[2]))

    def blocks(self, x: float, y: float, z: float) -> bool:
        """Whether a camera at (x, y, z) would be in something or too near above it."""
        return any(abs(x - a) < w / 2 + 0.15 and abs(y - b) < d / 2 + 0.15 and z < h + 0.15
                   for a, b, w, d, h in self.solids)


def _ceiling(office: Office, rng: np.random.Generator, palette: Palette) -> None:
    """A plain ceiling, or tiles in a grid of .6 m; light panels in rows either way."""
    w, d, h = office.width, office.depth, office.height
    colour, layer = palette.grey(0.55, 0.9), -1
    if rng.random() < 0.25:
        colour, layer = palette.material("wall", 0.45, 0.8, 0)
    office.parts.append(quad((-w / 2, d / 2, h), (w, 0, 0), (0, -d, 0), colour, layer, 0.6))
    tile = 0.6
    if rng.random() < 0.75:
        bar = palette.grey(0.3, 0.8)
        for size, along in ((w, True), (d, False)):
            for k in range(1, int(size / tile) + 1):
                at = -size / 2 + k * tile
                strip = (0.025, d, 0.012) if along else (w, 0.025, 0.012)
                office.parts.append(place(box(strip, bar), (at, 0, h - 0.012) if along else (0, at, h - 0.012)))
    lamp = (0.57, 0.57) if rng.random() < 0.5 else (0.57, 1.17)
    if rng.random() < 0.5:
        lamp = lamp[::-1]
    step, glow = tile * rng.integers(3, 6, 2), np.full(3, rng.uniform(2, 8))
    dark = rng.random() * 0.4
    for x in np.arange(-w / 2 + step[0] / 2, w / 2, step[0]):
        for y in np.arange(-d / 2 + step[1] / 2, d / 2, step[1]):
            lit = glow if rng.random() > dark else np.full(3, 0.6)
            office.parts.append(place(box((*lamp, 0.02), lit), (x, y, h - 0.022)))


def _floor(office: Office, rng: np.random.Generator, palette: Palette) -> None:
    """Carpet, plain or of the textures; in squares of .5 m that differ a little at times."""
    w, d = office.width, office.depth
    colour, layer = palette.material("floor", 0.05, 0.4, 0.55)
    if layer < 0:
        colour = np.clip(palette.grey(0.05, 0.35) * np.exp(rng.normal(size=3) * 0.15), 0.02, 0.9)
    repeat = rng.uniform(0.5, 2)
    if rng.random() < 0.4:
        spread = rng.uniform(0.02, 0.12)
        for x in np.arange(-w / 2, w / 2, 0.5):
            for y in np.arange(-d / 2, d / 2, 0.5):
                office.parts.append(quad((x, y, 0), (0.5, 0, 0), (0, 0.5, 0),
                                         colour * np.exp(rng.normal() * spread), layer, repeat))
    else:
        office.parts.append(quad((-w / 2, -d / 2, 0), (w, 0, 0), (0, d, 0), colour, layer, repeat))


def _walls(office: Office, rng: np.random.Generator, palette: Palette) -> None:
    """Four walls, mostly pale; one or two of them with a band of windows and a sill."""
    w, d, h = office.width / 2, office.depth / 2, office.height
    pale = palette.grey(0.5, 0.9) if rng.random() < 0.75 else palette.plain(0.25, 0.8)
    skirting, frame = palette.grey(0.03, 0.7), metal(rng)
    corners = [((-w, d), (w, d)), ((w, d), (w, -d)), ((w, -d), (-w, -d)), ((-w, -d), (-w, d))]
    glazed = set(rng.choice(4, int(rng.choice([0, 1, 1, 2])), replace=False).tolist())
    for i, ((x0, y0), (x1, y1)) in enumerate(corners):
        colour, layer = pale, -1
        if rng.random() < 0.25:
            colour, layer = palette.material("wall", 0.25, 0.8, 0.3)
        across = np.array([x1 - x0, y1 - y0, 0])
        office.parts.append(quad((x0, y0, 0), across, (0, 0, h), colour, layer, rng.uniform(1, 3)))
        length = float(np.linalg.norm(across))
        n = np.array([y1 - y0, x0 - x1]) / length
        office.parts.append(quad((x0 + n[0] * 0.01, y0 + n[1] * 0.01, 0), across, (0, 0, 0.09), skirting))
        if i in glazed:
            band = _window_band(rng, palette, length, h, frame)
            office.parts.append(place(band, ((x0 + x1) / 2, (y0 + y1) / 2, 0), (0, -np.pi / 2, np.pi, np.pi / 2)[i]))


def _window_band(rng: np.random.Generator, palette: Palette, length: float, height: float,
                 frame: np.ndarray) -> np.ndarray:
    """Windows side by side in the plane y = 0, seen from -y, with blinds partly down."""
    sill, head = rng.uniform(0.7, 1.0), min(height - 0.15, rng.uniform(2.1, 2.5))
    unit, glow = rng.uniform(1.0, 1.8), rng.uniform(1.0, 7.0)
    parts = [place(box((length, 0.14, 0.04), palette.grey(0.4, 0.85)), (0, -0.07, sill - 0.04)),
             place(box((length * 0.9, 0.1, 0.5), palette.grey(0.4, 0.85)), (0, -0.06, 0.12))]
    for x in np.arange(-length / 2, length / 2 - unit + 0.01, unit):
        light = glow * np.exp(rng.normal(size=3) * 0.06) * rng.uniform(0.8, 1.1)
        parts.append(quad((x, -0.015, sill), (unit, 0, 0), (0, 0, head - sill), light))
        parts += [place(box((0.06, 0.06, head - sill), frame), (x + o, -0.03, sill)) for o in (0, unit)]
        parts.append(place(box((unit, 0.06, 0.05), frame), (x + unit / 2, -0.03, head - 0.05)))
        if rng.random() < 0.5:
            down, slat = rng.uniform(0.1, 1.0) * (head - sill), palette.grey(0.4, 1.2)
            for z in np.arange(head - down, head, 0.08):
                parts.append(place(box((unit - 0.06, 0.012, 0.055), slat * rng.uniform(0.9, 1.1)),
                                   (x + unit / 2, -0.08, z)))
    return join(parts)


def _glazed_screen(office: Office, rng: np.random.Generator) -> None:
    """A glazed wall across a part of the room: posts and rails, some panels closed."""
    frame, length, yaw = metal(rng), rng.uniform(2.0, 5.0), float(rng.choice([0, np.pi / 2]))
    unit, top, rail = rng.uniform(0.8, 1.2), min(office.height, rng.uniform(2.1, 3.0)), rng.uniform(0.1, 1.0)
    x, y = rng.uniform(-0.4, 0.4) * office.width, rng.uniform(-0.4, 0.4) * office.depth
    if not office.free(x, y, *footprint((length, 0.1, top), yaw)):
        return
    count = int(length / unit)
    parts = [place(box((count * unit, 0.06, 0.06), frame), (0, 0, z)) for z in (0, rail, top - 0.06)]
    for i in range(count + 1):
        parts.append(place(box((0.06, 0.07, top), frame), ((i - count / 2) * unit, 0, 0)))
        if i < count and rng.random() < 0.3:
            parts.append(place(box((unit, 0.03, rail), np.full(3, rng.uniform(0.1, 0.8))),
                               ((i + 0.5 - count / 2) * unit, 0, 0)))
    office.stand(join(parts), (count * unit, 0.08, top), x, y, yaw)


def _on_walls(office: Office, rng: np.random.Generator, palette: Palette) -> None:
    """Doors, whiteboards, pinboards and pictures; pillars, an extinguisher."""
    doors = [m for m in palette.assets.named(r"(door|exterior door|double door)") if m.size[1] < 0.3]
    against_walls(office, rng, doors, int(rng.integers(1, 3)))
    for _ in range(int(rng.integers(1, 4 + (office.width + office.depth) / 5))):
        mesh, (w, h) = whiteboard(rng, palette)
        x, y, yaw = wall_spot(office, rng, w, 0.04)
        office.parts.append(place(mesh, (x, y, rng.uniform(0.8, 1.15)), yaw))
    for _ in range(int(rng.integers(0, 4))):
        w, h = rng.uniform(0.3, 1.0, 2)
        colour, layer = palette.material("art", 0.1, 0.6, 0)
        x, y, yaw = wall_spot(office, rng, w, 0.04)
        pane = quad((-w / 2, -0.025, 0), (w, 0, 0), (0, 0, h), colour, layer, uv_size=(1, 1))
        office.parts.append(place(join([place(box((w + 0.04, 0.03, h + 0.04), metal(rng)), (0, 0, -0.02)), pane]),
                                  (x, y, rng.uniform(1.1, 1.5)), yaw))
    if rng.random() < 0.3:
        x, y, yaw = wall_spot(office, rng, 0.2, 0.2)
        office.parts.append(place(cylinder(0.075, 0.5, np.array([0.6, 0.03, 0.02])), (x, y, 0.6), yaw))
    for _ in range(int(rng.integers(0, 1 + office.width * office.depth / 35))):
        s = rng.uniform(0.3, 0.5)
        x, y = rng.uniform(-0.4, 0.4) * office.width, rng.uniform(-0.4, 0.4) * office.depth
        if office.free(x, y, s, s):
            office.stand(box((s, s, office.height), palette.grey(0.4, 0.85)), (s, s, office.height), x, y, 0.0)


def _rows(office: Office, rng: np.random.Generator, palette: Palette, tries: int, aisle: float) -> None:
    """Rows of workplaces of one style, where they fit with an aisle between them."""
    style = row_style(rng, palette)
    turn = float(rng.choice([0, np.pi / 2]))
    for _ in range(tries):
        both = bool(rng.random() < 0.65)
        piece = row(rng, palette, style, int(rng.integers(1, 5)), both)
        for _ in range(6):
            yaw = turn + float(rng.choice([0, np.pi], p=[0.5, 0.5])) + (np.pi / 2 if rng.random() < 0.15 else 0)
            if both or rng.random() < 0.4:
                x, y = rng.uniform(-0.45, 0.45) * office.width, rng.uniform(-0.45, 0.45) * office.depth
            else:
                x, y, yaw = wall_spot(office, rng, piece.size[0], piece.size[1])
            w, d = footprint((*piece.size, 0), yaw)
            if office.free(x, y, w, d, aisle):
                office.parts.append(place(piece.mesh, (x, y, 0), yaw))
                office.take(x, y, w, d)
                office.solids += moved(piece.solids, x, y, yaw)
                office.tops += moved(piece.tops, x, y, yaw)
                break


def _anywhere(office: Office, rng: np.random.Generator, mesh: np.ndarray,
              size: tuple[float, float, float], walls: bool, top: bool = False) -> bool:
    """Stands a piece at a wall or anywhere, if a few tries find room for it."""
    for _ in range(5):
        if walls:
            x, y, yaw = wall_spot(office, rng, size[0], size[1])
        else:
            x, y = rng.uniform(-0.45, 0.45) * office.width, rng.uniform(-0.45, 0.45) * office.depth
            yaw = float(rng.choice([0, np.pi / 2, np.pi, -np.pi / 2])) + rng.normal() * 0.1
        w, d = footprint(size, yaw)
        if office.free(x, y, w, d):
            office.stand(mesh, size, x, y, yaw)
            if top:
                office.tops.append((x, y, w * 0.8, d * 0.8, size[2]))
            return True
    return False


def _meeting(office: Office, rng: np.random.Generator, palette: Palette) -> None:
    """A table with chairs all about."""
    w, d, h = rng.uniform(1.2, 3.2), rng.uniform(0.8, 1.2), rng.uniform(0.72, 0.76)
    parts = [desk(rng, palette, w, d, h, *palette.material("wood", 0.1, 0.75, 0.5))]
    for side in (-1, 1):
        for k in range(int(w / 0.75)):
            if rng.random() < 0.85:
                x = (k + 0.5) * w / int(w / 0.75) - w / 2
                parts.append(place(task_chair(rng, palette), (x, side * (d / 2 + rng.uniform(0, 0.35)), 0),
                                   (0 if side > 0 else np.pi) + rng.normal() * 0.4))
    _anywhere(office, rng, join(parts), (w, d + 0.9, h), False, True)


def _furniture(office: Office, rng: np.random.Generator, palette: Palette, area: float) -> None:
    """What stands along the walls and in what is left of the floor."""
    for _ in range(int(rng.integers(1, 4 + area / 8))):
        mesh, size = shelf(rng, palette) if rng.random() < 0.25 else cupboard(rng, palette)
        _anywhere(office, rng, mesh, size, rng.random() < 0.85, size[2] < 1.4)
    pieces = palette.assets.named(r"(armchair|sofa|clear sofa|coffee table|little table|plant|water cooler|cardboard box|"
                                  r"open cardboard box|bookcase|bench)")
    if pieces:
        for _ in range(int(rng.integers(1, 4 + area / 12))):
            m = pieces[rng.integers(len(pieces))]
            if m.elevation == 0:
                _anywhere(office, rng, varied(rng, m), m.size, rng.random() < 0.5)
    for _ in range(int(rng.integers(1, 3 + area / 15))):
        _anywhere(office, rng, *bin_(rng, palette), rng.random() < 0.4)
    for _ in range(int(rng.integers(0, 2 + area / 20))):
        _anywhere(office, rng, task_chair(rng, palette), (0.65, 0.65, 1.0), False)


def _light(office: Office, rng: np.random.Generator) -> Light:
    """Even light from the ceiling, with one shadow, and the windows' all about."""
    w, d, h = office.width, office.depth, office.height
    tint = np.array([1, 1 - rng.uniform(0, 0.08), 1 - rng.uniform(-0.1, 0.25)])
    up = rng.uniform(0.4, 1.1) * tint
    lamps = [((rng.uniform(-0.45, 0.45) * w, rng.uniform(-0.45, 0.45) * d, h - 0.3, rng.uniform(0.1, 0.4)),
              tuple(tint * rng.uniform(0.1, 0.6))) for _ in range(int(rng.integers(1, 4)))]
    return Light((rng.uniform(-0.35, 0.35) * w, rng.uniform(-0.35, 0.35) * d, h - 0.1, 1.0),
                 tuple(tint * np.exp(rng.normal() * 0.4) * 0.8), rng.uniform(0.03, 0.15), tuple(up),
                 tuple(up * rng.uniform(0.5, 1.0)), lamps, occlusion=rng.uniform(0.5, 1.2))


def build_office(rng: np.random.Generator, assets: Assets) -> tuple[np.ndarray, Light, Office]:
    """A furnished office: its mesh, its light, and the plan that cameras are placed by."""
    single = bool(rng.random() < 0.3)
    size = rng.uniform((2.7, 3.2), (4.8, 6.5)) if single else rng.uniform((5, 6), (13, 16))
    height = rng.uniform(2.4, 3.0) if single or rng.random() < 0.85 else rng.uniform(3.0, 3.6)
    office = Office(float(size[0]), float(size[1]), height)
    palette = Palette(rng, assets)
    _floor(office, rng, palette)
    _ceiling(office, rng, palette)
    _walls(office, rng, palette)
    _on_walls(office, rng, palette)
    area = office.width * office.depth
    if single:
        _rows(office, rng, palette, int(rng.integers(1, 3)), 0.3)
    else:
        if rng.random() < 0.25:
            _glazed_screen(office, rng)
        _rows(office, rng, palette, int(rng.integers(5, 9 + area / 6)), rng.uniform(0.3, 1.1))
    if rng.random() < 0.45:
        _meeting(office, rng, palette)
    _furniture(office, rng, palette, area)
    if office.tops:
        clutter(office, rng, palette, int(rng.integers(5, 20 + 2.5 * len(office.tops))))
    return join(office.parts), _light(office, rng), office


def office_pose(rng: np.random.Generator, office: Office) -> Pose:
    """A handheld camera 1.0-1.8 m high, looking at a desk, a screen or a spot 1.5-6 m away."""
    far = rng.uniform(1.5, 6)
    for _ in range(60):
        x, y = rng.uniform(-0.5, 0.5) * (office.width - 0.4), rng.uniform(-0.5, 0.5) * (office.depth - 0.4)
        z = float(np.clip(rng.normal(1.42, 0.2), 1.0, 1.8))
        if office.solids and rng.random() < 0.65:
            tx, ty, _, _, top = office.solids[rng.integers(len(office.solids))]
            target = np.array([tx, ty, min(top, 1.3) * rng.uniform(0.5, 1)])
        else:
            turn = rng.uniform(0, 2 * np.pi)
            target = np.array([x + far * np.sin(turn), y + far * np.cos(turn), rng.uniform(0.4, 1.6)])
        inside = abs(target[0]) <= office.width / 2 and abs(target[1]) <= office.depth / 2
        apart = np.hypot(target[0] - x, target[1] - y)
        if inside and not office.blocks(x, y, z) and 0.75 * far < apart < 1.25 * far:
            break
    d = target - (x, y, z)
    yaw = np.arctan2(d[0], d[1]) + rng.normal() * 0.2
    tilt = np.clip(np.arctan2(d[2], np.hypot(d[0], d[1])), -0.7, 0.3) + rng.normal() * 0.07
    return look(np.array([x, y, z]), yaw, tilt, rng.normal() * 0.04)
