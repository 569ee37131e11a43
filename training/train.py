"""Trains the depth network: `python -m training.train --run NAME`.

The learning rate warms up, stays, and falls to zero over the last part of --pictures, so
a run can be prolonged (--resume with a larger --pictures) before its fall has begun.
A checkpoint holds weights, their moving average, the optimiser, the number of pictures
seen, the settings, the commit and the hashes of the sets; it is written every few minutes.

With --processes 2 two processes of one thread each work on a half of every batch and
average their gradients. That pays on two idle cores only: each process works through the
optimiser by itself, and on a busy machine they wait for each other.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing
from torch import Tensor
from torch.utils.data import DataLoader

from . import losses
from .data import (DEFAULT_CACHE, INDOOR, STREET, MixedViews, Share, load_set)
from .network import DepthNetwork, load_imagenet
from .resume import load_shipped

INPUT_SIZE = (256, 192)
SKY_METRES = 100.0
PAIRS = 500
GEOMETRY_STRIDE = 4
DEFAULT_WEIGHTS = {"l1": 1.0, "silog": 0.5, "gradient": 0.5, "nll": 0.1,
                   "rpnl": 0.1, "pwn": 0.1, "vnl": 0.1, "sky": 0.2}
STREET_SETS = ("street", "road", "yard")


class Ema:
    """Exponential moving average of the trained parameters."""

    def __init__(self, parameters: list[Tensor], decay: float) -> None:
        self.decay = decay
        self.parameters = parameters
        self.shadow = [p.detach().clone() for p in parameters]
        self.steps = 0

    def update(self) -> None:
        """Moves the average towards the parameters; faster in the first steps."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for shadow, p in zip(self.shadow, self.parameters):
                shadow.lerp_(p, 1 - decay)

    def swap(self) -> None:
        """Exchanges parameters and averages; a second call undoes the first."""
        with torch.no_grad():
            for p, s in zip(self.parameters, self.shadow):
                old = p.detach().clone()
                p.copy_(s)
                s.copy_(old)


def total_loss(network: DepthNetwork, log_d: Tensor, log_b: Tensor, depth: Tensor,
               cameras: Tensor, weights: dict[str, float], canonical: bool,
               generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum of the losses and its parts; depth [B, 1, H, W] in metres.

    A prediction of lower resolution is compared with the truth at the middle of its pixels.
    """
    step = depth.shape[-1] // log_d.shape[-1]
    depth = depth[..., (step - 1) // 2::step, (step - 1) // 2::step]
    focal = cameras[:, 0].view(-1, 1, 1, 1)
    factor = network.canonical_focal / focal if canonical else torch.ones_like(focal)
    known = (depth > 0) & torch.isfinite(depth)
    is_sky = torch.isinf(depth)
    log_t = torch.log(torch.where(known, depth, torch.ones_like(depth)) * factor)
    log_far = torch.log(SKY_METRES * factor)
    parts = {
        "l1": losses.log_l1(log_d, log_t, known),
        "silog": losses.silog(log_d, log_t, known),
        "gradient": losses.gradient(log_d, log_t, known),
        "nll": losses.laplace_nll(log_d, log_b, log_t, known),
        "sky": losses.sky(log_d, is_sky, log_far),
    }
    s = max(1, GEOMETRY_STRIDE // step)
    d, t = (torch.exp(x[..., ::s, ::s]) / factor for x in (log_d, log_t))
    m = known[..., ::s, ::s]
    h, w = d.shape[-2:]
    if weights["rpnl"] > 0:
        parts["rpnl"] = losses.rpnl(d, t, m, losses.draw_patches(generator, 32, h, w))
    if weights["pwn"] > 0 or weights["vnl"] > 0:
        points, truth = (losses.unproject(x, cameras, s * step) for x in (d, t))
        inner = (h - 2) * (w - 2)
        first, second = torch.randint(inner, (2, PAIRS), generator=generator)
        parts["pwn"] = losses.pwn(points, truth, m, first, second)
        parts["vnl"] = losses.vnl(points, truth, m,
                                  torch.randint(h * w, (PAIRS, 3), generator=generator))
    loss = sum(weights[k] * v for k, v in parts.items())
    return loss, {k: float(v.detach()) for k, v in parts.items()}


def learning_rate(pictures: int, total: int, fall: float = 0.4, warm_up: int = 1000) -> float:
    """The factor of the learning rate: linear up, constant, then down over the last `fall`."""
    start = total * (1 - fall)
    if pictures < warm_up:
        return (pictures + 1) / warm_up
    if pictures < start:
        return 1.0
    return max(0.0, (total - pictures) / (total - start)) ** 1.2 + 0.005


def commit() -> str:
    """The commit the code is at, or "unknown" outside a checkout."""
    try:
        out = subprocess.run(["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"],
                             capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return out.stdout.strip()


def parse_mix(text: str) -> dict[str, float]:
    """Reads "nyu=1,desk=.3" into weights."""
    mix = {}
    for part in text.split(","):
        name, _, weight = part.partition("=")
        mix[name.strip()] = float(weight or 1)
    return mix


class Trainer:
    """One run: network, optimiser, mixture, checkpoints."""

    def __init__(self, args: argparse.Namespace, rank: int = 0) -> None:
        self.args = args
        torch.manual_seed(args.seed)
        self.rank, self.world = rank, args.processes
        self.network = DepthNetwork(args.encoder, drop=args.drop)
        if args.imagenet:
            load_imagenet(self.network)
        self.network = self.network.to(memory_format=torch.channels_last)
        encoder = self.network.encoder.trainable()
        decoder = [p for n, p in self.network.named_parameters() if not n.startswith("encoder.")]
        self.trained = encoder + decoder
        # The fine level joins when the rate has fallen already, and begins at zero.
        fine = self.network.fine_level()
        self.base_rates = (args.rate / 2, args.rate, args.rate * 4)
        self.optimiser = torch.optim.AdamW(
            [{"params": encoder}, {"params": decoder[:-len(fine)]}, {"params": fine}], lr=args.rate, weight_decay=0.03,
            **({"fused": True} if args.fused else {}))
        self.ema = Ema(self.trained, 0.999)
        self.pictures = 0
        self.stopped = False
        self.log: list[dict] = []
        self.weights = dict(DEFAULT_WEIGHTS)
        self.weights.update(parse_mix(args.losses) if args.losses else {})
        self.folder = Path(args.runs) / args.run
        self.folder.mkdir(parents=True, exist_ok=True)
        shares = [Share(load_set(args.cache, name), weight,
                        STREET if name in STREET_SETS else INDOOR)
                  for name, weight in parse_mix(args.mix).items()]
        self.hashes = {s.pictures.name: s.pictures.digest() for s in shares}
        self.shares = shares
        settled = parse_mix(args.settle_mix or args.mix)
        self.settled = [settled.get(s.pictures.name, 0.0) for s in shares]

    def save(self, name: str = "last.pt") -> None:
        """Writes a checkpoint under a temporary name and renames it."""
        state = {
            "network": self.network.state_dict(), "ema": self.ema.shadow,
            "ema_steps": self.ema.steps, "optimiser": self.optimiser.state_dict(),
            "pictures": self.pictures, "log": self.log, "hashes": self.hashes,
            "settings": {k: str(v) for k, v in vars(self.args).items()}, "commit": commit(),
            "encoder": self.args.encoder, "canonical_focal": self.network.canonical_focal,
            "canonical": self.args.canonical,
        }
        temporary = self.folder / f".{name}.tmp"
        torch.save(state, temporary)
        temporary.rename(self.folder / name)
        (self.folder / "log.json").write_text(json.dumps(self.log))

    def resume(self) -> None:
        """Goes on from last.pt of this run, or from --start of another."""
        own = self.folder / "last.pt"
        path = own if own.exists() else self.args.start
        if path is None:
            return
        if path.suffix == ".onnx":
            self.network.load_state_dict(load_shipped(path).state_dict())
            self.ema = Ema(self.trained, self.ema.decay)
            return
        state = torch.load(path, map_location="cpu")
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.ema.shadow = state["ema"]
        self.ema.steps = state["ema_steps"]
        self.pictures = state["pictures"]
        self.log = state["log"]

    def loader(self) -> DataLoader:
        """Items from where the run stands to its end, in order."""
        views = MixedViews(self.shares, INPUT_SIZE, self.args.seed, self.args.pictures,
                           self.args.settle_from, self.settled, self.args.over,
                           self.args.mingle, self.args.tall, self.args.batch)
        share = self.args.batch // self.world
        starts = range(self.pictures, self.args.pictures - self.args.batch + 1, self.args.batch)
        mine = [i for s in starts for i in range(s + self.rank * share, s + (self.rank + 1) * share)]
        # Forked loaders share the mapped sets; spawned ones would copy them.
        ahead = {"prefetch_factor": 4, "multiprocessing_context": "fork"} if self.args.workers else {}
        return DataLoader(torch.utils.data.Subset(views, mine), batch_size=share,
                          num_workers=self.args.workers, drop_last=True, **ahead)

    def exchange(self) -> None:
        """Averages the gradients of all processes, and lets all stop where one was asked to."""
        if self.world == 1:
            return
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in self.trained]
        flat = torch.cat([g.reshape(-1) for g in grads] + [torch.tensor([float(self.stopped)])])
        torch.distributed.all_reduce(flat)
        self.stopped = bool(flat[-1] > 0)
        at = 0
        for p, g in zip(self.trained, grads):
            p.grad = (flat[at:at + g.numel()] / self.world).view_as(g)
            at += g.numel()

    def step(self, image: Tensor, depth: Tensor, cameras: Tensor) -> dict[str, float]:
        """One update from one batch; gives the parts of the loss."""
        factor = learning_rate(self.pictures, self.args.pictures, self.args.fall)
        for group, rate in zip(self.optimiser.param_groups, self.base_rates):
            group["lr"] = rate * factor
        image = image.float().contiguous(memory_format=torch.channels_last)
        seed = self.args.seed * 1_000_003 + self.pictures
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed * 17 + self.rank)
        self.network.set_drop(self.args.drop if self.pictures < self.args.settle_from else 0.0)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.args.bfloat16):
            log_d, log_b = self.network(image, cameras[:, 0], self.pictures >= self.args.fine_from)
        loss, parts = total_loss(self.network, log_d, log_b, depth, cameras, self.weights,
                                 self.args.canonical, generator)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.exchange()
        norm = torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.ema.update()
        self.pictures += len(image) * self.world
        parts["loss"] = float(loss.detach())
        return parts

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def run(self) -> None:
        """Trains until --pictures pictures have been seen, or until SIGTERM; then saves."""
        signal.signal(signal.SIGTERM, self._stop)
        started = saved = time.time()
        cpu, first = time.process_time(), self.pictures
        sums: dict[str, float] = {}
        steps = 0
        for image, depth, cameras in self.loader():
            parts = self.step(image, depth, cameras)
            steps += 1
            for k, v in parts.items():
                sums[k] = sums.get(k, 0.0) + v
            if steps % self.args.report == 0:
                line = {k: round(v / self.args.report, 4) for k, v in sums.items()}
                done = self.pictures - first
                line.update(pictures=self.pictures,
                            wall_ms=round((time.time() - started) / done * 1e3, 1),
                            cpu_ms=round((time.process_time() - cpu) / done * 1e3, 1))
                self.log.append(line)
                if self.rank == 0:
                    print(json.dumps(line), flush=True)
                sums = {}
            if self.rank == 0 and time.time() - saved > self.args.save_every:
                self.save()
                saved = time.time()
            if self.stopped:
                break
        if self.rank == 0:
            self.save()


def parser() -> argparse.ArgumentParser:
    """The command line; its defaults are the recipe at its full length."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--run", required=True, help="name of the run's folder")
    p.add_argument("--runs", default=str(Path(__file__).parent / "runs"))
    p.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    p.add_argument("--mix", default="nyu=1,desk=.15,cabinet=.05,room=.6,street=.35")
    p.add_argument("--settle-from", type=int, default=120000,
                   help="from so many pictures on nothing is left out, hues stay, and the mixture is:")
    p.add_argument("--settle-mix", default="nyu=1,desk=.15,cabinet=.05,room=.35,street=.3",
                   help="empty: as before")
    p.add_argument("--over", type=float, default=0.0, help="share of pictures overexposed by up to two stops")
    p.add_argument("--mingle", type=float, default=0.0,
                   help="share of indoor pictures with a rectangle of another set's")
    p.add_argument("--tall", type=float, default=0.0, help="share of batches of upright pictures")
    p.add_argument("--losses", default="", help="weights that differ, such as rpnl=0")
    p.add_argument("--encoder", default="lite2")
    p.add_argument("--imagenet", action=argparse.BooleanOptionalAction, default=True)
    p.add_argument("--canonical", action=argparse.BooleanOptionalAction, default=True)
    p.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=True)
    p.add_argument("--fused", action=argparse.BooleanOptionalAction, default=False,
                   help="the optimiser in one kernel (newer PyTorch only)")
    p.add_argument("--pictures", type=int, default=156000)
    p.add_argument("--fall", type=float, default=0.7,
                   help="share of the pictures over which the learning rate falls")
    p.add_argument("--fine-from", type=int, default=126000,
                   help="the fine level joins after so many pictures")
    p.add_argument("--batch", type=int, default=12)
    p.add_argument("--rate", type=float, default=3e-4)
    p.add_argument("--drop", type=float, default=0.1,
                   help="share of features, and of the encoder's last branches, left out")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--workers", type=int, default=1, help="loaders of a process")
    p.add_argument("--processes", type=int, default=1)
    p.add_argument("--threads", type=int, default=1, help="threads of a process")
    p.add_argument("--report", type=int, default=50, help="steps between lines of the log")
    p.add_argument("--save-every", type=float, default=180, help="seconds between checkpoints")
    p.add_argument("--start", type=Path, default=None, help="checkpoint, or exported ONNX file, to start from")
    return p


def work(args: argparse.Namespace, rank: int, meeting: str) -> None:
    """One process of a run."""
    torch.set_num_threads(args.threads)
    if args.processes > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}",
                                             rank=rank, world_size=args.processes)
    trainer = Trainer(args, rank)
    trainer.resume()
    trainer.run()
    if args.processes > 1:
        torch.distributed.destroy_process_group()


def main() -> None:
    """Trains as the command line says."""
    args = parser().parse_args()
    if args.batch % args.processes:
        raise SystemExit(f"--batch {args.batch} cannot be shared by {args.processes} processes")
    with tempfile.TemporaryDirectory() as folder:
        meeting = os.path.join(folder, "meeting")
        context = torch.multiprocessing.get_context("spawn")
        others = [context.Process(target=work, args=(args, rank, meeting), daemon=False)
                  for rank in range(1, args.processes)]
        for p in others:
            p.start()
        work(args, 0, meeting)
        for p in others:
            p.join()


if __name__ == "__main__":
    main()
