"""How much memory models may take: measured once here, decided in scheduler.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

SHARE = 0.8
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: the machine's (or the control group's) memory, and what of it is free for use now."""

    total: int
    available: int


def measure() -> Memory:
    """Read the machine's memory, bounded by the control group if there is one."""
    machine = psutil.virtual_memory()
    limit, used = _cgroup("memory.max"), _cgroup("memory.current")
    if limit is None or limit >= machine.total:
        return Memory(total=machine.total, available=machine.available)
    return Memory(total=limit, available=max(0, min(machine.available, limit - (used or 0))))


def choose(configured: int | None, memory: Memory) -> int:
    """Bytes that all models together may take."""
    return int(memory.total * SHARE) if configured is None else configured


def resident(pid: int | None) -> int:
    """Bytes of memory that a process really takes; 0 when it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss) if pid is not None else 0
    except psutil.Error:
        return 0


def _cgroup(name: str) -> int | None:
    try:
        text = (CGROUP / name).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def gib(count: int) -> str:
    """Bytes in words."""
    return f"{count / (1 << 30):.1f} GiB"
