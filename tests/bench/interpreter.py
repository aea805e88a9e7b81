"""An interpreter in confinement: seconds to its first result, and a round trip, each beside its floor."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvloop

from tektrad.sandbox.confinement import Level, Limits
from tektrad.sandbox.identity import python
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.uninterrupted import in_threads

PYTHON = python()
TRIPS = 500
SECONDS = 60.0
ECHO = """
import os
while data := os.read(0, 100): os.write(1, data)
"""


def measure_interpreter(rounds: int) -> dict[str, Any]:
    """Median milliseconds on each level; the floors are a Python that starts, and one that sends back what it reads."""
    return {level: uvloop.run(_measured(level, rounds)) for level in ("A", "B")}


async def _measured(level: Level, rounds: int) -> dict[str, float]:
    first, alone, trips, echoes = [], [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        sandbox = Sandbox(Path(scratch), [], at_most=level)
        assert (await sandbox.footing()).level == level
        for _ in range(rounds):
            begun = time.perf_counter()
            async with in_threads(sandbox.fresh_folder()) as folder, sandbox.interpreter(folder, Limits()) as session:
                assert (await session.run("6 * 7", SECONDS)).value == "42"
                first.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            subprocess.run([PYTHON, "-I", "-c", "pass"], env={}, check=True)  # noqa: ASYNC221  nothing else runs
            alone.append(time.perf_counter() - begun)
        async with in_threads(sandbox.fresh_folder()) as folder, sandbox.interpreter(folder, Limits()) as session:
            with _echo() as echo:
                for _ in range(TRIPS):
                    begun = time.perf_counter()
                    await session.run("1", SECONDS)
                    trips.append(time.perf_counter() - begun)
                    begun = time.perf_counter()
                    echo()
                    echoes.append(time.perf_counter() - begun)
    timed = {"first_result": first, "python_alone": alone, "round_trip": trips, "round_trip_floor": echoes}
    return {f"{name}_ms": round(statistics.median(each) * 1000, 3) for name, each in timed.items()}


@contextlib.contextmanager
def _echo() -> Iterator[Callable[[], None]]:
    """A byte to an unconfined Python and back, without event loop, JSON and code."""
    with subprocess.Popen(
        [PYTHON, "-I", "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        there, back = other.stdin, other.stdout

        def trip() -> None:
            there.write(b"x")
            assert back.read(1) == b"x"

        trip()
        yield trip
