"""Tektra's daemon beside other servers: the same requests for all, on the same file, in turn.

The peers are llama-server, built from the sources of the llama.cpp that Tektra runs on, and `python -m
llama_cpp.server`, which answers one request after the other and takes part where that can be compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.bench.comparison import Row, table
from tests.bench.decode import memory_bandwidth
from tests.bench.llama_cpp_server import NAME as EXAMPLE
from tests.bench.llama_cpp_server import installed
from tests.bench.llama_server import NAME as NATIVE
from tests.bench.llama_server import built
from tests.bench.plot import bars
from tests.bench.random_model import HALF_B, SMALL, random_gguf
from tests.bench.side_by_side import SPECULATING, SideBySide, say
from tests.bench.workloads import QUICK, Sizes
from tests.llama_sources import installed_version, sources

VOCABULARY = "models/ggml-vocab-qwen2.gguf"
ROWS = [
    Row("one stream", "decode_tokens_per_s", "one stream: decoding", "tokens/s", NATIVE, 1.0, more=True),
    Row("one stream", "first_token_s", "one stream: first token behind 256", "s", NATIVE, 1.0),
    Row("eight streams", "total_tokens_per_s", "eight streams: all tokens", "tokens/s", NATIVE, 1.0, more=True),
    Row("shared beginning", "first_token_s", "eight that share 1,300 tokens: last first token", "s", NATIVE, 0.18),
    Row("long prompt", "p99_gap_s", "four streams while 2,700 tokens arrive: p99 gap", "s", NATIVE, 0.06),
    Row("long prompt", "first_token_s", "the first token behind these 2,700", "s", NATIVE, 1.15),
    Row("schema", "call_s", "a call held to a JSON schema", "s", NATIVE, 0.4),
    Row("schema", "valid_share", "share of such calls that are valid", "", NATIVE, 1.0, more=True, absolute=True),
    Row("restart", "first_token_s", "first token of the next turn after a restart", "s", NATIVE, 0.08),
    Row("restart", "with_start_s", "the same, our daemon's own start included", "s", NATIVE),
    Row("same text", "decode_tokens_per_s", "the prompt holds the answer", "tokens/s", NATIVE, 1.5, more=True),
    Row("edited text", "decode_tokens_per_s", "the same but for one token in 25", "tokens/s", NATIVE, 1.5, more=True),
    Row("new text", "decode_tokens_per_s", "the prompt holds nothing of it", "tokens/s", NATIVE, more=True),
    Row("tuned", "prompt_tokens_per_s", "tuned, against Q4_K_M: reading 1,024", "tokens/s", NATIVE, 1.8, more=True),
    Row("tuned", "decode_tokens_per_s", "tuned, against Q4_K_M: writing behind it", "tokens/s", NATIVE, 1.4, more=True),
    Row("same text", "decode_tokens_per_s", "the prompt holds the answer", "tokens/s", SPECULATING, more=True),
    Row("edited text", "decode_tokens_per_s", "the same but for one token in 25", "tokens/s", SPECULATING, more=True),
    Row("new text", "decode_tokens_per_s", "the prompt holds nothing of it", "tokens/s", SPECULATING, more=True),
]
WORKLOADS = frozenset(row.workload for row in ROWS)


def measure_peers(
    cache: Path, pairs: int, *, quick: bool = False, only: frozenset[str] = WORKLOADS, plot: Path | None = None
) -> dict[str, Any]:
    """Every workload's figures of all servers, the ratios of each pair, and the floors."""
    built(cache)
    installed(cache)
    shape = SMALL if quick else HALF_B
    model = random_gguf(shape, cache, vocabulary=sources(cache) / VOCABULARY)
    counting = random_gguf(shape, cache, counting=True)
    bench = SideBySide(cache, pairs, QUICK if quick else Sizes(), only)
    bench.measure(model, counting, shape)
    bandwidth = memory_bandwidth()
    rows = [row.compare(bench.runs.get(row.workload, {})) for row in ROWS if row.workload in only]
    say(table(rows, EXAMPLE))
    if plot is not None:
        drawn = [row for row in rows if row["peer"] == NATIVE and row["ratio"]]
        plot.write_text(bars(drawn, f"Tektra ÷ {NATIVE}; bars to the right: Tektra is better"))
    return {
        "llama_cpp_python": installed_version(),
        "pairs": pairs,
        "quick": quick,
        "models": {path.name: path.stat().st_size for path in (model, counting)},
        "commands": bench.commands,
        "rows": rows,
        "runs": bench.runs,
        "failures": bench.failures,
        "floor": {
            "memory_bytes_per_s": round(bandwidth),
            "one_stream_tokens_per_s": round(bandwidth / model.stat().st_size, 1),
        },
    }
