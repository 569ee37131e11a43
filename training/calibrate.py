"""Fits the stated deviation: `python -m training.calibrate MODEL.onnx`, exported without one.

On NYU pictures kept out of training, whole and their middles, and on generated streets of
their own where there are some, log b' = slope log b + shift is chosen so that a Laplace
distribution of scale b' makes the errors most likely. Every set counts the same, each of
its pixels too. One line for all: nothing is known of where a picture comes from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from .data import data_folder
from .evaluate import Frame, Model, held_out_sets

PIXELS = 500


def samples(model: Model, frames: list[Frame]) -> tuple[np.ndarray, np.ndarray]:
    """(|error of log depth|, log b as exported) of some pixels of each picture."""
    rng = np.random.default_rng(0)
    errors, spreads = [], []
    for frame in frames:
        depth, deviation = model.predict(frame.rgb, frame.intrinsics)
        mask = (frame.depth > frame.range_m[0]) & (frame.depth < frame.range_m[1])
        if not mask.any():
            continue
        at = rng.choice(np.flatnonzero(mask), PIXELS)
        errors.append(np.abs(np.log(np.maximum(depth.flat[at], 1e-3) / frame.depth.flat[at])))
        spreads.append(np.log(deviation.flat[at] / np.sqrt(2)))
    return np.concatenate(errors), np.concatenate(spreads)


def fit(sets: list[tuple[np.ndarray, np.ndarray]], slopes: np.ndarray) -> tuple[float, float]:
    """(slope, shift) of the greatest likelihood, the slope among those given.

    For a given slope the best shift has a closed form: mean(e exp(-slope s)) = exp(shift).
    """
    best = (np.inf, 1.0, 0.0)
    for slope in slopes:
        shift = float(np.log(np.mean([np.mean(e * np.exp(-slope * s)) for e, s in sets])))
        cost = float(np.mean([slope * np.mean(s) for _, s in sets])) + shift + 1
        best = min(best, (cost, float(slope), shift))
    return best[1], best[2]


def main() -> None:
    """Prints the options for training.export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--scenes", type=Path, default=None, help="cache of scenes of their own")
    args = parser.parse_args()
    model = Model(args.model, 1)
    held_out = held_out_sets(data_folder(), args.scenes)
    found = {n: samples(model, f) for n, f in held_out.items() if n not in ("room", "office")}
    for name, (e, s) in found.items():
        print(f"{name}: within one deviation {np.mean(e < np.sqrt(2) * np.exp(s)):.3f}, "
              f"median stated b {np.exp(np.median(s)):.3f}, mean error {e.mean():.3f}")
    slope, shift = fit(list(found.values()), np.arange(0.3, 1.51, 0.05))
    print(f"--slope {slope:.2f} --shift {shift:.3f}")


if __name__ == "__main__":
    main()
