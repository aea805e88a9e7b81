"""What confinement adds to the start of a program: beside the program alone, and beside any other command."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from tektra_cli.client import Client
from tektrad.sandbox.identity import python
from tests.harness import Tektra, installation

WITHOUT_BUBBLEWRAP = """
from tektrad.sandbox import bubblewrap
def find():
    raise bubblewrap.Unusable("bubblewrap is left out", "")
bubblewrap.find = find
from tektrad.__main__ import main
main()
"""
PYTHON = python()
PROGRAMS = {"true": ["/bin/true"], "python": [PYTHON, "-c", "pass"]}


def measure_sandbox(rounds: int) -> dict[str, Any]:
    """Median milliseconds of many rounds, each of which does everything once, one after the other."""
    with _daemon("-m", "tektrad") as a, _daemon("-c", WITHOUT_BUBBLEWRAP) as b:
        clients = {_level(each): Client(each.socket) for each in (a, b)}
        steps: dict[str, Callable[[], Any]] = {"asked": lambda: clients["A"].get("/healthz")}
        for name, program in PROGRAMS.items():
            steps[f"{name} alone"] = lambda program=program: _alone(program)
            for level, client in clients.items():
                steps[f"{name} on {level}"] = lambda client=client, program=program: _confined(client, program)
        steps["tektra version"] = lambda: _command(a, "version")
        steps["tektra sandbox run"] = lambda: _command(a, "sandbox", "run", "--", "/bin/true")
        taken = _rounds(steps, rounds)
    return _report(taken, rounds)


def _report(taken: dict[str, list[float]], rounds: int) -> dict[str, Any]:
    def beyond(name: str, floor: str) -> float:
        return round(statistics.median(ours - bare for ours, bare in zip(taken[name], taken[floor], strict=True)), 1)

    return {
        "rounds": rounds,
        "as_root": os.getuid() == 0,
        "ms": {name: round(statistics.median(each), 2) for name, each in taken.items()},
        "ms_90_percent": {name: round(statistics.quantiles(each, n=10)[8], 2) for name, each in taken.items()},
        "ms_beyond_the_program": {
            name: beyond(name, f"{name.split()[0]} alone") for name in taken if name.endswith((" on A", " on B"))
        },
        "ms_beyond_version": beyond("tektra sandbox run", "tektra version"),
    }


def _rounds(steps: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each step in each round; the first round warms up."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            begun = time.perf_counter()
            step()
            taken[name].append((time.perf_counter() - begun) * 1000)
    return {name: each[1:] for name, each in taken.items()}


@contextlib.contextmanager
def _daemon(*program: str) -> Iterator[Tektra]:
    with installation() as tektra:
        yield tektra.start(program)


def _level(tektra: Tektra) -> str:
    return str(Client(tektra.socket).get("/api/sandbox")["level"])


def _alone(program: list[str]) -> None:
    subprocess.run(program, env={}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def _confined(client: Client, program: list[str]) -> None:
    *_, last = client.events("/api/sandbox/run", {"arguments": program})
    assert last["type"] == "done", last
    assert last["code"] == 0, last


def _command(tektra: Tektra, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "tektra_cli", *arguments],
        env=tektra.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
