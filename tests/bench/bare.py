"""The floor: the bare llama_cpp loop in a process of its own, on the same file and the same work, nothing around it.

`python -m tests.bench.bare FILE STREAMS PROMPT_TOKENS NEW_TOKENS` prints one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama

from tektra_models.machine import cores

LEAST_CONTEXT = 2048
SLOTS = 8
BATCH = 512
WARM_UP = 32


def bare(path: Path, streams: int, prompt_tokens: int, new_tokens: int) -> dict[str, float]:
    """Run the loop in a process of its own; gives what it measured."""
    numbers = map(str, (streams, prompt_tokens, new_tokens))
    command = [sys.executable, "-m", "tests.bench.bare", str(path), *numbers]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


@llama.llama_log_callback
def _silent(level: int, text: bytes, user_data: Any) -> None:
    """Drop llama.cpp's chatter."""


def main() -> None:
    """Measure and print."""
    path, streams, prompt_tokens, new_tokens = sys.argv[1], *map(int, sys.argv[2:5])
    llama.llama_log_set(_silent, None)
    llama.llama_backend_init()
    begun = time.perf_counter()
    params = llama.llama_model_default_params()
    params.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(os.fsencode(path), params)
    ctx = _context(model, max(LEAST_CONTEXT, streams * (prompt_tokens + new_tokens)))
    loaded = time.perf_counter()
    _run(ctx, model, streams, min(prompt_tokens, WARM_UP), 2)
    print(json.dumps({"load_s": loaded - begun} | _run(ctx, model, streams, prompt_tokens, new_tokens)))


def _context(model: Any, cells: int) -> Any:
    params = llama.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = cells, BATCH, BATCH, SLOTS
    params.n_threads = params.n_threads_batch = cores()
    params.kv_unified = True
    params.no_perf = True
    return llama.llama_init_from_model(model, params)


def _run(ctx: Any, model: Any, streams: int, prompt_tokens: int, new_tokens: int) -> dict[str, float]:
    llama.llama_memory_clear(llama.llama_get_memory(ctx), False)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    batch = llama.llama_batch_init(BATCH, 0, 1)
    sampler = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    llama.llama_sampler_chain_add(sampler, llama.llama_sampler_init_greedy())
    tokens = [0] * streams

    def compute(fed: list[tuple[int, int, int, bool]]) -> None:
        for at, (token, position, stream, wanted) in enumerate(fed):
            batch.token[at], batch.pos[at], batch.n_seq_id[at] = token, position, 1
            batch.seq_id[at][0], batch.logits[at] = stream, wanted
        batch.n_tokens = len(fed)
        assert llama.llama_decode(ctx, batch) == 0
        for at, (_, _, stream, wanted) in enumerate(fed):
            if wanted:
                tokens[stream] = llama.llama_sampler_sample(sampler, ctx, at)

    prompts = [
        ((position * 7 + 1) % vocabulary, position, stream, position == prompt_tokens - 1)
        for stream in range(streams)
        for position in range(prompt_tokens)
    ]
    started = time.perf_counter()
    for begin in range(0, len(prompts), BATCH):
        compute(prompts[begin : begin + BATCH])
    first = time.perf_counter()
    for step in range(new_tokens - 1):
        compute([(token, prompt_tokens + step, stream, True) for stream, token in enumerate(tokens)])
    ended = time.perf_counter()
    llama.llama_sampler_free(sampler)
    llama.llama_batch_free(batch)
    measured = {"first_token_s": first - started, "total_tokens_per_s": streams * new_tokens / (ended - started)}
    if new_tokens > 1:
        measured["decode_tokens_per_s"] = streams * (new_tokens - 1) / (ended - first)
    return measured


if __name__ == "__main__":
    main()
