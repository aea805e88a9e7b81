"""The training run: resumable, and beside the weights their running average, which is what is exported."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from tektra_models.starter.batches import Rows, batch
from tektra_models.starter.network import Network, Size
from tektra_models.starter.optimizer import optimizers
from tektra_models.starter.tokenizer import load_tokenizer


@dataclass(frozen=True)
class Plan:
    """How a run goes."""

    steps: int = 2200
    tokens_per_step: int = 6144
    rate: float = 0.02
    warmup: int = 60
    cooldown: float = 0.35
    average: float = 0.995
    save_every: int = 100
    seed: str = "starter-1"


LENGTHS = ((0.68, 320), (0.86, 640), (9.0, 1024))
PRESETS: dict[str, dict[str, int]] = {
    "cpu": {"width": 256, "layers": 6, "heads": 4, "kv_heads": 4, "hidden": 768},
    "tiny": {"width": 64, "layers": 2, "heads": 2, "kv_heads": 2, "hidden": 128},
}


def rate_at(plan: Plan, step: int) -> float:
    """Warm up, hold, then go down in a straight line."""
    falling = max(1.0, plan.steps * plan.cooldown)
    return plan.rate * min(1.0, (step + 1) / plan.warmup, max(0.02, (plan.steps - step) / falling))


def longest_at(plan: Plan, step: int) -> int:
    """Short dialogues first: copying is learned sooner where there is little else to look at."""
    return next(longest for share, longest in LENGTHS if step < plan.steps * share)


def loss_of(network: Network, rows: Rows, share: float) -> torch.Tensor:
    """The mean loss over what the assistant says, as this block's share of the step."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = network(rows.inputs)[rows.spoken]
        scores = network.logits(hidden)
    return functional.cross_entropy(scores.float(), rows.targets[rows.spoken], reduction="sum") / share


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


def open_run(path: Path, size: Size, plan: Plan) -> Run:
    """Begin, or go on from the checkpoint."""
    torch.manual_seed(0)
    network, average = Network(size), Network(size)
    average.load_state_dict(network.state_dict())
    run = Run(network, average, optimizers(network, plan.rate))
    if path.exists():
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        for rule, kept in zip(run.rules, state["rules"], strict=True):
            rule.load_state_dict(kept)
        run.step, run.seconds = state["step"], state["seconds"]
    return run


def advance(run: Run, plan: Plan, blocks: list[Rows]) -> float:
    """One step of training; gives its loss."""
    spoken = float(sum(int(rows.spoken.sum()) for rows in blocks))
    total = 0.0
    for rows in blocks:
        loss = loss_of(run.network, rows, spoken)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        total += float(loss.detach())
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    factor = rate_at(plan, run.step) / plan.rate
    for rule, base in zip(run.rules, (plan.rate, plan.rate * 0.15), strict=True):
        for group in rule.param_groups:
            group["lr"] = base * factor
        rule.step()
        rule.zero_grad(set_to_none=True)
    follow(run, min(plan.average, (run.step + 1) / (run.step + 20)))
    run.step += 1
    return total


def follow(run: Run, keep: float) -> None:
    """Move the average towards the weights."""
    with torch.no_grad():
        for slow, fast in zip(run.average.parameters(), run.network.parameters(), strict=True):
            slow.lerp_(fast, 1 - keep)


def prepared(tokenizer: Tokenizer, plan: Plan, first: int) -> Iterator[list[Rows]]:
    """The batches from a step on, each made while the one before is learned."""

    def make(step: int) -> list[Rows]:
        return batch(tokenizer, plan.seed, step, plan.tokens_per_step, longest_at(plan, step))

    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(make, first)
        for step in range(first + 1, plan.steps + 1):
            ready = coming.result()
            coming = maker.submit(make, step)
            yield ready


def train(work: Path, plan: Plan, preset: str, threads: int) -> Path:
    """Train to the end of the plan and give the checkpoint's path."""
    torch.set_num_threads(threads)
    tokenizer = load_tokenizer(work)
    path = work / "checkpoint.pt"
    run = open_run(path, Size(vocabulary=tokenizer.get_vocab_size(), **PRESETS[preset]), plan)
    count = sum(weight.numel() for weight in run.network.parameters())
    sys.stderr.write(
        f"{count:,} parameters, vocabulary {run.network.size.vocabulary}, from step {run.step} to {plan.steps}\n"
    )
    with (work / "loss.csv").open("a", newline="", encoding="utf-8") as file:
        curve = csv.writer(file)
        for blocks in prepared(tokenizer, plan, run.step):
            begun = time.monotonic()
            loss = advance(run, plan, blocks)
            took = time.monotonic() - begun
            run.seconds += took
            speed = sum(rows.inputs.numel() for rows in blocks) / took
            curve.writerow((run.step, f"{loss:.4f}", f"{speed:.0f}", f"{run.seconds:.0f}"))
            show(run, plan, loss, speed)
            if run.step % plan.save_every == 0 or run.step == plan.steps:
                run.save(path)
                file.flush()
    return path


def show(run: Run, plan: Plan, loss: float, speed: float) -> None:
    """One line of progress: rewritten in place on a terminal, now and then elsewhere."""
    done = int(24 * run.step / plan.steps)
    left = run.seconds / run.step * (plan.steps - run.step) / 60
    bar = "#" * done + "." * (24 - done)
    line = f"[{bar}] {run.step}/{plan.steps} loss {loss:.3f} {speed:,.0f} tokens/s, {left:.0f} min left"
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}")
        sys.stderr.flush()
    elif run.step % 20 == 0:
        sys.stderr.write(f"{line}\n")
