"""What confinement is made of: its levels, its limits, what is to be run, and what became of it. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Level = Literal["A", "B", "C"]
"""A: bubblewrap's namespaces and seccomp; B: Landlock and seccomp; C: nothing that holds, so nothing is run."""

Ending = Literal["itself", "time", "memory", "tasks", "output", "folder"]
"""What ended a program: itself, or the limit of that name."""

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may take, with all that it starts: bytes, seconds, processes and threads, processors."""

    seconds: float = 60.0
    memory_bytes: int = 2 << 30
    tasks: int = 128
    cpus: int = 1
    output_bytes: int = 16 << 20
    folder_bytes: int = 1 << 30
    scratch_bytes: int = 256 << 20
    """Of /tmp and of shared memory, each."""
    file_bytes: int = 1 << 30
    open_files: int = 1024


@dataclass(frozen=True, slots=True)
class Program:
    """A command, the folder that it may change, its standard input, and pipes of the daemon's that it inherits."""

    arguments: tuple[str, ...]
    folder: Path
    stdin: bytes = b""
    descriptors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended: its exit code (128 + N for signal N), what ended it, and what it took at most.

    `denied` counts the system calls that are heard of, by their names.
    """

    code: int
    ended_by: Ending
    level: Level
    seconds: float
    peak_bytes: int
    output_bytes: int
    denied: dict[str, int] = field(default_factory=dict)
