"""Reads a shipped ONNX file back into PyTorch: `python -m training.resume MODEL.onnx`.

A file that training.export wrote holds every weight of the network, the norms folded into
the kernels. Any later stretch of training can so begin at what ships (`training.train
--start MODEL.onnx`), without a checkpoint kept beside the repository. What is lost is the
state of the optimiser and what float16 cuts off. The calibration of the stated deviation
is no part of the network: training goes on with the uncalibrated spread.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from .network import ENCODERS, DepthNetwork

_ENCODER = "/encoder/"


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The weights of an exported graph by the parameter's name within the network.

    The decoder's initialisers carry their names. The encoder's lost theirs when the norms
    were folded; the nodes that use them still say which layer they are.
    """
    import onnx
    from onnx import numpy_helper
    graph = onnx.load(str(path)).graph
    stored = {t.name: numpy_helper.to_array(t).astype(np.float32) for t in graph.initializer}
    for node in graph.node:  # casts of halved weights; the weights that two layers share
        if node.op_type in ("Cast", "Identity") and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    tensors = {name.removeprefix("network."): value for name, value in stored.items()
               if name.startswith("network.") and not name.endswith("_half")}
    for node in graph.node:
        _, encoder, layer = node.name.rpartition(_ENCODER)
        layer, _, kind = layer.rpartition("/")
        if not encoder or not layer.endswith(("_conv", "_conv_stem")):
            continue
        if kind == "Conv":
            tensors[f"encoder.{layer.replace('/', '.')}.weight"] = stored[node.input[1]]
            if len(node.input) > 2:
                tensors[f"encoder.{layer.replace('/', '.')}.bias"] = stored[node.input[2]].reshape(-1)
        elif kind == "Add":  # of a depthwise convolution
            bias = next(stored[i] for i in node.input if i in stored)
            tensors[f"encoder.{layer.replace('/', '.')}.bias"] = bias.reshape(-1)
    return tensors


def _encoder_of(tensors: dict[str, np.ndarray]) -> str:
    """The name of the encoder whose layers have these shapes; ValueError where none has."""
    stem = {k: v.shape for k, v in tensors.items() if k.startswith("encoder.") and k.endswith(".weight")}
    for name in ENCODERS:
        wanted = {k: tuple(p.shape) for k, p in DepthNetwork(name).named_parameters()
                  if k.startswith("encoder.") and k.endswith("conv.weight") or k.endswith("stem.weight")}
        if wanted == stem:
            return name
    raise ValueError(f"none of the encoders {', '.join(ENCODERS)} has the layers of this file")


def load_shipped(path: Path, canonical_focal: float = 200.0) -> DepthNetwork:
    """The network of an exported file, its norms being identities with the folded bias.

    ValueError where the file was not written by training.export or holds another network.
    """
    tensors = read_tensors(path)
    try:
        network = DepthNetwork(_encoder_of(tensors), canonical_focal)
    except ValueError as err:
        raise ValueError(f"{path}: {err}; was it written by training.export?") from err
    encoder = network.encoder
    layers = [("_conv_stem", encoder._conv_stem, encoder._bn0)]
    for i, block in enumerate(encoder._blocks):
        if block.expands:
            layers.append((f"_blocks.{i}._expand_conv", block._expand_conv, block._bn0))
        layers.append((f"_blocks.{i}._depthwise_conv", block._depthwise_conv, block._bn1))
        layers.append((f"_blocks.{i}._project_conv", block._project_conv, block._bn2))
    with torch.no_grad():
        for name, conv, norm in layers:
            conv.weight.copy_(torch.from_numpy(tensors[f"encoder.{name}.weight"]))
            norm.identity(torch.from_numpy(tensors[f"encoder.{name}.bias"]))
        for name, p in network.named_parameters():
            if not name.startswith("encoder."):
                if name not in tensors or tensors[name].shape != tuple(p.shape):
                    raise ValueError(f"{path}: no weights of {name} of shape {tuple(p.shape)}")
                p.copy_(torch.from_numpy(tensors[name]))
    return network


def main() -> None:
    """Prints how far the network read back is from the file."""
    from .export import Shipped, parity
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--shift", type=float, default=0.0, help="the calibration it was exported with")
    parser.add_argument("--slope", type=float, default=1.0)
    args = parser.parse_args()
    network = load_shipped(args.model).eval()
    module = Shipped(network, args.shift, False, args.slope).eval()
    print(f"{args.model}: {network.encoder_name}, differs by {parity(module, args.model):.1e} "
          "in log depth and log variance")


if __name__ == "__main__":
    main()
