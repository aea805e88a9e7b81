"""`python -m tests.crash.workspace_killed FOLDER ACT`: a workspace's work, killed at each step, and gone on with.

A step is a call that changes what is on the disk, which the interpreter tells of before it is made: making, opening to
write, linking, renaming, removing and so on. Each time a process of its own is killed (SIGKILL), and another one goes
on. Prints figures.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tektrad.clock import SystemClock
from tektrad.sandbox.extent import Extent
from tektrad.sandbox.workspace import Workspace
from tests.sandbox.trees import Node, in_child, look, make, put

START: dict[str, Node] = {
    "changed": ("file", b"one\n", False),
    "run": ("file", b"#!/bin/sh\n", False),
    "gone/deep/file": ("file", b"gone\n", False),
    "gone/link": ("link", "deep"),
    "folder": ("folder",),
    "folder/in it": ("file", b"in it\n", False),
    "file": ("file", b"a file\n", True),
    "link": ("link", "changed"),
}
EDITS: list[tuple[str, Node | None]] = [
    ("changed", ("file", b"two\n", True)),
    ("run", ("file", b"#!/bin/sh\n", True)),
    ("gone", None),
    ("folder", ("file", b"a file now\n", False)),
    ("file/new/newer", ("file", b"new\n", False)),
    ("link", ("link", "file")),
    ("new link", ("link", "file/new")),
    ("empty", ("folder",)),
]
EVENTS = {
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate",
    "os.utime",
}  # fmt: skip


def killed_at(number: int, work: Callable[[], None]) -> Callable[[], None]:
    """Do it, and be killed before so many steps were made."""

    def act() -> None:
        steps = itertools.count(1)

        def hear(event: str, told: Any) -> None:
            is_step = event in EVENTS or (event == "open" and told[2] & (os.O_WRONLY | os.O_RDWR))
            if is_step and next(steps) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hear)
        work()

    return act


def workspace(room: Path) -> Workspace:
    found = asyncio.run(Workspace.found(room / "place", SystemClock()))
    assert found is not None
    return found


def opens(room: Path) -> None:
    asyncio.run(Workspace.open(room / "original", room / "place", Extent(), SystemClock()))


def prepare(room: Path) -> None:
    make(room / "original", START)
    opens(room)
    for path, node in EDITS:
        put(room / "place" / "work", path, node)


def applies(room: Path) -> None:
    asyncio.run(workspace(room).apply())


def resumes(room: Path) -> None:
    asyncio.run(workspace(room).resume())


def restores(room: Path) -> None:
    asyncio.run(workspace(room).restore())


class Killings:
    """One act, killed at each of its steps upon copies of one room, each of which lies where that one was made."""

    def __init__(self, place: Path, first: Path, act: Callable[[Path], None]) -> None:
        self._place = place
        self._first = first
        self._act = act

    def each(self, check: Callable[[Path, int], None]) -> int:
        """How often it was killed; `check` looks at what that left."""
        for number in itertools.count(1):
            room = self._place / "room"
            shutil.copytree(self._first, room, symlinks=True)
            ended = in_child(killed_at(number, lambda room=room: self._act(room)))
            assert ended in (0, -signal.SIGKILL), f"step {number} ended with {ended}"
            if ended == 0:
                shutil.rmtree(room)
                return number - 1
            check(room, number)
            shutil.rmtree(room)
        raise AssertionError


def apply_killed(place: Path) -> str:
    """Before, during and after: how often it was killed when nothing, a part and all was in the original."""
    first = place / "first"
    prepare(place / "room")
    (place / "room").rename(first)
    before, after = look(first / "original"), look(first / "place" / "work")
    assert before != after
    states = {"before": 0, "between": 0, "after": 0}
    half: list[Path] = []

    def settled(room: Path, number: int) -> None:
        now = look(room / "original")
        assert now in (before, after), f"killed at {number}: {now}"
        left = {path.name for path in (room / "place").iterdir()}
        assert not left & {"preparing.json", "committing.json"}, f"killed at {number}: {left}"

    def check(room: Path, number: int) -> None:
        now = look(room / "original")
        state = "before" if now == before else "after" if now == after else "between"
        states[state] += 1
        if (room / "place" / "committing.json").exists() and state == "between":
            half.append(place / f"half {number}")
            shutil.copytree(room, half[-1], symlinks=True)
        assert in_child(lambda: resumes(room)) == 0, f"killed at {number}"
        settled(room, number)
        assert in_child(lambda: applies(room)) == 0, f"killed at {number}"
        assert look(room / "original") == after, f"killed at {number}"

    def check_again(room: Path, number: int) -> None:
        assert in_child(lambda: resumes(room)) == 0
        settled(room, number)
        assert look(room / "original") == after

    count = Killings(place, first, applies).each(check)
    again = sum(Killings(place, each, resumes).each(check_again) for each in half[:: max(1, len(half) // 3)])
    return f"{count} {states['before']} {states['between']} {states['after']} {again}"


def copy_killed(place: Path, act: Callable[[Path], None]) -> str:
    """Opening and restoring: afterwards done again, everything is there."""
    first = place / "first"
    if act is opens:
        make(place / "room" / "original", START)
    else:
        prepare(place / "room")
    (place / "room").rename(first)
    before = look(first / "original")
    unfinished = 0

    def check(room: Path, number: int) -> None:
        nonlocal unfinished
        unfinished += not (room / "place" / "ready.json").exists()
        assert look(room / "original") == before
        assert in_child(lambda: opens(room)) == 0, f"killed at {number}"
        if (room / "place" / "work" / "new link").is_symlink():  # it was killed before it had begun
            assert in_child(lambda: restores(room)) == 0
        for name in ("base", "work"):
            assert look(room / "place" / name) == before, f"killed at {number}"
        left = {path.name for path in (room / "place").iterdir()}
        assert left == {"base", "work", "beginning.json", "ready.json"}, f"killed at {number}: {left}"

    return f"{Killings(place, first, act).each(check)} {unfinished}"


def main() -> int:
    place, act = Path(sys.argv[1]), sys.argv[2]
    said = apply_killed(place) if act == "apply" else copy_killed(place, opens if act == "open" else restores)
    sys.stdout.write(said + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
