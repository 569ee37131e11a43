"""Writes a checkpoint as ONNX with its contract: `python -m training.export CHECKPOINT OUT.onnx`.

The graph takes pictures in 0..255 and gives canonical depth and the logarithm of the
variance of the log depth. Weights are stored as float16 and cast when the graph is
loaded, which halves the file; the arithmetic is float32. The result is compared with
PyTorch before it is renamed into place. With --mean the weights are the mean of two
checkpoints, one stretch of training and the one it started from: half of the way between
them keeps more of what the first could do.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .network import DepthNetwork
from .orient import blank_turns, halves, load_turns
from .resume import load_shipped
from .train import INPUT_SIZE

PARITY = 1e-4
OUTPUTS = ["canonical_depth", "log_variance", "quarter_turns"]
CONTRACT = """\
# Contract of {file}: how the network is fed and what its outputs mean
name: {name}
input: {{name: image, shape: [1, 3, -1, -1], dtype: float32, channels: RGB, range: [0, 255], mean: [0, 0, 0], std: [1, 1, 1]}}   # normalisation is inside the graph
extra_inputs: [{{name: intrinsics, kind: intrinsics}}]      # of the resized, padded picture; the focal length alone is read
resize: {{rule: fit-and-pad, box: [{height}, {width}], turn_box: true, interpolation: area, pad: centre, pad_value: [127, 127, 127]}}   # the box stands upright for upright pictures
outputs:
  depth: {{name: canonical_depth, shape: [1, 1, -1, -1]}}          # along the optical axis, of a camera of the canonical focal length
  log_variance: {{name: log_variance, shape: [1, 1, -1, -1]}}      # natural log of the variance of log depth (Laplace: variance = 2 b^2)
  quarter_turns: {{name: quarter_turns, shape: [1, 4]}}            # logits that the picture was turned clockwise by 0, 1, 2, 3 right angles
kind: depth
scale: {{rule: canonical, focal: {focal:g}}}      # metres = depth * f / {focal:g}, f the focal length in pixels of the resized picture (square pixels; the mean of fx and fy where they differ by less than 1 %)
range_m: [{near:g}, {far:g}]
scale_sigma: 0.1      # deviation of the log-scale by viewpoint
place_sigma: {place:g}     # and by place and camera, over those that it was not trained on (training.places)
"""


class Shipped(nn.Module):
    """The network as it ships: canonical depth, log variance, and how the picture is turned.

    log b becomes slope log b + shift (training.calibrate). With `flip` the picture and its mirror image
    are averaged. turns: the linear map of training.orient, zero where none is given.
    """

    def __init__(self, network: DepthNetwork, shift: float, flip: bool, slope: float = 1.0,
                 turns: nn.Linear | None = None) -> None:
        super().__init__()
        self.network, self.shift, self.flip, self.slope = network, shift, flip, slope
        self.turns = turns or blank_turns(network)

    def forward(self, image: Tensor, intrinsics: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Canonical depth and log variance of a picture [1, 3, H, W] and its K [1, 3, 3], and
        the logits [1, 4] of its quarter turns."""
        focal = 0.5 * (intrinsics[:, 0, 0] + intrinsics[:, 1, 1])
        features = self.network.encode(image)
        log_d, log_b = self.network.decode(features, focal)
        if self.flip:
            mirrored, spread = self.network(torch.flip(image, (3,)), focal)
            log_d = 0.5 * (log_d + torch.flip(mirrored, (3,)))
            log_b = 0.5 * (log_b + torch.flip(spread, (3,)))
        return (torch.exp(log_d), 2 * (self.slope * log_b + self.shift) + float(np.log(2)),
                self.turns(halves(features[0])))


def load_network(path: Path) -> DepthNetwork:
    """The network of a checkpoint with the moving average of its weights, or of an exported file."""
    if path.suffix == ".onnx":
        return load_shipped(path).eval()
    state = torch.load(path, map_location="cpu")
    network = DepthNetwork(state["encoder"], state["canonical_focal"])
    network.load_state_dict(state["network"])
    encoder = network.encoder.trainable()
    decoder = [p for n, p in network.named_parameters() if not n.startswith("encoder.")]
    with torch.no_grad():
        for p, average in zip(encoder + decoder, state["ema"]):
            p.copy_(average)
    return network.eval()


def mean_network(paths: list[Path]) -> DepthNetwork:
    """The network whose weights are the means of those of several checkpoints or exported
    files, the norms folded first; ValueError where they are of different networks."""
    networks = [fold_norms(load_network(p)) for p in paths]
    states = [n.state_dict() for n in networks]
    if any({k: v.shape for k, v in s.items()} != {k: v.shape for k, v in states[0].items()} for s in states):
        raise ValueError(f"{', '.join(map(str, paths))}: checkpoints of different networks have no mean")
    networks[0].load_state_dict({
        k: torch.stack([s[k] for s in states]).mean(0) if v.is_floating_point() else v
        for k, v in states[0].items()})
    return networks[0]


def fold_norms(network: DepthNetwork) -> DepthNetwork:
    """Works the frozen norms into the kernels, so that the graph holds plain convolutions."""
    network = copy.deepcopy(network)
    e = network.encoder
    pairs = [(e._conv_stem, e._bn0)]
    for block in e._blocks:
        if block.expands:
            pairs.append((block._expand_conv, block._bn0))
        pairs += [(block._depthwise_conv, block._bn1), (block._project_conv, block._bn2)]
    with torch.no_grad():
        for conv, norm in pairs:
            weight, bias = norm.fold(conv.weight)
            conv.weight.copy_(weight)
            norm.identity(bias)
    return network


def halve(path: Path) -> None:
    """Rounds the weights to float16 and stores them so, each with a cast to float32."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    model = onnx.load(str(path))
    casts, stored = [], []
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) > 64:
            values = numpy_helper.to_array(tensor).astype(np.float16)
            stored.append(numpy_helper.from_array(values, tensor.name + "_half"))
            casts.append(helper.make_node("Cast", [tensor.name + "_half"], [tensor.name],
                                          to=TensorProto.FLOAT))
        else:
            stored.append(tensor)
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(stored)
    model.graph.node.extend(casts + nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def round_weights(network: nn.Module) -> None:
    """Rounds all large parameters to float16's precision, so that PyTorch computes the
    same function as the halved file."""
    with torch.no_grad():
        for p in network.parameters():
            if p.numel() > 64:
                p.copy_(p.half().float())


def write_onnx(module: nn.Module, path: Path) -> None:
    """Exports a module of one picture; opset 16, height and width free (multiples of 32)."""
    width, height = INPUT_SIZE
    image = torch.zeros(1, 3, height, width)
    arguments = {"dynamo": False} if "dynamo" in torch.onnx.export.__code__.co_varnames else {}
    intrinsics = torch.tensor([[[200.0, 0, 127.5], [0, 200.0, 95.5], [0, 0, 1]]])
    free = {2: "height", 3: "width"}
    torch.onnx.export(module, (image, intrinsics), str(path), input_names=["image", "intrinsics"],
                      output_names=OUTPUTS, opset_version=16, do_constant_folding=True,
                      dynamic_axes={"image": free, "canonical_depth": free, "log_variance": free},
                      **arguments)


def parity(module: nn.Module, path: Path, pictures: int = 4) -> float:
    """The largest difference of the outputs between PyTorch and ONNX Runtime, of the depth in
    its logarithm, over wide and upright pictures. Files of one fixed shape see wide ones only."""
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    fixed = isinstance(session.get_inputs()[0].shape[2], int)
    worst = 0.0
    rng = np.random.default_rng(1)
    for i in range(pictures):
        f = 150.0 + 100.0 * i
        width, height = INPUT_SIZE if fixed or i % 2 == 0 else INPUT_SIZE[::-1]
        intrinsics = torch.tensor([[[f, 0, (width - 1) / 2], [0, f, (height - 1) / 2], [0, 0, 1]]])
        coarse = torch.from_numpy(rng.uniform(0, 255, (1, 3, 12, 12)).astype(np.float32))
        image = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
        with torch.no_grad():
            wanted = dict(zip(OUTPUTS, module(image, intrinsics)))
        got = session.run(names, {"image": image.numpy(), "intrinsics": intrinsics.numpy()})
        for name, value in zip(names, got):
            want = wanted[name].numpy()
            if name == OUTPUTS[0]:
                want, value = np.log(want), np.log(value)
            worst = max(worst, float(np.abs(want - value).max()))
    return worst


def export(checkpoint: Path, out: Path, shift: float, flip: bool, half: bool,
           range_m: tuple[float, float], slope: float = 1.0, mean: Path | None = None,
           turns: Path | None = None, place: float = 0.16) -> float:
    """Writes the ONNX file and its contract; gives the parity, ValueError where it is too bad."""
    network = mean_network([checkpoint, *([mean] if mean else [])])
    if half:
        round_weights(network)
    linear = load_turns(turns) if turns else blank_turns(network)
    if half:
        round_weights(linear)
    module = Shipped(network, shift, flip, slope, linear).eval()
    temporary = out.with_name(f".{out.stem}.tmp.onnx")
    write_onnx(module, temporary)
    if half:
        halve(temporary)
    worst = parity(module, temporary)
    if worst > PARITY:
        temporary.unlink()
        raise ValueError(f"{checkpoint}: ONNX Runtime differs from PyTorch by {worst:.1e}, "
                         f"more than {PARITY:.0e}")
    temporary.rename(out)
    width, height = INPUT_SIZE
    out.with_suffix(".yaml").write_text(CONTRACT.format(
        file=out.name, name=out.stem, width=width, height=height,
        focal=network.canonical_focal, near=range_m[0], far=range_m[1],
        place=place))
    return worst


def main() -> None:
    """Exports as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shift", type=float, default=0.0, help="added to log b (calibration)")
    parser.add_argument("--slope", type=float, default=1.0, help="multiplies log b (calibration)")
    parser.add_argument("--flip", action=argparse.BooleanOptionalAction, default=False,
                        help="average with the mirrored picture")
    parser.add_argument("--mean", type=Path, default=None,
                        help="another checkpoint or exported file; the weights are the mean of both")
    parser.add_argument("--turns", type=Path, default=None, help="what training.orient wrote")
    parser.add_argument("--place", type=float, default=0.16,
                        help="deviation of the log-scale by place and camera (training.places)")
    parser.add_argument("--half", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    worst = export(args.checkpoint, args.out, args.shift, args.flip, args.half, (0.1, 80.0),
                   args.slope, args.mean, args.turns, args.place)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, parity {worst:.1e}")


if __name__ == "__main__":
    main()
