"""Times Open3D's integration of the depth images of a TUM sequence, as Go's benchmarks print it."""

import pathlib
import sys
import time

import numpy as np
import open3d as o3d

FRAMES, ROUNDS = 40, 5
MAX_DEPTH_M = 5.0

sequence = pathlib.Path(sys.argv[1])


def rows(name):
    lines = (sequence / name).read_text().splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def pose(row):
    """Camera to world, from tx ty tz qx qy qz qw."""
    t = np.array(row[1:4], float)
    x, y, z, w = np.array(row[4:8], float)
    out = np.eye(4)
    out[:3, :3] = o3d.geometry.get_rotation_matrix_from_quaternion([w, x, y, z])
    out[:3, 3] = t
    return out


depths, colors, truth = rows("depth.txt"), rows("rgb.txt"), rows("groundtruth.txt")
stamps = np.array([float(row[0]) for row in truth])
camera = dict(line.split(": ") for line in (sequence / "camera.yaml").read_text().splitlines() if ": " in line)
intrinsic = o3d.camera.PinholeCameraIntrinsic(
    int(camera["Camera.width"]), int(camera["Camera.height"]), *(float(camera["Camera." + k]) for k in ("fx", "fy", "cx", "cy")))
frames = []
for i in range(FRAMES):
    depth, color = depths[i * len(depths) // FRAMES], colors[i * len(colors) // FRAMES]
    image = o3d.geometry.RGBDImage.create_from_color_and_depth(
        o3d.io.read_image(str(sequence / color[1])),
        o3d.io.read_image(str(sequence / depth[1])),
        depth_scale=float(camera["DepthMapFactor"]), depth_trunc=MAX_DEPTH_M, convert_rgb_to_intensity=False)
    nearest = int(np.argmin(np.abs(stamps - float(depth[0]))))
    frames.append((image, np.linalg.inv(pose(truth[nearest]))))

for name, voxel in (("2cm", 0.02), ("1cm", 0.01)):
    volume = o3d.pipelines.integration.ScalableTSDFVolume(
        voxel_length=voxel, sdf_trunc=5 * voxel, color_type=o3d.pipelines.integration.TSDFVolumeColorType.RGB8)
    for image, extrinsic in frames:  # every block is there when the time begins
        volume.integrate(image, intrinsic, extrinsic)
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        for image, extrinsic in frames:
            volume.integrate(image, intrinsic, extrinsic)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"BenchmarkOpen3DIntegrate/{name} {FRAMES} {wall / FRAMES * 1e9:.0f} ns/op {cpu / FRAMES * 1e3:.2f} cpu-ms/op", flush=True)
