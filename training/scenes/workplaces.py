"""What stands in offices, at the sizes that makers sell: task chairs, desks,
partitions and rows of workplaces made of them, cupboards, whiteboards, copiers, bins.

Pieces face -y, as the models do: a person at a desk sits at -y and looks along +y.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .mesh import box, cylinder, join, place, quad, tilt
from .rooms import Palette, screen

Rect = tuple[float, float, float, float, float]  # x, y, width, depth, height or top [m]


@dataclass
class Piece:
    """A mesh that stands about the origin: its footprint, what is solid in it, its tops."""

    mesh: np.ndarray
    size: tuple[float, float]
    solids: list[Rect] = field(default_factory=list)
    tops: list[Rect] = field(default_factory=list)


def moved(rects: list[Rect], x: float, y: float, yaw: float) -> list[Rect]:
    """Rectangles turned by a multiple of a right angle and moved, as `place` does."""
    c, s = round(np.cos(yaw)), round(np.sin(yaw))
    return [(x + c * a - s * b, y + s * a + c * b, *((d, w) if s else (w, d)), h)
            for a, b, w, d, h in rects]


def fabric(rng: np.random.Generator, palette: Palette) -> tuple[np.ndarray, int]:
    """(colour, layer) of office cloth: mostly grey, else blue, green, beige or red."""
    tints = np.array([(1, 1, 1), (1, 1, 1), (1, 0.97, 0.9), (0.6, 0.75, 1.2), (0.7, 1, 0.8),
                      (1.15, 1, 0.75), (1.4, 0.6, 0.5)])
    tint = tints[rng.integers(len(tints))] * np.exp(rng.normal(size=3) * 0.05)
    level = rng.uniform(0.08, 0.6)
    layer = -1
    if rng.random() < 0.35 and palette.assets.kinds["cloth"]:
        layer = int(rng.choice(palette.assets.kinds["cloth"]))
        level /= max(palette.assets.brightness[layer], 0.1)
    return np.clip(level * tint, 0.02, 2.5).astype(np.float32), layer


def metal(rng: np.random.Generator) -> np.ndarray:
    """The colour of painted or bare metal: black, silver or white."""
    low, high = ((0.02, 0.06), (0.25, 0.5), (0.6, 0.85))[rng.integers(3)]
    return np.full(3, rng.uniform(low, high), np.float32)


def task_chair(rng: np.random.Generator, palette: Palette) -> np.ndarray:
    """A swivel chair on a five-star base: its seat .42-.54 m high, .43-.52 m wide."""
    cloth, layer = fabric(rng, palette)
    if rng.random() < 0.5:
        cloth, layer = palette.grey(0.02, 0.08), -1
    base = metal(rng)
    seat, w, d = rng.uniform(0.42, 0.54), rng.uniform(0.43, 0.52), rng.uniform(0.42, 0.5)
    star, lean = rng.uniform(0.28, 0.35), rng.uniform(0.05, 0.25)
    parts = [cylinder(0.028, seat - 0.1, base, sides=6), place(box((0.2, 0.2, 0.04), base), (0, 0, seat - 0.1))]
    turn = rng.uniform(0, 2 * np.pi)
    for k in range(5):
        arm = join([place(box((star, 0.05, 0.035), base), (star / 2, 0, 0.06)),
                    place(cylinder(0.03, 0.06, np.full(3, 0.03), sides=6), (star, 0, 0))])
        parts.append(place(arm, (0, 0, 0), turn + k * 2 * np.pi / 5))
    parts.append(place(box((w, d, 0.07), cloth, layer), (0, 0, seat - 0.06)))
    back = rng.uniform(0.35, 0.65)
    parts.append(place(tilt(box((w * rng.uniform(0.8, 1), 0.06, back), cloth, layer), lean),
                       (0, d / 2 - 0.02, seat + rng.uniform(0.08, 0.18))))
    parts.append(place(tilt(box((0.07, 0.03, 0.4), base), lean), (0, d / 2 + 0.02, seat - 0.08)))
    if rng.random() < 0.6:
        for side in (-1, 1):
            parts.append(place(box((0.03, 0.06, 0.2), base), (side * (w / 2 + 0.03), 0, seat - 0.02)))
            parts.append(place(box((0.07, 0.24, 0.03), np.full(3, 0.04)),
                               (side * (w / 2 + 0.03), -0.02, seat + 0.18)))
    return join(parts)


def desk(rng: np.random.Generator, palette: Palette, w: float, d: float, h: float,
         colour: np.ndarray, layer: int) -> np.ndarray:
    """A worktop on panels or legs, at times with a set of drawers below."""
    steel = metal(rng)
    parts = [place(box((w, d, 0.028), colour, layer, 1.0, 0.2), (0, 0, h - 0.028))]
    if rng.random() < 0.5:
        parts += [place(box((0.028, d - 0.04, h - 0.028), colour, layer), (s * (w / 2 - 0.03), 0, 0))
                  for s in (-1, 1)]
        parts.append(place(box((w - 0.06, 0.02, 0.4), colour, layer), (0, d / 2 - 0.08, h - 0.45)))
    else:
        parts += [place(box((0.05, 0.05, h - 0.028), steel), (s * (w / 2 - 0.06), t * (d / 2 - 0.06), 0))
                  for s in (-1, 1) for t in (-1, 1)]
    if rng.random() < 0.6:
        x = rng.choice([-1, 1]) * (w / 2 - 0.28)
        parts.append(place(drawers(0.4, d - 0.1, 0.58, int(rng.integers(2, 4)), palette.plain(0.1, 0.8)),
                           (x, 0, 0.02)))
    return join(parts)


def drawers(w: float, d: float, h: float, count: int, colour: np.ndarray) -> np.ndarray:
    """A cabinet with `count` fronts, one above another, each with a handle."""
    parts = [box((w, d, h), colour * 0.8)]
    for i in range(count):
        z = h * i / count
        parts.append(place(box((w - 0.01, 0.02, h / count - 0.012), colour, gloss=0.2), (0, -d / 2, z + 0.006)))
        parts.append(place(box((0.13, 0.02, 0.015), np.full(3, 0.3)), (0, -d / 2 - 0.02, z + 0.7 * h / count)))
    return join(parts)


def partition(rng: np.random.Generator, length: float, h: float, t: float, cloth: np.ndarray,
              layer: int, frame: np.ndarray, open_top: float = 0.0) -> np.ndarray:
    """A screen of cloth in a metal frame on a dark plinth; `open_top` metres of it are glass."""
    top = h - open_top
    parts = [place(box((length - 0.03, t, top - 0.08), cloth, layer, 0.8), (0, 0, 0.08)),
             box((length - 0.03, t - 0.01, 0.08), np.full(3, 0.04)),
             place(box((length, t + 0.012, 0.025), frame), (0, 0, h - 0.02))]
    parts += [place(box((0.035, t + 0.012, h), frame), (s * length / 2, 0, 0)) for s in (-1, 1)]
    if open_top > 0:
        parts.append(place(box((length, t + 0.01, 0.025), frame), (0, 0, top)))
    elif rng.random() < 0.5:
        parts.append(place(box((length, t + 0.008, 0.02), frame), (0, 0, h * rng.uniform(0.4, 0.65))))
    return join(parts)


@dataclass
class RowStyle:
    """What the workplaces of one office have in common."""

    module: float
    height: float
    thickness: float
    desk_depth: float
    desk_height: float
    wing: float
    returns: bool
    lockers: bool
    open_top: float
    cloth: tuple[np.ndarray, int]
    wood: tuple[np.ndarray, int]
    frame: np.ndarray


def row_style(rng: np.random.Generator, palette: Palette) -> RowStyle:
    """Draws it: partitions 1.07-1.75 m, worktops .60-.80 m deep at .72-.76 m, places 1.2-1.9 m wide."""
    height = float(rng.choice([1.07, 1.2, 1.35, 1.5, 1.6, 1.75])) + rng.normal() * 0.02
    wing = rng.uniform(0.75, 1.9) if rng.random() < 0.7 else 0.0
    return RowStyle(rng.uniform(1.2, 1.9), height, rng.uniform(0.035, 0.085), rng.uniform(0.6, 0.8),
                    rng.uniform(0.72, 0.76), wing, bool(wing > 1.2 and rng.random() < 0.6),
                    bool(height > 1.45 and rng.random() < 0.4),
                    float(rng.uniform(0.25, 0.4)) if height > 1.3 and rng.random() < 0.2 else 0.0,
                    fabric(rng, palette), palette.material("wood", 0.12, 0.75, 0.6), metal(rng))


def _pinned(rng: np.random.Generator, palette: Palette, width: float, low: float, high: float,
            count: int) -> np.ndarray:
    """Sheets (A4 mostly) pinned to a screen in the plane y = 0, seen from -y."""
    parts = []
    for _ in range(count):
        w, h = (0.21, 0.297) if rng.random() < 0.7 else rng.uniform(0.08, 0.5, 2)
        if high - low < h + 0.05:
            continue
        colour, layer = palette.material("art", 0.2, 0.7, 0.1)
        if rng.random() < 0.6:
            colour, layer = palette.grey(0.6, 0.9), -1
        parts.append(quad((rng.uniform(-width / 2, width / 2 - w), 0, rng.uniform(low, high - h)),
                          (w, 0, 0), (0, 0, h), colour, layer, uv_size=(1, 1)))
    return join(parts)


def workplace(rng: np.random.Generator, palette: Palette, style: RowStyle) -> Piece:
    """One side of one module: desk before the screen at y = 0, chair, monitors, paper."""
    m, e, top = style.module, style.desk_depth, style.desk_height
    parts, y = [], -style.thickness / 2 - e / 2 - 0.01
    solids, tops = [(0.0, y, m, e, top)], [(0.0, y, m, e, top)] * 2
    parts.append(place(desk(rng, palette, m - 0.03, e, top, *style.wood), (0, y, 0)))
    if style.returns:
        side = float(rng.choice([-1, 1]))
        w, d = 0.55, style.wing - e - 0.1
        at = (side * (m / 2 - w / 2 - 0.05), y - e / 2 - d / 2)
        parts.append(place(desk(rng, palette, w, d, top, *style.wood), (*at, 0)))
        solids.append((*at, w, d, top))
        tops.append((*at, w, d, top))
    if style.lockers:
        colour = style.cloth[0] if rng.random() < 0.5 else palette.grey(0.2, 0.8)
        parts.append(place(box((m - 0.05, 0.36, 0.38), colour, -1, 1, 0.2),
                           (0, -style.thickness / 2 - 0.18, style.height - 0.4)))
    for k in range(int(rng.choice([0, 1, 1, 2, 2]))):
        parts.append(place(screen(rng, palette), (rng.normal() * 0.08 + 0.55 * (k - 0.3),
                           y + 0.1 + rng.normal() * 0.05, top), rng.normal() * 0.3))
    if rng.random() < 0.7:
        parts.append(place(box((0.45, 0.16, 0.025), palette.plain(0.02, 0.7)),
                           (rng.normal() * 0.15, y - e / 2 + 0.15, top), rng.normal() * 0.15))
    if rng.random() < 0.25:
        parts.append(place(box((0.2, 0.45, 0.42), palette.plain(0.02, 0.7)),
                           (rng.uniform(-0.4, 0.4) * m, y, top if rng.random() < 0.3 else 0)))
    parts.append(place(_pinned(rng, palette, m - 0.1, top + 0.05, style.height - style.open_top - 0.03,
                               int(rng.integers(0, 6))), (0, -style.thickness / 2 - 0.004, 0)))
    if rng.random() < 0.85:
        x, back = rng.normal() * 0.2, y - e / 2 - rng.uniform(0.05, 0.6)
        parts.append(place(task_chair(rng, palette), (x, back, 0), np.pi + rng.normal() * 0.7))
        solids.append((x, back, 0.6, 0.6, 1.0))
    return Piece(join(parts), (m, e), solids, tops)


def row(rng: np.random.Generator, palette: Palette, style: RowStyle, count: int,
        both: bool) -> Piece:
    """Workplaces side by side along a screen, on one side of it or on both."""
    m, t, length = style.module, style.thickness, count * style.module
    parts, solids, tops = [], [(0.0, 0.0, length, t, style.height)], []
    for i in range(count):
        x = (i - (count - 1) / 2) * m
        parts.append(place(partition(rng, m, style.height, t, *style.cloth, style.frame, style.open_top),
                           (x, 0, 0)))
        for yaw in (0.0, np.pi)[:1 + both]:
            if rng.random() < 0.06:
                continue
            seat = workplace(rng, palette, style)
            parts.append(place(seat.mesh, (x, 0, 0), yaw))
            solids += moved(seat.solids, x, 0, yaw)
            tops += moved(seat.tops, x, 0, yaw)
    reach = style.wing
    for i in range(count + 1 if reach else 0):
        x = (i - count / 2) * m
        for side in (-1, 1)[:1 + both]:
            parts.append(place(partition(rng, reach, style.height, t, *style.cloth, style.frame,
                                         style.open_top), (x, side * (reach / 2 + t / 2), 0), np.pi / 2))
            solids.append((x, side * (reach / 2 + t / 2), t, reach, style.height))
    deep = max(reach, style.desk_depth + 0.7)
    if both:
        return Piece(join(parts), (length + 0.1, 2 * deep + t), solids, tops)
    # One-sided rows stand about the middle of their footprint, the screen at its back.
    y = deep / 2
    return Piece(place(join(parts), (0, y, 0)), (length + 0.1, deep + t), moved(solids, 0, y, 0.0),
                 moved(tops, 0, y, 0.0))


def cupboard(rng: np.random.Generator, palette: Palette) -> tuple[np.ndarray, tuple[float, float, float]]:
    """A filing cabinet (.42 x .62 m), a cupboard or a sideboard; the mesh and its size."""
    colour = palette.grey(0.15, 0.8) if rng.random() < 0.7 else palette.plain(0.1, 0.7)
    kind = rng.random()
    if kind < 0.4:
        count = int(rng.choice([2, 3, 4]))
        size = (rng.uniform(0.4, 0.48), rng.uniform(0.55, 0.65), (0.71, 1.02, 1.32)[count - 2])
        return drawers(*size, count, colour), size
    if kind < 0.5:  # a copier: body, trays, panel
        size = (rng.uniform(0.58, 0.68), rng.uniform(0.6, 0.7), rng.uniform(0.95, 1.2))
        parts = [drawers(size[0], size[1], size[2] - 0.3, 3, palette.grey(0.5, 0.85)),
                 place(box((size[0], size[1], 0.25), palette.grey(0.4, 0.85)), (0, 0, size[2] - 0.25)),
                 place(box((size[0] * 0.8, 0.3, 0.02), np.full(3, 0.05)), (-0.03, -0.1, size[2] - 0.3))]
        return join(parts), size
    size = (rng.uniform(0.8, 1.2), rng.uniform(0.4, 0.5), float(rng.choice([0.75, 1.1, 1.6, 1.95])))
    body = [box(size, colour * 0.85)]
    for s in (-1, 1):
        body.append(place(box((size[0] / 2 - 0.008, 0.02, size[2] - 0.06), colour, gloss=0.2),
                          (s * size[0] / 4, -size[1] / 2, 0.04)))
        body.append(place(box((0.015, 0.02, 0.14), np.full(3, 0.2)), (s * 0.05, -size[1] / 2 - 0.02, size[2] * 0.5)))
    return join(body), size


def whiteboard(rng: np.random.Generator, palette: Palette) -> tuple[np.ndarray, tuple[float, float]]:
    """A board of a maker's size with its frame, its tray and what was written; or a pinboard."""
    w, h = ((0.9, 0.6), (1.2, 0.9), (1.5, 1.0), (1.8, 0.9), (1.8, 1.2), (2.4, 1.2))[rng.integers(6)]
    frame = metal(rng)
    if rng.random() < 0.25:
        colour, layer = fabric(rng, palette)
        parts = [box((w, 0.03, h), frame), quad((-w / 2 + 0.02, -0.017, 0.02), (w - 0.04, 0, 0),
                                               (0, 0, h - 0.04), colour, layer, 0.5),
                 place(_pinned(rng, palette, w - 0.1, 0.04, h - 0.04, int(rng.integers(3, 14))), (0, -0.02, 0))]
        return join(parts), (w, h)
    parts = [box((w, 0.03, h), frame), place(box((w * 0.6, 0.08, 0.02), frame), (0, -0.05, -0.01)),
             quad((-w / 2 + 0.02, -0.017, 0.02), (w - 0.04, 0, 0), (0, 0, h - 0.04),
                  palette.grey(0.75, 0.95), gloss=0.3)]
    ink = [np.array(c, np.float32) for c in ((0.03, 0.03, 0.04), (0.05, 0.1, 0.5), (0.5, 0.05, 0.05), (0.03, 0.3, 0.1))]
    for _ in range(int(rng.integers(0, 40))):
        long, thick = rng.uniform(0.04, 0.4), rng.uniform(0.006, 0.015)
        across, up = ((long, thick) if rng.random() < 0.75 else (thick, long))
        parts.append(quad((rng.uniform(-w / 2 + 0.05, w / 2 - 0.05 - across), -0.019,
                           rng.uniform(0.05, h - 0.05 - up)), (across, 0, 0), (0, 0, up), ink[rng.integers(4)]))
    return join(parts), (w, h)


def bin_(rng: np.random.Generator, palette: Palette) -> tuple[np.ndarray, tuple[float, float, float]]:
    """A round or square waste bin, .3-.7 m high."""
    h = rng.uniform(0.3, 0.7)
    r = rng.uniform(0.11, 0.15) + 0.1 * (h - 0.3)
    colour = palette.plain(0.03, 0.6)
    mesh = cylinder(r * 0.85, h, colour, sides=12, top_radius=r) if rng.random() < 0.6 \
        else box((1.7 * r, 1.7 * r, h), colour)
    return mesh, (2 * r, 2 * r, h)
