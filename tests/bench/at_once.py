"""Ten runs of agents at once: each with a guest, a copy and programs of its own, beside one alone."""

from __future__ import annotations

import statistics
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from tests.harness import Tektra, installation

AT_ONCE = 10
STEPS = 6


def measure_at_once() -> dict[str, Any]:
    """Seconds of a run of six steps, alone and as one of ten; how many ended well; what the processes took at most."""
    with installation() as tektra:
        tektra.start()
        tektra.home.chmod(0o755)
        model = tektra.import_scripted("mind", _script())
        with tektra.client() as client:
            agent = {"name": "a", "model": model, "tools": ["shell", "write"], "limits": {"seconds": 3600}}
            client.post("/api/agents", json={"agent": agent})
        _ended(tektra, [_begun(tektra, 0)])  # what is loaded once is loaded
        alone = _ended(tektra, [_begun(tektra, 1)])
        runs = [_begun(tektra, number) for number in range(2, 2 + AT_ONCE)]
        ended = _ended(tektra, runs)
        daemon = psutil.Process(tektra.pid())
        seconds = [_seconds(run) for run in ended]
        last = max(run["ended_at"] for run in ended)
        first = min(run["created_at"] for run in ended)
        return {
            "at_once": AT_ONCE,
            "steps_of_each": STEPS,
            "succeeded": sum(run["state"] == "succeeded" for run in ended),
            "alone_s": _seconds(alone[0]),
            "median_s": round(statistics.median(seconds), 2),
            "slowest_s": max(seconds),
            "all_s": _between(first, last),
            "daemon_mib": daemon.memory_info().rss >> 20,
        }


def _script() -> list[dict[str, Any]]:
    said = [{"say": _call(1)}]
    said += [{"when": f"step {n};", "say": _call(n + 1)} for n in range(1, STEPS)]
    final = '<tool_call>\n{"name": "final_answer", "arguments": {"answer": "done"}}\n</tool_call>'
    return [*said, {"when": f"step {STEPS};", "say": final}][::-1]


def _call(number: int) -> str:
    command = f"echo 'step {number};' >> log; tail -n 1 log"
    return f'<tool_call>\n{{"name": "shell", "arguments": {{"command": "{command}"}}}}\n</tool_call>'


def _begun(tektra: Tektra, number: int) -> str:
    folder = Path(tektra.home) / f"folder-{number}"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "a.txt").write_text("a\n")
    with tektra.client() as client:
        body = {"agent": "a", "task": "count", "folder": str(folder)}
        return str(client.post("/api/runs", json=body).json()["run"]["id"])


def _ended(tektra: Tektra, runs: list[str]) -> list[dict[str, Any]]:
    with tektra.client() as client:
        for run in runs:
            client.get(f"/api/runs/{run}/events", timeout=600)
        return [client.get(f"/api/runs/{run}").json()["run"] for run in runs]


def _seconds(run: dict[str, Any]) -> float:
    return _between(run["created_at"], run["ended_at"])


def _between(first: str, last: str) -> float:
    return round((datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds(), 2)
