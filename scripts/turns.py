#!/usr/bin/env python3
"""Holds the rotations of a truth, and of an estimate, against pairs of pictures.

usage: scripts/turns.py SEQUENCE TRUTH [ESTIMATE] [--step N] [--first N] [--last N]

SEQUENCE is a KITTI sequence (image_0 or image_2, calib.txt), TRUTH and ESTIMATE
have KITTI's form, a row of T_wc a frame. SIFT and the essential matrix of two
pictures N frames apart give their rotation, with no part of this project in it.
Each line tells by how many degrees the pictures and the estimate turn further
than the truth, about the camera's axes: right, down, ahead.
Python 3 with numpy and OpenCV (opencv-python) is needed.
"""
import argparse
import os

import cv2
import numpy as np


def poses(path):
    rows = np.loadtxt(path).reshape(-1, 3, 4)
    return rows[:, :, :3]


def camera(sequence):
    for folder, key in (("image_0", "P0:"), ("image_2", "P2:")):
        if os.path.isdir(os.path.join(sequence, folder)):
            for line in open(os.path.join(sequence, "calib.txt")):
                if line.startswith(key):
                    return os.path.join(sequence, folder), np.array(line.split()[1:], float).reshape(3, 4)[:, :3].copy()
    raise SystemExit("turns.py: %s: no image_0 or image_2 with its line of calib.txt" % sequence)


def features(sift, folder, i):
    picture = cv2.imread(os.path.join(folder, "%06d.png" % i), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise SystemExit("turns.py: %s has no picture %d" % (folder, i))
    return sift.detectAndCompute(picture, None)


def rotation(a, b, k):
    """The rotation that carries directions of b to a, and how many matches agree."""
    pairs = cv2.BFMatcher().knnMatch(a[1], b[1], k=2)
    best = [m for m, second in pairs if m.distance < .75 * second.distance]
    p = np.array([a[0][m.queryIdx].pt for m in best])
    q = np.array([b[0][m.trainIdx].pt for m in best])
    e, inliers = cv2.findEssentialMat(p, q, k, cv2.USAC_MAGSAC, .9999, .7, maxIters=20000)
    n, r, _, _ = cv2.recoverPose(e, p, q, k, mask=inliers)
    return r.T, n


def degrees(r):
    return np.degrees(cv2.Rodrigues(r)[0].ravel())


def main():
    flags = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    flags.add_argument("sequence")
    flags.add_argument("truth")
    flags.add_argument("estimate", nargs="?")
    flags.add_argument("--step", type=int, default=5)
    flags.add_argument("--first", type=int, default=0)
    flags.add_argument("--last", type=int)
    args = flags.parse_args()
    folder, k = camera(args.sequence)
    truth = poses(args.truth)
    estimate = poses(args.estimate) if args.estimate else None
    last = min(len(truth), args.last + 1 if args.last else len(truth))
    sift = cv2.SIFT_create(4000)
    total = np.zeros((2, 3))
    before = features(sift, folder, args.first)
    for i in range(args.first, last - args.step, args.step):
        j = i + args.step
        after = features(sift, folder, j)
        r, n = rotation(before, after, k)
        before = after
        t = truth[i].T @ truth[j]
        seen = degrees(t.T @ r)
        total[0] += seen
        line = "%4d-%-4d %4d matches, pictures %5.2f %5.2f %5.2f" % (i, j, n, *seen)
        if estimate is not None:
            ours = degrees(t.T @ estimate[i].T @ estimate[j])
            total[1] += ours
            line += ", estimate %5.2f %5.2f %5.2f" % tuple(ours)
        print(line)
    line = "sum: pictures %.2f %.2f %.2f" % tuple(total[0])
    print(line + (", estimate %.2f %.2f %.2f" % tuple(total[1]) if estimate is not None else ""))


if __name__ == "__main__":
    main()
