"""The step before the confinement: sets what the filter of system calls forbids inside, and stops being root.

On level A a process of its own, which then becomes bubblewrap. Root's files could be left behind with set-uid bits, and
the kernel does not count root's processes.
"""

from __future__ import annotations

import marshal
import os
import resource

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing would load for 15 ms
    from typing import Any


def main(arguments: list[str]) -> None:
    """Put a plan into force, then become the command behind it."""
    prepare(marshal.loads(bytes.fromhex(arguments[0])))  # noqa: S302  the daemon's own; json would load for 15 ms
    os.execv(arguments[1], arguments[1:])  # noqa: S606  a command of our own making


def prepare(plan: dict[str, Any]) -> None:
    """Control groups, limits, processors, and the user."""
    for path in plan["groups"]:
        with open(path, "w") as file:  # noqa: PTH123  pathlib would load for 10 ms
            file.write("0")
    for name, value in plan["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    if plan["processors"]:
        os.sched_setaffinity(0, plan["processors"])
    if plan["id"]:
        os.setgroups([])
        os.setresgid(plan["id"], plan["id"], plan["id"])
        os.setresuid(plan["id"], plan["id"], plan["id"])
