"""Motorways, country roads, forest tracks and car parks at true size.

Built of what a street is built of, without its pavements and fronts: shoulders, rails,
reflector posts, gantries, fields, banks, woods. Lanes are 3.25-3.75 m wide on a motorway,
2.5-3.2 m in the country; bays of a car park 2.3-2.6 by 5 m.
"""

from __future__ import annotations

import numpy as np

from .assets import Assets
from .mesh import bend, box, cylinder, join, place
from .render import Light, Pose, look
from .rooms import Palette, varied
from .streets import FIRST, LAST, Street, daylight, distance, house, strip, tree, vehicles


def _surface(road: Street, rng: np.random.Generator, palette: Palette, shoulder: float) -> None:
    """Asphalt with its shoulders, lane marks and edge lines, and the land beyond."""
    half = road.road / 2
    colour, layer = palette.material("road", 0.05, 0.3, 0)
    if rng.random() < 0.8:  # the textures are of city streets, and some bear marks
        colour, layer = palette.grey(0.04, 0.32), -1
    road.parts.append(strip(-half - shoulder, half + shoulder, 0, colour, layer, rng.uniform(2, 6)))
    white = np.full(3, rng.uniform(0.4, 0.9))
    dash, gap = ((3.0, 9.0) if rng.random() < 0.4 else (6.0, 12.0)) if road.lanes > 2 else (3.0, rng.uniform(3, 9))
    for lane in range(1, road.lanes):
        x = lane * road.road / road.lanes - half
        for y in np.arange(FIRST, LAST, dash + gap):
            road.parts.append(strip(x - 0.07, x + 0.07, 0.008, white, -1, 1, y, y + dash))
    if rng.random() < 0.85:
        for x in (-half, half):
            road.parts.append(strip(x - 0.08, x + 0.08, 0.008, white, -1, 1))
    kind = "grass" if rng.random() < 0.7 else "ground"
    for side in (-1, 1):
        verge, verge_layer = palette.material(kind, 0.06, 0.3, 0.15)
        a, b = sorted((side * (half + shoulder), side * 160))
        road.parts.append(strip(a, b, -0.02, verge, verge_layer, rng.uniform(2, 5), step=24))


def _rail(road: Street, rng: np.random.Generator, x: float, grey: np.ndarray) -> None:
    """A steel rail of .75 m on posts every 2 or 4 m, or a concrete wall of .8-1.1 m."""
    if rng.random() < 0.25:
        tall = rng.uniform(0.8, 1.1)
        for y in np.arange(FIRST, LAST, 8.0):
            road.parts.append(place(box((0.35, 8.0, tall), grey * 1.5), (x, y + 4, 0)))
        return
    step = rng.choice([2.0, 4.0])
    for y in np.arange(FIRST, LAST, step):
        road.parts.append(place(box((0.1, 0.1, 0.7), grey), (x, y, 0)))
    for y in np.arange(FIRST, LAST, 8.0):
        road.parts.append(place(box((0.08, 8.0, 0.31), grey), (x, y + 4, 0.44)))


def _posts(road: Street, rng: np.random.Generator, x: float) -> None:
    """Reflector posts of 1.0 m, every 25 or 50 m."""
    every = rng.choice([25.0, 50.0])
    for y in np.arange(FIRST + rng.uniform(0, every), LAST, every):
        post = join([box((0.1, 0.1, 1.0), np.full(3, 0.8)), place(box((0.11, 0.11, 0.25), np.full(3, 0.03)), (0, 0, 0.65))])
        road.parts.append(place(post, (x, y, 0)))


def _signs(road: Street, rng: np.random.Generator, edge: float, motorway: bool) -> None:
    """Boards beside the road, and a bridge or a gantry across a motorway."""
    for _ in range(int(rng.integers(0, 5))):
        big = motorway and rng.random() < 0.5
        w, h = (rng.uniform(2, 5), rng.uniform(1.5, 4)) if big else (rng.uniform(0.5, 1.0),) * 2
        x, y = rng.choice([-1, 1]) * (edge + rng.uniform(0.8, 3) + w / 2), rng.uniform(FIRST, LAST)
        colour = np.array([0.02, 0.1, 0.5]) if motorway else rng.uniform(0.05, 0.9, 3)
        road.parts.append(place(box((w, 0.06, h), colour), (x, y, rng.uniform(1.5, 2.5))))
        road.parts.append(place(cylinder(0.06, 2.5, np.full(3, 0.3), sides=6), (x, y, 0)))
    if motorway and rng.random() < 0.5:
        y, span, z = rng.uniform(20, LAST - 20), 2 * edge + 8, rng.uniform(5.0, 6.5)
        deep = rng.uniform(0.5, 12)
        road.parts.append(place(box((span, deep, rng.uniform(0.6, 1.6)), np.full(3, rng.uniform(0.1, 0.5))), (0, y, z)))
        for side in (-1, 1):
            road.parts.append(place(box((0.6, min(deep, 1.0), z), np.full(3, 0.3)), (side * span / 2, y, 0)))
        if deep < 2:
            for x in np.arange(-edge + 2, edge - 2, 5):
                road.parts.append(place(box((4.0, 0.1, 2.5), np.array([0.02, 0.1, 0.5])), (x, y - deep / 2 - 0.1, z - 0.5)))


def _land(road: Street, rng: np.random.Generator, palette: Palette, edge: float) -> None:
    """What lies beside it: open fields, rows of trees, hedges, a wood, now and then a farm."""
    shared = [tree(rng, palette) for _ in range(4)]
    for side in (-1, 1):
        kind = rng.choice(["open", "row", "wood", "hedge"], p=[0.3, 0.25, 0.3, 0.15])
        first = edge + rng.uniform(1.5, 8)
        if kind == "hedge":
            colour, layer = palette.material("hedge", 0.06, 0.3, 0.1)
            tall, deep = rng.uniform(0.8, 2.5), rng.uniform(0.5, 1.5)
            for y in np.arange(FIRST, LAST, 8.0):
                if rng.random() < 0.9:
                    road.parts.append(place(box((deep, 8.0, tall), colour, layer, 1.5), (side * first, y + 4, 0)))
        count = {"open": int(rng.integers(0, 8)), "row": 0, "wood": int(rng.integers(60, 150)), "hedge": 10}[str(kind)]
        for _ in range(count):
            x = side * (first + rng.exponential(12.0 if kind == "wood" else 30.0))
            road.parts.append(place(shared[rng.integers(4)], (x, rng.uniform(FIRST, LAST), 0),
                                    rng.uniform(0, 6.28), rng.uniform(0.7, 1.6)))
        if kind == "row":
            for y in np.arange(FIRST, LAST, rng.uniform(6, 25)):
                road.parts.append(place(shared[rng.integers(4)], (side * first, y + rng.normal(), 0),
                                        rng.uniform(0, 6.28), rng.uniform(0.8, 1.4)))
        if rng.random() < 0.3:
            farm = house(rng, palette, rng.uniform(8, 20), rng.uniform(7, 12), rng.uniform(3, 7))
            road.parts.append(place(farm, (side * (first + rng.uniform(8, 60)), rng.uniform(FIRST, LAST), 0),
                                    rng.uniform(0, 6.28)))


def _bays(road: Street, rng: np.random.Generator, palette: Palette) -> None:
    """A car park: rows of bays left and right of the lane, half of them taken."""
    cars = palette.assets.named(r"(peugeot 308|renault|suv|chevrolet|smart|van$|seat leon|ford|vw)")
    wide, white, used = rng.uniform(2.3, 2.6), np.full(3, rng.uniform(0.4, 0.9)), rng.uniform(0.2, 0.9)
    grey = palette.grey(0.05, 0.3)
    road.parts.append(strip(-60, 60, 0.002, grey, -1, 4, step=24))
    for row in range(3):
        for side in (-1, 1):
            x = side * (road.road / 2 + 2.5 + row * (5.0 + (row % 2) * road.road))
            for y in np.arange(FIRST / 2, LAST / 2, wide):
                road.parts.append(place(box((5.0, 0.1, 0.006), white), (x, y, 0.004)))
                if rng.random() < used and cars:
                    m = cars[rng.integers(len(cars))]
                    road.parts.append(place(varied(rng, m), (x + rng.normal() * 0.2, y + wide / 2, 0),
                                            side * np.pi / 2 + np.pi * (rng.random() < 0.3)))


def build_road(rng: np.random.Generator, assets: Assets) -> tuple[np.ndarray, Light, Street]:
    """A motorway, a country road, a forest track or a car park."""
    palette = Palette(rng, assets)
    kind = str(rng.choice(["motorway", "country", "track", "park"], p=[0.4, 0.35, 0.1, 0.15]))
    lanes = {"motorway": int(rng.integers(4, 7)), "country": 2, "track": 1, "park": 2}[kind]
    lane = {"motorway": rng.uniform(3.25, 3.75), "country": rng.uniform(2.5, 3.2),
            "track": rng.uniform(2.5, 4.0), "park": rng.uniform(2.7, 3.2)}[kind]
    shoulder = {"motorway": rng.uniform(0.5, 3.0), "country": rng.uniform(0, 0.8)}.get(kind, 0.0)
    bent = 0.0 if rng.random() < 0.5 or kind == "park" else rng.normal() / (900 if kind == "motorway" else 250)
    road = Street(road=lanes * lane, pavement=1.0, kerb=0.0, curvature=bent, slope=rng.normal() * 0.02, lanes=lanes)
    _surface(road, rng, palette, shoulder)
    edge = road.road / 2 + shoulder
    grey = palette.grey(0.15, 0.5)
    if kind == "motorway":
        _rail(road, rng, 0.0, grey)
        for side in (-1, 1):
            if rng.random() < 0.7:
                _rail(road, rng, side * (edge + 0.4), grey)
    if kind == "country" and rng.random() < 0.3:
        _rail(road, rng, rng.choice([-1, 1]) * (edge + 0.5), grey)
    if kind in ("motorway", "country") and rng.random() < 0.7:
        for side in (-1, 1):
            _posts(road, rng, side * (edge + 0.7))
    if kind != "track":
        _signs(road, rng, edge, kind == "motorway")
    if kind == "park":
        _bays(road, rng, palette)
        _land(road, rng, palette, 40.0)
    else:
        _land(road, rng, palette, edge)
    if kind in ("motorway", "country"):
        vehicles(road, rng, palette)
    distance(road, rng, palette)
    if kind != "park":
        for _ in range(int(rng.integers(0, 6))):  # hills that close the view
            w = rng.uniform(60, 200)
            hill = cylinder(w, rng.uniform(8, 40), palette.plain(0.05, 0.3) * (0.6, 1.0, 0.5), sides=16, top_radius=w * 0.2)
            road.parts.append(place(hill, (rng.choice([-1, 1]) * (w + rng.uniform(60, 150)), rng.uniform(-50, 330), -1)))
    return bend(join(road.parts), road.curvature, road.slope), daylight(rng), road


def road_pose(rng: np.random.Generator, road: Street) -> Pose:
    """A camera on a car (or a lorry), a walker's at the edge, at times a drone's above."""
    along, r = rng.uniform(-40, 60), rng.random()
    if r < 0.75:
        across, height = road.lane_centre(rng) + rng.normal() * 0.4, rng.uniform(1.15, 1.95)
        if r < 0.08:
            height = rng.uniform(1.95, 2.9)
        yaw, tilt = rng.normal() * 0.07, rng.normal() * 0.03
    elif r < 0.92:
        across, height = rng.choice([-1, 1]) * (road.road / 2 + rng.uniform(0.8, 3)), rng.uniform(1.2, 1.85)
        yaw, tilt = rng.uniform(-0.9, 0.9), rng.normal() * 0.08
    else:
        across, height = rng.uniform(-20, 20), rng.uniform(4, 30)
        yaw, tilt = rng.uniform(-0.9, 0.9), -rng.uniform(0.15, 0.9)
    if rng.random() < 0.5:
        yaw += np.pi
    eye, heading = road.on_road(across, along, height)
    return look(eye, yaw + heading, tilt + road.slope * np.cos(yaw), rng.normal() * 0.02)
