"""Command lines of confined programs, level by level: what is started before them and around them."""

from __future__ import annotations

import functools
import itertools
import marshal
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tektrad.sandbox import bubblewrap, identity, inside, keeper, landlock, outside, seccomp, usage
from tektrad.sandbox.confinement import Limits, Program

PATH = "/usr/local/bin:/usr/bin:/bin"
ROOT = Path(__file__).parents[2]
TOOLS = ("prlimit", "taskset", "setpriv")
"""util-linux' programs that do what `outside.py` does, in a fifth of the time in which a Python starts."""
WHERE_TOOLS_ARE = "/usr/bin:/bin"
START = "import sys; sys.path.append(sys.argv[1]); __import__(sys.argv[2], fromlist=['main']).main(sys.argv[3:])"
"""Helpers are imported, since they are compiled once then; the standard library goes before the folder they lie in."""


def level_a(
    bwrap: str, program: Program, limits: Limits, files: list[int], groups: list[str], door: int | None
) -> list[str]:
    """bubblewrap around the program; `files` are its descriptors, `groups` the control groups that it joins.

    Through `door` the daemon gets the listener of the program's denied calls, if it wants to hear of them.
    """
    environment = _environment(bubblewrap.WORK, "/tmp")  # noqa: S108  its own
    around = bubblewrap.command(bwrap, program.folder, identity.prefixes(), environment, limits, files)
    before = _before(_outside(limits, groups))
    if identity.is_root() and door is None:  # a control group counts the tasks
        return [*before, *around, "/usr/bin/env", "--", *program.arguments]
    python = identity.interpreter() or sys.executable
    tasks = 0 if identity.is_root() else limits.tasks
    told = [str(door), str(seccomp.own_number()), seccomp.telling().hex()] if door is not None else ["", "", ""]
    return [*before, *around, python, "-I", "-S", "-c", _source(inside), str(tasks), *told, *program.arguments]


def level_b(
    program: Program, scratch: Path, limits: Limits, control: int, groups: list[str], door: int | None
) -> list[str]:
    """A keeper around the program, which Landlock confines; `door` as on level A."""
    plan = {
        "outside": _outside(limits, groups),
        # The kernel counts all that a user runs; nobody else runs as the sandbox's own.
        "tasks": 0 if identity.is_root() else limits.tasks + usage.tasks_of_user(os.getuid()),
        "folder": str(program.folder),
        "environment": _environment(str(program.folder), str(scratch)),
        "landlock": landlock.rules(program.folder, scratch, identity.prefixes()),
        "seccomp": seccomp.bpf("B", door is not None),
        "heard": (door, seccomp.own_number(), seccomp.telling()) if door is not None else None,
    }
    return [*_helper(keeper, str(control), _plan(plan)), *program.arguments]


def descriptors(is_heard: bool) -> list[bytes]:
    """What level A's command line reads from open files."""
    return [seccomp.bpf("A", is_heard), bubblewrap.USERS, bubblewrap.GROUPS]


def _before(plan: dict[str, Any]) -> list[str]:
    """What `outside.py` does, as a command line to put before another."""
    tools = [shutil.which(name, path=WHERE_TOOLS_ARE) for name in TOOLS]
    if any(tool is None or Path(tool).resolve().name != name for name, tool in zip(TOOLS, tools, strict=True)):
        return _helper(outside, _plan(plan))  # or another's tools of that name, which know fewer options
    prlimit, taskset, setpriv = map(str, tools)
    line = []
    if groups := plan["groups"]:
        joins = [f'echo 0 > "${number}"' for number in range(1, len(groups) + 1)]
        script = " && ".join([*joins, f"shift {len(groups)}", 'exec "$@"'])
        line += ["/bin/sh", "-c", script, "sh", *groups]
    line += [prlimit, *(f"--{name.removeprefix('RLIMIT_').lower()}={most}" for name, most in plan["limits"].items())]
    if plan["processors"]:
        line += [taskset, "-c", ",".join(map(str, plan["processors"]))]
    if plan["id"]:
        line += [setpriv, f"--reuid={plan['id']}", f"--regid={plan['id']}", "--clear-groups"]
    return line


def _outside(limits: Limits, groups: list[str]) -> dict[str, Any]:
    return {
        "groups": groups,
        "limits": _rlimits(limits),
        "processors": _processors(limits),
        "id": identity.SANDBOX_ID if identity.is_root() else 0,
    }


def _rlimits(limits: Limits) -> dict[str, int]:
    """Of one process; memory only where no control group counts that of all together."""
    counted = {} if identity.is_root() else {"RLIMIT_AS": limits.memory_bytes}
    return counted | {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": int(limits.seconds * limits.cpus) + 1,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_MEMLOCK": 64 << 10,
    }


def _processors(limits: Limits) -> list[int]:
    """In turn, so that programs at the same time do not share one while others are idle."""
    ours = sorted(os.sched_getaffinity(0))
    first = next(_turns) * limits.cpus
    return [ours[(first + each) % len(ours)] for each in range(min(limits.cpus, len(ours)))]


_turns = itertools.count()


def _environment(home: str, scratch: str) -> dict[str, str]:
    folder = str(Path(identity.python()).parent)
    return {"PATH": f"{folder}:{PATH}", "HOME": home, "TMPDIR": scratch, "LANG": "C.UTF-8", "USER": "user"}


def _helper(module: ModuleType, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", START, str(ROOT), module.__name__, *arguments]


def _plan(plan: dict[str, Any]) -> str:
    return marshal.dumps(plan).hex()


@functools.cache
def _source(module: ModuleType) -> str:
    assert module.__file__ is not None
    return Path(module.__file__).read_text()
