"""Two models that fit only singly, used in turn by two users: how often they are exchanged, and what that costs."""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path
from typing import Any

from tests.bench.random_model import HALF_B, random_gguf
from tests.bench.requests import ask, completion, fresh_tokens
from tests.harness import Tektra, installation

MODELS = ("one", "two")
REQUESTS = 16
CLIENTS = 4
PROMPT_TOKENS = 40
NEW_TOKENS = 8


def measure_swaps(cache: Path) -> dict[str, Any]:
    """Models loaded for each request, and seconds of a request, with a residence and without.

    Without one, every request that finds the other model loaded exchanges them, in the order of arrival. One computing
    thread: what is compared is how often models are loaded, not how fast they compute.
    """
    path = random_gguf(HALF_B, cache)
    return {
        "model": {"file": path.name, "bytes": path.stat().st_size},
        "requests": 2 * REQUESTS,
        "one_client_each": {
            "residence": _measure(path, 1),
            "first_come_first_served": _measure(path, 1, TEKTRA_RESIDENCE="0"),
        },
        "four_clients_each": {
            "residence": _measure(path, CLIENTS),
            "first_come_first_served": _measure(path, CLIENTS, TEKTRA_RESIDENCE="0"),
        },
    }


def _measure(path: Path, clients: int, **env: str) -> dict[str, Any]:
    with installation() as tektra:
        tektra.env |= {"TEKTRA_CONTEXT": "2048", "TEKTRA_STATES_BYTES": "0"} | env
        tektra.start()
        for model in MODELS:
            tektra.json("models", "import", str(path), "--name", model)
        needed = tektra.json("models", "load", MODELS[0], "--estimate-only")["needed_bytes"]
        tektra.stop()
        tektra.start(TEKTRA_MEMORY_BUDGET=str(needed * 3 // 2))
        waited: dict[str, list[float]] = {model: [] for model in MODELS}
        users = [
            threading.Thread(target=_use, args=(tektra, model, REQUESTS // clients, waited[model]))
            for model in MODELS
            for _ in range(clients)
        ]
        started = time.perf_counter()
        for user in users:
            user.start()
        for user in users:
            user.join()
        took = time.perf_counter() - started
        loads = _loads(tektra)
    seconds = sorted(waited[MODELS[0]] + waited[MODELS[1]])
    return {
        "loads_per_request": round(loads / len(seconds), 3),
        "request_s": {"median": round(statistics.median(seconds), 3), "worst": round(seconds[-1], 3)},
        "worst_of_each_model_s": [round(max(waited[model]), 3) for model in MODELS],
        "all_s": round(took, 2),
    }


def _use(tektra: Tektra, model: str, requests: int, waited: list[float]) -> None:
    """One client's requests, each as soon as the last one is answered."""
    for _ in range(requests):
        [answer] = ask(tektra, [completion(fresh_tokens(PROMPT_TOKENS), NEW_TOKENS, model)])
        assert answer.tokens == NEW_TOKENS
        waited.append(answer.ended - answer.asked)


def _loads(tektra: Tektra) -> float:
    """How often any model was loaded."""
    with tektra.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("tektra_loads_total"))
