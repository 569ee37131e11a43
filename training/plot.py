"""Curves of a run and the reliability of the stated deviation, as pictures.

`python -m training.plot --run training/runs/small --model MODEL.onnx --out training/docs`
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np

from .data import data_folder
from .evaluate import Frame, Model, test_sets

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend is chosen first)

PARTS = ("l1", "silog", "gradient", "nll", "rpnl", "vnl")


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Running means; the ends are cut."""
    width = max(1, min(width, len(values)))
    return np.convolve(values, np.ones(width) / width, "valid")


def curves(log: list[dict], out: Path) -> None:
    """The parts of the loss against pictures seen."""
    figure, axes = pyplot.subplots(2, 3, figsize=(10, 5), sharex=True)
    pictures = np.array([r["pictures"] for r in log]) / 1000
    for part, axis in zip(PARTS, axes.flat):
        values = np.array([r.get(part, np.nan) for r in log])
        axis.plot(pictures, values, alpha=0.3)
        soft = smooth(values, 15)
        axis.plot(pictures[len(pictures) - len(soft):], soft)
        axis.set_title(part)
        axis.grid(alpha=0.3)
    axes[1, 1].set_xlabel("thousand pictures")
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    pyplot.close(figure)


def coverage(model: Model, frames: list[Frame], factors: np.ndarray) -> np.ndarray:
    """The share of pixels within `factor` stated deviations, mean over pictures."""
    rows = []
    for frame in frames:
        depth, deviation = model.predict(frame.rgb, frame.intrinsics)
        mask = (frame.depth > frame.range_m[0]) & (frame.depth < frame.range_m[1])
        if mask.any():
            z = np.abs(np.log(np.maximum(depth[mask], 1e-3) / frame.depth[mask])) / deviation[mask]
            rows.append([(z < f).mean() for f in factors])
    return np.mean(rows, 0)


def reliability(model: Model, sets: dict[str, list[Frame]], out: Path) -> None:
    """Share of pixels within k stated deviations against what a Laplace would give."""
    factors = np.linspace(0.1, 3, 25)
    ideal = 1 - np.exp(-np.sqrt(2) * factors)
    figure, axis = pyplot.subplots(figsize=(5, 5))
    axis.plot([0, 1], [0, 1], "k--", linewidth=1, label="as stated")
    for name, frames in sets.items():
        axis.plot(ideal, coverage(model, frames, factors), label=name)
    axis.set_xlabel("stated share (Laplace)")
    axis.set_ylabel("share found")
    axis.legend()
    axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    pyplot.close(figure)


def main() -> None:
    """Writes curves.png and reliability.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=None, help="folder of a run (log.json)")
    parser.add_argument("--model", type=Path, default=None, help="ONNX with its contract")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.run:
        curves(json.loads((args.run / "log.json").read_text()), args.out / "curves.png")
    if args.model:
        reliability(Model(args.model), test_sets(data_folder()), args.out / "reliability.png")


if __name__ == "__main__":
    main()
