"""Batches for training: a step's dialogues are made from the run's seed and the step's number alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import torch
from tokenizers import Tokenizer
from torch import Tensor

from tektra_models.starter.corpus.dialogues import Mixture, dialogue
from tektra_models.starter.corpus.talking import Dialogue
from tektra_models.starter.emphasis import emphasis
from tektra_models.starter.rendering import pieces, render

Encoded = tuple[list[int], list[float]]


@dataclass(frozen=True)
class Rows:
    """Whole dialogues packed into rows of one length: inputs, next tokens, their weights, and whose each place is."""

    inputs: Tensor
    targets: Tensor
    weights: Tensor
    dialogues: Tensor


def encode(tokenizer: Tokenizer, item: Dialogue) -> Encoded:
    """The dialogue's tokens, and how much each counts: nothing, where the assistant does not say it."""
    tokens: list[int] = []
    weights: list[float] = []
    for text, said in pieces(render(item.messages, item.tools)):
        encoded = tokenizer.encode(text, add_special_tokens=False)
        tokens += encoded.ids
        weights += emphasis(text, encoded.offsets, tools=bool(item.tools)) if said else [0.0] * len(encoded.ids)
    return tokens, weights


def pack(made: list[Encoded], rows: int, length: int) -> Rows:
    """Put each dialogue into the fullest row that still holds it, the longest first; what fits nowhere is left out."""
    places = torch.zeros((3, rows, length), dtype=torch.long)
    counted = torch.zeros((rows, length))
    used = [0] * rows
    for number, (tokens, weights) in enumerate(sorted(made, key=lambda one: -len(one[0])), start=1):
        size = len(tokens) - 1
        fitting = [row for row in range(rows) if used[row] + size <= length]
        if not fitting:
            continue
        row = max(fitting, key=lambda row: used[row])
        stretch = slice(used[row], used[row] + size)
        places[0, row, stretch] = torch.tensor(tokens[:-1])
        places[1, row, stretch] = torch.tensor(tokens[1:])
        places[2, row, stretch] = number
        counted[row, stretch] = torch.tensor(weights[1:])
        used[row] += size
    return Rows(places[0], places[1], counted, places[2])


def batch(
    tokenizer: Tokenizer, seed: str, step: int, tokens: int, tokens_at_once: int, length: int, mixture: Mixture
) -> list[Rows]:
    """All rows of one step, as blocks of the same shape, so that one compiled network serves them all."""
    rows = tokens_at_once // length
    made: list[Encoded] = []
    filled = 0
    blocks: list[Rows] = []
    for place in count():
        one = encode(tokenizer, dialogue(f"{seed}/{step}/{place}", mixture=mixture))
        if len(one[0]) > length:
            continue
        made.append(one)
        filled += len(one[0]) - 1
        if filled >= rows * length:
            blocks.append(pack(made, rows, length))
            made, filled = [], 0
            if len(blocks) * tokens_at_once >= tokens:
                return blocks
    raise AssertionError  # pragma: no cover (count() never ends)
