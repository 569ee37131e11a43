"""Cameras that look at one thing: a table, a shelf, a piece of furniture, from .3 to 5 m.

The room is one of rooms.py. The lens is anything from a telephoto to an action camera's,
and independent of the distance, so that neither can be guessed from the other.
"""

from __future__ import annotations

import numpy as np

from .render import Pose, look
from .rooms import Room

NEAREST_M, FARTHEST_M = 0.35, 5.0


def still_pose(rng: np.random.Generator, room: Room) -> Pose:
    """A camera aimed at a table's top or at a piece on the floor.

    Half of the distances are below 1.2 m: a hand-held camera over a table.
    """
    if room.tops and (rng.random() < 0.75 or not room.taken):
        x, y, w, d, z = room.tops[rng.integers(len(room.tops))]
        target = np.array([x + rng.uniform(-0.4, 0.4) * w, y + rng.uniform(-0.4, 0.4) * d,
                           z + rng.uniform(0.0, 0.25)])
    elif room.taken:
        x, y, w, d = room.taken[rng.integers(len(room.taken))]
        target = np.array([x, y, rng.uniform(0.1, 1.4)])
    else:
        target = np.array([*(rng.uniform(-0.4, 0.4, 2) * (room.width, room.depth)), 0.0])
    far = rng.random() < 0.5
    low, high = (1.2, FARTHEST_M) if far else (NEAREST_M, 1.2)
    distance = np.exp(rng.uniform(np.log(low), np.log(high)))
    above = np.radians(rng.uniform(-5, 35) if far else rng.uniform(5, 70))
    around = rng.uniform(0, 2 * np.pi)
    away = np.array([np.cos(around) * np.cos(above), np.sin(around) * np.cos(above), np.sin(above)])
    eye = target + distance * away
    inside = np.array([room.width / 2 - 0.12, room.depth / 2 - 0.12])
    eye[:2] = np.clip(eye[:2], -inside, inside)
    eye[2] = np.clip(eye[2], 0.15, room.height - 0.1)
    d = target - eye
    yaw = np.arctan2(d[0], d[1]) + rng.normal() * 0.08
    tilt = np.arctan2(d[2], np.hypot(d[0], d[1])) + rng.normal() * 0.06
    return look(eye, yaw, max(tilt, -1.45), rng.normal() * 0.05)


def acceptable_still(depth: np.ndarray) -> bool:
    """Whether a view shows something that is not at the lens and not one flat wall."""
    return bool(np.median(depth) > 0.25 and np.mean(depth < 0.15) < 0.04
                and depth.std() > 0.06 * np.median(depth))
