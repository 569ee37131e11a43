"""Triangle meshes as one array, which is what the renderer draws in one call.

A mesh is float32 [n, 13], n a multiple of 3: position (x, y right-handed, z up, metres),
normal, texture coordinates, colour (linear, multiplies the texture), texture layer (-1:
none), gloss (0..1).
"""

from __future__ import annotations

import numpy as np

FIELDS = 13
POSITION, NORMAL, UV, COLOUR = slice(0, 3), slice(3, 6), slice(6, 8), slice(8, 11)
LAYER, GLOSS = 11, 12
EMPTY = np.zeros((0, FIELDS), np.float32)


def join(meshes: list[np.ndarray]) -> np.ndarray:
    """All meshes as one."""
    return np.concatenate(meshes) if meshes else EMPTY


def place(mesh: np.ndarray, xyz: tuple[float, float, float], yaw: float = 0.0,
          scale: float | tuple[float, float, float] = 1.0) -> np.ndarray:
    """A copy scaled, turned about the vertical by yaw [rad] and moved to xyz [m]."""
    out = mesh.copy()
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], np.float32)
    out[:, POSITION] = (mesh[:, POSITION] * np.asarray(scale, np.float32)) @ turn \
        + np.asarray(xyz, np.float32)
    out[:, NORMAL] = mesh[:, NORMAL] @ turn
    return out


def tilt(mesh: np.ndarray, angle: float) -> np.ndarray:
    """A copy leaned back: turned about the x axis by angle [rad], its top towards +y."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]], np.float32)
    out = mesh.copy()
    out[:, POSITION] = mesh[:, POSITION] @ turn
    out[:, NORMAL] = mesh[:, NORMAL] @ turn
    return out


def quad(origin: tuple[float, float, float], across: tuple[float, float, float],
         up: tuple[float, float, float], colour: np.ndarray, layer: int = -1,
         repeat_m: float = 1.0, gloss: float = 0.0, uv_size: tuple[float, float] | None = None
         ) -> np.ndarray:
    """A rectangle; its texture repeats every repeat_m metres, or uv_size times in all."""
    o, a, b = (np.asarray(x, np.float32) for x in (origin, across, up))
    n = np.cross(a, b)
    n = n / max(float(np.linalg.norm(n)), 1e-9)
    if uv_size is None:
        uv_size = (float(np.linalg.norm(a)) / repeat_m, float(np.linalg.norm(b)) / repeat_m)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]], np.float32)
    out = np.zeros((6, FIELDS), np.float32)
    out[:, POSITION] = o + corners[:, :1] * a + corners[:, 1:] * b
    out[:, NORMAL] = n
    out[:, UV] = corners * np.asarray(uv_size, np.float32)
    out[:, COLOUR] = colour
    out[:, LAYER] = layer
    out[:, GLOSS] = gloss
    return out


def box(size: tuple[float, float, float], colour: np.ndarray, layer: int = -1,
        repeat_m: float = 1.0, gloss: float = 0.0) -> np.ndarray:
    """A box standing on z = 0, centred in x and y."""
    w, d, h = size
    x, y = w / 2, d / 2
    sides = [
        ((-x, -y, 0), (w, 0, 0), (0, 0, h)), ((x, y, 0), (-w, 0, 0), (0, 0, h)),
        ((x, -y, 0), (0, d, 0), (0, 0, h)), ((-x, y, 0), (0, -d, 0), (0, 0, h)),
        ((-x, -y, h), (w, 0, 0), (0, d, 0)), ((-x, y, 0), (w, 0, 0), (0, -d, 0)),
    ]
    return join([quad(o, a, u, colour, layer, repeat_m, gloss) for o, a, u in sides])


def cylinder(radius: float, height: float, colour: np.ndarray, layer: int = -1,
             sides: int = 10, top_radius: float | None = None, repeat_m: float = 1.0
             ) -> np.ndarray:
    """A cylinder or a cone's frustum standing on z = 0, without its lids' texture."""
    top = radius if top_radius is None else top_radius
    a = np.linspace(0, 2 * np.pi, sides + 1, dtype=np.float32)
    ring = np.stack((np.cos(a), np.sin(a)), 1)
    out = np.zeros((sides, 6, FIELDS), np.float32)
    for k, (i, z) in enumerate(((0, 0), (1, 0), (1, 1), (0, 0), (1, 1), (0, 1))):
        r = ring[:-1] if i == 0 else ring[1:]
        out[:, k, 0:2] = r * (top if z else radius)
        out[:, k, 2] = height * z
        out[:, k, 3:5] = r
        out[:, k, 6] = (a[:-1] if i == 0 else a[1:]) * radius / repeat_m
        out[:, k, 7] = height * z / repeat_m
    out[..., COLOUR] = colour
    out[..., LAYER] = layer
    lid = np.zeros((sides, 3, FIELDS), np.float32)
    lid[:, 1, 0:2], lid[:, 2, 0:2] = ring[:-1] * top, ring[1:] * top
    lid[..., 2], lid[..., 5] = height, 1
    lid[..., COLOUR] = colour
    lid[..., LAYER] = layer
    return join([out.reshape(-1, FIELDS), lid.reshape(-1, FIELDS)])


def bend(mesh: np.ndarray, curvature: float, slope: float) -> np.ndarray:
    """Bends a straight road along y into a curve [1/m] and up a slope (rise over run)."""
    out = mesh.copy()
    y = out[:, 1]
    out[:, 0] += 0.5 * curvature * y * y
    out[:, 2] += slope * y
    return out
