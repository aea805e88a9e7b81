"""How long it takes from a request for a run until its model is asked: with a guest to spare, and without one."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tektrad.sandbox.identity import python
from tests.harness import Tektra, installation

WITHOUT_SPARE = """
from tektrad.agents.spare import Guests
async def none(self): pass
Guests._keep = none
from tektrad.__main__ import main
main()
"""
ANSWER = '<tool_call>\n{"name": "final_answer", "arguments": {"answer": "five"}}\n</tool_call>'
READY_S = 6.0
"""After a run, until the next guest has loaded what it needs, on a slow machine too."""


def measure_guest(rounds: int) -> dict[str, Any]:
    """Median milliseconds, model loaded before; the floor is a bare Python that imports smolagents."""
    warm = _daemon(rounds, ("-m", "tektrad"), READY_S)
    cold = _daemon(rounds, ("-c", WITHOUT_SPARE), 0.0)
    floor = [_timed(_imported) for _ in range(rounds)]
    return {
        "rounds": rounds,
        "warm_ms": _median(warm[1:]),
        "cold_ms": _median(cold[1:]),
        "first_run_of_a_daemon_ms": _median([warm[0], cold[0]]),
        "floor_import_smolagents_ms": _median(floor),
    }


def _daemon(rounds: int, program: tuple[str, ...], pause: float) -> list[float]:
    """Seconds of each run from its request to its model's call; the first loads the engine of runs too."""
    with installation() as tektra:
        tektra.start(program)
        tektra.home.chmod(0o755)
        folder = tektra.home / "empty"
        folder.mkdir()
        folder.chmod(0o755)
        model = tektra.import_scripted("mind", [{"say": ANSWER}])
        with tektra.client() as client:
            client.post("/api/chat", json={"content": "so that it is loaded", "model": model, "stream": False})
            client.post("/api/agents", json={"agent": {"name": "a", "model": model}})
        taken = []
        for _ in range(rounds + 1):
            taken.append(_run(tektra, folder))
            time.sleep(pause)
        return taken


def _run(tektra: Tektra, folder: Path) -> float:
    with tektra.client() as client:
        begun = time.time()
        body = {"agent": "a", "task": "say five", "folder": str(folder)}
        run = client.post("/api/runs", json=body).json()["run"]["id"]
        client.get(f"/api/runs/{run}/events")
        asked = client.get("/api/audit", params={"run": run, "kind": "model.call"}).json()["entries"]
    return min(datetime.fromisoformat(entry["time"]).timestamp() for entry in asked) - begun


def _imported() -> None:
    subprocess.run([python(), "-c", "import smolagents"], check=True)


def _timed(call: Callable[[], None]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _median(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1)
