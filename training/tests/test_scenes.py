"""Scenes: builders on a small set of assets, the camera's conventions, the renderer's depth."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from training.camera import Camera
from training.scenes.assets import _TEXTURE_KINDS, Assets, Model, _parse_obj
from training.scenes.corridors import acceptable_corridor, build_corridor, corridor_pose
from training.scenes.generate import (acceptable_office, acceptable_room, draw_camera,
                                      office_brightness, room_pose, street_pose)
from training.scenes.mesh import FIELDS, NORMAL, POSITION, bend, box, cylinder, place, quad, tilt
from training.scenes.offices import build_office, office_pose
from training.scenes.render import Light, look
from training.scenes.roads import build_road, road_pose
from training.scenes.rooms import Palette, build_room
from training.scenes.stills import acceptable_still, still_pose
from training.scenes.streets import build_street
from training.scenes.workplaces import moved, row, row_style, task_chair


def small_assets() -> Assets:
    """Boxes under the names that the builders look for, and grey textures."""
    names = [("Table", "Living room", (1.2, 0.8, 0.75)), ("Chair", "Living room", (0.5, 0.5, 0.9)),
             ("Desk", "Office", (1.4, 0.7, 0.73)), ("Wardrobe", "Bedroom", (1.5, 0.6, 2.0)),
             ("Fridge", "Kitchen", (0.6, 0.6, 1.7)), ("Lower cabinet", "Kitchen", (0.6, 0.6, 0.9)),
             ("Cup", "Kitchen", (0.1, 0.1, 0.1)), ("Door", "Doors and windows", (0.9, 0.1, 2.0)),
             ("SUV", "Vehicles", (1.9, 4.6, 1.6)), ("Bus", "Vehicles", (2.5, 12.0, 3.2)),
             ("Bicycle", "Vehicles", (0.5, 1.6, 1.0)), ("Male", "Characters", (0.5, 0.4, 1.75)),
             ("Bench", "Exterior", (1.5, 0.5, 0.8)), ("Shelves", "Miscellaneous", (1.0, 0.4, 1.8))]
    models = [Model(n, c, s, 0.0, False, box(s, np.full(3, 0.5))) for n, c, s in names]
    kinds = {k: [0, 1] for k in (*_TEXTURE_KINDS, "tree", "city")}
    return Assets(models, np.full((2, 256, 256, 4), 128, np.uint8), kinds, np.array([0.2, 0.2]))


def test_boxes_have_their_size_and_outward_normals() -> None:
    mesh = box((1.0, 2.0, 3.0), np.ones(3))
    assert np.allclose(mesh[:, POSITION].min(0), (-0.5, -1, 0))
    assert np.allclose(mesh[:, POSITION].max(0), (0.5, 1, 3))
    outward = ((mesh[:, POSITION] - (0, 0, 1.5)) * mesh[:, NORMAL]).sum(1)
    assert (outward > 0).all()


def test_place_turns_then_moves() -> None:
    mesh = place(box((2.0, 0.2, 1.0), np.ones(3)), (5, 6, 7), np.pi / 2)
    assert np.allclose(mesh[:, POSITION].min(0), (4.9, 5, 7), atol=1e-5)
    assert np.allclose(mesh[:, POSITION].max(0), (5.1, 7, 8), atol=1e-5)


def test_tilt_leans_back() -> None:
    mesh = tilt(box((1.0, 0.1, 2.0), np.ones(3)), 0.1)
    top = mesh[np.isclose(mesh[:, 2], mesh[:, 2].max(), atol=0.02), POSITION]
    assert top[:, 1].mean() == pytest.approx(2 * np.sin(0.1), abs=0.06)
    assert np.allclose(np.linalg.norm(mesh[:, NORMAL], axis=1), 1, atol=1e-5)


def test_bend_follows_the_parabola() -> None:
    mesh = bend(quad((0, 0, 0), (1, 0, 0), (0, 10, 0), np.ones(3)), 0.01, 0.1)
    far = mesh[mesh[:, 1] == 10]
    assert far[:, 0].min() == pytest.approx(0.5) and far[:, 2].min() == pytest.approx(1.0)


def test_cylinder_closes() -> None:
    assert cylinder(0.5, 2.0, np.ones(3), sides=8).shape == (8 * 9, FIELDS)


def test_obj_polygons_become_triangles() -> None:
    corners, names, owner = _parse_obj(
        "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\nusemtl red\n"
        "f 1/1 2/1 3/2 4/2\nf -4 -3 -2\n")
    assert corners.shape == (3, 3, 8) and names == ["default", "red"] and (owner == 1).all()
    assert np.allclose(corners[2, :, :2], [(0, 0), (1, 0), (1, 1)])
    assert np.allclose(corners[0, 0, 6:], (0, 0)) and np.allclose(corners[0, 2, 6:], (1, 1))


def test_look_is_a_camera_with_y_down() -> None:
    pose = look(np.zeros(3), 0.0, 0.0, 0.0)
    assert np.allclose(pose.rotation, [(1, 0, 0), (0, 0, -1), (0, 1, 0)])
    assert np.linalg.det(look(np.zeros(3), 0.4, -0.3, 0.2).rotation) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(6))
def test_rooms_have_true_sizes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mesh, light, room = build_room(rng, small_assets())
    assert mesh.shape[1] == FIELDS and len(mesh) % 3 == 0 and np.isfinite(mesh).all()
    assert 2.3 <= room.height <= 3.8 and isinstance(light, Light)
    low, high = mesh[:, POSITION].min(0), mesh[:, POSITION].max(0)
    assert (high - low)[2] < room.height + 0.3
    for _ in range(20):
        eye = room_pose(rng, room).eye
        assert abs(eye[0]) < room.width / 2 and abs(eye[1]) < room.depth / 2
        assert 0 < eye[2] < room.height


@pytest.mark.parametrize("seed", range(6))
def test_offices_have_true_sizes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mesh, light, office = build_office(rng, small_assets())
    again = build_office(np.random.default_rng(seed), small_assets())[0]
    assert np.array_equal(mesh, again) and np.isfinite(mesh).all() and light.main[3] == 1
    assert 2.4 <= office.height <= 3.6 and office.solids
    assert mesh[:, POSITION].max(0)[2] < office.height + 0.1
    for _ in range(20):
        x, y, z = office_pose(rng, office).eye
        assert abs(x) < office.width / 2 and abs(y) < office.depth / 2 and 1.0 <= z <= 1.8


@pytest.mark.parametrize("seed", range(6))
def test_workplaces_keep_the_standards(seed: int) -> None:
    rng = np.random.default_rng(seed)
    palette = Palette(rng, small_assets())
    chair = task_chair(rng, palette)
    low, high = chair[:, POSITION].min(0), chair[:, POSITION].max(0)
    assert -0.001 < low[2] < 0.01 and 0.8 < high[2] < 1.45 and (high - low)[:2].max() < 1.0
    style = row_style(rng, palette)
    assert 1.0 < style.height < 1.85 and 0.72 <= style.desk_height <= 0.76
    assert 0.6 <= style.desk_depth <= 0.8
    piece = row(rng, palette, style, 3, True)
    assert piece.size[0] == pytest.approx(3 * style.module + 0.1)
    assert {round(t[4], 6) for t in piece.tops} == {round(style.desk_height, 6)}


def test_rectangles_move_with_their_mesh() -> None:
    x, y, w, d, h = moved([(1.0, 0.0, 2.0, 0.5, 0.7)], 5, 6, np.pi / 2)[0]
    mesh = place(place(box((2.0, 0.5, 0.7), np.ones(3)), (1, 0, 0)), (5, 6, 0), np.pi / 2)
    assert np.allclose(mesh[:, POSITION].min(0), (x - w / 2, y - d / 2, 0), atol=1e-5)
    assert np.allclose(mesh[:, POSITION].max(0), (x + w / 2, y + d / 2, h), atol=1e-5)


def test_a_third_of_the_offices_is_overexposed() -> None:
    levels = [office_brightness(np.random.default_rng(i)) for i in range(400)]
    assert 0.25 < np.mean(np.array(levels) > 0.62) < 0.42 and max(levels) < 1.2


@pytest.mark.parametrize("seed", range(3))
def test_streets_have_true_sizes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mesh, light, street = build_street(rng, small_assets())
    assert np.isfinite(mesh).all() and light.main[3] == 0
    assert 3 < street.road < 19 and 1 < street.pavement < 5
    for _ in range(20):
        pose = street_pose(rng, street)
        x, y, z = pose.eye
        assert 1.2 <= z - street.slope * y < 2.0


@pytest.mark.parametrize("seed", range(6))
def test_stills_look_at_something_near(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, _, room = build_room(rng, small_assets())
    near = 0
    for _ in range(40):
        pose = still_pose(rng, room)
        assert abs(pose.eye[0]) < room.width / 2 and 0 < pose.eye[2] < room.height
        ahead = pose.rotation[2]
        points = np.array([(x, y, z) for x, y, _, _, z in room.tops])
        if len(points):
            along = (points - pose.eye) @ ahead
            near += bool(((along > 0.1) & (along < 1.6)).any())
    assert near > 5 or not room.tops


@pytest.mark.parametrize("seed", range(8))
def test_corridors_and_stairs_have_true_sizes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mesh, _, room = build_corridor(rng, small_assets())
    assert mesh.shape[1] == FIELDS and np.isfinite(mesh).all()
    assert 0.9 < room.width < 3.3 and mesh[:, POSITION].max(0)[2] < room.height + 0.1
    if room.steps:
        assert 0.15 <= room.rise <= 0.19 and 0.26 <= room.run <= 0.31
        assert room.ground(room.depth / 2) == pytest.approx(room.rise * room.steps)
        assert room.ground(room.first + 0.5 * room.run) == pytest.approx(room.rise)
    for _ in range(20):
        x, y, z = corridor_pose(rng, room).eye
        assert abs(x) < room.width / 2 and abs(y) < room.depth / 2
        assert room.ground(y) + 0.5 < z < room.height


@pytest.mark.parametrize("seed", range(8))
def test_roads_have_true_sizes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mesh, light, road = build_road(rng, small_assets())
    assert np.isfinite(mesh).all() and light.main[3] == 0
    assert 2.4 < road.road / road.lanes < 4.1
    for _ in range(20):
        x, y, z = road_pose(rng, road).eye
        assert 1.1 <= z - road.slope * y <= 30


def test_an_upright_camera_keeps_its_lens() -> None:
    wide, tall = (draw_camera(np.random.default_rng(1), 40, 80, t) for t in (False, True))
    assert (tall.width, tall.height, tall.f) == (wide.height, wide.width, wide.f)
    assert tall.cx == wide.cy


def test_views_that_show_nothing_are_refused() -> None:
    wall = np.full((10, 10), 1.0)
    depths = np.linspace(0.3, 1.5, 100).reshape(10, 10)
    assert acceptable_still(depths) and not acceptable_still(wall)
    assert not acceptable_corridor(wall)


def test_walls_before_the_lens_are_refused() -> None:
    assert not acceptable_room(np.full((10, 10), 0.4))
    assert acceptable_room(np.linspace(1, 4, 100).reshape(10, 10))
    near = np.linspace(0.4, 1.2, 100).reshape(10, 10)
    assert acceptable_room(near) and not acceptable_office(near)


# In a process of its own: the driver's compiler and PyTorch's do not bear each other.
_RENDER = """
import numpy as np
from training.camera import Camera
from training.scenes.mesh import quad
from training.scenes.render import Light, Renderer, look
renderer = Renderer(np.full((1, 256, 256, 4), 255, np.uint8), (64, 48))
wall = quad((-5, 3, -5), (10, 0, 0), (0, 0, 6), np.full(3, 0.5))
light = Light((0, 0, 1, 1.0), (1, 1, 1), 0.1, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
renderer.load(wall, light, np.zeros(3), 5.0)
rgb, depth = renderer.draw(look(np.zeros(3), 0, 0, 0), Camera(50.0, 31.5, 23.5, 64, 48), 0.5, 1.0)
assert np.allclose(depth[20:], 3.0, atol=1e-4), depth[20:]
# The wall's upper edge at z = 1 is 50 * 1/3 pixels above the centre; sky beyond.
assert np.isinf(depth[:6]).all() and np.isfinite(depth[8:]).all()
assert 60 < rgb[30:].mean() < 200, rgb[30:].mean()
"""


def test_rendered_depth_is_along_the_axis() -> None:
    pytest.importorskip("moderngl")
    environment = {**os.environ, "EGL_PLATFORM": "surfaceless"}
    done = subprocess.run([sys.executable, "-c", _RENDER], env=environment,
                          cwd=Path(__file__).parent.parent.parent, capture_output=True, text=True)
    if "moderngl" in done.stderr and "AssertionError" not in done.stderr and done.returncode:
        pytest.skip(f"no OpenGL without a display here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
