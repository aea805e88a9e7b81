"""A control group for one program: memory and tasks, counted by the kernel for all that it starts."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from tektrad.sandbox.confinement import Limits

MOUNTS = Path("/proc/self/mounts")
NAME = "tektra-sandbox"
EMPTIED_S = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Group:
    """The folders of a group: one in the unified hierarchy, or one of each controller in the old ones."""

    folders: tuple[Path, ...]

    @property
    def members(self) -> list[str]:
        """The files into which a process writes 0 to join."""
        return [str(folder / "cgroup.procs") for folder in self.folders]

    def ran_out(self) -> bool:
        """Whether the kernel ended something in it for want of memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    if int(counts.get("oom_kill", 0)):
                        return True
        return False


def parents() -> tuple[Path, ...]:
    """Where groups can be made that limit memory and tasks; none where that is not so."""
    unified: Path | None = None
    old: dict[str, Path] = {}
    for line in MOUNTS.read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            unified = Path(place)
        elif kind == "cgroup":
            old |= {name: Path(place) for name in options.split(",") if name in ("memory", "pids")}
    if len(old) == 2:
        return old["memory"], old["pids"]
    if unified is not None:
        with contextlib.suppress(OSError):
            if {"memory", "pids"} <= set((unified / "cgroup.subtree_control").read_text().split()):
                return (unified,)
    return ()


@contextlib.contextmanager
def made(limits: Limits, name: str) -> Iterator[Group]:
    """A group with these limits, gone afterwards with all that is in it; raises OSError. It waits: for threads."""
    folders: list[Path] = []
    try:
        for parent in parents():
            folder = parent / NAME / name
            folders.append(folder)
            folder.mkdir(parents=True)
            _limit(folder, limits)
        yield Group(tuple(folders))
    finally:
        for folder in folders:
            _remove(folder)


def _limit(folder: Path, limits: Limits) -> None:
    """Write the limits; raises OSError where one of them cannot be had."""
    unified = (folder.parent.parent / "cgroup.subtree_control").exists()
    if unified:
        (folder.parent / "cgroup.subtree_control").write_text("+memory +pids")
    memory = "memory.max" if unified else "memory.limit_in_bytes"
    wanted = {memory: limits.memory_bytes, "memory.swap.max": 0, "pids.max": limits.tasks}
    for file, value in wanted.items():
        if (folder / file).exists():
            (folder / file).write_text(str(value))


def _remove(folder: Path) -> None:
    """Kill what is left in a group until there is nothing, then remove it; waits, so not for an event loop."""
    until = time.monotonic() + EMPTIED_S
    pause = 0.001
    while True:
        with contextlib.suppress(OSError):
            for pid in (folder / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), 9)
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if time.monotonic() > until:
                log.warning("a control group could not be removed", group=str(folder), why=error.strerror)
                return
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        else:
            return
