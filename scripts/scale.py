#!/usr/bin/env python3
"""Does the stated deviation of the map's scale cover the true error?

Runs many short runs whose depth has a known bias, drawn anew for each, and runs
with real networks, and compares the error of the map's scale with the deviation
that report.json states. Writes runs.csv and calibration.svg. See docs/scale.md.

    scripts/scale.py -o results/scale              50 simulated networks
    scripts/scale.py -o results/scale --networks models/metricslam-small.onnx
"""

import argparse
import csv
import json
import math
import random
import subprocess
import sys
from pathlib import Path

# Pieces of sequences: folder below the data, first frame, frames.
PIECES = [
    ("tum/redkitchen", 0, 120), ("tum/redkitchen", 140, 120), ("tum/redkitchen", 280, 120),
    ("7scenes/sun3d_office_1", 0, 50),
    ("tum/desk", 0, 150), ("tum/desk", 200, 150), ("tum/desk", 700, 130),
]


def run(args, depth, piece, extra=()):
    """One run; returns log(true / estimated scale), the stated deviation and the report."""
    source, start, frames = piece
    out = Path(args.output) / "run"
    command = [args.binary, "run", str(Path(args.data) / source), "--start", str(start), "--max-frames", str(frames),
               "--depth", depth, "--no-mesh", "--no-map", "--quiet", "-o", str(out), *extra]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    report = json.loads((out / "report.json").read_text())
    accuracy = report["accuracy"] or {}
    if not accuracy.get("scale") or report["scale_std"] is None:
        return None
    return math.log(accuracy["scale"]), report["scale_std"], report


def rows_of(args):
    rows = []

    def add(kind, piece, bias, reference, result):
        if result is None:
            print(f"{kind} on {piece}: no scale", file=sys.stderr)
            return
        error, sigma, report = result
        row = {"kind": kind, "source": piece[0], "start": piece[1], "bias": bias, "posed": report["posed_share"],
               "log_error": error - reference, "log_error_to_truth": error, "sigma": sigma}
        row["z"], row["z_to_truth"] = row["log_error"] / sigma, error / sigma
        rows.append(row)
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}, flush=True)

    # The truth's own scale differs from the depth sensor's, from which simulated
    # networks are made: what counts is the error against the sensor.
    references = {}
    for piece in PIECES:
        result = run(args, "sensor", piece)
        references[piece] = result[0] if result else 0.0
        add("sensor", piece, "", 0.0, result)
    for piece in PIECES:
        for network in args.networks:
            add(Path(network).stem, piece, "", references[piece], run(args, network, piece))
    rng = random.Random(1)
    piece = PIECES[0]
    for seed in range(1, args.seeds + 1):
        bias = math.exp(rng.gauss(0, 0.1)) - 1
        add("sim", piece, bias, references[piece], run(args, f"sim:seed={seed},bias={bias:.4f}", piece))
    return rows


def normal(z):
    """The share of a normal distribution within z deviations."""
    return math.erf(z / math.sqrt(2))


def figures(rows):
    for kind in sorted({r["kind"] for r in rows}):
        z = [abs(r["z"]) for r in rows if r["kind"] == kind]
        t = [abs(r["z_to_truth"]) for r in rows if r["kind"] == kind]
        e = math.sqrt(sum(r["log_error"] ** 2 for r in rows if r["kind"] == kind) / len(z))
        s = sum(r["sigma"] for r in rows if r["kind"] == kind) / len(z)
        inside = lambda v, k: sum(x < k for x in v) / len(v)
        print(f"{kind}: {len(z)} runs, error {e:.3f} (rms of log), stated {s:.3f}; within one sigma {inside(z, 1):.2f}, "
              f"two {inside(z, 2):.2f}, worst {max(z):.1f}; against the truth as given {inside(t, 1):.2f}, {inside(t, 2):.2f}, {max(t):.1f}")


def plot(rows, path):
    """Stated against observed coverage, one line a kind."""
    size, pad = 420, 50
    colors = ["#2563eb", "#d97706", "#059669", "#dc2626"]
    at = lambda x, y: f"{pad + x * size:.1f},{pad + (1 - y) * size:.1f}"
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size + 2 * pad} {size + 2 * pad}" font-family="sans-serif" font-size="13">',
           f'<rect width="100%" height="100%" fill="white"/><rect x="{pad}" y="{pad}" width="{size}" height="{size}" fill="none" stroke="#999"/>',
           f'<polyline points="{at(0, 0)} {at(1, 1)}" stroke="#999" stroke-dasharray="4 4"/>',
           f'<polyline points="{at(normal(1), 0)} {at(normal(1), 1)}" stroke="#ddd"/>',
           f'<text x="{pad + size / 2}" y="{size + 2 * pad - 12}" text-anchor="middle">stated probability (one sigma: .68)</text>',
           f'<text transform="translate(16 {pad + size / 2}) rotate(-90)" text-anchor="middle">share of runs within it</text>']
    for i, kind in enumerate(k for k in dict.fromkeys(r["kind"] for r in rows) if k != "sensor"):
        p = sorted(normal(abs(r["z"])) for r in rows if r["kind"] == kind)
        points, n = [at(0, 0)], len(p)
        for k, x in enumerate(p):
            points += [at(x, k / n), at(x, (k + 1) / n)]
        color = colors[i % len(colors)]
        svg.append(f'<polyline points="{" ".join(points)} {at(1, 1)}" fill="none" stroke="{color}" stroke-width="2"/>')
        svg.append(f'<text x="{pad + 12}" y="{pad + 22 + 18 * i}" fill="{color}">{kind}, {n} runs</text>')
    path.write_text("\n".join(svg) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", default="results/scale")
    parser.add_argument("--binary", default="bin/metricslam")
    parser.add_argument("--data", default="../shared/data", help="folder of the sequences")
    parser.add_argument("--networks", nargs="*", default=[], help="model files")
    parser.add_argument("--seeds", type=int, default=50, help="simulated networks")
    args = parser.parse_args()
    Path(args.output).mkdir(parents=True, exist_ok=True)
    rows = rows_of(args)
    with open(Path(args.output) / "runs.csv", "w", newline="") as f:
        writer = csv.DictWriter(f, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    figures(rows)
    plot(rows, Path(args.output) / "calibration.svg")


if __name__ == "__main__":
    main()
