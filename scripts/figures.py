#!/usr/bin/env python3
"""Runs the sequences of the README's tables and prints the tables.

usage: scripts/figures.py [ROW ...]      (rows by name; all without any)
       scripts/figures.py --list

Reads METRICSLAM_DATA (default ../shared/data), leaves every run in
results/figures/ROW. Rows with a simulated prior run five seeds and give the
median and the range. METRICSLAM_PRIORS names a folder with priors made
beforehand by another program, SEQUENCE-b10-SEED and SEQUENCE-b0-SEED (16-bit
millimetres); without it the program's own model of a network's errors is used.
Python 3 alone is needed.
"""
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
DATA = os.environ.get("METRICSLAM_DATA", os.path.join(ROOT, "..", "shared", "data"))
PRIORS = os.environ.get("METRICSLAM_PRIORS")
BINARY = os.environ.get("METRICSLAM_BINARY", os.path.join(ROOT, "bin", "metricslam"))
OUT = os.path.join(ROOT, "results", "figures")
SEEDS = (1, 2, 3, 4, 5)


def prior(sequence, bias, seed):
    if PRIORS:
        folder = os.path.join(PRIORS, "%s-b%d-%d" % (sequence, round(100 * bias), seed))
        return ["--depth", folder, "--depth-scale", "1000"]
    return ["--depth", "sim:seed=%d,bias=%g" % (seed, bias)]


def run(name, source, flags):
    """Runs the main job and returns its report."""
    out = os.path.join(OUT, name)
    if not source.startswith("synthetic:"):
        source = os.path.join(DATA, source)
    subprocess.run([BINARY, "run", source, "-o", out, "--quiet"] + flags, check=True)
    with open(os.path.join(out, "report.json")) as f:
        report = json.load(f)
    report["out"] = out
    return report


def drift(report, truth, lengths):
    """KITTI's t_rel [%] and r_rel [deg/100 m] over sub-paths of the lengths."""
    text = subprocess.run(
        [BINARY, "eval", "trajectory", "--format", "kitti", "--lengths", lengths, "--json", "--truth", truth,
         "--estimate", os.path.join(report["out"], "trajectory.kitti")],
        check=True, capture_output=True, text=True).stdout
    kitti = json.loads(text)["kitti"]
    return kitti["t_rel_percent"], kitti["r_rel_deg_per_100m"], kitti["segments"]


def fscore(report, reference):
    text = subprocess.run(
        [BINARY, "eval", "mesh", "--align", "icp", "--json", "--truth", reference,
         "--estimate", os.path.join(report["out"], "mesh.ply")],
        check=True, capture_output=True, text=True).stdout
    return json.loads(text)["f_score"]


def reference_mesh():
    """The kitchen as its depth sensor saw it at the true poses."""
    out = os.path.join(OUT, "redkitchen-truth")
    seq = os.path.join(DATA, "tum/redkitchen")
    subprocess.run([BINARY, "fuse", seq, "--poses", os.path.join(seq, "groundtruth.txt"), "--depth", "sensor",
                    "--voxel", ".02", "-o", out], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(out, "mesh.ply")


def common(r):
    cells = {
        "posed": "%d/%d" % (r["posed"], r["frames"]), "posed_share": r["posed_share"], "se3": r["ate_se3_m"],
        "sim3": r["ate_sim3_m"], "rpe_1s": r["rpe_1s_m"], "loops": len(r.get("loops") or []),
        "false_loops": r.get("false_loops"), "scale": r["scale"], "scale_std": r["scale_std"],
        "wall_s": r["wall_s"], "cpu_s": r["cpu_s"], "memory_mb": r["peak_memory_bytes"] / 1e6,
    }
    if r.get("accuracy"):
        cells["truth_over_estimate"] = r["accuracy"]["scale"]
    return cells


def single(source, *flags, truth=None, lengths=None, mesh=False):
    def row(name):
        r = run(name, source, list(flags) + ([] if mesh else ["--no-mesh"]))
        cells = common(r)
        if lengths:
            cells["t_rel"], cells["r_rel"], cells["segments"] = drift(r, os.path.join(DATA, truth), lengths)
        if mesh:
            cells["f_5cm"] = fscore(r, reference_mesh())
        return cells
    return row


def seeds(source, flags, mesh=False):
    """Five seeds: the median of every figure, and its range."""
    def row(name):
        each = []
        for s in SEEDS:
            r = run("%s-%d" % (name, s), source, flags(s) + ([] if mesh else ["--no-mesh"]))
            c = common(r)
            if mesh:
                c["f_5cm"] = fscore(r, reference_mesh())
            each.append(c)
        cells = {"posed": "%d-%d" % (min(int(c["posed"].split("/")[0]) for c in each),
                                     max(int(c["posed"].split("/")[0]) for c in each))}
        for key in each[0]:
            values = [c[key] for c in each if isinstance(c[key], (int, float))]
            if key != "posed" and len(values) == len(each):
                cells[key] = statistics.median(values)
                cells[key + "_range"] = "%.3g-%.3g" % (min(values), max(values))
        return cells
    return row


RPRIOR = lambda sequence, bias: (lambda s: prior(sequence, bias, s))
ROWS = {
    "redkitchen-sensor": single("tum/redkitchen", "--depth", "sensor", "--voxel", ".02", mesh=True),
    "redkitchen-prior-b10": seeds("tum/redkitchen", RPRIOR("redkitchen", .1)),
    "redkitchen-prior-b0": seeds("tum/redkitchen", lambda s: RPRIOR("redkitchen", 0)(s) + ["--voxel", ".02"], mesh=True),
    "redkitchen-network": single("tum/redkitchen", "--voxel", ".02", mesh=True),
    "desk-sensor": single("tum/desk", "--depth", "sensor"),
    "desk-prior-b10": seeds("tum/desk", RPRIOR("desk", .1)),
    "desk-network": single("tum/desk"),
    "office-sensor": single("7scenes/sun3d_office_1", "--depth", "sensor"),
    "office-network": single("7scenes/sun3d_office_1"),
    "kitti00": single("kitti/sequences/00", "--camera-height", "1.65", truth="kitti/poses/00.txt", lengths="20,40,60,80"),
    "kitti-small": single("kitti_small/sequences/00", "--camera-height", "1.65", truth="kitti_small/poses/00.txt", lengths="100"),
    "room": seeds("synthetic:room", lambda s: ["--depth", "sim:seed=%d" % s]),
    "street": single("synthetic:street:2000", "--depth", "sim:bias=.10,drift=.10"),
    "tour": single("synthetic:tour:9200", "--depth", "sim:bias=.10,drift=.02"),
}


def main():
    names = sys.argv[1:] or list(ROWS)
    if names == ["--list"]:
        print("\n".join(ROWS))
        return
    for name in names:
        if name not in ROWS:
            sys.exit("figures.py: no row %s; --list names them" % name)
        cells = ROWS[name](name)
        print("| %s | %s |" % (name, ", ".join(
            "%s %s" % (k, "%.4g" % v if isinstance(v, float) else v) for k, v in cells.items() if v is not None)), flush=True)


if __name__ == "__main__":
    main()
