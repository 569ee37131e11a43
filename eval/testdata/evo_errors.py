"""Prints evo's errors of a trajectory as JSON, for the test that compares.

usage: evo_errors.py tum|kitti TRUTH ESTIMATE MAX_DIFF_S DELTA_FRAMES
"""

import copy
import json
import sys

from evo import main_ape, main_rpe
from evo.core import metrics, sync
from evo.tools import file_interface


def main(form, truth_file, estimate_file, max_diff, delta):
    if form == "tum":
        truth = file_interface.read_tum_trajectory_file(truth_file)
        estimate = file_interface.read_tum_trajectory_file(estimate_file)
        truth, estimate = sync.associate_trajectories(
            truth, estimate, max_diff=float(max_diff)
        )
    else:
        truth = file_interface.read_kitti_poses_file(truth_file)
        estimate = file_interface.read_kitti_poses_file(estimate_file)
    trans = metrics.PoseRelation.translation_part
    angle = metrics.PoseRelation.rotation_angle_deg
    frames = metrics.Unit.frames
    alignments = {
        "none": {},
        "se3": {"align": True},
        "sim3": {"align": True, "correct_scale": True},
    }
    deltas = {
        "1 consecutive": {"delta": 1.0, "delta_unit": frames},
        "n consecutive": {"delta": float(delta), "delta_unit": frames},
        "n all": {"delta": float(delta), "delta_unit": frames, "all_pairs": True},
        "1 m all": {"delta": 1.0, "delta_unit": metrics.Unit.meters, "all_pairs": True},
    }
    out = {"pairs": truth.num_poses}
    for name, align in alignments.items():
        pair = copy.deepcopy((truth, estimate))
        result = main_ape.ape(*pair, trans, **align)
        out[f"ape {name}"] = result.stats
        if name == "sim3":
            m = result.np_arrays["alignment_transformation_sim3"]
            out["scale"] = float((m[0, :3] @ m[0, :3]) ** 0.5)
        for over, args in deltas.items():
            # No alignment changes the angles of relative motions.
            relations = [("trans", trans)] + ([] if align else [("angle", angle)])
            for what, relation in relations:
                pair = copy.deepcopy((truth, estimate))
                result = main_rpe.rpe(*pair, relation, **args, **align)
                out[f"rpe {name} {over} {what}"] = result.stats
    json.dump(out, sys.stdout)


main(*sys.argv[1:])
