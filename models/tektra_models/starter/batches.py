"""Batches for training: a step's dialogues are made from the run's seed and the step's number alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import torch
from tokenizers import Tokenizer
from torch import Tensor

from tektra_models.starter.corpus.dialogues import Dialogue, dialogue
from tektra_models.starter.rendering import pieces, render

TOKENS_AT_ONCE = 3072


@dataclass(frozen=True)
class Rows:
    """Dialogues of like length, padded on the right: inputs, next tokens, and where the assistant speaks."""

    inputs: Tensor
    targets: Tensor
    spoken: Tensor


def encode(tokenizer: Tokenizer, item: Dialogue) -> tuple[list[int], list[bool]]:
    """The dialogue's tokens, and which of them the assistant says."""
    tokens: list[int] = []
    spoken: list[bool] = []
    for text, said in pieces(render(item.messages, item.tools)):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        tokens += ids
        spoken += [said] * len(ids)
    return tokens, spoken


def pad(rows: list[tuple[list[int], list[bool]]]) -> Rows:
    """Make one block of several dialogues."""
    longest = max(len(tokens) for tokens, _ in rows)
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row, _ in rows])
    spoken = torch.tensor([said + [False] * (longest - len(said)) for _, said in rows])
    return Rows(tokens[:, :-1], tokens[:, 1:], spoken[:, 1:])


def batch(tokenizer: Tokenizer, seed: str, step: int, tokens_per_step: int, longest: int) -> list[Rows]:
    """All rows of one step, none longer than asked for, sorted by length so that padding is rare."""
    made: list[tuple[list[int], list[bool]]] = []
    for place in count():
        row = encode(tokenizer, dialogue(f"{seed}/{step}/{place}"))
        if len(row[0]) <= longest:
            made.append(row)
        if sum(len(tokens) for tokens, _ in made) >= tokens_per_step:
            break
    made.sort(key=lambda row: len(row[0]))
    blocks: list[Rows] = []
    rows: list[tuple[list[int], list[bool]]] = []
    for row in made:
        if rows and len(row[0]) * (len(rows) + 1) > TOKENS_AT_ONCE:
            blocks.append(pad(rows))
            rows = []
        rows.append(row)
    return [*blocks, pad(rows)]
