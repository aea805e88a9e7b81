"""The floor: the bare llama_cpp loop in a process of its own, on the same file and the same work, nothing around it.

`python -m tests.bench.bare FILE STREAMS PROMPT_TOKENS NEW_TOKENS` prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import llama_cpp.llama_cpp as llama

CONTEXT = 2048
SLOTS = 8
BATCH = 512


@llama.llama_log_callback
def _silent(level: int, text: bytes, user_data: Any) -> None:
    """Drop llama.cpp's chatter."""


def main() -> None:
    """Measure and print."""
    path, streams, prompt_tokens, new_tokens = sys.argv[1], *map(int, sys.argv[2:5])
    llama.llama_log_set(_silent, None)
    llama.llama_backend_init()
    params = llama.llama_model_default_params()
    params.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(os.fsencode(path), params)
    ctx = _context(model)
    _run(ctx, model, streams, prompt_tokens, 2)  # warm up
    print(json.dumps(_run(ctx, model, streams, prompt_tokens, new_tokens)))


def _context(model: Any) -> Any:
    params = llama.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = CONTEXT, BATCH, BATCH, SLOTS
    params.n_threads = params.n_threads_batch = len(os.sched_getaffinity(0))
    params.kv_unified = True
    params.no_perf = True
    return llama.llama_init_from_model(model, params)


def _run(ctx: Any, model: Any, streams: int, prompt_tokens: int, new_tokens: int) -> dict[str, float]:
    llama.llama_memory_clear(llama.llama_get_memory(ctx), False)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    batch = llama.llama_batch_init(BATCH, 0, 1)
    sampler = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    llama.llama_sampler_chain_add(sampler, llama.llama_sampler_init_greedy())

    def put(at: int, token: int, position: int, stream: int, wanted: bool) -> None:
        batch.token[at], batch.pos[at], batch.n_seq_id[at] = token, position, 1
        batch.seq_id[at][0], batch.logits[at] = stream, wanted

    started = time.perf_counter()
    at = 0
    for stream in range(streams):
        for position in range(prompt_tokens):
            put(at, (position * 7 + 1) % vocabulary, position, stream, position == prompt_tokens - 1)
            at += 1
    batch.n_tokens = at
    assert llama.llama_decode(ctx, batch) == 0
    rows = [prompt_tokens * (stream + 1) - 1 for stream in range(streams)]
    tokens = [llama.llama_sampler_sample(sampler, ctx, row) for row in rows]
    first = time.perf_counter()
    for step in range(new_tokens - 1):
        for stream, token in enumerate(tokens):
            put(stream, token, prompt_tokens + step, stream, True)
        batch.n_tokens = streams
        assert llama.llama_decode(ctx, batch) == 0
        tokens = [llama.llama_sampler_sample(sampler, ctx, row) for row in range(streams)]
    ended = time.perf_counter()
    llama.llama_sampler_free(sampler)
    llama.llama_batch_free(batch)
    return {
        "decode_tokens_per_s": streams * (new_tokens - 1) / (ended - first),
        "total_tokens_per_s": streams * new_tokens / (ended - started),
    }


if __name__ == "__main__":
    main()
