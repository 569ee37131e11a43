"""Training sets: readers, the cache, and the sampler of augmented virtual views.

A set is cached as arrays (training/cache/NAME.npz holds what describes it, NAME.rgb.npy
and NAME.depth.npy are mapped into memory): pictures of 320x240, depth in metres as
float16 (0 unknown, inf sky), a camera each. Item i of the sampler depends on the seed
and i alone, so a run does not depend on the number of loader processes and resumes
where it stopped.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from .camera import PAD_VALUE, Camera, rotation, virtual_view

CACHE_SIZE = (320, 240)
DEFAULT_CACHE = Path(__file__).parent / "cache"


def data_folder() -> Path:
    """The folder of the real sequences: METRICSLAM_DATA, else ../shared/data."""
    root = Path(__file__).parent.parent
    return Path(os.environ.get("METRICSLAM_DATA", root.parent / "shared" / "data"))


@dataclass(frozen=True)
class PictureSet:
    """A cached set: rgb [n, h, w, 3] uint8, depth [n, h, w] float16, cameras [n, 3] (f, cx, cy)."""

    name: str
    rgb: np.ndarray
    depth: np.ndarray
    cameras: np.ndarray

    def __len__(self) -> int:
        return len(self.rgb)

    def camera(self, i: int) -> Camera:
        """The camera of picture i."""
        h, w = self.rgb.shape[1:3]
        f, cx, cy = (float(x) for x in self.cameras[i])
        return Camera(f, cx, cy, w, h)

    def digest(self) -> str:
        """A short hash of the pictures, depth and cameras."""
        h = hashlib.sha256(np.ascontiguousarray(self.cameras).tobytes())
        for i in range(0, len(self), 97):
            h.update(self.rgb[i].tobytes())
            h.update(self.depth[i].tobytes())
        h.update(str(self.rgb.shape).encode())
        return h.hexdigest()[:16]


def save_set(folder: Path, name: str, rgb: np.ndarray, depth: np.ndarray,
             cameras: np.ndarray) -> None:
    """Writes a set into the cache; each file under a temporary name, then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, array in (("rgb", rgb), ("depth", depth), ("cameras", cameras)):
        temporary = folder / f".{name}.{kind}.tmp.npy"
        np.save(temporary, array)
        temporary.rename(folder / f"{name}.{kind}.npy")


def load_set(folder: Path, name: str) -> PictureSet:
    """Maps a cached set into memory; FileNotFoundError names the step that makes it."""
    paths = [folder / f"{name}.{kind}.npy" for kind in ("rgb", "depth", "cameras")]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: run `python -m training.prepare` first")
    rgb, depth, cameras = (np.load(p, mmap_mode="r") for p in paths)
    return PictureSet(name, rgb, depth, cameras)


@dataclass(frozen=True)
class ViewRange:
    """What virtual cameras are drawn from a set.

    focal: range of the virtual focal length over the one that shows the whole picture;
    whole: share of views that show nearly the whole picture (.95 to 1.2 of that); tilt, roll: largest angles [rad]; letterbox: share of views cut to another ratio, and
    the range of these ratios.
    """

    focal: tuple[float, float] = (0.85, 3.2)
    whole: float = 0.3
    tilt: float = 0.1
    roll: float = 0.08
    letterbox: float = 0.06
    ratios: tuple[float, float] = (1.5, 2.6)


INDOOR = ViewRange()
STREET = ViewRange(whole=0.6, focal=(0.95, 1.8), tilt=0.06, roll=0.03, letterbox=0.65, ratios=(1.6, 3.6))


def draw_view(rng: np.random.Generator, source: Camera, size: tuple[int, int],
              views: ViewRange, focal: float | None = None) -> tuple[Camera, np.ndarray]:
    """Draws a virtual camera of `size` (width, height) and its rotation in the source's frame.

    focal: the focal length [px] where it is given, else it is drawn too.

    A narrower view looks anywhere within the source's, so cutting keeps the optical centre
    near the middle: only the focal length tells it from a whole picture.
    """
    width, height = size
    whole = source.f * max(width / source.width, height / source.height)
    low, high = views.focal
    near_whole = rng.random() < views.whole
    zoom = rng.uniform(0.95, 1.2) if near_whole else np.exp(rng.uniform(np.log(low), np.log(high)))
    f = whole * zoom if focal is None else focal
    slack_x = max(0.0, np.arctan(source.width / 2 / source.f) - np.arctan(width / 2 / f))
    slack_y = max(0.0, np.arctan(source.height / 2 / source.f) - np.arctan(height / 2 / f))
    pan = rng.uniform(-slack_x, slack_x)
    tilt = rng.uniform(-slack_y, slack_y) + rng.normal() * views.tilt / 2
    roll = rng.normal() * views.roll / 2
    cx = width / 2 - 0.5 + rng.normal() * 2.5
    cy = height / 2 - 0.5 + rng.normal() * 2.5
    return Camera(f, cx, cy, width, height), rotation(pan, tilt, roll)


def letterbox(rng: np.random.Generator, image: np.ndarray, depth: np.ndarray,
              ratios: tuple[float, float]) -> None:
    """Turns what lies outside a wide band into padding, as fit_and_pad does of wide pictures;
    in a tall picture outside a narrow one."""
    if depth.shape[0] > depth.shape[1]:
        image, depth = image.transpose(1, 0, 2), depth.T
    h, w = depth.shape
    band = round(w / np.exp(rng.uniform(*np.log(ratios))))
    if band >= h:
        return
    top = (h - band) // 2
    for rows in (slice(0, top), slice(top + band, h)):
        image[rows] = PAD_VALUE
        depth[rows] = 0


def _blur(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.3))
    n = int(rng.integers(2, 8))
    kernel = np.zeros((n, n), np.float32)
    angle = rng.uniform(0, np.pi)
    for t in np.linspace(-(n - 1) / 2, (n - 1) / 2, 4 * n):
        kernel[int(round((n - 1) / 2 + t * np.sin(angle))),
               int(round((n - 1) / 2 + t * np.cos(angle)))] = 1
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)


# Gaussian noise drawn once; pictures take random windows of it, which costs far less
# than drawing it anew.
_NOISE = np.random.default_rng(0).standard_normal((512, 640, 3)).astype(np.float32)


def overexpose(image: np.ndarray, stops: float) -> np.ndarray:
    """The picture with so many stops more light (gamma 2.2); what is then too bright clips."""
    level = np.linspace(0, 255, 256) * 2 ** (stops / 2.2)
    return cv2.LUT(image, np.minimum(level + 0.5, 255).astype(np.uint8))


def photometric(rng: np.random.Generator, image: np.ndarray, strong: bool = True,
                over: float = 0.0) -> np.ndarray:
    """Exposure, contrast, white balance, saturation, blur, noise and JPEG, as cameras do.

    strong: at times the hues are turned too, as no camera does. over: share of pictures
    overexposed by .7-2 stops, in which walls and papers clip.
    """
    if over > 0 and rng.random() < over:
        image = overexpose(image, rng.uniform(0.7, 2.0))
    if rng.random() < 0.25:
        image = _blur(rng, image)
    saturation = 0.0 if rng.random() < 0.1 else rng.uniform(0.3, 1.6)
    balance = np.exp(rng.normal() * 0.1 + rng.normal(size=3) * 0.08)
    mix = balance[:, None] * (saturation * np.eye(3) + (1 - saturation) / 3)
    if strong and rng.random() < 0.3:
        mix = mix @ _hue_turn(rng.normal() * 0.8)
    out = cv2.transform(image, mix)
    level = np.linspace(0, 1, 256) ** np.exp(rng.normal() * 0.22) * np.exp(rng.normal() * 0.15)
    level = (level - 0.5) * rng.uniform(0.75, 1.25) + 0.5
    out = cv2.LUT(out, (np.clip(level, 0, 1) * 255 + 0.5).astype(np.uint8))
    if rng.random() < 0.4:
        h, w = out.shape[:2]
        y, x = rng.integers(_NOISE.shape[0] - h), rng.integers(_NOISE.shape[1] - w)
        out = _add_noise(out, _NOISE[y:y + h, x:x + w], rng.uniform(1, 10))
    if rng.random() < 0.15:
        ok, code = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        out = cv2.imdecode(code, cv2.IMREAD_COLOR) if ok else out
    return out


def _hue_turn(angle: float) -> np.ndarray:
    """The rotation of RGB about grey, which turns the hues [rad]."""
    c, s = np.cos(angle), np.sin(angle) / np.sqrt(3)
    a = (1 - c) / 3
    return np.array([[c + a, a - s, a + s], [a + s, c + a, a - s], [a - s, a + s, c + a]])


def erase(rng: np.random.Generator, image: np.ndarray) -> None:
    """Covers one or two rectangles with a colour; their depth has to come from around them."""
    h, w = image.shape[:2]
    for _ in range(int(rng.integers(1, 3))):
        rows, cols = int(h * rng.uniform(0.08, 0.35)), int(w * rng.uniform(0.08, 0.35))
        y, x = rng.integers(h - rows), rng.integers(w - cols)
        image[y:y + rows, x:x + cols] = rng.integers(0, 256, 3)


def window(rng: np.random.Generator, width: int, height: int) -> tuple[slice, slice]:
    """Rows and columns of a rectangle of .2 to .55 of the area, often as high as the picture."""
    area = rng.uniform(0.2, 0.55)
    high = 1.0 if rng.random() < 0.5 else rng.uniform(area ** 0.5, 1.0)
    rows, cols = round(height * high), round(width * min(1.0, area / high))
    y, x = rng.integers(height - rows + 1), rng.integers(width - cols + 1)
    return slice(y, y + rows), slice(x, x + cols)


def _add_noise(image: np.ndarray, noise: np.ndarray, deviation: float) -> np.ndarray:
    noisy = cv2.scaleAdd(noise, deviation, image.astype(np.float32))
    return np.clip(noisy, 0, 255).astype(np.uint8)


# Tells the draw of a batch's shape from the draw of an item.
_SHAPES = 2 ** 32


@dataclass(frozen=True)
class Share:
    """A set, its weight in the mixture, and the views drawn from it."""

    pictures: PictureSet
    weight: float
    views: ViewRange


class MixedViews(Dataset):
    """Endless mixture of augmented views: item i depends on the seed and i alone.

    From item `settle_from` on the sets have the weights `settle_weights`, and the pictures
    are what cameras give: no turned hues, nothing covered. over: share of overexposed ones.
    mingle: share of indoor pictures in which a rectangle shows another indoor set through the
    same camera, so that no picture can be told to be a photograph or a drawing as a whole.
    tall: share of batches of `batch` items whose pictures stand upright, `size` exchanged.

    Gives image [3, h, w] uint8 RGB, depth [1, h, w] float32 metres (0 unknown, inf sky)
    and the camera (f, cx, cy).
    """

    def __init__(self, shares: list[Share], size: tuple[int, int], seed: int, length: int,
                 settle_from: int | None = None, settle_weights: list[float] | None = None,
                 over: float = 0.0, mingle: float = 0.0, tall: float = 0.0, batch: int = 1) -> None:
        if not shares:
            raise ValueError("the mixture has no sets")
        self.settle_from = length if settle_from is None else settle_from
        self.shares = shares
        self.size = size
        self.seed = seed
        self.length = length
        self.over = over
        self.mingle = mingle
        self.tall = tall
        self.batch = batch
        weights = np.array([s.weight for s in shares], float)
        self.weights = weights / weights.sum()
        settled = weights if settle_weights is None else np.array(settle_weights, float)
        self.settled = settled / settled.sum()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        cv2.setNumThreads(0)
        rng = np.random.default_rng((self.seed, index))
        strong = index < self.settle_from
        share = self.shares[rng.choice(len(self.shares), p=self.weights if strong else self.settled)]
        size = self._size(index)
        image, depth, target = self._view(rng, share, size)
        if self.mingle > 0 and share.views is INDOOR and rng.random() < self.mingle:
            self._mingle(rng, image, depth, target, strong)
        outside = (image == PAD_VALUE).all(2) & (depth == 0)
        image = photometric(rng, image, strong, self.over)
        if strong and rng.random() < 0.2:
            erase(rng, image)
        image[outside] = PAD_VALUE
        if rng.random() < share.views.letterbox:
            letterbox(rng, image, depth, share.views.ratios)
        cx = target.cx
        if rng.random() < 0.5:
            image, depth, cx = image[:, ::-1], depth[:, ::-1], target.width - 1 - cx
        return (torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))),
                torch.from_numpy(np.ascontiguousarray(depth))[None],
                torch.tensor([target.f, cx, target.cy], dtype=torch.float32))

    def _size(self, index: int) -> tuple[int, int]:
        """(width, height) of item `index`, the same within a batch."""
        if self.tall <= 0:
            return self.size
        upright = np.random.default_rng((self.seed, _SHAPES, index // self.batch)).random() < self.tall
        return self.size[::-1] if upright else self.size

    def _view(self, rng: np.random.Generator, share: Share, size: tuple[int, int],
              focal: float | None = None) -> tuple[np.ndarray, np.ndarray, Camera]:
        """A virtual view of a random picture of a set: picture, depth and camera."""
        i = int(rng.integers(len(share.pictures)))
        source = share.pictures.camera(i)
        image = np.asarray(share.pictures.rgb[i])
        depth = np.asarray(share.pictures.depth[i]).astype(np.float32)
        target, turn = draw_view(rng, source, size, share.views, focal)
        return *virtual_view(image, depth, source, target, turn), target

    def _mingle(self, rng: np.random.Generator, image: np.ndarray, depth: np.ndarray,
                target: Camera, strong: bool) -> None:
        """Puts a rectangle of another indoor set's view with the same focal length into a view."""
        weights = (self.weights if strong else self.settled) * [s.views is INDOOR for s in self.shares]
        share = self.shares[rng.choice(len(self.shares), p=weights / weights.sum())]
        other, other_depth, _ = self._view(rng, share, (target.width, target.height), target.f)
        at = window(rng, target.width, target.height)
        image[at], depth[at] = other[at], other_depth[at]
