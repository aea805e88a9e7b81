"""The step before the confinement: sets what the filter of system calls forbids inside, and stops being root.

Run as `python -I -S -c SOURCE PLAN COMMAND…`; the standard library only. Root's files could be left behind with
set-uid bits, and the kernel does not count root's processes.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any


def main() -> None:
    """Put the plan into force, then become the command."""
    plan: dict[str, Any] = json.loads(sys.argv[1])
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
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  a command of our own making


if __name__ == "__main__":
    main()
