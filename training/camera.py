"""Pinhole cameras: virtual views of a picture, and the canonical camera space.

The depth d of a pixel and the depth d_c that the canonical camera (focal length f_c
in pixels of the network's input) gives the same picture are related by

    d_c = d * f_c / f                        (CSTM_label, Metric3D, arXiv 2307.10984)

The image variant (CSTM_image) resizes the picture by f_c / f instead and leaves the
depth alone. Both need the focal length of the resized, cropped picture: every
function here that changes a picture returns the camera that belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

PAD_VALUE = 127


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with square pixels [px]; pixel centres at integers."""

    f: float
    cx: float
    cy: float
    width: int
    height: int

    def matrix(self) -> np.ndarray:
        """The 3x3 calibration matrix."""
        return np.array([[self.f, 0, self.cx], [0, self.f, self.cy], [0, 0, 1.0]])

    def resized(self, scale: float, width: int, height: int) -> Camera:
        """The camera of the picture resized by `scale`; pixel centres stay centres."""
        return Camera(self.f * scale, (self.cx + 0.5) * scale - 0.5,
                      (self.cy + 0.5) * scale - 0.5, width, height)

    def shifted(self, dx: float, dy: float, width: int, height: int) -> Camera:
        """The camera after (dx, dy) pixels were added left and above (negative: cut off)."""
        return replace(self, cx=self.cx + dx, cy=self.cy + dy, width=width, height=height)


def square_pixels(image: np.ndarray, fx: float, fy: float, cx: float, cy: float
                  ) -> tuple[np.ndarray, Camera]:
    """Makes the pixels square: the height is resized where fx and fy differ by over 1 %."""
    h, w = image.shape[:2]
    if abs(fx / fy - 1) <= 0.01:
        return image, Camera((fx + fy) / 2, cx, cy, w, h)
    height = round(h * fx / fy)
    image = cv2.resize(image, (w, height), interpolation=cv2.INTER_AREA)
    return image, Camera(fx, cx, (cy + 0.5) * height / h - 0.5, w, height)


def fit_and_pad(image: np.ndarray, camera: Camera, width: int, height: int
                ) -> tuple[np.ndarray, Camera, tuple[int, int, int, int]]:
    """Resizes a picture to fit width x height, keeping its ratio, and pads it centrally.

    Returns the picture, its camera, and the window (x, y, w, h) of it that is not padding.
    """
    scale = min(width / camera.width, height / camera.height)
    w, h = round(camera.width * scale), round(camera.height * scale)
    fitted = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    left, top = (width - w) // 2, (height - h) // 2
    out = np.full((height, width, 3), PAD_VALUE, np.uint8)
    out[top:top + h, left:left + w] = fitted
    return out, camera.resized(scale, w, h).shifted(left, top, width, height), (left, top, w, h)


def rotation(pan: float, tilt: float, roll: float) -> np.ndarray:
    """Rotation of a camera (x right, y down, z forward) by three angles [rad]."""
    cp, sp, ct, st, cr, sr = (np.cos(pan), np.sin(pan), np.cos(tilt), np.sin(tilt),
                              np.cos(roll), np.sin(roll))
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_x = np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def virtual_view(image: np.ndarray, depth: np.ndarray, source: Camera, target: Camera,
                 r_source_target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture and depth that a camera at the same place, rotated, would have taken.

    image [h, w, 3] uint8, depth [h, w] float32 in metres along the optical axis, 0 =
    unknown, inf = sky. Without translation a homography maps the pixels; the depth
    along the new axis of a pixel with ray d = K_t^-1 u is z_s / (R d)_z. What the source
    does not see is padding without depth.
    """
    shrink = source.f / target.f
    if shrink > 1.6:  # low-pass before taking fewer pixels
        w, h = round(source.width / shrink), round(source.height / shrink)
        small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
        small_source = source.resized(1 / shrink, w, h)
    else:
        small, small_source = image, source
    rays = r_source_target @ np.linalg.inv(target.matrix())
    size = (target.width, target.height)
    out = cv2.warpPerspective(small, small_source.matrix() @ rays, size,
                              flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_CONSTANT, borderValue=(PAD_VALUE,) * 3)
    z = cv2.warpPerspective(depth, source.matrix() @ rays, size,
                            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
                            borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    u, v = np.meshgrid(np.arange(target.width, dtype=np.float32),
                       np.arange(target.height, dtype=np.float32))
    axis = (rays[2, 0] * u + rays[2, 1] * v + rays[2, 2]).astype(np.float32)
    return out, z / axis
