"""The deviation of the scale over places: known spreads are found, sets are left out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training import places
from training.places import Place


def write(path: Path, sets: dict[str, list[tuple[str, float]]]) -> Path:
    """A score file of pictures with these places and errors."""
    path.write_text(json.dumps({"pictures": {
        name: [{"place": place, "log_scale": error} for place, error in rows]
        for name, rows in sets.items()}}))
    return path


def test_places_are_means_of_their_pictures(tmp_path: Path) -> None:
    path = write(tmp_path / "s.json", {"a": [("x", 0.1), ("x", 0.3), ("y", -0.2)], "b": [("", 0.5), ("", 0.1)],
                                       "a_middle": [("x", 9.0)], "c": [("z", 1.0)]})
    found = {(p.set, p.name): (p.error, p.views) for p in places.read_places(path, ("c",))}
    assert found[("a", "x")] == (pytest.approx(0.2), 2) and found[("a", "y")] == (-0.2, 1)
    assert len(found) == 4 and ("b", "b 1") in found
    assert places.view_deviation([path], ("c",)) == pytest.approx(np.sqrt(0.02), rel=1e-6)


def test_a_known_spread_is_found() -> None:
    rng = np.random.default_rng(0)
    normal = [Place("a", str(i), float(e), 3) for i, e in enumerate(rng.normal(size=3000) * 0.2)]
    stated = places.place_deviation(normal, 0.05)
    one, two = places.within(normal, stated, 0.05)
    assert stated == pytest.approx(0.2, rel=0.1) and 0.64 < one < 0.74 and two > 0.93
    # A few places that are far off do not widen what is said of the others.
    odd = normal + [Place("b", str(i), 0.9, 1) for i in range(60)]
    assert places.place_deviation(odd, 0.05) < 1.15 * stated


def test_reported_spreads_become_places(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps({"sets": {"far": {"errors": [0.7], "count": 200, "mean": 0.1,
                                                                 "spread": 0.2}}}))
    found = places.reported_places(tmp_path / "r.json")
    errors = np.array([p.error for p in found[1:]])
    assert found[0].error == 0.7 and len(errors) == 200
    assert errors.mean() == pytest.approx(0.1) and errors.std() == pytest.approx(0.2, rel=0.03)
