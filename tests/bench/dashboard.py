"""The dashboard in a terminal of its own: how soon it is there, how soon it answers a key while much happens, and
whether it grows in a long session."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import psutil

from tests.bench.busy_daemon import EVENTS_PER_S, TOKENS_PER_S
from tests.bench.commands import TEKTRA
from tests.bench.gaps import p99
from tests.harness import Tektra, installation

SIZE = (36, 120)
PATIENCE_S = 30.0
KEYS_IN_A_ROUND = 60
CHAT, *OTHER_PLACES = (f"\x1b{key}" for key in ("OQ", "OR", "OS", "[15~", "[17~", "[18~", "[19~"))
"""The keys F2 to F8."""
PLACES = 1 + len(OTHER_PLACES)
STRANGE = 0x4E00
"""From here on there are characters that nothing else on the screen has."""


def measure_dashboard(runs: int, session_s: float) -> dict[str, Any]:
    """Milliseconds to the first paint beside Python's own start, to the echo of a key; MiB in a session."""
    with installation() as tektra:
        tektra.start()
        paints, floors = [], []
        for _ in range(runs + 1):
            floors.append(_python_s())
            with terminal(tektra) as (_, painted):
                paints.append(painted)
    paint, whole = (statistics.median(times) for times in zip(*paints[1:], strict=True))
    floor = statistics.median(floors[1:])
    with busy() as tektra:
        keys = sorted(_echoes(tektra, rounds=5))
        grown = _session(tektra, session_s)
    return {
        "floor_python_ms": _ms(floor),
        "beyond_python_ms": {"first paint": _ms(paint - floor), "the chat whole": _ms(whole - floor)},
        "beside": {"events_per_s": EVENTS_PER_S, "tokens_per_s": TOKENS_PER_S},
        "keys": len(keys),
        "key_ms": {"median": _ms(statistics.median(keys)), "p99": _ms(p99(keys)), "most": _ms(keys[-1])},
        "session": grown,
    }


@contextmanager
def busy() -> Iterator[Tektra]:
    """An installation with the stand-in where its daemon would be."""
    with installation() as tektra:
        tektra.socket.parent.mkdir(parents=True, exist_ok=True)
        tektra.socket.parent.chmod(0o700)
        line = [sys.executable, "-m", "tests.bench.busy_daemon", str(tektra.socket)]
        with subprocess.Popen(line, cwd=Path(__file__).parents[2]) as stand_in:
            try:
                while not tektra.socket.exists():
                    if stand_in.poll() is not None:
                        raise RuntimeError("the stand-in did not start")
                    time.sleep(0.05)
                yield tektra
            finally:
                stand_in.kill()


@contextmanager
def terminal(tektra: Tektra) -> Iterator[tuple[pexpect.spawn[bytes], tuple[float, float]]]:
    """The dashboard's chat, and the seconds until anything of it was seen, and all; it ends with the block."""
    env = tektra.env | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled already
    began = time.perf_counter()
    child = pexpect.spawn(TEKTRA, ["tui"], env=env, dimensions=SIZE, timeout=PATIENCE_S)
    try:
        child.delaybeforesend = None
        child.expect_exact(b"System")
        painted_s = time.perf_counter() - began
        child.expect_exact(b"ay something")  # its first letter has the cursor
        yield child, (painted_s, time.perf_counter() - began)
        child.sendcontrol("q")
        _seen(child, PATIENCE_S)
    finally:
        child.close(force=True)


def _python_s() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began


def _echoes(tektra: Tektra, rounds: int) -> list[float]:
    """Seconds between a key and its character on the screen, each while an answer is written."""
    strange, found = map(chr, itertools.count(STRANGE)), []
    with terminal(tektra) as (child, _):
        child.send("go on")
        for _ in range(rounds):
            _asked(child)
            for key in itertools.islice(strange, KEYS_IN_A_ROUND):
                pressed = time.perf_counter()
                child.send(key)
                child.expect_exact(key.encode())
                found.append(time.perf_counter() - pressed)
                _seen(child, 0.04)
            _stopped(child)
    return found


def _session(tektra: Tektra, seconds: float) -> dict[str, Any]:
    """MiB of the dashboard at the end of each answer of a session that asks, and looks at all places meanwhile."""
    grown: list[float] = []
    with terminal(tektra) as (child, _):
        process, began = psutil.Process(child.pid), time.perf_counter()
        while (lasted := time.perf_counter() - began) < seconds:
            child.send(f"question {len(grown)}\r")
            _seen(child, 1.0)
            for key in (*OTHER_PLACES, CHAT):  # each for a second
                child.send(key)
                _seen(child, 1.0)
            _stopped(child)
            grown.append(round(process.memory_info().rss / (1 << 20), 1))
    return {
        "seconds": round(lasted),
        "events": round(lasted * EVENTS_PER_S),
        "tokens": len(grown) * PLACES * TOKENS_PER_S,
        "mib": grown,
    }


def _asked(child: pexpect.spawn[bytes]) -> None:
    """Send what was typed, and wait until it is answered."""
    child.send("\r")
    child.expect_exact(b"lends")


def _stopped(child: pexpect.spawn[bytes]) -> None:
    """Stop the answer, if it is not whole, and read until all is at rest."""
    child.sendcontrol("c")
    _seen(child, 1.5)


def _seen(child: pexpect.spawn[bytes], seconds: float) -> None:
    """Read what is drawn, for so long or to the end."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        try:
            child.read_nonblocking(1 << 16, timeout=left)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF:
            return


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
