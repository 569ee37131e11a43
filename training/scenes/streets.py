"""Streets at true size: lanes, kerbs, pavements, houses, trees, vehicles, poles, hedges.

A street runs along y for 240 m and is built straight, then bent into a curve and tilted
into a slope as a whole; cameras and vehicles stand on it through `Street.on_road`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .assets import Assets
from .mesh import COLOUR, FIELDS, GLOSS, LAYER, NORMAL, POSITION, UV, bend, box, cylinder, join, place, quad
from .render import Light
from .rooms import Palette, varied

FIRST, LAST = -70.0, 170.0


@dataclass
class Street:
    """The measures of a street [m] and its mesh in the making."""

    road: float
    pavement: float
    kerb: float
    curvature: float
    slope: float
    lanes: int
    parts: list[np.ndarray] = field(default_factory=list)

    def lane_centre(self, rng: np.random.Generator) -> float:
        """The middle of a random lane [m], across the road."""
        lane = int(rng.integers(self.lanes))
        return (lane + 0.5) * self.road / self.lanes - self.road / 2

    def on_road(self, across: float, along: float, height: float) -> tuple[np.ndarray, float]:
        """The point of the bent street, and the road's heading there [rad]."""
        point = np.array([across + 0.5 * self.curvature * along ** 2, along,
                          height + self.slope * along])
        return point, float(np.arctan(self.curvature * along))


def strip(x0: float, x1: float, z: float, colour: np.ndarray, layer: int, repeat: float,
           first: float = FIRST, last: float = LAST, step: float = 8.0) -> np.ndarray:
    """A strip along the road in pieces short enough to be bent."""
    ys = np.arange(first, last, step)
    pieces = [quad((x0, y, z), (x1 - x0, 0, 0), (0, min(step, last - y), 0), colour, layer, repeat)
              for y in ys]
    for piece, y in zip(pieces, ys):
        piece[:, UV][:, 1] += (y - first) / repeat
    return join(pieces)


def _ground(street: Street, rng: np.random.Generator, palette: Palette) -> None:
    """Road, markings, kerbs, pavements, the ground beyond."""
    half = street.road / 2
    colour, layer = palette.material("road", 0.04, 0.3, 0)
    if rng.random() < 0.4:
        colour, layer = palette.grey(0.03, 0.3), -1
    street.parts.append(strip(-half, half, 0, colour, layer, rng.uniform(2, 6)))
    for _ in range(int(rng.integers(0, 8))):  # patches of other asphalt
        x, y = rng.uniform(-half, half - 1), rng.uniform(FIRST, LAST)
        street.parts.append(strip(x, min(half, x + rng.uniform(0.5, 3)), 0.004,
                                   palette.grey(0.03, 0.25), -1, 1, y, y + rng.uniform(2, 15), 4))
    white = np.full(3, rng.uniform(0.4, 0.9))
    if rng.random() < 0.75:
        dash, gap, w = rng.uniform(2, 6), rng.uniform(2, 9), rng.uniform(0.1, 0.18)
        for lane in range(1, street.lanes):
            x = lane * street.road / street.lanes - half
            if rng.random() < 0.2:
                street.parts.append(strip(x - w / 2, x + w / 2, 0.008, white, -1, 1))
                continue
            for y in np.arange(FIRST, LAST, dash + gap):
                street.parts.append(strip(x - w / 2, x + w / 2, 0.008, white, -1, 1, y, y + dash))
    if rng.random() < 0.4:
        for side in (-1, 1):
            x = side * (half - rng.uniform(0.2, 0.5))
            street.parts.append(strip(x - 0.07, x + 0.07, 0.008, white, -1, 1))
    colour, layer = palette.material("pavement", 0.12, 0.5, 0)
    if rng.random() < 0.3:
        colour, layer = palette.grey(0.12, 0.5), -1
    stone = palette.grey(0.2, 0.6)
    verge, verge_layer = palette.material("grass", 0.06, 0.25, 0.05)
    if rng.random() < 0.5:
        verge, verge_layer = palette.material("ground", 0.08, 0.3, 0.05)
    has_verge = rng.random() < 0.35
    k, p = street.kerb, street.pavement
    for side in (-1, 1):
        edge = side * half
        wall = quad((edge, FIRST, 0), (0, LAST - FIRST, 0), (0, 0, k), stone)
        ys = np.arange(FIRST, LAST, 8.0)
        street.parts.append(join([quad((edge, y, 0), (0, 8, 0), (0, 0, k), stone) for y in ys])
                            if k > 0.02 else wall[:0])
        inner, outer = sorted((edge, edge + side * 0.15))
        street.parts.append(strip(inner, outer, k + 0.003, stone, -1, 1))
        a, b = sorted((edge, edge + side * p))
        if has_verge and rng.random() < 0.7:
            street.parts.append(strip(a, b, k, verge, verge_layer, 2.5))
        else:
            street.parts.append(strip(a, b, k, colour, layer, rng.uniform(1, 3)))
        a, b = sorted((edge + side * p, side * 150))
        street.parts.append(strip(a, b, k - 0.01, verge, verge_layer, 3, step=24))


def facade(rng: np.random.Generator, palette: Palette, width: float, height: float) -> np.ndarray:
    """A front in the plane y = 0 facing -y: wall, windows in rows, a door, ledges."""
    if rng.random() < 0.2 and palette.assets.kinds["city"]:
        colour, layer = palette.material("city", 0.12, 0.5, 0)
        return quad((-width / 2, 0, 0), (width, 0, 0), (0, 0, height), colour, layer,
                    uv_size=(max(1, round(width / rng.uniform(8, 14))),
                             max(1, round(height / rng.uniform(7, 12)))))
    colour, layer = palette.material("facade", 0.12, 0.75, 0.4)
    parts = [quad((-width / 2, 0, 0), (width, 0, 0), (0, 0, height), colour, layer,
                  rng.uniform(1.5, 4))]
    storey = rng.uniform(2.7, 3.3)
    w, h = rng.uniform(0.8, 1.6), rng.uniform(1.1, 1.8)
    pitch = w + rng.uniform(0.6, 2.0)
    glass = palette.plain(0.01, 0.25)
    frame = palette.plain(0.3, 0.9) if rng.random() < 0.7 else palette.plain(0.02, 0.3)
    columns = np.arange(-width / 2 + pitch / 2, width / 2 - w / 2, pitch)
    door = int(rng.integers(len(columns))) if len(columns) else -1
    sills = rng.random() < 0.5
    for level in range(int(height / storey + 0.3)):
        z = level * storey + rng.uniform(0.7, 0.9)
        if z + h > height:
            break
        for i, x in enumerate(columns):
            if level == 0 and i == door:
                c, t = palette.material("door", 0.05, 0.5, 0.5)
                parts.append(quad((x - 0.5, -0.03, 0), (1.0, 0, 0), (0, 0, 2.05), c, t, uv_size=(1, 1)))
                continue
            parts.append(quad((x - w / 2 - 0.07, -0.02, z - 0.07), (w + 0.14, 0, 0),
                              (0, 0, h + 0.14), frame))
            pane = glass * rng.uniform(0.5, 2.5)
            parts.append(quad((x - w / 2, -0.03, z), (w, 0, 0), (0, 0, h), pane, gloss=0.8))
            parts.append(quad((x - 0.03, -0.035, z), (0.06, 0, 0), (0, 0, h), frame))
            if sills:
                parts.append(place(box((w + 0.2, 0.12, 0.06), frame), (x, -0.05, z - 0.06)))
    return join(parts)


def house(rng: np.random.Generator, palette: Palette, width: float, depth: float,
          height: float) -> np.ndarray:
    """A house with its front in the plane y = 0 facing -y, and a gable or flat roof."""
    parts = [facade(rng, palette, width, height)]
    side = facade(rng, palette, depth, height)
    parts.append(place(side, (width / 2, depth / 2, 0), np.pi / 2 * -1))
    parts.append(place(side, (-width / 2, depth / 2, 0), np.pi / 2))
    colour, layer = palette.material("roof", 0.06, 0.4, 0.3)
    if rng.random() < 0.7:
        rise, over = rng.uniform(0.3, 0.9) * depth / 2, 0.35
        across = (width + 2 * over, 0, 0)
        parts.append(quad((-width / 2 - over, -over, height - 0.05), across,
                          (0, depth / 2 + over, rise), colour, layer, 2.0))
        parts.append(quad((width / 2 + over, depth + over, height - 0.05),
                          (-across[0], 0, 0), (0, -depth / 2 - over, rise), colour, layer, 2.0))
        gable = np.zeros((6, FIELDS), np.float32)
        for k, x in enumerate((-width / 2, width / 2)):
            gable[3 * k:3 * k + 3, POSITION] = [(x, 0, height), (x, depth, height),
                                                (x, depth / 2, height + rise)]
        gable[:, NORMAL] = (1, 0, 0)
        gable[:, COLOUR] = palette.plain(0.2, 0.7)
        gable[:, LAYER] = -1
        parts.append(gable)
    else:
        parts.append(quad((-width / 2, 0, height), (width, 0, 0), (0, depth, 0), colour, layer, 2.0))
        parts.append(place(box((width + 0.3, 0.3, 0.35), palette.plain()), (0, 0, height - 0.3)))
    return join(parts)


def tree(rng: np.random.Generator, palette: Palette) -> np.ndarray:
    """A tree: a pictured one on crossed cards, or a trunk with a crown of leaf cards."""
    kinds = palette.assets.kinds
    height = rng.uniform(3.5, 13)
    if rng.random() < 0.5 and kinds["tree"]:
        layer = int(rng.choice(kinds["tree"]))
        width = height * rng.uniform(0.6, 0.95)
        tone = np.full(3, rng.uniform(0.6, 1.8)) * np.exp(rng.normal(size=3) * 0.1)
        cards = [place(quad((-width / 2, 0, 0), (width, 0, 0), (0, 0, height), tone, layer,
                            uv_size=(1, 1)), (0, 0, 0), a) for a in (0, np.pi / 3, 2 * np.pi / 3)]
        mesh = join(cards)
        mesh[:, UV][:, 1] = 1 - mesh[:, UV][:, 1]
        mesh[:, NORMAL] = (0, 0, 1)
        return mesh
    bark, bark_layer = palette.material("bark", 0.04, 0.3, 0.4)
    radius = 0.012 * height + rng.uniform(0.03, 0.15)
    bole = height * rng.uniform(0.2, 0.45)
    trunk = cylinder(radius, height * 0.75, bark, bark_layer, 8, radius * 0.4, 0.6)
    n = int(rng.integers(200, 500))
    spread = height * rng.uniform(0.18, 0.35)
    direction = rng.normal(size=(n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    centre = direction * rng.uniform(0.4, 1, (n, 1)) * (spread, spread, (height - bole) / 2) \
        + (0, 0, (height + bole) / 2)
    green = np.clip(np.array([rng.uniform(0.05, 0.25), rng.uniform(0.12, 0.35),
                              rng.uniform(0.02, 0.12)]), 0, 1)
    layer = int(rng.choice(kinds["hedge"])) if rng.random() < 0.8 else -1
    if layer >= 0:
        green = green / max(palette.assets.brightness[layer], 0.05)
    size = spread * rng.uniform(0.12, 0.3)
    a, b = rng.normal(size=(2, n, 3)) * size
    cards = np.zeros((n, 3, FIELDS), np.float32)
    cards[:, 0, POSITION], cards[:, 1, POSITION] = centre - a / 2, centre + a / 2
    cards[:, 2, POSITION] = centre + b
    cards[..., POSITION][..., 2] = np.maximum(cards[..., POSITION][..., 2], bole * 0.8)
    cards[..., NORMAL] = direction[:, None]
    cards[:, 1, UV], cards[:, 2, UV] = (0.4, 0), (0, 0.4)
    cards[..., COLOUR] = green * np.exp(rng.normal(size=(n, 1, 1)) * 0.25)
    cards[..., LAYER] = layer
    return join([trunk, cards.reshape(-1, FIELDS)])


def _van(rng: np.random.Generator, palette: Palette) -> np.ndarray:
    """A plain van or lorry of two boxes on wheels."""
    length, width = rng.uniform(4.5, 9), rng.uniform(1.9, 2.5)
    height = rng.uniform(1.9, 3.6)
    body, cab = palette.plain(0.1, 0.9), palette.plain(0.05, 0.9)
    parts = [place(box((width, length * 0.75, height - 0.5), body, gloss=0.4), (0, -length * 0.12, 0.5)),
             place(box((width * 0.95, length * 0.24, min(height, 2.4) - 0.6), cab, gloss=0.6),
                   (0, length * 0.375, 0.5)),
             place(box((width * 0.9, 0.04, 0.6), np.full(3, 0.03), gloss=0.8),
                   (0, length * 0.497, min(height, 2.4) * 0.58))]
    for y in (-length * 0.33, length * 0.33):
        parts.append(place(box((width + 0.02, 0.75, 0.75), np.full(3, 0.02)), (0, y, 0)))
    for x in (-0.4, 0.4):
        parts.append(place(box((0.2, 0.05, 0.15), np.array([0.6, 0.02, 0.02])),
                           (x * width, -length * 0.5, 0.8)))
    return join(parts)


def vehicles(street: Street, rng: np.random.Generator, palette: Palette) -> None:
    """Cars on the lanes and parked along the kerbs, vans, buses, bicycles."""
    cars = palette.assets.named(r"(peugeot 308|renault|suv|chevrolet|smart|van$|seat leon|ford|vw)")
    large = palette.assets.named(r"(bus$|truck$|city bus)")
    two = palette.assets.named(r"(bicycle|scooter|yamaha|bike)")

    def one() -> np.ndarray:
        r = rng.random()
        if r < 0.15:
            return _van(rng, palette)
        models = large if r < 0.2 and large else cars
        m = models[rng.integers(len(models))]
        mesh = varied(rng, m)
        paint = mesh[:, LAYER] < 0
        mesh[paint, COLOUR] *= palette.plain(0.1, 1.2) / 0.5
        mesh[:, COLOUR] = np.clip(mesh[:, COLOUR], 0.01, 0.95)
        mesh[:, GLOSS] = np.maximum(mesh[:, GLOSS], 0.5)
        return place(mesh, (0, 0, 0), 0, tuple(rng.uniform(0.9, 1.08, 3)))

    half = street.road / 2
    parked = rng.uniform(0, 0.8) if rng.random() < 0.7 else 0.0
    for side in (-1, 1):
        y = FIRST
        while parked and y < LAST - 8:
            y += rng.uniform(5.0, 7.0)
            if rng.random() < parked:
                street.parts.append(place(one(), (side * (half - 1.05 + rng.normal() * 0.1), y, 0),
                                          np.pi * (rng.random() < 0.5) + rng.normal() * 0.03))
    for _ in range(int(rng.integers(0, 14))):
        x = street.lane_centre(rng)
        street.parts.append(place(one(), (x, rng.uniform(FIRST, LAST), 0),
                                  0 if x > 0 else np.pi))
    for _ in range(int(rng.integers(0, 6))):
        m = two[rng.integers(len(two))]
        x = rng.choice([-1, 1]) * (half + rng.uniform(-0.8, 1.0))
        street.parts.append(place(varied(rng, m), (x, rng.uniform(FIRST, LAST), street.kerb),
                                  rng.normal() * 0.3))


def _roadside(street: Street, rng: np.random.Generator, palette: Palette) -> None:
    """Lamps, poles, signs, bins, people, benches, street trees."""
    half, k = street.road / 2, street.kerb
    people = palette.assets.named(r"(holding|male|female|mannequin|walking)")
    people = [m for m in people if m.size[2] > 1.5]
    pieces = palette.assets.named(r"(bench|concrete bench|park trashcan|mailbox|street light|"
                                  r"classic lamppost|park light|cone|pedestrian railing|recycling)")
    for side in (-1, 1):
        x = side * (half + rng.uniform(0.3, 0.8))
        gap, tall = rng.uniform(15, 40), rng.uniform(5, 9)
        grey = palette.plain(0.05, 0.5)
        for y in np.arange(FIRST + rng.uniform(0, gap), LAST, gap):
            street.parts.append(place(cylinder(0.09, tall, grey, top_radius=0.05), (x, y, k)))
            if rng.random() < 0.7:
                street.parts.append(place(box((1.2, 0.15, 0.1), grey), (x - side * 0.6, y, k + tall)))
        for _ in range(int(rng.integers(0, 9))):
            y = rng.uniform(FIRST, LAST)
            h, size = rng.uniform(1.9, 2.6), rng.uniform(0.45, 0.8)
            vivid = rng.uniform(0.02, 0.9, 3)
            street.parts.append(place(cylinder(0.035, h + size, grey, sides=6), (x, y, k)))
            layer = int(rng.choice(palette.assets.kinds["art"])) if rng.random() < 0.4 else -1
            sign = box((size, 0.02, size), vivid, layer, size)
            street.parts.append(place(sign, (x, y, k + h), rng.normal() * 0.2))
        if rng.random() < 0.5:
            gap = rng.uniform(6, 20)
            models = [tree(rng, palette) for _ in range(3)]
            at = side * (half + min(1.2, street.pavement * 0.5))
            for y in np.arange(FIRST + rng.uniform(0, gap), LAST, gap):
                if rng.random() < 0.85:
                    street.parts.append(place(models[rng.integers(3)], (at, y + rng.normal(), k),
                                              rng.uniform(0, 6.28), rng.uniform(0.8, 1.2)))
        for _ in range(int(rng.integers(0, 7))):
            m = people[rng.integers(len(people))]
            street.parts.append(place(varied(rng, m), (
                side * (half + rng.uniform(0.3, max(0.5, street.pavement))),
                rng.uniform(FIRST, LAST), k), rng.uniform(0, 6.28)))
        for _ in range(int(rng.integers(0, 6))):
            m = pieces[rng.integers(len(pieces))]
            street.parts.append(place(varied(rng, m), (
                side * (half + rng.uniform(0.5, street.pavement)),
                rng.uniform(FIRST, LAST), k), rng.choice([0, np.pi / 2, np.pi])))


def _frontage(street: Street, rng: np.random.Generator, palette: Palette) -> None:
    """What lines the street behind the pavements: houses, walls, hedges, fences, trees."""
    character = rng.choice(["town", "terraces", "suburb", "green"], p=[0.25, 0.25, 0.25, 0.25])
    built = {"town": 0.9, "terraces": 0.95, "suburb": 0.55, "green": 0.12}[character]
    shared = tree(rng, palette), tree(rng, palette), tree(rng, palette), tree(rng, palette)
    for side in (-1, 1):
        back = street.road / 2 + street.pavement
        setback = {"town": 0.0, "terraces": rng.uniform(0, 3), "suburb": rng.uniform(3, 9),
                   "green": rng.uniform(4, 15)}[character]
        yaw = -np.pi / 2 if side > 0 else np.pi / 2
        y = FIRST
        while y < LAST:
            width = {"town": rng.uniform(10, 25), "terraces": rng.uniform(5, 8)}.get(
                character, rng.uniform(8, 15))
            x = side * (back + setback + rng.uniform(0, 0.5))
            if rng.random() < built:
                storeys = {"town": rng.uniform(8, 19), "terraces": rng.uniform(5.5, 8.5)}.get(
                    character, rng.uniform(3, 8))
                mesh = house(rng, palette, width, rng.uniform(7, 12), storeys)
                street.parts.append(place(mesh, (x, y + width / 2, street.kerb), yaw))
            else:
                for _ in range(int(rng.integers(2, 9))):
                    street.parts.append(place(shared[rng.integers(4)], (
                        x + side * rng.uniform(0, 12), y + rng.uniform(0, width), street.kerb),
                        rng.uniform(0, 6.28), rng.uniform(0.7, 1.4)))
            if setback > 1.5 and rng.random() < 0.75:
                kind = rng.choice(["hedge", "facade", "wood"], p=[0.5, 0.3, 0.2])
                colour, layer = palette.material(str(kind), 0.06, 0.4, 0.15)
                tall = rng.uniform(0.6, 2.2)
                deep = rng.uniform(0.4, 1.0) if kind == "hedge" else 0.2
                fence = box((deep, width * rng.uniform(0.6, 1.0), tall), colour, layer, 1.5)
                street.parts.append(place(fence, (side * (back + 0.3), y + width / 2, street.kerb)))
            y += width + (rng.uniform(0, 0.1) if character in ("town", "terraces")
                          else rng.uniform(2, 10))


def distance(street: Street, rng: np.random.Generator, palette: Palette) -> None:
    """Tree lines and blocks far off, which close the view."""
    for _ in range(int(rng.integers(2, 9))):
        x, y = rng.uniform(-80, 80), rng.choice([-1, 1]) * rng.uniform(175, 260)
        if rng.random() < 0.6:
            street.parts.append(place(tree(rng, palette), (x, y, 0), 0, rng.uniform(1, 2)))
        else:
            street.parts.append(place(box((rng.uniform(10, 40), 10, rng.uniform(5, 25)),
                                          palette.plain(0.1, 0.6)), (x, y, 0)))


def daylight(rng: np.random.Generator) -> Light:
    """Sun and sky: clear with hard shadows, or overcast."""
    height, turn = np.radians(rng.uniform(12, 75)), rng.uniform(0, 2 * np.pi)
    sun = (np.cos(height) * np.cos(turn), np.cos(height) * np.sin(turn), np.sin(height), 0.0)
    clear = rng.random() < 0.65
    level = rng.uniform(1.2, 3.0) if clear else rng.uniform(0, 0.4)
    warm = np.array([1, 1 - rng.uniform(0, 0.15), 1 - rng.uniform(0, 0.3)])
    blue = np.array([1 - rng.uniform(0, 0.3), 1, 1 + rng.uniform(0, 0.3)])
    ambient = rng.uniform(0.35, 0.8) * (blue if clear else np.ones(3))
    bright = rng.uniform(0.8, 4.0)
    low = bright * np.array([1, 1, rng.uniform(0.95, 1.1)])
    high = low * (np.array([0.3, 0.5, 0.9]) if clear and rng.random() < 0.6 else rng.uniform(0.7, 1))
    return Light(sun, tuple(level * warm), 0.0, tuple(ambient), tuple(ambient * rng.uniform(0.3, 0.7)),
                 sky_low=tuple(low), sky_high=tuple(high), cloud=rng.uniform(0, 1),
                 haze_length=np.exp(rng.uniform(np.log(250), np.log(6000))),
                 occlusion=rng.uniform(0.4, 1.0))


def build_street(rng: np.random.Generator, assets: Assets) -> tuple[np.ndarray, Light, Street]:
    """A street: its mesh, its light, and the plan that cameras are placed by."""
    lanes = int(rng.choice([1, 2, 3, 4], p=[0.2, 0.5, 0.15, 0.15]))
    straight = rng.random() < 0.5
    street = Street(
        road=lanes * rng.uniform(2.8, 3.6) + rng.uniform(0.5, 4.0),
        pavement=rng.uniform(1.2, 4.5), kerb=rng.choice([0.0, rng.uniform(0.06, 0.16)], p=[0.2, 0.8]),
        curvature=0.0 if straight else rng.normal() / 350, slope=rng.normal() * 0.015, lanes=lanes)
    palette = Palette(rng, assets)
    _ground(street, rng, palette)
    _frontage(street, rng, palette)
    _roadside(street, rng, palette)
    vehicles(street, rng, palette)
    distance(street, rng, palette)
    return bend(join(street.parts), street.curvature, street.slope), daylight(rng), street
