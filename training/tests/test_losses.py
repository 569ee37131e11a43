"""Every loss against a naive version, and the invariances the papers claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from training import losses

torch.manual_seed(3)


@pytest.fixture
def maps() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Prediction, truth (metres) and mask of two small pictures."""
    g = torch.Generator().manual_seed(5)
    d = torch.rand(2, 1, 24, 32, generator=g, dtype=torch.float64) * 4 + 0.5
    t = torch.rand(2, 1, 24, 32, generator=g, dtype=torch.float64) * 4 + 0.5
    mask = torch.rand(2, 1, 24, 32, generator=g) > 0.2
    return d, t, mask


CAMERAS = torch.tensor([[30.0, 15.5, 11.5], [45.0, 16.0, 11.0]], dtype=torch.float64)


def test_log_l1_is_the_mean_of_the_means_of_pictures(maps) -> None:
    d, t, mask = maps
    want = np.mean([np.mean([abs(math.log(float(a) / float(b)))
                             for a, b, m in zip(d[i].flatten(), t[i].flatten(), mask[i].flatten())
                             if m]) for i in range(2)])
    assert float(losses.log_l1(d.log(), t.log(), mask)) == pytest.approx(want, abs=1e-9)


def test_silog_against_naive_and_scale_invariance(maps) -> None:
    d, t, mask = maps
    values = []
    for i in range(2):
        e = (d[i].log() - t[i].log())[mask[i]].numpy()
        values.append(math.sqrt(e.var() + 0.15 * e.mean() ** 2 + 1e-6) - 1e-3)
    assert float(losses.silog(d.log(), t.log(), mask)) == pytest.approx(np.mean(values), abs=1e-9)
    plain = losses.silog(d.log(), t.log(), mask, scale_weight=0)
    scaled = losses.silog((3.7 * d).log(), t.log(), mask, scale_weight=0)
    assert float(plain) == pytest.approx(float(scaled), abs=1e-9)
    assert float(losses.silog((3.7 * d).log(), t.log(), mask)) != pytest.approx(float(
        losses.silog(d.log(), t.log(), mask)), abs=1e-3)


def test_gradient_against_naive_and_scale_invariance(maps) -> None:
    d, t, mask = maps
    e, m = (d.log() - t.log())[:, 0], mask[:, 0]
    total = 0.0
    for step in (1, 2, 4):
        es, ms = e[:, ::step, ::step], m[:, ::step, ::step]
        for dy, dx in ((0, 1), (1, 0)):
            values = []
            for b in range(2):
                for y in range(es.shape[1] - dy):
                    for x in range(es.shape[2] - dx):
                        if ms[b, y, x] and ms[b, y + dy, x + dx]:
                            values.append(abs(float(es[b, y + dy, x + dx] - es[b, y, x])))
            total += np.mean(values) / 3
    assert float(losses.gradient(d.log(), t.log(), mask)) == pytest.approx(total, abs=1e-9)
    assert float(losses.gradient((2 * d).log(), t.log(), mask)) == pytest.approx(total, abs=1e-9)


def naive_rpnl(d, t, mask, patches) -> float:
    """Equation 5 of the paper, pixel by pixel."""
    total, count = 0.0, 0
    for y, x, h, w in patches:
        sums, n = 0.0, 0
        for b in range(d.shape[0]):
            m = mask[b, 0, y:y + h, x:x + w].numpy()
            if m.mean() <= 0.5:
                continue
            normal = []
            for z in (d, t):
                v = z[b, 0, y:y + h, x:x + w].numpy()[m]
                v = v - np.sort(v)[(len(v) - 1) // 2]
                normal.append(v / np.abs(v).mean())
            sums += np.abs(normal[0] - normal[1]).sum()
            n += m.sum()
        if n:
            total += sums / n
            count += 1
    return total / count


def test_rpnl_against_naive_and_invariances(maps) -> None:
    d, t, mask = maps
    patches = losses.draw_patches(torch.Generator().manual_seed(1), 32, 24, 32)
    got = float(losses.rpnl(d, t, mask, patches))
    assert got == pytest.approx(naive_rpnl(d, t, mask, patches), rel=1e-6)
    assert float(losses.rpnl(2.5 * d + 0.3, t, mask, patches)) == pytest.approx(got, rel=1e-6)
    assert float(losses.rpnl(d, 0.5 * t + 1, mask, patches)) == pytest.approx(got, rel=1e-6)
    assert float(losses.rpnl(t, t, mask, patches)) == 0


def test_patches_have_the_papers_sizes() -> None:
    for y, x, h, w in losses.draw_patches(torch.Generator().manual_seed(2), 200, 96, 128):
        assert 12 <= h <= 48 and 16 <= w <= 64
        assert 0 <= y and y + h <= 96 and 0 <= x and x + w <= 128


def test_laplace_is_least_at_the_true_spread() -> None:
    rng = np.random.default_rng(0)
    t = torch.zeros(1, 1, 200, 200, dtype=torch.float64)
    d = torch.from_numpy(rng.laplace(0, 0.3, (1, 1, 200, 200)))
    mask = torch.ones_like(t, dtype=torch.bool)
    at = {b: float(losses.laplace_nll(d, torch.full_like(d, math.log(b)), t, mask))
          for b in (0.2, 0.3, 0.45)}
    assert at[0.3] < at[0.2] and at[0.3] < at[0.45]
    want = np.mean(np.abs(d.numpy()) / 0.3) + math.log(0.6)
    assert at[0.3] == pytest.approx(want, abs=1e-9)


def plane(normal: tuple[float, float, float], distance: float) -> torch.Tensor:
    """The depth [1, 1, 24, 32] of a plane n.p = distance before the first camera."""
    f, cx, cy = CAMERAS[0].tolist()
    v, u = np.mgrid[0:24, 0:32]
    rays = np.stack(((u - cx) / f, (v - cy) / f, np.ones_like(u)), -1)
    return torch.from_numpy(distance / (rays @ np.asarray(normal)))[None, None]


def test_normals_of_a_plane() -> None:
    n = np.array([0.2, -0.3, 1.0])
    n /= np.linalg.norm(n)
    got = losses.normals(losses.unproject(plane(tuple(n), 2.0), CAMERAS[:1]))
    want = torch.from_numpy(n).view(1, 3, 1, 1)
    assert float((got - want).abs().max()) < 1e-9


def test_pwn_against_naive_and_scale_invariance(maps) -> None:
    d, t, mask = maps
    p, q = losses.unproject(d, CAMERAS), losses.unproject(t, CAMERAS)
    g = torch.Generator().manual_seed(4)
    first, second = torch.randint(22 * 30, (2, 300), generator=g)
    n, m = losses.normals(p).numpy(), losses.normals(q).numpy()
    values = []
    for b in range(2):
        for i, j in zip(first.tolist(), second.tolist()):
            (yi, xi), (yj, xj) = divmod(i, 30), divmod(j, 30)
            if all(mask[b, 0, y:y + 3, x:x + 3].all() for y, x in ((yi, xi), (yj, xj))):
                values.append(abs(n[b, :, yi, xi] @ n[b, :, yj, xj]
                                  - m[b, :, yi, xi] @ m[b, :, yj, xj]))
    got = float(losses.pwn(p, q, mask, first, second))
    assert got == pytest.approx(np.mean(values), rel=1e-6)
    assert float(losses.pwn(4 * p, q, mask, first, second)) == pytest.approx(got, rel=1e-6)


def test_vnl_against_naive_and_invariances(maps) -> None:
    d, t, mask = maps
    p, q = losses.unproject(d, CAMERAS), losses.unproject(t, CAMERAS)
    triplets = torch.randint(24 * 32, (400, 3), generator=torch.Generator().manual_seed(6))
    values = []
    for b in range(2):
        ps, qs = p[b].flatten(1).numpy().T, q[b].flatten(1).numpy().T
        ms, size = mask[b].flatten().numpy(), 0.1 * float(q[b, 2].mean())
        for i, j, k in triplets.tolist():
            ab, ac, bc = qs[j] - qs[i], qs[k] - qs[i], qs[k] - qs[j]
            lengths = [np.linalg.norm(x) for x in (ab, ac, bc)]
            if not (ms[i] and ms[j] and ms[k]) or min(lengths) <= size:
                continue
            cross = np.cross(ab, ac)
            if np.linalg.norm(cross) / (lengths[0] * lengths[1]) <= 0.5:
                continue
            mine = np.cross(ps[j] - ps[i], ps[k] - ps[i])
            values.append(np.abs(mine / np.linalg.norm(mine) - cross / np.linalg.norm(cross)).sum())
    got = float(losses.vnl(p, q, mask, triplets))
    assert got == pytest.approx(np.mean(values), rel=1e-6)
    assert float(losses.vnl(0.3 * p, q, mask, triplets)) == pytest.approx(got, rel=1e-6)
    assert float(losses.vnl(q, q, mask, triplets)) == 0


def test_sky_is_a_hinge() -> None:
    far = torch.full((1, 1, 1, 1), math.log(100.0))
    mask = torch.ones(1, 1, 2, 2, dtype=torch.bool)
    assert float(losses.sky(torch.full((1, 1, 2, 2), math.log(200.0)), mask, far)) == 0
    near = torch.full((1, 1, 2, 2), math.log(50.0))
    assert float(losses.sky(near, mask, far)) == pytest.approx(math.log(2), abs=1e-6)


@pytest.mark.parametrize("name", ["log_l1", "silog", "gradient"])
def test_empty_masks_give_zero(maps, name: str) -> None:
    d, t, mask = maps
    value = getattr(losses, name)(d.log(), t.log(), torch.zeros_like(mask))
    assert float(value) == pytest.approx(0, abs=1e-9)
