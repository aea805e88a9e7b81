"""What a tree of processes and a folder take just now, read from /proc and from the folder itself."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tektrad.sandbox.tree import Unseen, entries

ENTRY_BYTES = 512
"""What a name counts at least: empty files take room too."""


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, left = [], [pid]
    while left:
        each = left.pop()
        found.append(each)
        with contextlib.suppress(OSError, ValueError):
            for task in Path(f"/proc/{each}/task").iterdir():
                left += map(int, (task / "children").read_text().split())
    return found


def taken(pid: int) -> tuple[int, int]:
    """What a process and all that descend from it take: bytes in RAM, and how many processes and threads they are.

    Bytes that several share count once, in shares (PSS).
    """
    pids = tree(pid)
    return sum(map(_share, pids)), sum(map(_tasks, pids))


def tasks_of_user(uid: int) -> int:
    """All processes and threads that a user runs."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == uid:
                count += _tasks(int(process.name))
    return count


def _tasks(pid: int) -> int:
    with contextlib.suppress(OSError):
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    return 0


def _share(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, StopIteration), Path(f"/proc/{pid}/smaps_rollup").open() as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def folder(path: Path, enough: int) -> int:
    """Bytes on disk beneath a folder, not through links; no more than `enough`, which hidden ones are."""
    total = 0
    try:
        for entry in entries(path):
            total += max(entry.found.st_blocks * 512, ENTRY_BYTES)
            if total >= enough:
                break
    except Unseen:
        return enough
    return total
