"""Vectors and scores of whole texts: a second llama.cpp context over a model's weights, whose outputs are pooled."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable

import llama_cpp.llama_cpp as llama

from tektra_models.errors import ContextExceeded, ModelError, Unsupported
from tektra_models.generation import Pooling

MAX_TOKENS = 2048
"""One input has to fit into one micro-batch; this bounds its compute buffer."""

KINDS: dict[Pooling, int] = {
    "mean": llama.LLAMA_POOLING_TYPE_MEAN,
    "cls": llama.LLAMA_POOLING_TYPE_CLS,
    "last": llama.LLAMA_POOLING_TYPE_LAST,
}
RANK = llama.LLAMA_POOLING_TYPE_RANK

Open = Callable[[int, int], int]
"""Opens a context of so many tokens with a kind of pooling."""


class Pooled:
    """One context at a time, opened when it is first needed and anew when another kind of pooling is."""

    def __init__(self, model: int, name: str, context: int, stated: int | None, open_context: Open) -> None:
        """`stated` is the kind of pooling that the file names."""
        self._model, self._name, self._open = model, name, open_context
        self.limit = min(context, MAX_TOKENS)
        self._stated = stated
        self._ctx: int | None = None
        self._kind = -1

    def vector(self, tokens: list[int], pooling: Pooling | None) -> list[float]:
        """One unit-length vector, pooled as asked for, or else by the model's own way, or the mean."""
        kind = KINDS[pooling] if pooling is not None else self._own_kind()
        vector = self._computed(tokens, kind, llama.llama_model_n_embd_out(self._model))
        norm = math.sqrt(math.fsum(x * x for x in vector)) or 1.0
        return [x / norm for x in vector]

    def score(self, tokens: list[int]) -> float:
        """What the rank head says of one input: its first output, as llama.cpp's server takes it."""
        return self._computed(tokens, RANK, 1)[0]

    def _own_kind(self) -> int:
        if self._stated is None:
            return int(llama.LLAMA_POOLING_TYPE_MEAN)
        if self._stated in KINDS.values():
            return self._stated
        does = "ranks documents" if self._stated == RANK else "gives a vector for each token"
        raise Unsupported(
            f'"{self._name}" {does} and names no way to make one vector of a text',
            'Choose one ("pooling": "mean", "cls" or "last"), or another model.',
        )

    def check_length(self, tokens: list[int]) -> None:
        """Raise ContextExceeded for an input that does not fit."""
        if len(tokens) > self.limit:
            raise ContextExceeded(
                f'the input has {len(tokens)} tokens and "{self._name}" takes at most {self.limit}; nothing was cut',
                "Split it into smaller pieces.",
            )

    def _computed(self, tokens: list[int], kind: int, count: int) -> list[float]:
        self.check_length(tokens)
        ctx = self._context(kind)
        memory = llama.llama_get_memory(ctx)
        if memory:
            llama.llama_memory_clear(memory, False)
        array = (llama.llama_token * len(tokens))(*tokens)
        if llama.llama_decode(ctx, llama.llama_batch_get_one(array, len(tokens))) != 0:
            raise ModelError(f'llama.cpp could not compute an input of {len(tokens)} tokens for "{self._name}"')
        pointer = llama.llama_get_embeddings_seq(ctx, 0)
        if not pointer:
            raise Unsupported(f'"{self._name}" gives no pooled output')
        return list(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float))[:count])

    def _context(self, kind: int) -> int:
        if self._ctx is None or self._kind != kind:
            self.close()
            self._ctx, self._kind = self._open(self.limit, kind), kind
        return self._ctx

    def close(self) -> None:
        """Release the context."""
        if self._ctx is not None:
            llama.llama_free(self._ctx)
        self._ctx = None
