"""The training run: resumable, and beside the weights their running average, which is what is exported."""

from __future__ import annotations

import csv
import ctypes
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from tektra_models.starter.batches import Rows, batch
from tektra_models.starter.corpus.dialogues import CHOOSING, EVERYTHING, FINDING, Mixture
from tektra_models.starter.network import Network, Size
from tektra_models.starter.optimizer import optimizers
from tektra_models.starter.precision import narrowed
from tektra_models.starter.tokenizer import base_forms, kinship, load_tokenizer


@dataclass(frozen=True)
class Plan:
    """How a run goes."""

    steps: int = 13000
    tokens_per_step: int = 4096
    tokens_at_once: int = 4096
    rate: float = 0.01
    rows_rate: float = 0.0012
    warmup: int = 60
    cooldown: float = 0.85
    average: float = 0.995
    save_every: int = 100
    device: str = "cpu"
    makers: int = 1
    seed: str = "starter-1"


# Up to which share of the run, how long a row is, and which dialogues it is made of.
STAGES = ((0.02, 256, FINDING), (0.08, 512, FINDING), (0.28, 768, CHOOSING), (9.0, 768, EVERYTHING))
PRESETS: dict[str, tuple[dict[str, int], Plan]] = {
    "cpu": ({"width": 256, "layers": 8, "heads": 2, "kv_heads": 2, "hidden": 640}, Plan()),
    "gpu": (
        {"width": 512, "layers": 12, "heads": 4, "kv_heads": 4, "hidden": 1536},
        Plan(
            steps=30000,
            tokens_per_step=98304,
            tokens_at_once=98304,
            warmup=300,
            average=0.999,
            save_every=500,
            device="cuda",
            makers=max(1, (os.cpu_count() or 2) - 2),
        ),
    ),
    "tiny": (
        {"width": 64, "layers": 2, "heads": 2, "kv_heads": 2, "hidden": 128},
        Plan(steps=200, tokens_per_step=2048, tokens_at_once=2048),
    ),
}


def plan_of(preset: str, steps: int | None, seed: str) -> Plan:
    """The preset's plan with what was asked for instead."""
    plan = replace(PRESETS[preset][1], seed=seed)
    return replace(plan, steps=steps) if steps else plan


def rate_at(plan: Plan, step: int) -> float:
    """Warm up, hold, then go down in a straight line."""
    falling = max(0.02, (plan.steps - step) / max(1.0, plan.steps * plan.cooldown))
    return plan.rate * min(1.0, falling, (step + 1) / plan.warmup)


def stage_at(plan: Plan, step: int) -> tuple[int, Mixture]:
    """Short dialogues first: copying is learned sooner where there is little else to look at."""
    return next((length, mixture) for share, length, mixture in STAGES if step < plan.steps * share)


def keep_memory() -> None:
    """Let the C library keep freed memory: giving it back and clearing it anew takes a tenth of the time of a step."""
    trim_threshold, mmap_max = -1, -4  # mallopt(3)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)


@lru_cache(maxsize=2)
def compiled(network: Network) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The network compiled once for each shape of a block, in the precision that is set where it is called."""
    made: Callable[[Tensor, Tensor, Tensor], Tensor] = torch.compile(network, dynamic=False)
    return made


def loss_of(network: Network, rows: Rows, device: str, share: float) -> Tensor:
    """The weighted mean loss over what the assistant says, as this block's share of the step."""
    spoken = (rows.weights > 0).to(device)
    table = network.table()
    with narrowed(device):
        hidden = compiled(network)(rows.inputs.to(device), rows.dialogues.to(device), table)[spoken]
        scores = functional.linear(hidden, table)
    losses = functional.cross_entropy(scores.float(), rows.targets.to(device)[spoken], reduction="none")
    return (losses * rows.weights.to(device)[spoken]).sum() / share


@dataclass
class Run:
    """A network in training, with all that a checkpoint holds."""

    network: Network
    average: Network
    rules: list[torch.optim.Optimizer]
    step: int = 0
    seconds: float = 0.0

    def state(self) -> dict[str, Any]:
        """Everything needed to go on later."""
        return {
            "size": self.network.size.as_dict(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "rules": [rule.state_dict() for rule in self.rules],
            "step": self.step,
            "seconds": self.seconds,
        }

    def save(self, path: Path) -> None:
        """Write the checkpoint; a half-written one never takes its place."""
        part = path.with_suffix(".part")
        torch.save(self.state(), part)
        part.replace(path)


def open_run(path: Path, size: Size, plan: Plan, tokenizer: Tokenizer) -> Run:
    """Begin, or go on from the checkpoint, with the measures that it has."""
    torch.manual_seed(0)
    state = torch.load(path, weights_only=True, map_location=plan.device) if path.exists() else None
    size = size if state is None else Size(**state["size"])
    network = Network(size)
    network.relate(torch.from_numpy(kinship(tokenizer)), base_forms(tokenizer))
    network, average = network.to(plan.device), Network(size).to(plan.device)
    average.load_state_dict(network.state_dict())
    run = Run(network, average, optimizers(network, plan.rate, plan.rows_rate))
    if state is not None:
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        for rule, kept in zip(run.rules, state["rules"], strict=True):
            rule.load_state_dict(kept)
        run.step, run.seconds = state["step"], state["seconds"]
    return run


def advance(run: Run, plan: Plan, blocks: list[Rows]) -> float:
    """One step of training; gives its loss."""
    counted = float(sum(rows.weights.sum() for rows in blocks))
    total = 0.0
    for rows in blocks:
        loss = loss_of(run.network, rows, plan.device, counted)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        total += float(loss.detach())
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    factor = rate_at(plan, run.step) / plan.rate
    for rule, base in zip(run.rules, (plan.rate, plan.rows_rate), strict=True):
        for group in rule.param_groups:
            group["lr"] = base * factor * group.get("share", 1.0)
        rule.step()
        rule.zero_grad(set_to_none=True)
    run.network.hold()
    follow(run, min(plan.average, (run.step + 1) / (run.step + 20)))
    run.step += 1
    return total


def follow(run: Run, keep: float) -> None:
    """Move the average towards the weights."""
    with torch.no_grad():
        for slow, fast in zip(run.average.parameters(), run.network.parameters(), strict=True):
            slow.lerp_(fast, 1 - keep)


@lru_cache(maxsize=1)
def tokenizer_in(work: Path) -> Tokenizer:
    """The work directory's tokenizer, read once in each process."""
    return load_tokenizer(work)


def make_batch(work: Path, plan: Plan, step: int) -> list[Rows]:
    """The blocks of one step."""
    length, mixture = stage_at(plan, step)
    return batch(tokenizer_in(work), plan.seed, step, plan.tokens_per_step, plan.tokens_at_once, length, mixture)


def prepared(work: Path, plan: Plan, first: int) -> Iterator[list[Rows]]:
    """The batches from a step on, each made while the ones before are learned: by a thread, or by many processes."""
    context = get_context("spawn")
    pool = ThreadPoolExecutor(1) if plan.makers == 1 else ProcessPoolExecutor(plan.makers, mp_context=context)
    with pool as maker:
        steps = iter(range(first, plan.steps))
        coming = deque(maker.submit(make_batch, work, plan, step) for step in islice(steps, 2 * plan.makers))
        while coming:
            ready = coming.popleft().result()
            coming.extend(maker.submit(make_batch, work, plan, step) for step in islice(steps, 1))
            yield ready


def train(work: Path, plan: Plan, preset: str, threads: int) -> Path:
    """Train to the end of the plan and give the checkpoint's path."""
    torch.set_num_threads(threads)
    keep_memory()
    path = work / "checkpoint.pt"
    tokenizer = load_tokenizer(work)
    run = open_run(path, Size(vocabulary=tokenizer.get_vocab_size(), **PRESETS[preset][0]), plan, tokenizer)
    count = sum(weight.numel() for weight in run.network.parameters())
    sys.stderr.write(
        f"{count:,} parameters, vocabulary {run.network.size.vocabulary}, from step {run.step} to {plan.steps}\n"
    )
    with (work / "loss.csv").open("a", newline="", encoding="utf-8") as file:
        curve = csv.writer(file)
        first, before = run.step, run.seconds
        for blocks in prepared(work, plan, run.step):
            begun = time.monotonic()
            loss = advance(run, plan, blocks)
            took = time.monotonic() - begun
            run.seconds += took
            speed = sum(rows.inputs.numel() for rows in blocks) / took
            curve.writerow((run.step, f"{loss:.4f}", f"{speed:.0f}", f"{run.seconds:.0f}"))
            left = (run.seconds - before) / (run.step - first) * (plan.steps - run.step)
            show(run, plan, loss, speed, left)
            if run.step % plan.save_every == 0 or run.step == plan.steps:
                run.save(path)
                file.flush()
    return path


def show(run: Run, plan: Plan, loss: float, speed: float, left: float) -> None:
    """One line of progress: rewritten in place on a terminal, now and then elsewhere."""
    done = int(24 * run.step / plan.steps)
    bar = "#" * done + "." * (24 - done)
    line = f"[{bar}] {run.step}/{plan.steps} loss {loss:.3f} {speed:,.0f} tokens/s, {left / 60:.0f} min left"
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}")
        sys.stderr.flush()
    elif run.step % 20 == 0:
        sys.stderr.write(f"{line}\n")
