"""Renders scenes into the cache: `python -m training.scenes.generate --kind room --scenes 500`.

Scene i depends on the seed and i alone. Pictures are appended in parts of some hundred,
so that training can begin with what is there; `--join` makes the parts one set.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..camera import Camera
from ..data import CACHE_SIZE, DEFAULT_CACHE, save_set
from . import assets as assets_module
from .assets import Assets
from .corridors import acceptable_corridor, build_corridor, corridor_pose, pale_brightness
from .offices import build_office, office_pose
from .render import Light, Pose, Renderer, look
from .roads import build_road, road_pose
from .rooms import Room, build_room
from .stills import acceptable_still, still_pose
from .streets import Street, build_street

KINDS = ("room", "street", "office", "still", "corridor", "road")
# The horizontal fields of view drawn for each kind [degrees].
LENSES = {"room": (35, 105), "street": (40, 100), "office": (40, 100), "still": (20, 110),
          "corridor": (40, 105), "road": (35, 100)}


def draw_camera(rng: np.random.Generator, low: float, high: float, tall: bool = False) -> Camera:
    """A camera of the cache's size with a horizontal field of view in [low, high] degrees.

    tall: the same lens on a picture that stands upright.
    """
    w, h = CACHE_SIZE
    f = w / 2 / np.tan(np.radians(rng.uniform(low, high)) / 2)
    if tall:
        w, h = h, w
    return Camera(f, (w - 1) / 2, (h - 1) / 2, w, h)


def room_pose(rng: np.random.Generator, room: Room) -> Pose:
    """A handheld camera: anywhere in the room, mostly looking across it or at a table."""
    x = rng.uniform(-0.48, 0.48) * (room.width - 0.3)
    y = rng.uniform(-0.48, 0.48) * (room.depth - 0.3)
    z = min(rng.normal(1.4, 0.25), room.height - 0.3)
    if rng.random() < 0.5 and room.tops:
        tx, ty, _, _, tz = room.tops[rng.integers(len(room.tops))]
        if rng.random() < 0.5:  # near the table
            a, r = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.8)
            x = np.clip(tx + r * np.cos(a), -room.width / 2 + 0.15, room.width / 2 - 0.15)
            y = np.clip(ty + r * np.sin(a), -room.depth / 2 + 0.15, room.depth / 2 - 0.15)
            z = tz + rng.uniform(0.25, 0.9)
        target = np.array([tx, ty, tz])
    else:
        target = np.array([-x * rng.uniform(0.2, 1), -y * rng.uniform(0.2, 1),
                           rng.uniform(0.4, 1.5)])
    d = target - (x, y, z)
    yaw = np.arctan2(d[0], d[1]) + rng.normal() * 0.25
    tilt = np.clip(np.arctan2(d[2], np.hypot(d[0], d[1])), -0.9, 0.4) + rng.normal() * 0.08
    return look(np.array([x, y, z]), yaw, tilt, rng.normal() * 0.05)


def street_pose(rng: np.random.Generator, street: Street) -> Pose:
    """A camera on a car looking along the road, or a walker's on the pavement."""
    along = rng.uniform(-40, 60)
    if rng.random() < 0.75:
        across = street.lane_centre(rng) + rng.normal() * 0.4
        height, yaw, tilt = rng.uniform(1.25, 1.95), rng.normal() * 0.07, rng.normal() * 0.03
        if rng.random() < 0.1:
            yaw += rng.uniform(-1, 1)
    else:
        across = rng.choice([-1, 1]) * (street.road / 2 + rng.uniform(0.3, street.pavement))
        height, yaw, tilt = rng.uniform(1.2, 1.85), rng.uniform(-0.8, 0.8), rng.normal() * 0.08
    if rng.random() < 0.5:
        yaw += np.pi
    eye, heading = street.on_road(across, along, height)
    return look(eye, yaw + heading, tilt + street.slope * np.cos(yaw), rng.normal() * 0.015)


def acceptable_room(depth: np.ndarray) -> bool:
    """Whether a view of a room shows something: not a wall before the lens."""
    return bool(np.median(depth) > 0.5 and np.mean(depth < 0.35) < 0.12 and depth.std() > 0.12)


def acceptable_office(depth: np.ndarray) -> bool:
    """Whether a view of an office looks across it, as a room's does but from farther away."""
    return bool(acceptable_room(depth) and np.median(depth) > 1.0)


def office_brightness(rng: np.random.Generator) -> float:
    """The brightness asked of the exposure: as in rooms, and one to two stops too much in a
    third of the pictures, so that walls and boards clip."""
    if rng.random() < 0.65:
        return float(rng.uniform(0.3, 0.62))
    return float(rng.uniform(0.45, 0.62) * 2 ** (rng.uniform(0.8, 2.0) / 2.2))


def plain_brightness(rng: np.random.Generator) -> float:
    """The brightness asked of the exposure of an ordinary picture."""
    return float(rng.uniform(0.22, 0.6))


def acceptable_street(depth: np.ndarray) -> bool:
    """Whether a view of a street is not blocked at once."""
    known = depth[np.isfinite(depth)]
    return bool(known.size > 0.3 * depth.size and np.mean(known < 2.0) < 0.06
                and np.median(known) > 3.5)


@dataclass(frozen=True)
class Kind:
    """How scenes of a kind are built, looked at and lit.

    centre, radius: of what gets shadows [m].
    """

    build: Callable[[np.random.Generator, Assets], tuple[np.ndarray, Light, Any]]
    pose: Callable[[np.random.Generator, Any], Pose]
    acceptable: Callable[[np.ndarray], bool]
    brightness: Callable[[np.random.Generator], float] = plain_brightness
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radius: float = 10.0


_AHEAD = (0.0, 10.0, 0.0)
BUILDERS = {
    "room": Kind(build_room, room_pose, acceptable_room),
    "street": Kind(build_street, street_pose, acceptable_street, centre=_AHEAD, radius=60.0),
    "office": Kind(build_office, office_pose, acceptable_office, office_brightness),
    "still": Kind(build_room, still_pose, acceptable_still),
    "corridor": Kind(build_corridor, corridor_pose, acceptable_corridor, pale_brightness),
    "road": Kind(build_road, road_pose, acceptable_street, centre=_AHEAD, radius=60.0),
}


def render_scene(rng: np.random.Generator, renderer: Renderer, assets: Assets, kind: str,
                 views: int, tall: bool = False
                 ) -> list[tuple[np.ndarray, np.ndarray, tuple[float, float, float]]]:
    """(picture, depth, (f, cx, cy)) of the acceptable views of one scene."""
    recipe = BUILDERS[kind]
    mesh, light, plan = recipe.build(rng, assets)
    renderer.load(mesh, light, np.array(recipe.centre), recipe.radius)
    out = []
    for _ in range(2 * views):
        if len(out) == views:
            break
        pose, camera = recipe.pose(rng, plan), draw_camera(rng, *LENSES[kind], tall)
        brightness = recipe.brightness(rng)
        rgb, depth = renderer.draw(pose, camera, brightness, float(rng.uniform(0, 99)))
        if recipe.acceptable(depth):
            out.append((rgb, depth, (camera.f, camera.cx, camera.cy)))
    return out


def join_parts(cache: Path, name: str) -> None:
    """Makes the parts NAME-00000, NAME-00001, ... one set NAME."""
    parts = sorted(cache.glob(f"{name}-*.rgb.npy"))
    if not parts:
        raise FileNotFoundError(f"{cache}: no parts of {name}; render them first")
    arrays = []
    for kind in ("rgb", "depth", "cameras"):
        files = [p.with_name(p.name.replace(".rgb.", f".{kind}.")) for p in parts]
        arrays.append(np.concatenate([np.load(f) for f in files]))
    save_set(cache, name, *arrays)
    print(f"{name}: {len(arrays[0])} pictures from {len(parts)} parts")


def main() -> None:
    """Renders scenes, or joins what was rendered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--scenes", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first scene")
    parser.add_argument("--views", type=int, default=10, help="pictures of each scene")
    parser.add_argument("--part", type=int, default=25, help="scenes in a part")
    parser.add_argument("--samples", type=int, default=1, help="samples along a pixel's side")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--tall", action="store_true", help="upright pictures; the set is KIND_tall")
    parser.add_argument("--join", action="store_true", help="only join the parts")
    args = parser.parse_args()
    name = f"{args.kind}_tall" if args.tall else args.kind
    if args.join:
        join_parts(args.cache, name)
        return
    assets = assets_module.load(args.cache / "assets.npz")
    renderer = Renderer(assets.textures, CACHE_SIZE[::-1] if args.tall else CACHE_SIZE, args.samples)
    started = time.time()
    for first in range(args.first, args.first + args.scenes, args.part):
        rows = []
        for scene in range(first, min(first + args.part, args.first + args.scenes)):
            rng = np.random.default_rng((args.seed, KINDS.index(args.kind), scene, int(args.tall))
                                        if args.tall else (args.seed, KINDS.index(args.kind), scene))
            rows += render_scene(rng, renderer, assets, args.kind, args.views, args.tall)
        save_set(args.cache, f"{name}-{first:05d}", np.stack([r[0] for r in rows]),
                 np.stack([r[1] for r in rows]).astype(np.float16),
                 np.array([r[2] for r in rows], np.float32))
        print(f"{name} {first}: {len(rows)} pictures, {time.time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
