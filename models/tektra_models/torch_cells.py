"""Keys and values of all sequences in one pool of cells, and the attention of transformers' models over them.

As in llama.cpp's unified cache, a cell holds one token's keys and values in every layer, and sequences that begin alike
share cells. A step is one row of tokens of several sequences, whatever their lengths: everything but attention treats
each token by itself, and attention takes the row apart again, so nothing is padded and nothing is computed in vain.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from tektra_models.backend import Feed
from tektra_models.errors import ModelError

ATTENTION = "tektra_cells"


class TorchCells:
    """Which holder holds which cells, in the order of its tokens; a layer's tensors are made when it first computes."""

    def __init__(self, cells: int, holders: int, device: torch.device) -> None:
        self._device = device
        self._count = cells
        self._free = list(range(cells - 1, -1, -1))
        self._uses = [0] * cells
        self._held = [array("q") for _ in range(holders)]
        self.layers: dict[int, tuple[Tensor, Tensor]] = {}

    def step(self, feeds: list[Feed]) -> Step:
        """Give every token of a step its cell."""
        parts: list[Part] = []
        begin = 0
        for feed in feeds:
            held = self._held[feed.holder]
            held.extend(self._take(len(feed.tokens)))
            parts.append(Part(begin, begin + len(feed.tokens), self._index(held)))
            begin += len(feed.tokens)
        return Step(self, parts)

    def copy(self, source: int, target: int, length: int) -> None:
        """Let an empty holder share the first cells of another."""
        shared = self._held[source][:length]
        self._held[target] = shared
        for cell in shared:
            self._uses[cell] += 1

    def cut(self, holder: int, length: int) -> None:
        """Let go of a holder's cells behind its first `length`; they are free when nobody else holds them."""
        held = self._held[holder]
        for cell in held[length:]:
            self._uses[cell] -= 1
            if not self._uses[cell]:
                self._free.append(cell)
        self._held[holder] = held[:length]

    def read(self, holder: int) -> dict[str, Tensor]:
        """The contents of a holder's cells, by layer."""
        cells = self._index(self._held[holder])
        return {
            f"{layer}.{part}": tensor.index_select(0, cells).cpu()
            for layer, pair in sorted(self.layers.items())
            for part, tensor in zip("kv", pair, strict=True)
        }

    def write(self, holder: int, contents: dict[str, Tensor]) -> bool:
        """Fill an empty holder with what was read; false, and nothing is done, when these are no such cells."""
        pools = {
            f"{layer}.{part}": t for layer, pair in self.layers.items() for part, t in zip("kv", pair, strict=True)
        }
        lengths = {len(tensor) for tensor in contents.values() if tensor.dim()}
        if contents.keys() != pools.keys() or len(lengths) != 1 or (length := lengths.pop()) > len(self._free):
            return False
        if any(
            contents[name].shape[1:] != pool.shape[1:] or contents[name].dtype != pool.dtype
            for name, pool in pools.items()
        ):
            return False
        self._held[holder] = self._take(length)
        cells = self._index(self._held[holder])
        for name, pool in pools.items():
            pool.index_copy_(0, cells, contents[name].to(self._device))
        return True

    def store(self, layer: int, cells: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Put new tokens' keys and values, (tokens, heads, width), into their cells; gives all cells of the layer."""
        if layer not in self.layers:
            shapes = [(self._count, *new.shape[1:]) for new in (keys, values)]
            made = [torch.zeros(shape, dtype=keys.dtype, device=self._device) for shape in shapes]
            self.layers[layer] = made[0], made[1]
        pool = self.layers[layer]
        pool[0].index_copy_(0, cells, keys)
        pool[1].index_copy_(0, cells, values)
        return pool

    def _take(self, count: int) -> array[int]:
        if count > len(self._free):
            raise ModelError(f"{count} cells are needed and {len(self._free)} are free", "Please report this.")
        taken = array("q", [self._free.pop() for _ in range(count)])
        for cell in taken:
            self._uses[cell] = 1
        return taken

    def _index(self, held: array[int]) -> Tensor:
        return torch.from_numpy(np.array(held, dtype=np.int64)).to(self._device)


@dataclass(frozen=True, slots=True)
class Part:
    """One sequence's tokens in a step's row, and all cells that it holds now, those of these tokens last."""

    begin: int
    end: int
    cells: Tensor


class Step:
    """What attention has to know of one step; without cells it is one whole sequence that nobody keeps."""

    def __init__(self, cells: TorchCells | None, parts: list[Part]) -> None:
        self._cells, self._parts = cells, parts
        self._new = torch.cat([part.cells[part.begin - part.end :] for part in parts]) if parts else None

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, how: Attention) -> Tensor:
        """Attention of a row, (heads, tokens, width), each sequence to itself; gives (tokens, heads, width)."""
        if self._cells is None or self._new is None:
            return how.over(query, key, value)
        keys, values = self._cells.store(layer, self._new, key.transpose(0, 1), value.transpose(0, 1))
        rows: list[Tensor] = []
        for part in self._parts:
            cells = part.cells
            if how.window is not None:
                cells = cells[-(how.window - 1 + part.end - part.begin) :]
            own_keys, own_values = (pool.index_select(0, cells).transpose(0, 1) for pool in (keys, values))
            rows.append(how.over(query[:, part.begin : part.end], own_keys, own_values))
        return torch.cat(rows)


@dataclass(frozen=True, slots=True)
class Attention:
    """How one layer attends: its scale, how far back, what caps its scores, and sinks that take some of the weight."""

    scale: float | None
    window: int | None = None
    cap: float | None = None
    sinks: Tensor | None = None

    def over(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """The last tokens of a sequence attend to it, each up to itself; gives (tokens, heads, width)."""
        mask = self._mask(query.shape[1], key.shape[1], query.device)
        if self.cap is None and self.sinks is None:
            found = scaled_dot_product_attention(
                query[None], key[None], value[None], attn_mask=mask, scale=self.scale, enable_gqa=True
            )[0]
        else:
            found = self._by_hand(query, key, value, mask)
        return found.transpose(0, 1)

    def _mask(self, new: int, length: int, device: torch.device) -> Tensor | None:
        """Who sees whom, (new, length); None where everybody sees everything."""
        if new == 1 and (self.window is None or length <= self.window):
            return None
        places = torch.arange(length, device=device)
        own = places[length - new :, None]
        seen = places <= own
        return seen if self.window is None else seen & (places > own - self.window)

    def _by_hand(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        groups = query.shape[0] // key.shape[0]
        key, value = key.repeat_interleave(groups, 0), value.repeat_interleave(groups, 0)
        scores = query @ key.transpose(1, 2) * (query.shape[-1] ** -0.5 if self.scale is None else self.scale)
        if self.cap is not None:
            scores = torch.tanh(scores / self.cap) * self.cap
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        if self.sinks is None:
            return scores.float().softmax(-1).to(value.dtype) @ value
        sinks = self.sinks.to(scores.dtype)[:, None, None].expand(-1, scores.shape[1], 1)
        weights = torch.cat([scores, sinks], -1).float().softmax(-1)[..., :-1]
        return weights.to(value.dtype) @ value


def _attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    step: Step,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """What transformers' models call in every layer, with one row of tokens; `step` is handed through by them."""
    how = Attention(scaling, sliding_window, softcap, s_aux)
    return step.attend(module.layer_idx, query[0], key[0], value[0], how)[None], None


AttentionInterface.register(ATTENTION, _attend)
