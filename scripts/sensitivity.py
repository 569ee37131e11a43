#!/usr/bin/env python3
"""What is a tuned constant worth? Each is halved and doubled, and four sequences are run.

A constant is a line `name = number` in a const block of the files named. It is changed
in a build of its own (go build -overlay), the checkout stays as it is. A share, a
correlation or a cosine between .5 and 1 is changed in its distance from 1, an integer is
rounded. Writes runs.csv, one line a run, and constants.md, one line a constant. A second
call goes on where the first was stopped.

    scripts/sensitivity.py -o results/sensitivity mapping/tuning.go mapping/loop_config.go
    scripts/sensitivity.py -o results/sensitivity --only windowShared,depthCauchy mapping/tuning.go
"""

import argparse
import csv
import hashlib
import json
import math
import os
import re
import subprocess
from pathlib import Path

# Name, source below the data, arguments. Short, and each of another kind: a kitchen seen
# by the network that ships, a desk with many loops and a sensor, a drive, a rendered room.
SEQUENCES = [
    ("redkitchen", "{data}/tum/redkitchen", ["--max-frames", "250"]),
    ("desk", "{data}/tum/desk", ["--depth", "sim:seed=1,bias=.1", "--max-frames", "400"]),
    ("kitti-small", "{data}/kitti_small/sequences/00", ["--camera-height", "1.65", "--max-frames", "250"]),
    ("room", "synthetic:room", ["--depth", "sim:seed=1", "--max-frames", "300"]),
]
# A figure must move by more than this share for a constant to be called load-bearing: the
# spread of the figures over seeds is about as large.
MOVED = 0.1
CONSTANT = re.compile(r"^\t(?P<name>\w+)(?P<type> +\w+)?(?P<eq> += )(?P<value>-?[\d.]+(?:e-?\d+)?)(?P<rest>\s*(?://.*)?)$")
FIELDS = ["file", "constant", "value", "sequence", "posed", "ate_se3_m", "ate_sim3_m", "log_scale_error", "scale_std", "loops", "false_loops", "sha"]


def constants(path):
    """The constants of a file as (line, match)."""
    inside = False
    for number, line in enumerate(Path(path).read_text().split("\n")):
        if line.startswith("const ("):
            inside = True
        elif line.startswith(")"):
            inside = False
        elif inside and (m := CONSTANT.match(line)):
            yield number, m


def varied(text, factor):
    """A constant times the factor, or None where that says nothing new."""
    value = float(text)
    whole = "." not in text and "e" not in text
    if whole:
        new = max(round(value * factor), 1 if factor < 1 else 2)
        return str(new) if new != value else None
    if .5 < value < 1:
        return f"{1 - (1 - value) * factor:.6g}"
    return f"{value * factor:.6g}"


def build(binary, changed):
    """Builds with one file changed: {path: text}."""
    overlay = binary.with_suffix(".overlay")
    replace = {}
    for path, text in changed.items():
        copy = binary.with_suffix(".go.txt")
        copy.write_text(text)
        replace[str(Path(path).resolve())] = str(copy.resolve())
    overlay.write_text(json.dumps({"Replace": replace}))
    done = subprocess.run(["go", "build", "-overlay", str(overlay), "-o", str(binary), "./cmd/metricslam"], capture_output=True, text=True)
    return done.returncode == 0, done.stderr.strip().split("\n")[-1]


def figures(binary, args, sequence):
    """The figures of one run; errors are infinite where it fails."""
    name, source, flags = sequence
    out = Path(args.output) / "run"
    command = [str(binary), "run", source.format(data=args.data), *flags, "--no-mesh", "--no-map", "--quiet", "--overwrite", "-o", str(out)]
    done = subprocess.run(command, capture_output=True)
    row = {"sequence": name, "posed": 0, "ate_se3_m": math.inf, "ate_sim3_m": math.inf, "log_scale_error": math.inf,
           "scale_std": math.inf, "loops": 0, "false_loops": 0, "sha": ""}
    if done.returncode not in (0, 3):
        return row
    report = json.loads((out / "report.json").read_text())
    row.update(posed=report["posed_share"], ate_se3_m=report["ate_se3_m"], ate_sim3_m=report["ate_sim3_m"],
               log_scale_error=math.log(report["accuracy"]["scale"]), scale_std=report["scale_std"],
               loops=len(report["loops"]), false_loops=report["false_loops"],
               sha=hashlib.sha256((out / "trajectory.tum").read_bytes()).hexdigest()[:12])
    return row


class Table:
    """runs.csv, which grows run by run."""

    def __init__(self, path):
        self.path = path
        self.rows = list(csv.DictReader(path.open())) if path.exists() else []

    def find(self, file, constant, value):
        return [r for r in self.rows if (r["file"], r["constant"], r["value"]) == (file, constant, value)]

    def add(self, row):
        fresh = not self.path.exists()
        with self.path.open("a", newline="") as f:
            w = csv.DictWriter(f, FIELDS)
            if fresh:
                w.writeheader()
            w.writerow(row)
        self.rows.append({k: str(row[k]) for k in FIELDS})


def judge(base, rows):
    """What a change of a constant does: the largest ratio of an error, as text."""
    words = []
    for b, r in zip(base, rows):
        if b["sha"] == r["sha"]:
            continue
        ratio = float(r["ate_sim3_m"]) / max(float(b["ate_sim3_m"]), 1e-9)
        scale = abs(float(r["log_scale_error"])) - abs(float(b["log_scale_error"]))
        if abs(math.log(max(ratio, 1e-9))) > MOVED or abs(scale) > MOVED / 5 or int(r["false_loops"]) > int(b["false_loops"]) or float(r["posed"]) < float(b["posed"]) - .01:
            note = f"{r['sequence']} {float(b['ate_sim3_m']):.4f} -> {float(r['ate_sim3_m']):.4f}"
            if abs(scale) > MOVED / 5:
                note += f", scale {scale:+.2f}"
            if int(r["false_loops"]) > int(b["false_loops"]):
                note += f", {r['false_loops']} false"
            if float(r["posed"]) < float(b["posed"]) - .01:
                note += f", posed {float(r['posed']):.0%}"
            words.append(note)
    if all(b["sha"] == r["sha"] for b, r in zip(base, rows)):
        return "no change"
    return "; ".join(words) or "small"


def write_page(args, table):
    base = table.find("", "", "")
    lines = [f"Sim3 ATE in metres of {', '.join(s[0] for s in SEQUENCES)}; as they are: "
             + ", ".join(f"{float(b['ate_sim3_m']):.4f}" for b in base) + ".",
             "\"small\": no error moves by more than a tenth, no scale by more than 2 %.", "",
             "| constant | value | halved | doubled |", "|---|---|---|---|"]
    for path in args.files:
        for _, m in constants(path):
            cells = []
            for factor in (.5, 2):
                value = varied(m["value"], factor)
                rows = table.find(path, m["name"], value) if value else []
                cells.append(f"{value}: {judge(base, rows)}" if len(rows) == len(SEQUENCES) else "-")
            if cells != ["-", "-"]:
                lines.append(f"| `{m['name']}` | {m['value']} | {cells[0]} | {cells[1]} |")
    (Path(args.output) / "constants.md").write_text("\n".join(lines) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("files", nargs="+", help="Go files with const blocks")
    p.add_argument("-o", "--output", required=True)
    p.add_argument("--data", default=os.environ.get("METRICSLAM_DATA", "../shared/data"))
    p.add_argument("--only", default="", help="constants, by name; default: all")
    p.add_argument("--page-only", action="store_true", help="write constants.md from the runs there are")
    args = p.parse_args()
    Path(args.output).mkdir(parents=True, exist_ok=True)
    table = Table(Path(args.output) / "runs.csv")
    binary = (Path(args.output) / "metricslam").resolve()

    def measure(file, constant, value, changed):
        done = {r["sequence"] for r in table.find(file, constant, value)}
        if len(done) == len(SEQUENCES):
            return
        ok, message = build(binary, changed)
        if not ok:
            print(f"{constant} = {value} does not build: {message}", flush=True)
            return
        for s in SEQUENCES:
            if s[0] not in done:
                table.add({"file": file, "constant": constant, "value": value, **figures(binary, args, s)})

    if not args.page_only:
        measure("", "", "", {})
        for path in args.files:
            lines = Path(path).read_text().split("\n")
            for number, m in constants(path):
                if args.only and m["name"] not in args.only.split(","):
                    continue
                for factor in (.5, 2):
                    if (value := varied(m["value"], factor)) is not None:
                        copy = list(lines)
                        copy[number] = f"\t{m['name']}{m['type'] or ''}{m['eq']}{value}{m['rest']}"
                        measure(path, m["name"], value, {path: "\n".join(copy)})
                write_page(args, table)
    write_page(args, table)


if __name__ == "__main__":
    main()
