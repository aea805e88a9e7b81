"""Vectors and scores of whole texts: a second llama.cpp context over a model's weights, whose outputs are pooled."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Protocol

import llama_cpp.llama_cpp as llama

from tektra_models.errors import ContextExceeded, ModelError, Unsupported
from tektra_models.generation import Pooling
from tektra_models.gguf_header import Header
from tektra_models.vectors import unit_length

MAX_TOKENS = 2048
"""One input has to fit into one micro-batch; this bounds its compute buffer."""

KINDS: dict[Pooling, int] = {
    "mean": llama.LLAMA_POOLING_TYPE_MEAN,
    "cls": llama.LLAMA_POOLING_TYPE_CLS,
    "last": llama.LLAMA_POOLING_TYPE_LAST,
}
RANK = llama.LLAMA_POOLING_TYPE_RANK

PLACES = re.compile(r"(\{query\}|\{document\})")
"""Where a file's template for ranking wants the two texts."""

Open = Callable[[int, int], int]
"""Opens a context of so many tokens with a kind of pooling."""


class Tokenize(Protocol):
    """Text → tokens, with the marks that stand around every text or without; marks in the text are tokens or text."""

    def __call__(self, text: str, *, add_special: bool, special: bool) -> list[int]:
        """The tokens."""


class Pooled:
    """One context at a time, opened when it is first needed and anew when another kind of pooling is."""

    def __init__(
        self, model: int, header: Header, name: str, context: int, open_context: Open, tokenize: Tokenize
    ) -> None:
        self._model, self._name, self._open, self._tokenize = model, name, open_context, tokenize
        self._limit = min(context, MAX_TOKENS)
        self._stated = header.pooling
        self.can_rank = header.has_rank_head and llama.llama_model_n_cls_out(model) > 0
        self._ctx: int | None = None
        self._kind = -1

    def vector(self, tokens: list[int], pooling: Pooling | None) -> list[float]:
        """One unit-length vector, pooled as asked for, or else by the model's own way, or the mean."""
        kind = KINDS[pooling] if pooling is not None else self._own_kind()
        return unit_length(self._computed(tokens, kind, llama.llama_model_n_embd_out(self._model)))

    def rank_tokens(self, query: str, document: str) -> list[int]:
        """By the file's own template if it has one, else with the marks of its vocabulary; raises Unsupported."""
        if not self.can_rank:
            raise Unsupported(
                f'"{self._name}" has no head that ranks', "Choose a reranker, such as a GGUF file of bge-reranker."
            )
        template = llama.llama_model_chat_template(self._model, b"rerank")
        if template is None:
            tokens = self._joined(query, document)
        else:
            given = {"{query}": query, "{document}": document}
            text = "".join(given.get(part, part) for part in PLACES.split(template.decode("utf-8", "replace")))
            tokens = self._tokenize(text, add_special=False, special=True)
        self._check_length(tokens)
        return tokens

    def _joined(self, query: str, document: str) -> list[int]:
        """Begin, query, end, separator, document, end: of these marks those that the vocabulary asks for.

        Where it asks for separators and no ends (BERT), the last one stands at the end too, as in training.
        """
        vocab = llama.llama_model_get_vocab(self._model)
        separator = [llama.llama_vocab_sep(vocab)] if llama.llama_vocab_get_add_sep(vocab) else []
        begin = [llama.llama_vocab_bos(vocab)] if llama.llama_vocab_get_add_bos(vocab) else []
        end = [llama.llama_vocab_eos(vocab)] if llama.llama_vocab_get_add_eos(vocab) else []
        asked, offered = (self._tokenize(text, add_special=False, special=False) for text in (query, document))
        parts = (begin, asked, end, separator, offered, end or separator)
        return [token for part in parts for token in part if token >= 0]

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

    def _check_length(self, tokens: list[int]) -> None:
        """Raise ContextExceeded for an input that does not fit."""
        if len(tokens) > self._limit:
            raise ContextExceeded(
                f'the input has {len(tokens)} tokens and "{self._name}" takes at most {self._limit}; nothing was cut',
                "Split it into smaller pieces.",
            )

    def _computed(self, tokens: list[int], kind: int, count: int) -> list[float]:
        self._check_length(tokens)
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
            self._ctx, self._kind = self._open(self._limit, kind), kind
        return self._ctx

    def close(self) -> None:
        """Release the context."""
        if self._ctx is not None:
            llama.llama_free(self._ctx)
        self._ctx = None
