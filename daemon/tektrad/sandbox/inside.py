"""The last step before a confined program, in its own process: limits, and on level B Landlock and seccomp.

Run as `python -I -S -c SOURCE PLAN ARGUMENTS…` with a plan as JSON, inside the confinement; the standard library only.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

NOT_FOUND, NOT_RUN = 127, 126
CREATE, ADD, RESTRICT = 444, 445, 446
"""Landlock's system calls, the same on all machines."""
FILE_RIGHTS = 0b1 | 0b10 | 0b100 | 1 << 14 | 1 << 15
"""Of Landlock's rights those that a file can have: execute, write, read, truncate, device commands."""
BENEATH = 1
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2


def main() -> None:
    """Put the plan into force, then become the program."""
    plan: dict[str, Any] = json.loads(sys.argv[1])
    for name, value in plan["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    if "landlock" in plan:
        confine(plan["landlock"], bytes.fromhex(plan["seccomp"]))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  confined
    except FileNotFoundError:
        code = NOT_FOUND
        why = "not found"
    except OSError as error:
        code = NOT_RUN
        why = error.strerror or "cannot be run"
    os.write(2, f"{sys.argv[2]}: {why}\n".encode("utf-8", "surrogateescape"))
    os._exit(code)


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


if __name__ == "__main__":
    main()
