"""Level B: what Landlock lets a program reach; pure but for asking the kernel how much of it there is."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tektrad.sandbox import enforce

LEAST_ABI = 6
"""From which on signals and abstract sockets are confined too."""
WANT_VERSION = 1

EXECUTE, WRITE, READ, LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
ALL_FILES = (1 << 16) - 1
DEVICE_COMMANDS = 1 << 15
MAKE_DEVICES = 1 << 6 | 1 << 11
ALL_NET = 0b11
ALL_SCOPES = 0b11

READABLE = READ | LIST
RUNNABLE = READABLE | EXECUTE
CHANGEABLE = ALL_FILES & ~(DEVICE_COMMANDS | MAKE_DEVICES)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
KNOWN = (
    "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/python3", "/etc/python3.11", "/etc/python3.12",
    "/etc/python3.13", "/proc/cpuinfo", "/proc/meminfo", "/proc/filesystems",
)  # fmt: skip
"""All that is shown of /etc and /proc: a process of the same user has an environment there."""


def abi() -> int:
    """Which Landlock the kernel has; 0 where it has none."""
    found = int(ctypes.CDLL(None).syscall(enforce.CREATE, None, 0, WANT_VERSION))
    return max(found, 0)


def rules(folder: Path, scratch: Path, prefixes: Sequence[Path]) -> dict[str, Any]:
    """What `enforce.py` puts into force: the folder and the scratch folder can be changed, the system can be read."""
    paths: list[tuple[str, int]] = [(place, RUNNABLE) for place in (*SYSTEM, *map(str, prefixes))]
    paths += [(place, READABLE) for place in KNOWN]
    paths += [(place, READ | WRITE) for place in DEVICES]
    paths += [(str(place), CHANGEABLE) for place in (folder, scratch)]
    return {"files": ALL_FILES, "net": ALL_NET, "scoped": ALL_SCOPES, "paths": paths}
