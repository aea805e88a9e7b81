"""What tuning is worth: the type and the settings that it chooses, against Q4_K_M as everybody loads it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tektra_models.machine import cores
from tektra_models.tuning import disturbance
from tests.bench.comparison import compared
from tests.bench.random_model import HALF_B, Shape, random_gguf
from tests.bench.requests import benchmarked, load, started
from tests.bench.workloads import Sizes, Texts, read_and_written
from tests.harness import Tektra

CONTEXT = 4096
PATIENCE_S = 300.0


def measure_tuned(cache: Path, pairs: int) -> dict[str, Any]:
    """Tokens per second of both, read and written by one stream, with the ratio of each pair."""
    sizes = Sizes()
    with tuned_tektra(cache) as (tuned, tuning), benchmarked(random_gguf(HALF_B, cache), CONTEXT) as customary:
        measured = [
            tuple(read_and_written(tektra, sizes, Texts(number)) for tektra in (tuned, customary))
            for number in range(pairs + 1)
        ][1:]  # the first pair warms up
        (loaded,) = tuned.json("models", "ps")["models"]

    def by_figure(name: str) -> dict[str, Any]:
        return compared([(ours[name], usual[name]) for ours, usual in measured], "tuned", "customary")

    return {
        "chosen": tuning["preferred"]["4-bit"],
        "settings": loaded["settings"],
        "tuning": {key: tuning[key] for key in ("speeds", "trials", "seconds", "load_average")},
        "prompt": by_figure("prompt_tokens_per_s"),
        "decode": by_figure("decode_tokens_per_s"),
    }


@contextmanager
def tuned_tektra(cache: Path, shape: Shape = HALF_B) -> Iterator[tuple[Tektra, dict[str, Any]]]:
    """A Tektra that was tuned and then loaded the best 4-bit file with what was found; and what was found."""
    until = time.monotonic() + PATIENCE_S
    while disturbance(os.getloadavg()[0], cores()) != "none" and time.monotonic() < until:
        time.sleep(1)  # what was measured before is in the load of the last minute, with which tuning refuses
    with started() as tektra:
        done = tektra.run("models", "tune", "--json", timeout=600)
        tuning = json.loads(done.stdout)
        if done.returncode != 0:
            raise RuntimeError(tuning["error"]["message"])
        load(tektra, random_gguf(shape, cache, tuning["preferred"]["4-bit"]), CONTEXT)
        yield tektra, tuning
