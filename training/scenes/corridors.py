"""Corridors and stairs at true size: long white walls, doors in rows, steps, landings.

Little is to be seen here but what is made to a standard: doors of .8-1.0 by 2.0-2.1 m,
steps of .15-.19 by .26-.31 m, rails at .9-1.1 m, ceilings at 2.3-3.2 m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assets import Assets
from .mesh import box, cylinder, join, place, quad
from .render import Light, Pose, look
from .rooms import Palette, Room, varied


@dataclass
class Corridor(Room):
    """A corridor along y about x = 0, or a stairwell.

    rise, run: of a step [m], 0 in a corridor; first: where along y the steps begin; steps:
    how many there are.
    """

    rise: float = 0.0
    run: float = 0.0
    first: float = 0.0
    steps: int = 0

    def ground(self, y: float) -> float:
        """The height of the floor or step at y."""
        if self.steps == 0:
            return 0.0
        return self.rise * float(np.clip(np.ceil((y - self.first) / self.run), 0, self.steps))


def _pale(rng: np.random.Generator) -> np.ndarray:
    """White to cream, as corridors are painted."""
    return np.clip(rng.uniform(0.5, 0.95) * np.exp(rng.normal(size=3) * 0.04), 0.1, 0.98).astype(np.float32)


def _door(rng: np.random.Generator, palette: Palette) -> np.ndarray:
    """A door leaf in its frame, facing -y, with a handle, at times a pane and a plate."""
    w, h = rng.uniform(0.8, 1.0), rng.uniform(1.98, 2.12)
    colour, layer = palette.material("wood", 0.1, 0.7, 0.55)
    frame = palette.plain(0.2, 0.9)
    parts = [place(box((w + 0.14, 0.05, h + 0.07), frame), (0, -0.01, 0)),
             place(box((w, 0.03, h), colour, layer, 1.0), (0, -0.045, 0)),
             place(box((0.13, 0.05, 0.02), np.full(3, 0.35), gloss=0.6),
                   (rng.choice([-1, 1]) * (w / 2 - 0.1), -0.09, 1.02))]
    if rng.random() < 0.25:
        parts.append(quad((-0.1, -0.066, 1.3), (0.2, 0, 0), (0, 0, 0.45), np.full(3, rng.uniform(0.1, 0.9)),
                          gloss=0.6))
    if rng.random() < 0.5:
        parts.append(quad((w / 2 + 0.15, -0.012, 1.5), (0.15, 0, 0), (0, 0, 0.15), palette.plain()))
    return join(parts)


def _walls(room: Corridor, rng: np.random.Generator, palette: Palette, low: float, high: float) -> None:
    """Side and end walls from `low` to `high`, floor at 0 and ceiling at `high`, where it is level."""
    w, d = room.width / 2, room.depth / 2
    wall = _pale(rng) if rng.random() < 0.75 else palette.plain(0.2, 0.8)
    band = palette.plain(0.1, 0.6) if rng.random() < 0.25 else None
    for (x0, y0), (x1, y1) in (((-w, d), (w, d)), ((w, d), (w, -d)), ((w, -d), (-w, -d)), ((-w, -d), (-w, d))):
        across = (x1 - x0, y1 - y0, 0)
        room.parts.append(quad((x0, y0, low), across, (0, 0, high - low), wall))
        n = np.array([y1 - y0, x0 - x1]) / np.hypot(x1 - x0, y1 - y0) * 0.01
        if room.steps == 0:
            skirting = wall * rng.uniform(0.3, 0.9)
            room.parts.append(quad((x0 + n[0], y0 + n[1], 0), across, (0, 0, rng.uniform(0.06, 0.12)), skirting))
            if band is not None:
                room.parts.append(quad((x0 + n[0], y0 + n[1], 0.85), across, (0, 0, 0.12), band))
    colour, layer = palette.material("floor", 0.08, 0.6, 0.5)
    gloss = rng.uniform(0, 0.5) if rng.random() < 0.5 else 0.0
    room.parts.append(quad((-w, -d, 0), (2 * w, 0, 0), (0, 2 * d, 0), colour, layer,
                           rng.uniform(0.4, 2.0), gloss))
    room.parts.append(quad((-w, d, high), (2 * w, 0, 0), (0, -2 * d, 0), _pale(rng)))


def _along(room: Corridor, rng: np.random.Generator, palette: Palette) -> None:
    """Doors, boards, lamps, fire extinguishers, benches and beams along a corridor."""
    w, d = room.width / 2, room.depth / 2
    door, gap = _door(rng, palette), rng.uniform(2.0, 6.0)
    for side in (-1, 1):
        y = -d + rng.uniform(0.8, gap)
        while y < d - 0.7:
            if rng.random() < 0.8:
                room.parts.append(place(door, (side * w, y, 0), -side * np.pi / 2))
            elif rng.random() < 0.5:
                colour, layer = palette.material("art", 0.2, 0.7, 0.1)
                size = rng.uniform(0.4, 1.2)
                picture = place(box((size, 0.03, size * 0.7), colour, layer, size), (0, -0.015, 1.2))
                room.parts.append(place(picture, (side * w, y, 0), -side * np.pi / 2))
            y += gap * rng.uniform(0.7, 1.3)
    for end in (-1, 1):
        if rng.random() < 0.7:
            room.parts.append(place(_door(rng, palette), (0, end * d, 0), 0.0 if end > 0 else np.pi))
    glow, spacing = np.full(3, rng.uniform(2, 7)), rng.uniform(1.8, 4.5)
    lamp = box((rng.uniform(0.1, 0.6), rng.uniform(0.3, 1.3), 0.03), glow)
    for y in np.arange(-d + spacing / 2, d, spacing):
        room.parts.append(place(lamp, (0, y, room.height - 0.031)))
    if rng.random() < 0.3:
        for y in np.arange(-d + 2, d, rng.uniform(3, 6)):
            room.parts.append(place(box((2 * w, 0.25, 0.3), _pale(rng)), (0, y, room.height - 0.3)))
    for _ in range(int(rng.integers(0, 4))):
        x, y = rng.choice([-1, 1]) * (w - 0.12), rng.uniform(-d, d)
        room.parts.append(place(cylinder(0.08, 0.5, np.array([0.6, 0.02, 0.02])), (x, y, 0.4)))
    pieces = [m for m in palette.assets.models if m.size[1] < 0.55 and 0.4 < m.size[2] < 2.1
              and m.elevation == 0 and m.category not in ("Exterior", "Vehicles", "Doors and windows")]
    for _ in range(int(rng.integers(0, 4)) if pieces and w > 0.8 else 0):
        m, side = pieces[rng.integers(len(pieces))], rng.choice([-1, 1])
        if m.size[0] < 2 * d - 1:
            room.parts.append(place(varied(rng, m), (side * (w - m.size[1] / 2 - 0.02),
                                                     rng.uniform(-d + 1, d - 1), 0), -side * np.pi / 2))


def _flight(room: Corridor, rng: np.random.Generator, palette: Palette) -> None:
    """Steps from room.first upwards, the landing they reach, rails on one or both sides."""
    w, d = room.width / 2, room.depth / 2
    colour, layer = palette.material("floor", 0.1, 0.6, 0.5)
    nose = colour * rng.uniform(0.3, 1.3)
    for i in range(room.steps):
        y, z = room.first + i * room.run, (i + 1) * room.rise
        room.parts.append(place(box((2 * w, room.run + 0.02, room.rise), colour, layer, 0.8),
                                (0, y + room.run / 2, z - room.rise)))
        if rng.random() < 0.97 and layer < 0:
            room.parts.append(place(box((2 * w, 0.03, 0.006), nose), (0, y + 0.015, z)))
    top, after = room.steps * room.rise, room.first + room.steps * room.run
    room.parts.append(place(box((2 * w, max(0.05, d - after), 0.2), colour, layer, 0.8),
                            (0, (after + d) / 2, top - 0.2)))
    rail, height = palette.plain(0.03, 0.5), rng.uniform(0.88, 1.05)
    length = np.hypot(room.run, room.rise) * room.steps
    slope = np.arctan2(room.rise, room.run)
    for side in (-1, 1):
        if rng.random() < 0.7:
            x = side * (w - 0.07)
            bar = quad((x - 0.025, room.first, height + room.rise), (0.05, 0, 0),
                       (0, length * np.cos(slope), length * np.sin(slope)), rail)
            face = quad((x - side * 0.025, room.first, height - 0.05 + room.rise),
                        (0, length * np.cos(slope), length * np.sin(slope)), (0, 0, 0.05), rail)
            room.parts += [bar, face, face[::-1].copy()]
            if rng.random() < 0.5:
                for i in range(room.steps):
                    room.parts.append(place(cylinder(0.012, height, rail, sides=5),
                                            (x, room.first + (i + 0.5) * room.run, (i + 1) * room.rise)))
    if rng.random() < 0.6:
        room.parts.append(place(_door(rng, palette), (0, d, top), 0.0))
    if rng.random() < 0.5:
        pane = quad((-0.4, d - 0.02, top + 1.0), (0.8, 0, 0), (0, 0, 1.0), np.full(3, rng.uniform(1, 5)))
        room.parts.append(pane)


def build_corridor(rng: np.random.Generator, assets: Assets) -> tuple[np.ndarray, Light, Corridor]:
    """A corridor, or (two in five) a flight of stairs between walls."""
    palette = Palette(rng, assets)
    if rng.random() < 0.4:
        rise, run, steps = rng.uniform(0.15, 0.19), rng.uniform(0.26, 0.31), int(rng.integers(7, 17))
        before, after = rng.uniform(1.2, 4.0), rng.uniform(1.0, 3.0)
        length = before + steps * run + after
        room = Corridor(rng.uniform(0.95, 2.6), length, steps * rise + rng.uniform(2.3, 2.9), rise=rise,
                        run=run, first=-length / 2 + before, steps=steps)
        _walls(room, rng, palette, 0.0, room.height)
        _flight(room, rng, palette)
    else:
        room = Corridor(rng.uniform(1.2, 3.2), np.exp(rng.uniform(np.log(5), np.log(40))),
                        rng.uniform(2.3, 3.2))
        _walls(room, rng, palette, 0.0, room.height)
        _along(room, rng, palette)
    warm = np.array([1, 1 - rng.uniform(0, 0.15), 1 - rng.uniform(0, 0.35)])
    up = rng.uniform(0.3, 1.0) * np.array([1 - rng.uniform(0, 0.1), 1, 1 + rng.uniform(-0.05, 0.1)])
    lamps = [((0.0, rng.uniform(-0.45, 0.45) * room.depth, room.height - 0.3, rng.uniform(0.05, 0.4)),
              tuple(warm * rng.uniform(0.1, 0.7))) for _ in range(int(rng.integers(1, 5)))]
    light = Light((0.0, rng.uniform(-0.3, 0.3) * room.depth, room.height - 0.12, 1.0),
                  tuple(warm * np.exp(rng.normal() * 0.4)), rng.uniform(0.02, 0.15), tuple(up),
                  tuple(up * rng.uniform(0.4, 0.9)), lamps, occlusion=rng.uniform(0.4, 1.1))
    return join(room.parts), light, room


def corridor_pose(rng: np.random.Generator, room: Corridor) -> Pose:
    """A walker's camera, along the corridor or at a wall; on stairs up or down."""
    d = room.depth / 2
    y = rng.uniform(-d + 0.3, d - 0.3)
    x = rng.uniform(-0.3, 0.3) * room.width
    z = min(room.ground(y) + rng.uniform(1.1, 1.75), room.height - 0.25)
    forward = y < 0 if rng.random() < 0.8 else y > 0
    yaw = (0.0 if forward else np.pi) + rng.normal() * 0.25
    if rng.random() < 0.2:
        yaw += rng.choice([-1, 1]) * rng.uniform(0.4, 1.3)
    tilt = rng.normal() * 0.12 - 0.05
    if room.steps:
        tilt += 0.3 * (1 if np.cos(yaw) > 0 else -1.6) * float(abs(y) < d * 0.9)
    return look(np.array([x, y, z]), yaw, float(np.clip(tilt, -1.1, 0.7)), rng.normal() * 0.04)


def acceptable_corridor(depth: np.ndarray) -> bool:
    """Whether a view is not a bare wall before the lens."""
    return bool(np.median(depth) > 0.6 and np.mean(depth < 0.3) < 0.05
                and depth.std() > 0.25 * np.median(depth))


def pale_brightness(rng: np.random.Generator) -> float:
    """The brightness asked of the exposure: white walls are white, and clip at times."""
    return float(rng.uniform(0.4, 0.85))
