"""Virtual cameras, the padded geometry, and the canonical space's bookkeeping."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.camera import Camera, fit_and_pad, rotation, square_pixels, virtual_view
from training.data import INDOOR, STREET, draw_view


def test_worked_example_of_fit_and_pad() -> None:
    camera = Camera(707.0493, 604.0814, 180.5066, 1242, 375)
    image = np.zeros((375, 1242, 3), np.uint8)
    out, fitted, (x, y, w, h) = fit_and_pad(image, camera, 256, 192)
    assert out.shape == (192, 256, 3) and (x, y, w, h) == (0, 57, 256, 77)
    assert fitted.f == pytest.approx(707.0493 * 256 / 1242)
    assert (out[:57] == 127).all() and (out[57:134] == 0).all()


def test_a_cut_changes_no_depth_and_no_focal_length() -> None:
    whole = Camera(500.0, 319.5, 239.5, 640, 480)
    cut = whole.shifted(-144, -108, 352, 264)
    assert cut.f == whole.f and cut.cx == pytest.approx(175.5)


def test_unequal_pixels_are_made_square() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    out, camera = square_pixels(image, 200.0, 100.0, 99.5, 49.5)
    assert out.shape[:2] == (200, 200) and camera.f == 200
    assert camera.cy == pytest.approx(99.5)
    same, kept = square_pixels(image, 200.0, 201.0, 99.5, 49.5)
    assert same is image and kept.f == 200.5


def wall(camera: Camera, normal: np.ndarray, distance: float) -> np.ndarray:
    """The depth of a plane n.p = distance."""
    v, u = np.mgrid[0:camera.height, 0:camera.width]
    rays = np.stack(((u - camera.cx) / camera.f, (v - camera.cy) / camera.f,
                     np.ones_like(u, dtype=float)), -1)
    return (distance / (rays @ normal)).astype(np.float32)


def test_virtual_views_of_a_plane_have_the_planes_depth() -> None:
    source = Camera(250.0, 159.5, 119.5, 320, 240)
    target = Camera(330.0, 127.0, 96.0, 256, 192)
    turn = rotation(0.05, -0.08, 0.06)
    normal = np.array([0.1, -0.2, 1.0])
    depth = wall(source, normal, 3.0)
    image = np.zeros((240, 320, 3), np.uint8)
    _, got = virtual_view(image, depth, source, target, turn)
    want = wall(target, turn.T @ normal, 3.0)
    seen = got > 0
    assert seen.mean() > 0.9
    assert np.abs(got[seen] / want[seen] - 1).max() < 0.01


def test_virtual_views_put_points_where_the_camera_sees_them() -> None:
    source = Camera(250.0, 159.5, 119.5, 320, 240)
    target = Camera(210.0, 126.0, 94.0, 256, 192)
    turn = rotation(-0.1, 0.07, 0.03)
    point = np.array([0.2, 0.1, 2.0])
    u = source.matrix() @ point
    image = np.zeros((240, 320, 3), np.uint8)
    cv2.circle(image, (round(u[0] / u[2]), round(u[1] / u[2])), 3, (255, 255, 255), -1)
    out, _ = virtual_view(image, np.ones((240, 320), np.float32), source, target, turn)
    bright = out[..., 0].astype(float) * (out[..., 0] > 160)
    rows, cols = np.mgrid[0:192, 0:256]
    got = np.array([(bright * cols).sum(), (bright * rows).sum()]) / bright.sum()
    w = target.matrix() @ (turn.T @ point)
    assert np.abs(got - w[:2] / w[2]).max() < 0.7


@pytest.mark.parametrize("views", [INDOOR, STREET])
def test_drawn_views_keep_to_their_range(views) -> None:
    rng = np.random.default_rng(1)
    source = Camera(260.0, 159.5, 119.5, 320, 240)
    whole = 260.0 * 256 / 320
    for _ in range(200):
        camera, turn = draw_view(rng, source, (256, 192), views)
        assert min(views.focal[0], 0.95) - 1e-9 <= camera.f / whole <= views.focal[1] + 1e-9
        assert np.allclose(turn @ turn.T, np.eye(3))
