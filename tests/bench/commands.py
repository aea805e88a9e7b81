"""What a command costs in CPU, and how long a fresh machine waits for the first token."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.harness import Tektra, installation

TEKTRA = str(Path(sys.executable).with_name("tektra"))


def measure_commands(runs: int) -> dict[str, Any]:
    """Median CPU milliseconds of two quick commands with the daemon running, beside Python's own start."""
    with installation() as tektra:
        tektra.start()
        return {
            "version_cpu_ms": _cpu(tektra, [TEKTRA, "--version"], runs),
            "ps_cpu_ms": _cpu(tektra, [TEKTRA, "models", "ps", "--json"], runs),
            "floor_python_cpu_ms": _cpu(tektra, [sys.executable, "-c", "pass"], runs),
        }


def _cpu(tektra: Tektra, command: list[str], runs: int) -> float:
    spent = []
    for _ in range(runs + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=tektra.env, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(statistics.median(spent[1:]) * 1000, 1)


def measure_first_token(runs: int) -> dict[str, Any]:
    """Seconds from `tektra chat` without a daemon to the first token of the built-in model."""
    waited = []
    for _ in range(runs):
        with installation() as tektra:
            del tektra.env["TEKTRA_THREADS"]
            started = time.perf_counter()
            with subprocess.Popen(
                [TEKTRA, "chat", "--jsonl", "hello"], env=tektra.env, stdout=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None
                next(line for line in process.stdout if json.loads(line)["type"] == "delta")
                waited.append(time.perf_counter() - started)
                process.stdout.read()
    return {"cold_first_token_s": round(statistics.median(waited), 3), "runs": [round(w, 3) for w in waited]}
