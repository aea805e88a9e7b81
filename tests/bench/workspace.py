"""What a private copy of a folder costs: making it, making it anew, looking for changes, writing these back."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tektrad.clock import SystemClock
from tektrad.sandbox.extent import Extent
from tektrad.sandbox.workspace import Workspace

SMALL = 2000
"""Bytes of a small file."""
EVERY = 10
"""One of so many files is changed."""
ROOM = Extent(bytes=2 << 30)


def measure_workspace(where: Path | None = None) -> dict[str, Any]:
    """Seconds of each step, and of `cp -a --reflink=auto` and `rm -r` beside it: many small files, one large one."""
    return {
        "1000 small files": _measured(where, lambda folder: _small(folder, 1000)),
        "10000 small files": _measured(where, lambda folder: _small(folder, 10_000)),
        "one of 1 GiB": _measured(where, _large),
    }


def _small(folder: Path, count: int) -> list[str]:
    paths = [f"{number // 100}/{number}" for number in range(count)]
    for path in paths:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(os.urandom(SMALL // 2).hex().encode())
    return paths[::EVERY]


def _large(folder: Path) -> list[str]:
    block = os.urandom(1 << 20)
    with (folder / "large").open("wb") as file:
        for _ in range(1024):
            file.write(block)
    return ["large"]


def _measured(where: Path | None, fill: Callable[[Path], list[str]]) -> dict[str, float]:
    room = Path(tempfile.mkdtemp(dir=where or "/var/tmp"))
    try:
        original = room / "original"
        original.mkdir()
        changed = fill(original)
        os.sync()  # so that each step waits for its own writing only
        return asyncio.run(_steps(room, original, changed))
    finally:
        shutil.rmtree(room)


async def _steps(room: Path, original: Path, changed: list[str]) -> dict[str, float]:
    taken: dict[str, float] = {}

    async def timed(name: str, act: Callable[[], Awaitable[Any]]) -> Any:
        begun = time.perf_counter()
        result = await act()
        taken[name] = round(time.perf_counter() - begun, 3)
        return result

    async def copied() -> None:
        line = ["cp", "-a", "--reflink=auto", str(original), str(room / "floor")]
        await asyncio.to_thread(subprocess.run, line, check=True)

    await timed("cp -a --reflink=auto (the floor)", copied)
    await asyncio.to_thread(os.sync)
    await timed(
        "rm -r of that copy (the floor)",
        lambda: asyncio.to_thread(subprocess.run, ["rm", "-r", str(room / "floor")], check=True),
    )
    workspace = await timed("open", lambda: Workspace.open(original, room / "place", ROOM, SystemClock()))
    await timed("changes, none", workspace.changes)
    await timed("restore", workspace.restore)
    for path in changed:
        with (workspace.work / path).open("r+b") as file:
            file.write(b"changed")
    found = await timed(f"changes, of {len(changed)}", workspace.changes)
    applied = await timed(f"apply, of {len(changed)}", workspace.apply)
    assert len(found.changes) == len(applied.done) == len(changed)
    await timed("drop", workspace.drop)
    return taken
