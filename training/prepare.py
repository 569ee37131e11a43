"""Reads the real training sets and caches them: `python -m training.prepare`.

Only what may be trained on is read here: NYU 0-859 and 900-1199 less what is held out for decisions
(860-899 are for evaluation), the desk (every third frame: neighbours are alike) and TUM's fr3_cabinet.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from .camera import Camera, square_pixels
from .data import CACHE_SIZE, DEFAULT_CACHE, data_folder, save_set

# 48 neighbours in the middle are kept for decisions and the calibration of the deviation.
NYU_HELD_OUT = range(400, 448)
NYU_TRAIN = [i for i in (*range(860), *range(900, 1200)) if i not in NYU_HELD_OUT]


def read_rgb(path: Path) -> np.ndarray:
    """A picture as RGB [h, w, 3] uint8; FileNotFoundError where it cannot be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"{path}: no picture can be read")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_depth(path: Path, per_metre: float) -> np.ndarray:
    """A 16-bit depth picture in metres, 0 = unknown."""
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise FileNotFoundError(f"{path}: no depth can be read")
    return raw.astype(np.float32) / per_metre


def to_cache_size(rgb: np.ndarray, depth: np.ndarray, camera: Camera
                  ) -> tuple[np.ndarray, np.ndarray, Camera]:
    """Resizes to the cache's size; depth by nearest neighbour, as means would cross edges."""
    w, h = CACHE_SIZE
    scale = max(w / camera.width, h / camera.height)
    size = (round(camera.width * scale), round(camera.height * scale))
    if size != (camera.width, camera.height):
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        depth = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST)
    camera = camera.resized(scale, *size)
    x, y = (size[0] - w) // 2, (size[1] - h) // 2
    return (rgb[y:y + h, x:x + w], depth[y:y + h, x:x + w], camera.shifted(-x, -y, w, h))


def nyu_frames(root: Path, numbers: Iterable[int]
               ) -> list[tuple[Path, Path, tuple[float, ...], float]]:
    """(picture, depth, (fx, fy, cx, cy), units per metre) of these pictures of NYU."""
    k = tuple(np.loadtxt(root / "nyu" / "intrinsics.txt")[:4])
    return [(root / f"nyu/rgb/{i:05d}.jpg", root / f"nyu/depth/{i:05d}.png", k, 1000.0)
            for i in numbers]


def tum_frames(folder: Path, every: int) -> list[tuple[Path, Path, tuple[float, ...], float]]:
    """The frames of a TUM-layout folder whose picture and depth carry the same stamp."""
    values = {}
    for line in (folder / "camera.yaml").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.startswith(("Camera.", "DepthMapFactor")) and value.strip():
            values[key.strip()] = float(value)
    k = tuple(values[f"Camera.{n}"] for n in ("fx", "fy", "cx", "cy"))
    rgb = sorted((folder / "rgb").iterdir(), key=lambda p: float(p.stem))[::every]
    return [(p, folder / "depth" / f"{p.stem}.png", k, values["DepthMapFactor"])
            for p in rgb if (folder / "depth" / f"{p.stem}.png").exists()]


def cache_frames(folder: Path, name: str, frames: list) -> None:
    """Reads, resizes and saves frames as a set."""
    rgbs, depths, cameras = [], [], []
    for rgb_path, depth_path, k, per_metre in frames:
        rgb, depth = read_rgb(rgb_path), read_depth(depth_path, per_metre)
        if depth.shape != rgb.shape[:2]:
            raise ValueError(f"{depth_path}: {depth.shape} does not fit {rgb_path}")
        squared, camera = square_pixels(rgb, *k)
        if squared.shape != rgb.shape:
            depth = cv2.resize(depth, (camera.width, camera.height),
                               interpolation=cv2.INTER_NEAREST)
        rgb, depth, camera = to_cache_size(squared, depth, camera)
        rgbs.append(rgb)
        depths.append(depth.astype(np.float16))
        cameras.append((camera.f, camera.cx, camera.cy))
    save_set(folder, name, np.stack(rgbs), np.stack(depths), np.array(cameras, np.float32))
    print(f"{name}: {len(rgbs)} pictures")


def main() -> None:
    """Caches the real sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--limit", type=int, default=None, help="frames per set (for tests)")
    args = parser.parse_args()
    root = data_folder()
    cache_frames(args.cache, "nyu", nyu_frames(root, NYU_TRAIN)[:args.limit])
    cache_frames(args.cache, "desk", tum_frames(root / "tum/desk", 3)[:args.limit])
    cache_frames(args.cache, "cabinet", tum_frames(root / "tum/fr3_cabinet", 1)[:args.limit])


if __name__ == "__main__":
    main()
