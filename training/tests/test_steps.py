"""Every step of the recipe, small: mixture, training, resuming, averaging, export, scoring."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from training import calibrate, evaluate, export, orient, resume, train
from training.data import INDOOR, MixedViews, Share, letterbox, load_set, overexpose, save_set, window
from training.network import DepthNetwork, Encoder, parameter_count


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of one set of tilted planes with random pictures."""
    folder = tmp_path_factory.mktemp("cache")
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (4, 240, 320, 3), dtype=np.uint8)
    depth = np.linspace(1, 4, 240)[None, :, None] * np.ones((4, 240, 320))
    depth[:, :20] = np.inf
    depth[:, 100:120, 50:90] = 0
    cameras = np.tile(np.array([260.0, 159.5, 119.5], np.float32), (4, 1))
    save_set(folder, "toy", rgb, depth.astype(np.float16), cameras)
    save_set(folder, "far", rgb, (10 * depth).astype(np.float16), cameras)
    return folder


def arguments(cache: Path, runs: Path, pictures: int) -> object:
    """The command line of a tiny run."""
    return train.parser().parse_args([
        "--run", "tiny", "--runs", str(runs), "--cache", str(cache), "--mix", "toy",
        "--encoder", "lite0", "--no-imagenet", "--no-bfloat16", "--batch", "2",
        "--pictures", str(pictures), "--workers", "0", "--processes", "1", "--settle-mix", "",
        "--report", "1", "--fine-from", "4"])


def test_items_depend_on_their_number_alone(cache: Path) -> None:
    share = Share(load_set(cache, "toy"), 1.0, INDOOR)
    a = MixedViews([share], (256, 192), 3, 50)[17]
    b = MixedViews([share], (256, 192), 3, 99)[17]
    c = MixedViews([share], (256, 192), 4, 50)[17]
    assert all(torch.equal(x, y) for x, y in zip(a, b))
    assert not torch.equal(a[0], c[0])
    assert a[0].shape == (3, 192, 256) and a[1].shape == (1, 192, 256)
    many = torch.stack([MixedViews([share], (256, 192), 3, 50)[i][1] for i in range(10)])
    assert torch.isinf(many).any() and (many == 0).any()


def test_the_mixture_settles(cache: Path) -> None:
    shares = [Share(load_set(cache, "toy"), 1.0, INDOOR), Share(load_set(cache, "far"), 0.0, INDOOR)]
    views = MixedViews(shares, (256, 192), 3, 20, 10, [0.0, 1.0])
    near = [float(views[i][1][torch.isfinite(views[i][1])].max()) for i in range(20)]
    assert max(near[:10]) < 6 < min(near[10:])


def test_overexposed_pictures_clip(cache: Path) -> None:
    grey = np.array([0, 50, 128, 200], np.uint8)
    brighter = overexpose(grey, 1.0)
    assert brighter[0] == 0 and brighter[3] == 255
    assert (brighter[1] / 50) ** 2.2 == pytest.approx(2, rel=0.03)
    share = Share(load_set(cache, "toy"), 1.0, INDOOR)
    never = MixedViews([share], (256, 192), 3, 30)
    always = MixedViews([share], (256, 192), 3, 30, over=1.0)
    white = [np.mean([(views[i][0] > 250).float().mean() for i in range(30)]) for views in (never, always)]
    assert white[1] > white[0] + 0.05


def test_mingled_pictures_show_two_sets(cache: Path) -> None:
    """A rectangle of .2 to .55 of the area comes from the other set, picture and depth alike."""
    shares = [Share(load_set(cache, name), 1.0, INDOOR) for name in ("toy", "far")]
    plain = MixedViews(shares, (256, 192), 3, 40)
    mingled = MixedViews(shares, (256, 192), 3, 40, mingle=1.0)

    def both(item: tuple[torch.Tensor, ...]) -> float:
        d = item[1][torch.isfinite(item[1]) & (item[1] > 0)]
        return float(min((d < 6).float().mean(), (d > 6).float().mean()))

    assert max(both(plain[i]) for i in range(40)) == 0
    shared = [both(mingled[i]) for i in range(40)]
    assert 0.3 < np.mean([s > 0 for s in shared]) < 0.8  # the other half has a rectangle of its own set
    for seed in range(50):
        rows, cols = window(np.random.default_rng(seed), 256, 192)
        area = (rows.stop - rows.start) * (cols.stop - cols.start) / (256 * 192)
        assert 0.19 < area < 0.56 and rows.start >= 0 and rows.stop <= 192 and cols.start >= 0 and cols.stop <= 256


def test_batches_stand_upright_as_a_whole(cache: Path) -> None:
    """All pictures of a batch have one shape, and an upright one keeps its focal length [px]."""
    share = Share(load_set(cache, "toy"), 1.0, INDOOR)
    views = MixedViews([share], (256, 192), 3, 200, tall=0.5, batch=4)
    shapes = [tuple(views[i][0].shape[1:]) for i in range(80)]
    assert all(len(set(shapes[i:i + 4])) == 1 for i in range(0, 80, 4))
    assert set(shapes) == {(192, 256), (256, 192)}
    upright = [views[i][2] for i in range(80) if shapes[i] == (256, 192)]
    whole = 260.0 * 256 / 240  # shows the whole height of the source
    assert min(float(c[0]) for c in upright) > 0.8 * whole
    assert np.mean([float(c[1]) for c in upright]) == pytest.approx(95.5, abs=3)


def test_narrow_bands_in_upright_pictures(cache: Path) -> None:
    image, depth = np.full((256, 192, 3), 9, np.uint8), np.ones((256, 192), np.float32)
    letterbox(np.random.default_rng(0), image, depth, (2.0, 2.01))
    known = depth[0] > 0
    assert known.sum() == pytest.approx(128, abs=2) and (image[:, ~known] == 127).all()
    assert (image[:, known] == 9).all()


def test_nothing_is_left_out_when_scoring() -> None:
    torch.manual_seed(0)
    network = DepthNetwork("lite0", drop=0.5)
    image, focal = torch.rand(2, 3, 64, 64) * 255, torch.tensor([200.0, 200.0])

    def top(training: bool) -> torch.Tensor:
        network.train(training)
        return network.encoder((image - 127) / 128)[-1]

    assert not torch.equal(top(True), top(True))
    assert torch.equal(top(False), top(False))
    network.set_drop(0.0)
    assert torch.equal(top(True), top(False))
    narrow, wide = (network(image, f * focal)[0] for f in (2.0, 0.5))
    assert narrow.shape == wide.shape == (2, 1, 64, 64)


def test_a_missing_set_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="training.prepare"):
        load_set(tmp_path, "nyu")


def test_encoder_has_the_published_sizes() -> None:
    assert Encoder("lite0").channels == [16, 24, 40, 112, 320]
    assert Encoder("lite2").channels == [16, 24, 48, 120, 352]
    # The published 4,652,008 less the classifier (1280 x 1000 + 1000) and the head before it
    # (320 x 1280 and its norm's 2 x 1280).
    assert parameter_count(Encoder("lite0")) == 4_652_008 - 1_281_000 - 412_160


def test_training_resumes_where_it_stopped(cache: Path, tmp_path: Path) -> None:
    whole = train.Trainer(arguments(cache, tmp_path / "whole", 8))
    whole.run()
    half = train.Trainer(arguments(cache, tmp_path / "split", 8))
    half.args.pictures = 8
    batches = iter(half.loader())
    for _ in range(2):
        half.step(*next(batches))
    half.save()
    rest = train.Trainer(arguments(cache, tmp_path / "split", 8))
    rest.resume()
    assert rest.pictures == 4
    rest.run()
    for a, b in zip(whole.ema.shadow, rest.ema.shadow):
        assert torch.allclose(a, b, atol=1e-6)
    log = json.loads((tmp_path / "whole" / "tiny" / "log.json").read_text())
    assert log[-1]["pictures"] == 8 and np.isfinite(log[-1]["loss"])


def test_training_leaves_the_frozen_weights_alone(cache: Path, tmp_path: Path) -> None:
    trainer = train.Trainer(arguments(cache, tmp_path, 4))
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.run()
    after = trainer.network.state_dict()
    assert torch.equal(before["encoder._conv_stem.weight"], after["encoder._conv_stem.weight"])
    assert not torch.equal(before["head.weight"], after["head.weight"])
    deep = "encoder._blocks.12._project_conv.weight"
    assert not torch.equal(before[deep], after[deep])


def test_canonical_labels_carry_the_focal_length() -> None:
    network = DepthNetwork("lite0")
    weights = dict(train.DEFAULT_WEIGHTS)
    generator = torch.Generator().manual_seed(0)
    depth = torch.full((1, 1, 32, 32), 3.0)
    log_b = torch.zeros_like(depth)
    for f in (150.0, 400.0):
        camera = torch.tensor([[f, 15.5, 15.5]])
        right = torch.full_like(depth, float(np.log(3.0 * 200.0 / f)))
        _, parts = train.total_loss(network, right, log_b, depth, camera, weights, True, generator)
        assert parts["l1"] == pytest.approx(0, abs=1e-6)
        assert parts["vnl"] == pytest.approx(0, abs=1e-3)


def test_folding_and_mirroring_keep_the_function() -> None:
    torch.manual_seed(1)
    network = DepthNetwork("lite0").eval()
    for m in network.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.normal_(std=0.1)
            m.running_var.uniform_(0.5, 2)
    image = torch.rand(1, 3, 64, 96) * 255
    with torch.no_grad():
        focal = torch.tensor([170.0])
        k = torch.tensor([[[170.0, 0, 47.5], [0, 170.0, 31.5], [0, 0, 1]]])
        want, spread = network(image, focal)
        folded = export.fold_norms(network)
        got, _ = folded(image, focal)
        assert torch.allclose(want, got, atol=1e-4)
        depth, log_variance, turns = export.Shipped(folded, 0.1, False)(image, k)
        assert torch.equal(turns, torch.zeros(1, 4))
        assert torch.allclose(depth.log(), want, atol=1e-4)
        assert torch.allclose(log_variance, 2 * (spread + 0.1) + np.log(2), atol=1e-4)
        _, log_variance, _ = export.Shipped(folded, 0.1, False, 0.7)(image, k)
        assert torch.allclose(log_variance, 2 * (0.7 * spread + 0.1) + np.log(2), atol=1e-4)
        shipped = export.Shipped(folded, 0.0, True)
        mirrored, _, _ = shipped(torch.flip(image, (3,)), k)
        straight, _, _ = shipped(image, k)
        assert torch.allclose(torch.flip(mirrored, (3,)), straight, rtol=1e-4)


def test_export_is_the_same_function(cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    trainer = train.Trainer(arguments(cache, tmp_path, 4))
    trainer.run()
    out = tmp_path / "net.onnx"
    worst = export.export(tmp_path / "tiny" / "last.pt", out, 0.05, True, True, (0.1, 80.0))
    assert worst < export.PARITY
    assert out.stat().st_size < 12e6
    model = evaluate.Model(out)
    rgb = np.full((100, 300, 3), 90, np.uint8)
    near, deviation = model.predict(rgb, (200.0, 200.0, 149.5, 49.5))
    again, _ = model.predict(rgb, (200.0, 200.0, 149.5, 49.5))
    far, _ = model.predict(rgb, (400.0, 400.0, 149.5, 49.5))
    assert near.shape == deviation.shape == (100, 300)
    assert np.allclose(near, again) and (far > near).all()
    upright = evaluate.Model(out).predict(rgb.transpose(1, 0, 2).copy(), (200.0, 200.0, 49.5, 149.5))[0]
    assert upright.shape == (300, 100)


def test_a_shipped_file_is_read_back(cache: Path, tmp_path: Path) -> None:
    """What was exported, read into PyTorch, gives the same depth, and training goes on from it."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    trainer = train.Trainer(arguments(cache, tmp_path, 4))
    trainer.run()
    out = tmp_path / "net.onnx"
    export.export(tmp_path / "tiny" / "last.pt", out, 0.05, False, True, (0.1, 80.0), 0.7)
    network = resume.load_shipped(out)
    assert network.encoder_name == "lite0"
    module = export.Shipped(network, 0.05, False, 0.7).eval()
    assert export.parity(module, out) < export.PARITY
    args = arguments(cache, tmp_path / "on", 4)
    args.start = out
    on = train.Trainer(args)
    on.resume()
    assert on.pictures == 0 and torch.equal(on.network.head.weight, network.head.weight)
    assert torch.equal(on.ema.shadow[-1], network.correction.bias)
    on.run()
    assert not torch.equal(on.network.head.weight, network.head.weight)


def test_a_turned_picture_is_told_by_its_halves() -> None:
    deep = torch.zeros(1, 2, 6, 8)
    deep[:, 0, :3] = 1
    assert torch.allclose(orient.halves(deep)[0, :8:2], torch.tensor([1.0, 0.0, 0.5, 0.5]))
    rng = np.random.default_rng(0)
    sky = np.linspace(250, 30, 48)[:, None, None] * np.ones((48, 64, 3))
    x, y = [], []
    for _ in range(40):
        image = (sky + rng.normal(size=sky.shape) * 20).astype(np.float32)
        for quarters in range(4):
            t = torch.from_numpy(orient.turned(image, quarters)).permute(2, 0, 1)[None] / 255
            x.append(orient.halves(t))
            y.append(quarters)
    linear = orient.fit(torch.cat(x[:80]), torch.tensor(y[:80]))
    assert (linear(torch.cat(x[80:])).argmax(1) == torch.tensor(y[80:])).all()
    assert orient.turned(np.arange(6).reshape(2, 3, 1), 1)[:, :, 0].tolist() == [[3, 0], [4, 1], [5, 2]]


def test_another_file_is_not_read_back(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["a"], ["b"])], "g",
                                   [value("a", 1, [1])], [value("b", 1, [1])])
    onnx.save(onnx.helper.make_model(graph), str(tmp_path / "relu.onnx"))
    with pytest.raises(ValueError, match="relu.onnx.*training.export"):
        resume.load_shipped(tmp_path / "relu.onnx")


def test_the_mean_of_two_checkpoints_lies_between(cache: Path, tmp_path: Path) -> None:
    paths = []
    for name, pictures in (("short", 2), ("long", 6)):
        trainer = train.Trainer(arguments(cache, tmp_path / name, pictures))
        trainer.run()
        paths.append(tmp_path / name / "tiny" / "last.pt")
    a, b, mean = export.load_network(paths[0]), export.load_network(paths[1]), export.mean_network(paths)
    assert not torch.equal(a.head.weight, b.head.weight)
    assert torch.allclose(mean.head.weight, (a.head.weight + b.head.weight) / 2)
    assert torch.allclose(mean.encoder._conv_stem.weight, export.fold_norms(a).encoder._conv_stem.weight)
    assert torch.equal(export.mean_network(paths[:1]).head.weight, a.head.weight)


def test_scores_of_a_known_error() -> None:
    truth = np.full((10, 10), 2.0)
    truth[0] = 0
    frame = evaluate.Frame(np.zeros((10, 10, 3), np.uint8), truth, (1, 1, 1, 1), (0.2, 9.9))
    r = evaluate.judge(np.full((10, 10), 2.2), np.full((10, 10), 0.2), frame)
    assert r["absrel"] == pytest.approx(0.1) and r["rmse"] == pytest.approx(0.2)
    assert r["aligned"] == pytest.approx(0, abs=1e-9) and r["d1"] == 1
    assert r["log_scale"] == pytest.approx(np.log(1.1)) and r["within_sigma"] == 1
    assert evaluate.judge(truth, truth, evaluate.Frame(frame.rgb, truth * 0, (1, 1, 1, 1),
                                                       (0.2, 9.9))) is None


def test_a_scale_that_follows_the_lens_is_told() -> None:
    rows = [{"absrel": 0.1, "log_scale": 0.5 * x, "log_focal": x, "place": ""} for x in (-0.5, 0.0, 0.5)]
    assert evaluate.summary(rows)["focal_slope"] == pytest.approx(0.5)
    alike = [r | {"log_focal": 0.1} for r in rows]
    assert evaluate.summary(alike)["focal_slope"] == 0.0
    frame = evaluate.Frame(np.zeros((12, 20, 3), np.uint8), np.ones((12, 20)), (10, 10, 9.5, 5.5), (0.2, 9.9))
    tall = evaluate.upright(frame)
    assert tall.depth.shape == (12, 9) and tall.intrinsics == (10, 10, 4.5, 5.5)


def test_the_calibration_finds_a_known_line() -> None:
    rng = np.random.default_rng(0)
    sets = []
    for size in (20_000, 5_000):
        stated = rng.uniform(-4, -1, size)
        sets.append((rng.exponential(np.exp(0.8 * stated + 0.3)), stated))
    slope, shift = calibrate.fit(sets, np.arange(0.5, 1.2, 0.05))
    assert slope == pytest.approx(0.8, abs=0.051)
    assert shift == pytest.approx(0.3, abs=0.15)


def test_the_learning_rate_rises_stays_and_falls() -> None:
    rates = [train.learning_rate(p, 100_000) for p in (0, 500, 5000, 50_000, 80_000, 99_999)]
    assert rates[0] < rates[1] < rates[2] == rates[3] == 1.0 > rates[4] > rates[5]
