"""Going through a folder that hostile programs have filled: by descriptors, never through links, however deep."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
DEEPEST = 256
"""Levels beneath a folder that others may be changing meanwhile; each takes a descriptor."""


class Unseen(Exception):
    """A folder holds more levels than can be looked through while it changes, or some that are closed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a folder: its name there, the open folder, what it is, and the names that lead to it."""

    name: str
    at: int
    found: os.stat_result
    path: tuple[str, ...]

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder itself."""
        return stat.S_ISDIR(self.found.st_mode)


class _Open:
    """An open folder, read name by name: one may hold more than fit into memory."""

    def __init__(self, name: str | Path, at: int | None, path: tuple[str, ...], opening: bool) -> None:
        self.path = path
        try:
            self.at = os.open(name, FOLDER, dir_fd=at)
            if opening and not os.fstat(self.at).st_mode & stat.S_IXUSR and os.getuid():
                raise PermissionError
        except PermissionError:
            if not opening:
                raise
            unlock(name, at)
            self.at = os.open(name, FOLDER, dir_fd=at)
        try:
            self._names = os.scandir(self.at)
        except BaseException:
            os.close(self.at)
            raise

    def next(self) -> Entry | None:
        """The next thing in it that is still there, or None at the end."""
        for each in self._names:
            with contextlib.suppress(FileNotFoundError):
                found = os.stat(each.name, dir_fd=self.at, follow_symlinks=False)
                return Entry(each.name, self.at, found, (*self.path, each.name))
        return None

    def close(self) -> None:
        """Let go of it."""
        self._names.close()
        os.close(self.at)


PassOver = Callable[[tuple[str, ...], str], None]
"""Hears the names that lead to a folder, and why nobody looks into it."""


def _refuse(path: tuple[str, ...], why: str) -> None:
    raise Unseen(f"{'/'.join(path) or 'the folder'}: {why}")


def unlock(name: str | Path, at: int | None) -> None:
    """Give the owner back the rights to a folder, or to read a file; never through a link; raises OSError."""
    found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    try:
        mode = os.fstat(found).st_mode
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            # The only way to a descriptor that cannot be opened otherwise.
            Path(f"/proc/self/fd/{found}").chmod(stat.S_IMODE(mode) | (0o700 if stat.S_ISDIR(mode) else 0o400))
    finally:
        os.close(found)


def entries(
    folder: Path, pass_over: PassOver = _refuse, opening: bool = False, at: int | None = None
) -> Iterator[Entry]:
    """All that lies beneath a folder, in its file system, while programs may be changing it; raises OSError.

    What goes away meanwhile is left out. What is closed, or lies too deep, is told to `pass_over`, which raises Unseen.
    `opening` takes all rights to closed folders; `at` is an open folder that the path starts from.
    """
    opened: list[_Open] = []

    def enter(name: str | Path, at: int | None, path: tuple[str, ...]) -> None:
        if len(opened) > DEEPEST:
            pass_over(path, f"more than {DEEPEST} folders lie within each other")
            return
        try:
            opened.append(_Open(name, at, path, opening))
        except PermissionError:
            pass_over(path, "it is closed")
        except (FileNotFoundError, NotADirectoryError):
            if not path:
                raise

    try:
        enter(folder, at, ())
        device = os.fstat(opened[0].at).st_dev if opened else 0
        while opened:
            try:
                entry = opened[-1].next()
            except PermissionError:  # its names can be read, and nothing else
                pass_over(opened[-1].path, "it is closed")
                entry = None
            if entry is None:
                opened.pop().close()
                continue
            yield entry
            if entry.is_folder and entry.found.st_dev == device:
                enter(entry.name, entry.at, entry.path)
    finally:
        for each in opened:
            each.close()


Visit = Callable[[str, int, os.stat_result], None]
"""Hears of one thing: its name, the open folder that holds it, and what it is."""


def visit_still(folder: Path, visit: Visit, unlock: bool = False) -> None:
    """Visit a folder that no program changes meanwhile and all beneath it, contents first; raises OSError.

    One folder is open at a time, so that no depth is too deep. Other file systems are left alone, and so is what cannot
    be visited. `unlock` takes all rights to the folders on the way.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    here = os.open(folder.parent, flags)
    try:
        device = os.stat(folder.name, dir_fd=here, follow_symlinks=False).st_dev
        above: list[os.stat_result] = []
        left: list[list[str]] = [[folder.name]]
        inside: list[str] = []
        while True:
            if left[-1]:
                name = left[-1].pop()
                with contextlib.suppress(OSError):
                    found = os.stat(name, dir_fd=here, follow_symlinks=False)
                    if found.st_dev != device:
                        continue
                    if not stat.S_ISDIR(found.st_mode):
                        visit(name, here, found)
                        continue
                    if unlock:
                        os.chmod(name, 0o700, dir_fd=here)
                    below = os.open(name, FOLDER, dir_fd=here)
                    above.append(os.fstat(here))
                    os.close(here)
                    here = below
                    inside.append(name)
                    left.append([])
                    left[-1] = os.listdir(here)  # noqa: PTH208  a descriptor
            elif above:
                up = os.open("..", flags, dir_fd=here)
                os.close(here)
                here = up
                if not os.path.samestat(os.fstat(here), above.pop()):
                    raise OSError(errno.EBUSY, "changed while it was gone through", str(folder))
                left.pop()
                name = inside.pop()
                with contextlib.suppress(OSError):
                    visit(name, here, os.stat(name, dir_fd=here, follow_symlinks=False))
            else:
                return
    finally:
        os.close(here)


def remove(folder: Path) -> None:
    """Remove a folder and all beneath it that can be removed, however deep it goes and whatever rights are left."""
    with contextlib.suppress(OSError):
        visit_still(folder, _remove, unlock=True)


def _remove(name: str, at: int, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        os.rmdir(name, dir_fd=at)
    else:
        os.unlink(name, dir_fd=at)
