"""Opens what `metricslam export` wrote with the programs that others use, and
holds the files against each other: open.py DIR [--known].

--known: the scene of formats_test.go, whose red, green and blue cubes lie ahead, to
the right and above the first camera.
"""
import json
import os
import sys

import numpy as np


def near(what, got, want, tol):
    got, want = np.asarray(got, float), np.asarray(want, float)
    assert got.shape == want.shape and np.all(np.abs(got - want) <= tol), f"{what}: got {got}, want {want}"


def colmap(d, export):
    import pycolmap
    errors = []
    for sub in ("sparse/0", "text"):
        r = pycolmap.Reconstruction(f"{d}/colmap/{sub}")
        assert r.num_images() == export["keyframes"], r.num_images()
        stored = np.array([[p.error, p.track.length()] for p in r.points3D.values()])
        r.update_point_3d_errors()
        again = np.array([p.error for p in r.points3D.values()])
        near(f"reprojection errors of {sub}", again, stored[:, 0], 2e-3)
        errors.append(np.average(again, weights=stored[:, 1]))
        for im in r.images.values():
            assert os.path.getsize(f"{d}/colmap/images/{im.name}") > 0, im.name
    near("mean reprojection error", errors[0], errors[1], 1e-3)
    near("mean reprojection error", errors[0], export["mean_reprojection_error_px"], .02 * errors[0])
    return f"{r.num_images()} images, {r.num_points3D()} points, {errors[0]:.3f} px"


def nerfstudio(d, export):
    from PIL import Image
    t = json.load(open(f"{d}/nerfstudio/transforms.json"))
    import pycolmap
    r = pycolmap.Reconstruction(f"{d}/colmap/sparse/0")
    by_name = {im.name: im for im in r.images.values()}
    depths = 0
    for f in t["frames"]:
        with Image.open(f"{d}/nerfstudio/{f['file_path']}") as im:
            assert im.size == (f["w"], f["h"]), im.size
        # OpenGL's cameras are COLMAP's with y and z turned round.
        want = by_name[os.path.basename(f["file_path"])].cam_from_world().inverse().matrix()
        near("pose", np.array(f["transform_matrix"])[:3] * [1, -1, -1, 1], want, 1e-6)
        if "depth_file_path" in f:
            with Image.open(f"{d}/nerfstudio/{f['depth_file_path']}") as im:
                assert im.size == (f["w"], f["h"]) and im.mode.startswith("I;16"), (im.size, im.mode)
            depths += 1
    import trimesh
    cloud = trimesh.load(f"{d}/nerfstudio/{t['ply_file_path']}")
    assert len(cloud.vertices) == export["landmarks"]
    return f"{len(t['frames'])} frames, {depths} with depth, {len(cloud.vertices)} points"


def paths(d, export):
    from evo.tools import file_interface as io
    tum = io.read_tum_trajectory_file(f"{d}/trajectory.tum")
    euroc = io.read_euroc_csv_trajectory(f"{d}/trajectory.csv")
    kitti = io.read_kitti_poses_file(f"{d}/trajectory.kitti")
    near("EuRoC positions", euroc.positions_xyz, tum.positions_xyz, 1e-6)
    near("EuRoC stamps", euroc.timestamps, tum.timestamps, 2e-6)
    near("first row of KITTI", kitti.poses_se3[0], np.eye(4), 1e-6)
    return f"{tum.num_poses} poses, {kitti.num_poses} rows, path {tum.path_length:.3f} m"


def surfaces(d, export):
    """Every surface and cloud in the axes of its format, turned back to z up."""
    import laspy
    import pye57
    import pygltflib
    import trimesh
    from pxr import Usd, UsdGeom, UsdUtils
    import zipfile
    out = {}
    m = trimesh.load(f"{d}/mesh.ply", process=False)
    out["ply"] = np.array(m.vertices), np.array(m.visual.vertex_colors)[:, :3], len(m.faces)
    clouds = {}
    m = trimesh.load(f"{d}/cloud.ply", process=False)
    clouds["ply"] = np.array(m.vertices), np.array(m.visual.vertex_colors)[:, :3], None

    las = laspy.read(f"{d}/cloud.las")
    assert str(las.header.version) == "1.4" and las.header.point_format.id == 7
    near("box of LAS", [las.header.mins, las.header.maxs], [las.xyz.min(0), las.xyz.max(0)], 1e-4)
    clouds["las"] = las.xyz, np.stack([las.red, las.green, las.blue], 1) // 257, None
    if os.path.exists(f"{d}/cloud.laz"):
        laz = laspy.read(f"{d}/cloud.laz")
        clouds["laz"] = laz.xyz, np.stack([laz.red, laz.green, laz.blue], 1) // 257, None

    e = pye57.E57(f"{d}/cloud.e57")
    s = e.read_scan_raw(0)
    clouds["e57"] = (np.stack([s[f"cartesian{a}"] for a in "XYZ"], 1), np.stack([s[f"color{c}"] for c in ("Red", "Green", "Blue")], 1), None)

    level = lambda v: np.stack([v[:, 0], -v[:, 2], v[:, 1]], 1)  # from y up
    m = trimesh.load(f"{d}/mesh.obj", process=False)
    out["obj"] = level(np.array(m.vertices)), np.array(m.visual.vertex_colors)[:, :3], len(m.faces)
    assert pygltflib.GLTF2().load(f"{d}/mesh.glb").asset.version == "2.0"
    m = trimesh.load(f"{d}/mesh.glb", process=False, force="mesh")
    out["glb"] = level(np.array(m.vertices)), None, len(m.faces)  # colours are linear

    name = f"{d}/mesh.usdz"
    for i in zipfile.ZipFile(name).infolist():
        with open(name, "rb") as f:
            f.seek(i.header_offset + 26)
            n = int.from_bytes(f.read(2), "little") + int.from_bytes(f.read(2), "little")
        assert (i.header_offset + 30 + n) % 64 == 0 and i.compress_type == 0, i
    ok = UsdUtils.ComplianceChecker(arkit=True, skipARKitRootLayerCheck=True) if hasattr(UsdUtils, "ComplianceChecker") else None
    if ok:
        ok.CheckCompliance(name)
        assert not ok.GetErrors() and not ok.GetFailedChecks(), (ok.GetErrors(), ok.GetFailedChecks())
    stage = Usd.Stage.Open(name)
    assert UsdGeom.GetStageUpAxis(stage) == "Y" and UsdGeom.GetStageMetersPerUnit(stage) == 1
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/map/mesh"))
    points = np.array(mesh.GetPointsAttr().Get(), float)
    near("extent of USD", mesh.GetExtentAttr().Get(), [points.min(0), points.max(0)], 1e-4)
    assert len(mesh.GetDisplayColorAttr().Get()) == len(points)
    out["usdz"] = level(points), None, len(mesh.GetFaceVertexCountsAttr().Get())

    said = []
    for what in clouds, out:
        points, colors, faces = what["ply"]
        for name, (v, c, f) in what.items():
            assert len(v) == len(points), (name, len(v))
            near(f"points of {name}", v, points, 2e-4 + 1e-6 * np.abs(points).max())
            if c is not None:
                near(f"colours of {name}", c, colors, 1)
            assert f is None or f == faces, (name, f)
        said.append(f"{len(points)} points{f', {faces} triangles' if faces else ''} in {', '.join(what)}")
    return "; ".join(said)


def grid(d, export):
    from PIL import Image
    import yaml
    y = yaml.safe_load(open(f"{d}/map.yaml"))
    with Image.open(f"{d}/{y['image']}") as im:
        cells = np.array(im)[::-1]
    assert set(np.unique(cells)) <= {0, 205, 254}
    plan = Image.open(f"{d}/floorplan.png")
    assert open(f"{d}/floorplan.svg").read(5) == "<?xml" and min(plan.size) > 100
    return f"{cells.shape[1]} x {cells.shape[0]} cells of {y['resolution']} m, {int((cells == 0).sum())} occupied, {int((cells == 254).sum())} free"


def known(d):
    """Where the coloured cubes are, and the floor in the grid."""
    import trimesh
    import yaml
    from PIL import Image
    m = trimesh.load(f"{d}/mesh.ply", process=False)
    colors = np.array(m.visual.vertex_colors)[:, :3]
    for color, at in (([255, 0, 0], [3, 0, 0]), ([0, 255, 0], [0, -1, 0]), ([0, 0, 255], [0, 0, 1])):
        near(f"cube {color}", np.array(m.vertices)[(colors == color).all(1)].mean(0), at, 1e-3)
    y = yaml.safe_load(open(f"{d}/map.yaml"))
    cells = np.array(Image.open(f"{d}/map.pgm"))[::-1]
    cell = lambda x, z: cells[int((z - y["origin"][1]) / y["resolution"]), int((x - y["origin"][0]) / y["resolution"])]
    assert cell(3, 0) == 0, "the red cube is in the way"
    assert cell(1.5, 0) == 254, "the floor before it is free"
    assert cell(0, 0) == 254, "what hangs above is not in the way"
    return "as built"


def main():
    d = sys.argv[1]
    export = json.load(open(f"{d}/export.json"))
    for check in (colmap, nerfstudio, paths, surfaces, grid):
        print(f"{check.__name__}: {check(d, export)}")
    if "--known" in sys.argv:
        print("known:", known(d))


main()
