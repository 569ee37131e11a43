"""Fits the deviation of a network's scale over places: `python -m training.places SCORES.json ...`.

SCORES.json are what `training.evaluate --json` wrote, of sets never trained on. The error of
a picture's log-scale is taken for the sum of two: one that its place and camera share, of
deviation P, and one of the viewpoint, of deviation V:

    e = p + v,   p ~ N(0, P^2) for each place,   v ~ N(0, V^2) for each viewpoint

A place of n pictures has the mean error p + mean(v), whose variance is P^2 + V^2 / n', n' the
number of viewpoints that count as independent. Neighbouring frames of a video share theirs,
so that a set of one sequence counts few. E[e] = 0 is what the program assumes of a network,
so that the means of the sets are not taken off.

**Held over sets.** P is fitted to all sets but one, by greatest likelihood of a Student
distribution of few degrees of freedom (at places of which a network knows nothing it is far
off more often than a normal distribution has it), and the set left out is asked how many of
its places lie within one and two stated deviations. What ships is the fit to all sets.

Sets by a camera that the network was trained on say nothing of others: --skip leaves them
out. --reported adds errors that others measured, of which a set may give the values or their
number, mean and spread.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np

# Viewpoints that one place's pictures count for at most: the sequences are short, and
# neighbours share their error (docs/scale.md).
MOST_VIEWS = 3
# Of the Student distribution of places, and the factor from its scale to what is stated: with
# it 68 % lie within one stated deviation, as people take a deviation to mean (a Student
# distribution of 4 degrees has 63 % within its scale), and 92 % within two.
FREEDOM = 4.0
WIDER = 1.14


@dataclass(frozen=True)
class Place:
    """The mean error of the log-scale at a place, and the viewpoints behind it."""

    set: str
    name: str
    error: float
    views: int


def read_places(path: Path, skip: tuple[str, ...] = ()) -> list[Place]:
    """The places of a score file. Pictures without the name of a place are one each.

    Sets derived from another (middles, upright cuts) show its places again and are left out.
    """
    pictures = json.loads(path.read_text())["pictures"]
    places = []
    for name, rows in pictures.items():
        if name in skip or name.endswith(("_middle", "_upright")):
            continue
        groups: dict[str, list[float]] = defaultdict(list)
        for i, row in enumerate(rows):
            groups[row["place"] or f"{name} {i}"].append(row["log_scale"])
        places += [Place(name, place, float(np.mean(errors)), min(len(errors), MOST_VIEWS))
                   for place, errors in groups.items()]
    return places


def view_deviation(paths: list[Path], skip: tuple[str, ...] = ()) -> float:
    """The spread of the log-scale within places, pooled."""
    squares, count = 0.0, 0
    for path in paths:
        for name, rows in json.loads(path.read_text())["pictures"].items():
            if name in skip or name.endswith(("_middle", "_upright")):
                continue
            groups: dict[str, list[float]] = defaultdict(list)
            for row in rows:
                if row["place"]:
                    groups[row["place"]].append(row["log_scale"])
            for errors in groups.values():
                squares += len(errors) * float(np.var(errors))
                count += len(errors) - 1
    return float(np.sqrt(squares / max(count, 1)))


def reported_places(path: Path) -> list[Place]:
    """Places that others measured; of a mean and a spread those of a normal distribution."""
    places = []
    for name, told in json.loads(path.read_text())["sets"].items():
        errors = list(told.get("errors", []))
        count = told.get("count", 0)
        quantile = NormalDist(told.get("mean", 0.0), told.get("spread", 1.0)).inv_cdf
        errors += [quantile((i + 0.5) / count) for i in range(count)]
        places += [Place(name, f"{name} {i}", e, 1) for i, e in enumerate(errors)]
    return places


def place_deviation(places: list[Place], view: float) -> float:
    """P of greatest likelihood under a Student distribution of FREEDOM degrees.

    What is stated is the deviation of the normal distribution that holds as many within one
    deviation as the Student distribution within its scale times WIDER.
    """
    errors = np.array([p.error for p in places])
    views = np.array([p.views for p in places])
    best, found = -np.inf, 0.0
    for candidate in np.arange(0.02, 0.6, 0.0025):
        scale2 = candidate ** 2 + view ** 2 / views
        total = -np.sum(0.5 * np.log(scale2)
                        + (FREEDOM + 1) / 2 * np.log1p(errors ** 2 / (FREEDOM * scale2)))
        if total > best:
            best, found = total, float(candidate)
    return found * WIDER


def within(places: list[Place], place: float, view: float) -> tuple[float, float]:
    """The shares of places within one and two stated deviations."""
    if not places:
        return float("nan"), float("nan")
    z = np.array([abs(p.error) / np.sqrt(place ** 2 + view ** 2 / p.views) for p in places])
    return float(np.mean(z < 1)), float(np.mean(z < 2))


def main() -> None:
    """Prints the table of the sets left out in turn, and the deviations that follow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scores", type=Path, nargs="+")
    parser.add_argument("--skip", default="", help="sets to leave out, with commas between")
    parser.add_argument("--reported", type=Path, default=None, help="errors that others measured")
    args = parser.parse_args()
    skip = tuple(args.skip.split(","))
    places = [p for path in args.scores for p in read_places(path, skip)]
    if args.reported:
        places += reported_places(args.reported)
    view = view_deviation(args.scores, skip)
    print("| set left out | places | mean error | their deviation | stated | within one | within two |")
    print("|---|---|---|---|---|---|---|")
    ones, twos = [], []
    for name in sorted({p.set for p in places}):
        mine, others = [p for p in places if p.set == name], [p for p in places if p.set != name]
        stated = place_deviation(others, view)
        one, two = within(mine, stated, view)
        errors = np.array([p.error for p in mine])
        print(f"| {name} | {len(mine)} | {errors.mean():+.3f} | {np.sqrt(np.mean(errors ** 2)):.3f} "
              f"| {stated:.3f} | {one:.2f} | {two:.2f} |")
        ones += [one] * len(mine)
        twos += [two] * len(mine)
    stated = place_deviation(places, view)
    errors = np.array([p.error for p in places])
    print(f"all {len(places)} places: within one {np.mean(ones):.2f}, within two {np.mean(twos):.2f}; "
          f"root mean square {np.sqrt(np.mean(errors ** 2)):.3f}, spread {errors.std():.3f}")
    print(f"place_sigma {stated:.3f} view_sigma {view:.3f} scale_sigma {np.hypot(stated, view):.3f}")


if __name__ == "__main__":
    main()
