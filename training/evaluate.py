"""Judges any ONNX network with a contract file: `python -m training.evaluate MODEL.onnx`.

Metres as they come out, nothing scaled; errors at the truth's resolution, no crop;
indoors .2-9.9 m, on the road up to 80 m. AbsRel is the mean over pictures of the mean of
|d - d*| / d*. The log-scale of a picture is the median of log(d / d*): its mean and
spread over the pictures are what a SLAM suffers from. "aligned" is AbsRel after each
picture is divided by its median ratio: the error of the shape alone.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import yaml

from .camera import Camera, fit_and_pad, square_pixels
from .data import data_folder, load_set
from .prepare import NYU_HELD_OUT, nyu_frames, read_depth, read_rgb, tum_frames


@dataclass(frozen=True)
class Frame:
    """A picture with truth: rgb [h, w, 3] uint8, depth [h, w] metres (0 unknown), intrinsics.

    place: what pictures whose scale errs alike have in common, such as the room.
    """

    rgb: np.ndarray
    depth: np.ndarray
    intrinsics: tuple[float, float, float, float]
    range_m: tuple[float, float]
    place: str = ""


INDOOR_M = (0.2, 9.9)
ROAD_M = (0.2, 80.0)
# Outdoors or on the road by kind of generated scene; all other kinds are indoors.
ROAD_KINDS = ("street", "road")
HELD_OUT_KINDS = ("room", "street", "office", "still", "corridor", "road", "still_tall", "room_tall")


class Model:
    """An ONNX network behind its contract."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        import onnxruntime
        contract_path = path.with_suffix(".yaml")
        self.contract = yaml.safe_load(contract_path.read_text())
        if self.contract["kind"] != "depth" or self.contract["resize"]["rule"] != "fit-and-pad":
            raise ValueError(f"{contract_path}: only kind depth, resize fit-and-pad are judged")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
        self.height, self.width = self.contract["input"]["shape"][2:]
        self.turns = self.contract["resize"].get("turn_box", False)
        if self.height < 0:
            self.height, self.width = self.contract["resize"]["box"]

    def box(self, camera: Camera) -> tuple[int, int]:
        """Width and height of the input for this camera's pictures."""
        if self.turns and camera.height > camera.width:
            return self.height, self.width
        return self.width, self.height

    def run(self, image: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """(canonical depth, log variance) [H, W] of a picture of the network's size."""
        names = [self.contract["outputs"][k]["name"] for k in ("depth", "log_variance")]
        feed = {self.contract["input"]["name"]: image.astype(np.float32).transpose(2, 0, 1)[None]}
        for extra in self.contract.get("extra_inputs", []):
            if extra["kind"] != "intrinsics":
                raise ValueError(f"extra input of kind {extra['kind']}: only intrinsics are judged")
            feed[extra["name"]] = camera.matrix().astype(np.float32)[None]
        depth, log_variance = self.session.run(names, feed)
        return depth[0, 0], log_variance[0, 0]

    def predict(self, rgb: np.ndarray, intrinsics: tuple[float, float, float, float]
                ) -> tuple[np.ndarray, np.ndarray]:
        """Metric depth [h, w] and the deviation of its logarithm, at the picture's size."""
        h, w = rgb.shape[:2]
        squared, camera = square_pixels(rgb, *intrinsics)
        image, fitted, (x, y, cols, rows) = fit_and_pad(squared, camera, *self.box(camera))
        depth, log_variance = self.run(image, fitted)
        scale = self.contract["scale"]
        if scale["rule"] == "canonical":
            depth = depth * fitted.f / scale["focal"]
        window = (slice(y, y + rows), slice(x, x + cols))
        depth = cv2.resize(depth[window], (w, h), interpolation=cv2.INTER_LINEAR)
        deviation = cv2.resize(np.exp(0.5 * log_variance[window]), (w, h),
                               interpolation=cv2.INTER_LINEAR)
        return depth, deviation


def _frames(listing: list, range_m: tuple[float, float], place: str = "") -> list[Frame]:
    return [Frame(read_rgb(p), read_depth(d, units), tuple(k), range_m, place)
            for p, d, k, units in listing]


# Where among the NYU pictures kept out of training a new home or office begins, told by eye.
NYU_PLACES = (400, 402, 404, 407, 410, 414, 417, 420, 425, 429, 435, 440, 443,
              860, 862, 868, 875, 879, 883, 887, 890, 894, 899)


def _nyu(root: Path, numbers: range) -> list[Frame]:
    frames = _frames(nyu_frames(root, numbers), INDOOR_M)
    return [replace(f, place=f"nyu {max(p for p in NYU_PLACES if p <= i)}")
            for f, i in zip(frames, numbers)]


def _middlebury(root: Path) -> list[Frame]:
    """Still lifes of the Middlebury stereo benchmark, each of a lens and a place of its own."""
    frames = []
    for folder in sorted((root / "middlebury").iterdir()):
        if not folder.is_dir():
            continue
        text = (folder / "calib.txt").read_text()
        lines = dict(line.replace(" ", "").split("=", 1) for line in text.splitlines() if "=" in line)
        k = np.array([[float(x) for x in row.split()] for row in
                      text.splitlines()[0].split("[")[1].rstrip(" ]").split(";")])
        disparity = read_depth(folder / "disp0GT.png", 128.0)
        known = disparity > 0
        metres = float(lines["baseline"]) * k[0, 0] / 1000 / (disparity + float(lines["doffs"]))
        frames.append(Frame(read_rgb(folder / "im0.jpg"), np.where(known, metres, 0).astype(np.float32),
                            (k[0, 0], k[1, 1], k[0, 2], k[1, 2]), INDOOR_M, folder.name))
    return frames


def _sun3d(root: Path) -> list[Frame]:
    folder = root / "7scenes/sun3d_office_1/seq-01"
    k = (570.342, 570.342, 320.0, 240.0)
    return _frames([(p, folder / p.name.replace("color.jpg", "depth.png"), k, 1000.0)
                    for p in sorted(folder.glob("*.color.jpg"))[::5]], INDOOR_M, "sun3d")


def _demo(root: Path, name: str, range_m: tuple[float, float]) -> list[Frame]:
    folder = root / "metric3d_demo" / name
    files = json.loads((folder / "test_annotations.json").read_text())["files"]
    listing = [(folder / "rgb" / Path(f["rgb"]).name, folder / "depth" / Path(f["depth"]).name,
                f["cam_in"], f["depth_scale"]) for f in files]
    return [replace(f, place=f"{name} {i}") for i, f in enumerate(_frames(listing, range_m))]


def _kitti_raw(root: Path) -> list[Frame]:
    folder = root / "kitti_raw/2011_09_26"
    text = (folder / "calib_cam_to_cam.txt").read_text()
    line = next(x for x in text.splitlines() if x.startswith("P_rect_02:"))
    p = [float(x) for x in line.split()[1:]]
    depths = folder / "proj_depth/velodyne_raw/image_02"
    return _frames([(q, depths / q.name, (p[0], p[5], p[2], p[6]), 256.0)
                    for q in sorted((folder / "image_02/data").glob("*.png"))], ROAD_M, "kitti_raw")


def middle(frame: Frame, share: float = 0.55) -> Frame:
    """The middle of a picture, `share` of each side: only the field of view changes."""
    h, w = frame.depth.shape
    rows, cols = round(h * share), round(w * share)
    y, x = (h - rows) // 2, (w - cols) // 2
    fx, fy, cx, cy = frame.intrinsics
    return Frame(frame.rgb[y:y + rows, x:x + cols], frame.depth[y:y + rows, x:x + cols],
                 (fx, fy, cx - x, cy - y), frame.range_m, frame.place)


def upright(frame: Frame) -> Frame:
    """The middle of a wide picture as one that stands upright, three wide and four high."""
    h, w = frame.depth.shape
    cols = round(h * 3 / 4)
    x = (w - cols) // 2
    fx, fy, cx, cy = frame.intrinsics
    return Frame(np.ascontiguousarray(frame.rgb[:, x:x + cols]), frame.depth[:, x:x + cols],
                 (fx, fy, cx - x, cy), frame.range_m, frame.place)


def test_sets(root: Path) -> dict[str, list[Frame]]:
    """The sets of real pictures that are never trained on."""
    nyu = _nyu(root, range(860, 900))
    kitchen = tum_frames(root / "tum/redkitchen", 20)
    return {
        "nyu": nyu,
        "nyu_middle": [middle(f) for f in nyu],
        "nyu_upright": [upright(f) for f in nyu],
        "redkitchen": _frames(kitchen, INDOOR_M, "redkitchen"),
        "sun3d": _sun3d(root),
        "middlebury": _middlebury(root),
        "nyu_demo": _demo(root, "nyu_demo", INDOOR_M),
        "kitti_demo": _demo(root, "kitti_demo", ROAD_M),
        "kitti_raw": _kitti_raw(root),
    }


def held_out_sets(root: Path, cache: Path | None) -> dict[str, list[Frame]]:
    """What decisions and the calibration rest on: NYU pictures kept out of training, and
    generated scenes of their own, where `cache` holds some."""
    nyu = _nyu(root, NYU_HELD_OUT)
    sets = {"nyu": nyu, "nyu_middle": [middle(f) for f in nyu], "nyu_upright": [upright(f) for f in nyu]}
    for name in HELD_OUT_KINDS:
        range_m = ROAD_M if name in ROAD_KINDS else INDOOR_M
        if cache is None or not (cache / f"{name}.rgb.npy").exists():
            continue
        pictures = load_set(cache, name)
        frames = []
        for i in range(len(pictures)):
            c = pictures.camera(i)
            depth = np.asarray(pictures.depth[i]).astype(np.float32)
            frames.append(Frame(np.asarray(pictures.rgb[i]), np.where(np.isfinite(depth), depth, 0),
                                (c.f, c.f, c.cx, c.cy), range_m))
        sets[name] = frames
    return sets


def judge(depth: np.ndarray, deviation: np.ndarray, frame: Frame) -> dict[str, float] | None:
    """The figures of one picture; None where its truth is empty."""
    low, high = frame.range_m
    mask = (frame.depth > low) & (frame.depth < high)
    if not mask.any():
        return None
    d, t, s = np.maximum(depth[mask], 1e-3), frame.depth[mask], deviation[mask]
    log_ratio = np.log(d / t)
    median = float(np.median(log_ratio))
    return {
        "absrel": float(np.mean(np.abs(d - t) / t)),
        "rmse": float(np.sqrt(np.mean((d - t) ** 2))),
        "d1": float(np.mean(np.abs(log_ratio) < np.log(1.25))),
        "aligned": float(np.mean(np.abs(d / np.exp(median) - t) / t)),
        "log_scale": median,
        "within_sigma": float(np.mean(np.abs(log_ratio) < s)),
        "stated": float(np.median(s)),
    }


def score(model: Model, frames: list[Frame]) -> list[dict[str, float]]:
    """The figures of each picture with truth, its focal length over its width beside them."""
    rows = []
    for f in frames:
        row = judge(*model.predict(f.rgb, f.intrinsics), f)
        if row:
            rows.append(row | {"log_focal": float(np.log(f.intrinsics[0] / max(f.rgb.shape[:2]))),
                               "place": f.place})
    return rows


# A slope over lenses is told where their focal lengths spread by more than this (log).
LENS_SPREAD = 0.1


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """Means over the pictures; log_scale_std is the spread of their log-scales, focal_slope by
    how much they follow the logarithm of the focal length (0 where all lenses are alike)."""
    out = {k: float(np.mean([r[k] for r in rows])) for k in rows[0] if k not in ("place", "log_focal")}
    scales, lenses = (np.array([r[k] for r in rows]) for k in ("log_scale", "log_focal"))
    out["log_scale_std"] = float(scales.std())
    out["focal_slope"] = float(np.polyfit(lenses, scales, 1)[0]) if lenses.std() > LENS_SPREAD else 0.0
    out["pictures"] = len(rows)
    return out


def latency_ms(model: Model, runs: int = 30) -> float:
    """The median time of one picture [ms], after warming up."""
    image = np.full((model.height, model.width, 3), 90, np.uint8)
    camera = Camera(200.0, 127.5, 95.5, model.width, model.height)
    times = []
    for _ in range(runs + 3):
        start = time.perf_counter()
        model.run(image, camera)
        times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times[3:]))


def table(results: dict[str, dict[str, float]]) -> str:
    """The results as a Markdown table."""
    keys = ("absrel", "d1", "rmse", "aligned", "log_scale", "log_scale_std", "focal_slope",
            "within_sigma")
    lines = ["| set | pictures | " + " | ".join(keys) + " |", "|---" * (len(keys) + 2) + "|"]
    for name, r in results.items():
        lines.append(f"| {name} | {r['pictures']} | "
                     + " | ".join(f"{r[k]:.3f}" for k in keys) + " |")
    return "\n".join(lines)


def main() -> None:
    """Prints the table, the drift of the middle, and the latency."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="MODEL.onnx with MODEL.yaml beside it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, default=None, help="also write the results here")
    parser.add_argument("--held-out", action="store_true",
                        help="judge what was kept out of training for decisions, not the tests")
    parser.add_argument("--scenes", type=Path, default=None,
                        help="cache of generated scenes of their own, for --held-out")
    args = parser.parse_args()
    model = Model(args.model, args.threads)
    sets = held_out_sets(data_folder(), args.scenes) if args.held_out \
        else test_sets(data_folder())
    rows = {n: score(model, f) for n, f in sets.items()}
    results = {n: summary(r) for n, r in rows.items()}
    print(table(results))
    drift = results["nyu_middle"]["log_scale"] - results["nyu"]["log_scale"]
    print(f"drift of the log-scale, middle against whole: {drift:+.3f}")
    print(f"latency on {args.threads} threads: {latency_ms(model):.1f} ms")
    if args.json:
        args.json.write_text(json.dumps({"sets": results, "pictures": rows}, indent=1))


if __name__ == "__main__":
    main()
