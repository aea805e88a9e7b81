"""Muon for the matrices, AdamW for embedding and norms: more progress per token than AdamW alone at this size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from tektra_models.starter.network import Network
from tektra_models.starter.precision import precision

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
MOMENTUM = 0.95
DECAY = 0.05
# How fast that moves which is to stay, as a share of the rate.
KEPT = 0.1


def orthogonal(update: Tensor) -> Tensor:
    """Nearly the closest orthogonal matrix, by five Newton-Schulz steps."""
    a, b, c = COEFFICIENTS
    tall = update.shape[0] > update.shape[1]
    x = (update.T if tall else update).to(precision(update.device.type))
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    straight: Tensor = (x.T if tall else x).to(update.dtype)
    return straight


class Muon(torch.optim.Optimizer):  # type: ignore[misc, unused-ignore]
    """Momentum, made orthogonal, with weight decay; rows that are kept move slowly and do not decay.

    An orthogonal step is equally large in all directions, so within some hundred steps it would wipe out what a matrix
    began with, whether or not anything better has been learned.
    """

    def __init__(self, parameters: Iterable[Tensor], rate: float, kept: Mapping[Tensor, list[slice]]) -> None:
        super().__init__(parameters, {"lr": rate})
        self.kept = kept

    def step(self, closure: Any = None) -> None:  # type: ignore[override, unused-ignore]
        """Change each matrix along its orthogonal direction."""
        with torch.no_grad():
            for group in self.param_groups:
                for weight in group["params"]:
                    self.move(weight, group["lr"])

    def move(self, weight: Tensor, rate: float) -> None:
        """One matrix, one step."""
        if weight.grad is None:
            return
        momentum: Tensor = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
        momentum.mul_(MOMENTUM).add_(weight.grad)
        update = weight.grad.add(momentum, alpha=MOMENTUM)
        scale = max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5
        for rows, slow in stretches(weight.shape[0], self.kept.get(weight, [])):
            if not slow:
                weight[rows].mul_(1 - rate * DECAY)
            weight[rows].add_(orthogonal(update[rows]), alpha=-rate * scale * (KEPT if slow else 1.0))


def stretches(count: int, kept: Sequence[slice]) -> Iterator[tuple[slice, bool]]:
    """All rows in turn, as stretches that are kept and stretches that are not."""
    begin = 0
    for rows in kept:
        if rows.start > begin:
            yield slice(begin, rows.start), False
        yield rows, True
        begin = rows.stop
    if begin < count:
        yield slice(begin, count), False


class CenteredAdamW(torch.optim.AdamW):  # type: ignore[misc, unused-ignore]
    """AdamW that never moves all rows of an embedding in the same direction.

    The softmax pushes all absent tokens a little the same way at every step, and an optimizer that makes each gradient
    equally large turns that into a march which leaves all rare tokens alike. A direction common to all rows changes no
    probability, so it is taken out of every step.
    """

    def __init__(self, parameters: Iterable[Any], table: Tensor, rate: float) -> None:
        super().__init__(parameters, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
        self.table = table

    def step(self, closure: Any = None) -> None:  # type: ignore[override, unused-ignore]
        """One step; the mean of the table's rows stays what it was."""
        with torch.no_grad():
            mean = self.table.mean(dim=0)
            super().step(closure)
            self.table.sub_(self.table.mean(dim=0) - mean)


def optimizers(network: Network, rate: float, rows_rate: float) -> list[torch.optim.Optimizer]:
    """Muon at `rate` for the layers' matrices, AdamW at `rows_rate` for the embedding and the norms.

    By what words mean the network finds its tools, so what compares meanings hardly moves: see decision 0006.
    """
    named = list(network.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim == 2 and name.startswith("blk.")]
    known = network.kinship.weight
    others = [
        weight for name, weight in named if (weight.ndim != 2 or not name.startswith("blk.")) and weight is not known
    ]
    kept = {
        weight: block.attention.meant_rows(weight)
        for block in network.blk
        for weight in (block.attention.attn_q.weight, block.attention.attn_k.weight)
    }
    groups = [{"params": others}, {"params": [known], "share": KEPT}]
    return [Muon(matrices, rate, kept), CenteredAdamW(groups, network.token_embd.weight, rows_rate)]
