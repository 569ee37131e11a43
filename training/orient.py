"""Fits the map that tells how a picture is turned: `python -m training.orient CHECKPOINT OUT.pt`.

A phone writes how it was held beside the picture; where that was lost, a picture may lie on
its side or stand on its head, and its depth would be nonsense at an ordinary deviation. The
deepest features of the depth network, averaged over the upper, lower, left and right half,
tell it by one linear map to four classes: turned clockwise by 0, 1, 2, 3 right angles. The
network itself is not touched. Pictures of training turned by all four, wide and upright
ones; judged on NYU pictures kept out of training.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from .camera import Camera, fit_and_pad
from .data import DEFAULT_CACHE, INDOOR, STREET, MixedViews, Share, data_folder, load_set
from .evaluate import Frame, held_out_sets
from .network import DepthNetwork
from .train import INPUT_SIZE, STREET_SETS, parse_mix

CLASSES = 4
BATCH = 16


def halves(deep: Tensor) -> Tensor:
    """The means of features [B, C, H, W] over the upper, lower, left and right half, [B, 4 C]."""
    h, w = deep.shape[2] // 2, deep.shape[3] // 2
    parts = (deep[:, :, :h], deep[:, :, h:], deep[:, :, :, :w], deep[:, :, :, w:])
    return torch.cat([p.mean((2, 3)) for p in parts], 1)


def blank_turns(network: DepthNetwork) -> nn.Linear:
    """A map that knows nothing: all four turns are as likely."""
    linear = nn.Linear(4 * network.encoder.channels[-1], CLASSES)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


def load_turns(path: Path) -> nn.Linear:
    """The map that main wrote."""
    state = torch.load(path, map_location="cpu")
    linear = nn.Linear(state["weight"].shape[1], CLASSES)
    linear.load_state_dict(state)
    return linear


def turned(image: np.ndarray, quarters: int) -> np.ndarray:
    """A picture [h, w, 3] turned clockwise by so many right angles."""
    return np.ascontiguousarray(np.rot90(image, -quarters))


def describe(network: DepthNetwork, images: list[np.ndarray]) -> Tensor:
    """The halves' features of pictures of one size."""
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        return halves(network.encode(batch.contiguous(memory_format=torch.channels_last))[0])


def training_features(network: DepthNetwork, views: MixedViews, count: int) -> tuple[Tensor, Tensor]:
    """Features and turns of `count` views, each in all four; batches have one shape."""
    features, classes = [], []
    for first in range(0, count, views.batch):
        images = [views[i][0].permute(1, 2, 0).numpy() for i in range(first, first + views.batch)]
        for quarters in range(CLASSES):
            features.append(describe(network, [turned(x, quarters) for x in images]))
            classes.append(torch.full((len(images),), quarters))
    return torch.cat(features), torch.cat(classes)


def frame_features(network: DepthNetwork, frames: list[Frame]) -> tuple[Tensor, Tensor]:
    """Features and turns of whole pictures, each in all four."""
    features, classes = [], []
    for frame in frames:
        for quarters in range(CLASSES):
            rgb = turned(frame.rgb, quarters)
            h, w = rgb.shape[:2]
            scale = min(max(INPUT_SIZE) / max(h, w), min(INPUT_SIZE) / min(h, w))
            size = INPUT_SIZE if w >= h else INPUT_SIZE[::-1]
            fitted = fit_and_pad(rgb, Camera(scale, 0, 0, w, h), *size)[0]
            features.append(describe(network, [fitted]))
            classes.append(torch.tensor([quarters]))
    return torch.cat(features), torch.cat(classes)


def fit(features: Tensor, classes: Tensor, decay: float = 1e-3, steps: int = 60) -> nn.Linear:
    """Multinomial logistic regression with a quadratic penalty on standardised features."""
    mean, std = features.mean(0), features.std(0) + 1e-3
    x = (features - mean) / std
    linear = nn.Linear(x.shape[1], CLASSES)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    optimiser = torch.optim.LBFGS(linear.parameters(), max_iter=steps, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = nn.functional.cross_entropy(linear(x), classes) + decay * linear.weight.square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    with torch.no_grad():
        linear.weight.div_(std)
        linear.bias.sub_(linear.weight @ mean)
    return linear


def main() -> None:
    """Fits the map and prints how often it is right, and how sure it is of upright pictures."""
    from .export import load_network
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--scenes", type=Path, default=None, help="cache of scenes of their own")
    parser.add_argument("--mix", default="nyu=1,desk=.1,cabinet=.05,room=.2,street=.2")
    parser.add_argument("--views", type=int, default=1600)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    network = load_network(args.checkpoint)
    shares = [Share(load_set(args.cache, n), w, STREET if n in STREET_SETS else INDOOR)
              for n, w in parse_mix(args.mix).items()]
    views = MixedViews(shares, INPUT_SIZE, 11, args.views, 0, None, tall=0.5, batch=BATCH)
    linear = fit(*training_features(network, views, args.views // BATCH * BATCH))
    torch.save(linear.state_dict(), args.out)
    for name, frames in held_out_sets(data_folder(), args.scenes).items():
        features, classes = frame_features(network, frames)
        with torch.no_grad():
            share = torch.softmax(linear(features), 1)
        right = (share.argmax(1) == classes).float().mean()
        wrong = 1 - share[classes == 0, 0]
        print(f"{name}: right {right:.3f}; upright ones taken for turned by more than .5 / .9: "
              f"{(wrong > .5).float().mean():.3f} / {(wrong > .9).float().mean():.3f}")


if __name__ == "__main__":
    main()
