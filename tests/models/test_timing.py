"""Timing behind a long conversation that was never read: what cells hold is doubled instead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import llama_cpp.llama_cpp as llama
import pytest

from tektra_models.backend import Feed
from tektra_models.generation import Sampling
from tektra_models.gguf import read_header
from tektra_models.llamacpp import LlamaCppBackend
from tektra_models.spec import Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.timing import LEAST_PROMPT, TIMES_AS_DEEP, WRITTEN, Stopwatch

TOKENS = list(range(300, 300 + LEAST_PROMPT))
HOWS: list[dict[str, Any]] = [{}, {"flash_attention": "off"}]


@pytest.fixture(params=HOWS, ids=str)
def backend(request: pytest.FixtureRequest) -> Iterator[LlamaCppBackend]:
    spec = Spec(name="m", path=str(MODEL_PATH), threads=1, context=1024, slots=1, batch=1024, **request.param)
    backend = LlamaCppBackend(spec, read_header(spec.path))
    yield backend
    backend.close()


def held(backend: LlamaCppBackend, holder: int) -> int:
    return llama.llama_memory_seq_pos_max(backend._memory, holder) + 1


def next_token(backend: LlamaCppBackend, position: int) -> int:
    sampler = backend.sampler(Sampling(temperature=0.0), [])
    ((token,),) = backend.decode([Feed(0, [7], position, sampler)])
    return token


def test_what_a_holder_holds_is_doubled_and_looked_at(backend: LlamaCppBackend) -> None:
    backend.decode([Feed(0, TOKENS, 0, None)])
    assert backend.repeat(0, len(TOKENS))
    assert (held(backend, 0), held(backend, 1)) == (2 * len(TOKENS), 0)
    doubled = next_token(backend, 2 * len(TOKENS))
    first = backend._logits(0).copy()
    backend.cut(0, 0)
    backend.decode([Feed(0, TOKENS * 2, 0, None)])
    computed = next_token(backend, 2 * len(TOKENS))
    close = float(abs(first - backend._logits(0)).mean())
    backend.cut(0, len(TOKENS))
    next_token(backend, len(TOKENS))
    far = float(abs(first - backend._logits(0)).mean())
    assert doubled == computed or close < far, "nearly as if the text had been read twice"


def test_nothing_is_doubled_where_memory_cannot_be_copied(backend: LlamaCppBackend) -> None:
    backend.can_share = False
    backend.decode([Feed(0, TOKENS, 0, None)])
    assert not backend.repeat(0, len(TOKENS))
    assert held(backend, 0) == len(TOKENS)


def test_writing_is_timed_behind_as_much_as_there_is_room_for(backend: LlamaCppBackend) -> None:
    watch, positions = Stopwatch(backend), []
    write = watch._write
    watch._write = lambda position, until: positions.append(position) or write(position, until)  # type: ignore[method-assign, func-returns-value]
    for prompt in (LEAST_PROMPT, 300, 600, 1024 - WRITTEN - 1):
        assert all(math.isfinite(rate) and rate > 0 for rate in watch.speed(prompt, until=0.0, deep=True))
        assert held(backend, 0) == 0
    watch.close()
    assert positions == [LEAST_PROMPT * TIMES_AS_DEEP, 600, 600, 1024 - WRITTEN - 1]
