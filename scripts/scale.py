#!/usr/bin/env python3
"""Does the stated deviation of the map's scale cover the true error?

Short runs with simulated networks, each with a bias of its own, and with real
ones; the error of the map's scale against the deviation in report.json. Writes
runs.csv and calibration.svg. See docs/scale.md.

    scripts/scale.py -o results/scale              50 simulated networks
    scripts/scale.py -o results/scale --networks depth/models/metricslam-small.onnx
"""

import argparse
import csv
import json
import math
import random
import subprocess
from pathlib import Path

# Pieces of sequences in which the camera moves far enough to tell a scale: folder
# below the data, first frame, frames.
PIECES = [
    ("tum/redkitchen", 0, 120), ("tum/redkitchen", 140, 120), ("tum/redkitchen", 280, 120),
    ("7scenes/sun3d_office_1", 0, 50),
    ("tum/desk", 0, 150), ("tum/desk", 200, 150), ("tum/desk", 700, 130),
]


# A network without error: what the truth of a piece is compared with. The true
# paths have a scale of their own, some 5 % off the depth sensor's in two of the
# sequences, and a short path tells a scale badly; both cancel.
EXACT = "sim:bias=0,frame=0,warp=0,noise=0"


def run(args, depth, piece, reference=0.0):
    """One run: the error of the map's scale, log(true / estimated), and the stated deviation."""
    source, start, frames = piece
    out = Path(args.output) / "run"
    done = subprocess.run([args.binary, "run", str(Path(args.data) / source), "--start", str(start), "--max-frames", str(frames),
                    "--depth", depth, "--no-mesh", "--no-map", "--quiet", "--overwrite", "-o", str(out)], stdout=subprocess.DEVNULL)
    if done.returncode not in (0, 3):  # 3: results that the run does not vouch for
        done.check_returncode()
    report = json.loads((out / "report.json").read_text())
    row = {"depth": Path(depth).stem.split(":")[0], "source": source, "start": start, "posed": report["posed_share"],
           "log_error": math.log(report["accuracy"]["scale"]) - reference, "sigma": report["scale_std"]}
    row["z"] = row["log_error"] / row["sigma"]
    print({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
    return row


def rows_of(args):
    exact = {piece: run(args, EXACT, piece)["log_error"] for piece in PIECES}
    rows = [run(args, network, piece, exact[piece]) for network in args.networks for piece in PIECES]
    rng = random.Random(1)
    for seed in range(1, args.seeds + 1):
        bias = math.exp(rng.gauss(0, 0.1)) - 1
        piece = PIECES[seed % 3]
        rows.append(run(args, f"sim:seed={seed},bias={bias:.4f}", piece, exact[piece]))
    return rows


def normal(z):
    """The share of a normal distribution within z deviations."""
    return math.erf(z / math.sqrt(2))


def figures(rows):
    for kind in dict.fromkeys(r["depth"] for r in rows):
        of = [r for r in rows if r["depth"] == kind]
        z = [abs(r["z"]) for r in of]
        rms = math.sqrt(sum(r["log_error"] ** 2 for r in of) / len(of))
        share = lambda k: sum(x < k for x in z) / len(z)
        print(f"{kind}: {len(of)} runs, error {rms:.3f} (rms of the logarithm), stated {sum(r['sigma'] for r in of) / len(of):.3f}, "
              f"within one sigma {share(1):.2f}, two {share(2):.2f}, largest {max(z):.1f}")


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
    for i, kind in enumerate(dict.fromkeys(r["depth"] for r in rows)):
        p = sorted(normal(abs(r["z"])) for r in rows if r["depth"] == kind)
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
