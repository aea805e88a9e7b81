"""Nothing gets out: every program of escapes.py, on every level that this machine offers."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest

from tektrad.sandbox.confinement import Limits
from tektrad.sandbox.identity import is_root
from tests.sandbox import escapes
from tests.sandbox.conftest import Confined, Outside

MEGABYTE = 1 << 20
SMALL = Limits(
    seconds=4,
    memory_bytes=192 * MEGABYTE,
    folder_bytes=16 * MEGABYTE,
    scratch_bytes=16 * MEGABYTE,
    file_bytes=24 * MEGABYTE,
    output_bytes=MEGABYTE,
)
KINDS = {
    "files": escapes.FILES,
    "namespaces": escapes.NAMESPACES,
    "network": escapes.NETWORK,
    "processes": escapes.PROCESSES,
    "kernel": escapes.KERNEL,
}
ALL = [pytest.param(code, id=f"{kind}: {name}") for kind, each in KINDS.items() for name, code in each.items()]


@pytest.mark.parametrize("code", ALL)
def test_nothing_gets_out(confined: Confined, outside: Outside, code: str) -> None:
    with confined.folder() as folder:
        outside.place(folder)
        outcome, said = confined.python(escapes.PRELUDE + code, folder)
        assert "ESCAPED" not in said
        assert outcome.code != 9
        assert outside.untouched()
        assert not [path for path in folder.rglob("*") if _is_dangerous(path)]


@pytest.mark.parametrize("code", escapes.LIMITS.values(), ids=escapes.LIMITS.keys())
def test_nothing_takes_more_than_it_may(confined: Confined, outside: Outside, code: str) -> None:
    with confined.folder() as folder:
        outside.place(folder)
        outcome, said = confined.python(escapes.PRELUDE + code, folder, SMALL)
        assert "ESCAPED" not in said
        assert len(said) <= SMALL.output_bytes
        assert outcome.seconds < SMALL.seconds + 5


@pytest.mark.parametrize("code", escapes.OUTLIVING.values(), ids=escapes.OUTLIVING.keys())
def test_nothing_outlives_its_program(confined: Confined, outside: Outside, code: str) -> None:
    with confined.folder() as folder:
        outside.place(folder)
        outcome, _ = confined.python(escapes.PRELUDE + code, folder)
        assert outcome.seconds < 20
        assert not _running_in(folder)


def test_no_set_uid_file_of_roots_stays_behind(confined: Confined) -> None:
    with confined.folder() as folder:
        confined.run(("/bin/sh", "-c", "cp /bin/true own; chmod 6755 own"), folder)
        assert not is_root() or (folder / "own").stat().st_uid != 0


def _is_dangerous(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISBLK(mode) or stat.S_ISCHR(mode) or (bool(mode & stat.S_ISUID) and path.lstat().st_uid == 0)


def _running_in(folder: Path) -> list[str]:
    """Processes whose current folder is this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == folder:
                found.append(process.name)
    return found
