"""Losses of metric depth. All maps are [B, 1, H, W]; masks are boolean of that shape.

"log" arguments are natural logarithms of canonical depth. Every loss is zero for a
perfect prediction and a mean over known pixels; an empty mask gives zero.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of the values under the mask, zero where it is empty."""
    weight = mask.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp_min(1)


def log_l1(log_d: Tensor, log_t: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute error of the log depth; per picture first, so that each counts the same."""
    weight = mask.to(log_d.dtype)
    per_picture = ((log_d - log_t).abs() * weight).flatten(1).sum(1) \
        / weight.flatten(1).sum(1).clamp_min(1)
    present = mask.flatten(1).any(1)
    return masked_mean(per_picture, present)


def silog(log_d: Tensor, log_t: Tensor, mask: Tensor, scale_weight: float = 0.15) -> Tensor:
    """Scale-invariant log loss (Eigen et al. 2014): sqrt(var e + scale_weight * (mean e)^2).

    With scale_weight 0 it does not change when a picture's depth is multiplied by a constant.
    """
    weight = mask.to(log_d.dtype).flatten(1)
    n = weight.sum(1).clamp_min(1)
    e = (log_d - log_t).flatten(1) * weight
    mean = e.sum(1) / n
    variance = (e.square().sum(1) / n - mean.square()).clamp_min(0)
    # The root's slope is infinite at zero.
    loss = torch.sqrt(variance + scale_weight * mean.square() + 1e-6) - 1e-3
    return masked_mean(loss, mask.flatten(1).any(1))


def gradient(log_d: Tensor, log_t: Tensor, mask: Tensor, scales: int = 3) -> Tensor:
    """L1 of the differences of the error of log depth, at several resolutions (MegaDepth)."""
    e, total = log_d - log_t, log_d.new_zeros(())
    for s in range(scales):
        step = 2 ** s
        es, ms = e[..., ::step, ::step], mask[..., ::step, ::step]
        dx, mx = (es[..., :, 1:] - es[..., :, :-1]).abs(), ms[..., :, 1:] & ms[..., :, :-1]
        dy, my = (es[..., 1:, :] - es[..., :-1, :]).abs(), ms[..., 1:, :] & ms[..., :-1, :]
        total = total + masked_mean(dx, mx) + masked_mean(dy, my)
    return total / scales


def laplace_nll(log_d: Tensor, log_b: Tensor, log_t: Tensor, mask: Tensor) -> Tensor:
    """Negative log likelihood |e| / b + log b + log 2 of a Laplace error of the log depth.

    It trains only the spread: the depth is detached, so that no pixel is given up as
    uncertain.
    """
    e = (log_d.detach() - log_t).abs()
    return masked_mean(e * torch.exp(-log_b) + log_b + math.log(2), mask)


def sky(log_d: Tensor, mask: Tensor, log_far: Tensor) -> Tensor:
    """Hinge: under the mask (sky) the depth is at least far; log_far is [B, 1, 1, 1]."""
    return masked_mean(F.relu(log_far - log_d), mask)


def _normalised(patch: Tensor, mask: Tensor) -> Tensor:
    """Patches [P, N] less their median over their mean absolute deviation from it."""
    holes = torch.where(mask, patch, torch.full_like(patch, float("nan")))
    median = holes.nanmedian(1, keepdim=True).values.nan_to_num()
    centred = (patch - median) * mask
    spread = centred.abs().sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp_min(1)
    return centred / spread.clamp_min(1e-4)


def draw_patches(generator: torch.Generator, count: int, height: int, width: int
                 ) -> list[tuple[int, int, int, int]]:
    """`count` windows (y, x, h, w), sides drawn from .125 to .5 of the picture's."""
    r = torch.rand(count, 4, generator=generator).tolist()
    windows = []
    for a, b, c, d in r:
        h = max(2, round(height * (0.125 + 0.375 * a)))
        w = max(2, round(width * (0.125 + 0.375 * b)))
        windows.append((round((height - h) * c), round((width - w) * d), h, w))
    return windows


def rpnl(d: Tensor, t: Tensor, mask: Tensor, patches: list[tuple[int, int, int, int]]) -> Tensor:
    """Random proposal normalisation loss (Metric3D, eq. 5) of depths over the given windows.

    Each patch of prediction and truth is normalised by its median and mean absolute
    deviation, so the loss does not change with scale or shift of either.
    """
    total, count = d.new_zeros(()), 0
    for y, x, h, w in patches:
        m = mask[:, 0, y:y + h, x:x + w].flatten(1)
        full = m.float().mean(1) > 0.5
        if not bool(full.any()):
            continue
        dn = _normalised(d[:, 0, y:y + h, x:x + w].flatten(1)[full], m[full])
        tn = _normalised(t[:, 0, y:y + h, x:x + w].flatten(1)[full], m[full])
        total = total + masked_mean((dn - tn).abs(), m[full])
        count += 1
    return total / max(count, 1)


def unproject(d: Tensor, cameras: Tensor, stride: int = 1) -> Tensor:
    """Points [B, 3, H, W] in metres from metric depth; cameras [B, 3] = (f, cx, cy) [px].

    stride: the depth holds every stride-th pixel of the picture the camera belongs to.
    """
    h, w = d.shape[-2:]
    v, u = torch.meshgrid(torch.arange(h, device=d.device, dtype=d.dtype) * stride,
                          torch.arange(w, device=d.device, dtype=d.dtype) * stride, indexing="ij")
    f, cx, cy = (c.view(-1, 1, 1) for c in cameras.unbind(1))
    return torch.stack((d[:, 0] * (u - cx) / f, d[:, 0] * (v - cy) / f, d[:, 0]), 1)


def normals(points: Tensor) -> Tensor:
    """Unit normals [B, 3, H-2, W-2] from central differences of points."""
    dx = points[..., 1:-1, 2:] - points[..., 1:-1, :-2]
    dy = points[..., 2:, 1:-1] - points[..., :-2, 1:-1]
    return F.normalize(torch.cross(dx, dy, dim=1), dim=1, eps=1e-8)


def pwn(points: Tensor, truth: Tensor, mask: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Pair-wise normal loss (Metric3D): | n_A . n_B - n*_A . n*_B | over pairs of pixels.

    first, second [P]: flat indices into the (H-2) x (W-2) interior. It does not change
    when all normals are rotated or the depth is scaled.
    """
    n, n_t = normals(points).flatten(2), normals(truth).flatten(2)
    inner = -F.max_pool2d(-mask.to(points.dtype), 3, stride=1)
    ok = inner.flatten(2)[:, 0] > 0.5
    both = ok[:, first] & ok[:, second]
    dot = (n.index_select(2, first) * n.index_select(2, second)).sum(1)
    dot_t = (n_t.index_select(2, first) * n_t.index_select(2, second)).sum(1)
    return masked_mean((dot - dot_t).abs(), both)


def vnl(points: Tensor, truth: Tensor, mask: Tensor, triplets: Tensor) -> Tensor:
    """Virtual normal loss (Yin et al. 2019): L1 of the normals of planes through triplets.

    triplets [T, 3]: flat pixel indices. Triplets whose true points are nearly on one line
    or too near each other are left out, as in the paper. It does not change with scale.
    """
    p, t, m = points.flatten(2), truth.flatten(2), mask.flatten(1)
    a, b, c = triplets.unbind(1)
    t_a, t_b, t_c = (t.index_select(2, i) for i in (a, b, c))
    p_a, p_b, p_c = (p.index_select(2, i) for i in (a, b, c))
    ab, ac, bc = t_b - t_a, t_c - t_a, t_c - t_b
    lengths = torch.stack([x.norm(dim=1) for x in (ab, ac, bc)])
    sine = torch.cross(ab, ac, dim=1).norm(dim=1) / (lengths[0] * lengths[1]).clamp_min(1e-6)
    size = t[:, 2].mean(1, keepdim=True) * 0.1
    ok = m[:, a] & m[:, b] & m[:, c] & (lengths.min(0).values > size) & (sine > 0.5)
    n_t = F.normalize(torch.cross(ab, ac, dim=1), dim=1, eps=1e-8)
    n = F.normalize(torch.cross(p_b - p_a, p_c - p_a, dim=1), dim=1, eps=1e-8)
    return masked_mean((n - n_t).abs().sum(1), ok)
