"""Level B, in the program's own process: Landlock's rules and the filter of system calls, put into force.

One of the helpers, which have to start fast: they import as little of the standard library as they can.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing would load for 15 ms
    from typing import Any

CREATE, ADD, RESTRICT = 444, 445, 446
"""Landlock's system calls, the same on all machines."""
FILE_RIGHTS = 0b1 | 0b10 | 0b100 | 1 << 14 | 1 << 15
"""Of Landlock's rights those that a file can have: execute, write, read, truncate, device commands."""
BENEATH = 1
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2


def confine(rules: dict[str, Any], program: bytes) -> None:
    """Landlock's rules and a seccomp filter for this process and all that it starts; any failure ends the process."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)

    def checked(result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), "the confinement cannot be put into force")
        return result

    class Ruleset(ctypes.Structure):
        _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]

    class Beneath(ctypes.Structure):
        _pack_ = 1
        _fields_ = [("rights", ctypes.c_uint64), ("parent", ctypes.c_int32)]

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    handled = Ruleset(rules["files"], rules["net"], rules["scoped"])
    ruleset = checked(libc.syscall(CREATE, ctypes.byref(handled), ctypes.sizeof(handled), 0))
    for path, rights in rules["paths"]:
        try:
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        mine = rights if os.path.isdir(path) else rights & FILE_RIGHTS  # noqa: PTH112  pathlib would load for 10 ms
        beneath = Beneath(mine, parent)
        checked(libc.syscall(ADD, ruleset, BENEATH, ctypes.byref(beneath), 0))
        os.close(parent)
    checked(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    checked(libc.syscall(RESTRICT, ruleset, 0))
    os.close(ruleset)
    checked(libc.prctl(SECCOMP, FILTER, ctypes.byref(Program(len(program) // 8, program)), 0, 0))
