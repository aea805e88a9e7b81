"""A folder of root's in the hands of confined programs' user for as long as a program runs."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

Visit = Callable[[str, int, os.stat_result], None]


@contextlib.contextmanager
def lent(folder: Path, user: int) -> Iterator[None]:
    """Give what root owns in a folder to a user, and take back all that is the user's at the end.

    Files with several names stay root's, since another name may lie elsewhere. What comes back has no set-uid bit.
    """
    _walk(folder, lambda name, at, found: _give(name, at, found, user))
    try:
        yield
    finally:
        _walk(folder, lambda name, at, found: _take_back(name, at, found, user))


def _give(name: str, at: int, found: os.stat_result, user: int) -> None:
    if found.st_uid == 0 and (found.st_nlink == 1 or stat.S_ISDIR(found.st_mode)):
        os.chown(name, user, -1, dir_fd=at, follow_symlinks=False)


def _take_back(name: str, at: int, found: os.stat_result, user: int) -> None:
    if found.st_uid != user:
        return
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(name, stat.S_IMODE(found.st_mode) & 0o1777, dir_fd=at)
    os.chown(name, 0, 0 if found.st_gid == user else -1, dir_fd=at, follow_symlinks=False)


def _walk(folder: Path, visit: Visit) -> None:
    """Visit a folder and all beneath it, by descriptors and never through a link, nor into another file system."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    parent = os.open(folder.parent, flags & ~os.O_NOFOLLOW)
    left: list[tuple[int, str]] = [(parent, folder.name)]
    device = folder.stat().st_dev
    try:
        while left:
            at, name = left.pop()
            with contextlib.suppress(OSError):
                found = os.stat(name, dir_fd=at, follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode) and found.st_dev == device:
                    here = os.open(name, flags, dir_fd=at)
                    try:
                        names = os.listdir(here)  # noqa: PTH208  a descriptor
                        left += [(os.dup(here), each) for each in names]
                    finally:
                        os.close(here)
                if found.st_dev == device:
                    visit(name, at, found)
            os.close(at)
    finally:
        for at, _ in left:
            os.close(at)
