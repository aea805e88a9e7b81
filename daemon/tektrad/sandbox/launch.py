"""Command lines of confined programs, level by level: what is started before them and around them."""

from __future__ import annotations

import functools
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tektrad.sandbox import bubblewrap, identity, inside, keeper, landlock, outside, seccomp, usage
from tektrad.sandbox.confinement import Limits, Program

PATH = "/usr/local/bin:/usr/bin:/bin"


def level_a(bwrap: str, program: Program, limits: Limits, files: list[int], groups: list[str]) -> list[str]:
    """bubblewrap around the program; `files` are its descriptors, `groups` the control groups that it joins."""
    environment = _environment(bubblewrap.WORK, "/tmp")  # noqa: S108  its own
    around = bubblewrap.command(bwrap, program.folder, identity.prefixes(), environment, limits, files)
    before = _outside(limits, groups)
    if identity.is_root():  # a control group counts the tasks
        return [*before, *around, "/usr/bin/env", "--", *program.arguments]
    return [*before, *around, *_inside({"limits": {"RLIMIT_NPROC": limits.tasks}}, program)]


def level_b(program: Program, scratch: Path, limits: Limits, control: int, groups: list[str]) -> list[str]:
    """A keeper around the program, which Landlock confines."""
    environment = _environment(str(program.folder), str(scratch))
    bare = ["/usr/bin/env", "-i", f"--chdir={program.folder}", *(f"{k}={v}" for k, v in environment.items())]
    # The kernel counts all that a user runs; nobody else runs as the sandbox's own.
    plan = {
        "limits": {} if identity.is_root() else {"RLIMIT_NPROC": limits.tasks + usage.tasks_of_user(os.getuid())},
        "landlock": landlock.rules(program.folder, scratch, identity.prefixes()),
        "seccomp": seccomp.bpf("B").hex(),
    }
    return [*_python(sys.executable, keeper, str(control)), *_outside(limits, groups), *bare, *_inside(plan, program)]


def descriptors() -> list[bytes]:
    """What level A's command line reads from open files."""
    return [seccomp.bpf("A"), bubblewrap.USERS, bubblewrap.GROUPS]


def _outside(limits: Limits, groups: list[str]) -> list[str]:
    plan = {
        "groups": groups,
        "limits": _rlimits(limits),
        "processors": _processors(limits),
        "id": identity.SANDBOX_ID if identity.is_root() else 0,
    }
    return _python(sys.executable, outside, json.dumps(plan))


def _inside(plan: dict[str, Any], program: Program) -> list[str]:
    return [*_python(identity.interpreter() or sys.executable, inside, json.dumps(plan)), *program.arguments]


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
    return sorted(os.sched_getaffinity(0))[-limits.cpus :]


def _environment(home: str, scratch: str) -> dict[str, str]:
    folder = str(Path(identity.interpreter() or identity.SYSTEM_PYTHON).parent)
    return {"PATH": f"{folder}:{PATH}", "HOME": home, "TMPDIR": scratch, "LANG": "C.UTF-8", "USER": "user"}


def _python(python: str, module: ModuleType, *arguments: str) -> list[str]:
    return [python, "-I", "-S", "-c", _source(module), *arguments]


@functools.cache
def _source(module: ModuleType) -> str:
    assert module.__file__ is not None
    return Path(module.__file__).read_text()
