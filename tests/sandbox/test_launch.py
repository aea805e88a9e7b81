"""What comes before the confinement is the same whichever programs of the system's there are to do it."""

from __future__ import annotations

import pytest

from tektrad.sandbox import launch
from tests.sandbox.conftest import Confined

SHOWS = """
import os, resource
for name in ("AS", "CORE", "CPU", "FSIZE", "NOFILE", "MSGQUEUE", "MEMLOCK"):
    print(name, *resource.getrlimit(getattr(resource, "RLIMIT_" + name)))
print(len(os.sched_getaffinity(0)), os.getresuid(), os.getresgid(), os.getgroups())
for number in range(256):
    try: print(number, os.fstat(number) and "")
    except OSError: pass
open("made", "w").close()
"""


def test_without_util_linux_a_program_is_held_to_the_same(confined: Confined, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> tuple[str, int, int]:
        with confined.folder() as folder:
            outcome, said = confined.python(SHOWS, folder)
            assert outcome.code == 0, said
            made = (folder / "made").stat()
            return said, made.st_uid, made.st_gid

    with_tools = shown()
    monkeypatch.setattr(launch, "WHERE_TOOLS_ARE", "/nowhere")
    assert shown() == with_tools
