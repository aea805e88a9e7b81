"""What lies beneath a folder, opened name by name and never through a link."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from tektrad.sandbox.tree import FOLDER, unlock

HERE = Path()
"""The folder that a descriptor stands for."""
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Descent:
    """The way down to the folder that was asked for last; it stays open, since the next one is mostly near."""

    def __init__(self, root: int) -> None:
        """Takes over the descriptor."""
        self._opened = [root]
        self._names: list[str] = []

    def at(self, names: Sequence[str]) -> int:
        """The folder that these names lead to, open until another one is asked for; raises OSError."""
        same = 0
        while same < min(len(names), len(self._names)) and names[same] == self._names[same]:
            same += 1
        self._up_to(same)
        for name in names[same:]:
            self._opened.append(os.open(name, FOLDER, dir_fd=self._opened[-1]))
            self._names.append(name)
        return self._opened[-1]

    @contextlib.contextmanager
    def file(self, path: str, opening: bool = False) -> Iterator[int]:
        """A regular file by its path, to read; `opening` takes the right to a closed one. Raises OSError."""
        *above, name = path.split("/")
        at = self.at(above)
        try:
            file = os.open(name, READ, dir_fd=at)
        except PermissionError:
            if not opening:
                raise
            unlock(name, at)
            file = os.open(name, READ, dir_fd=at)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError("it is no regular file")
            yield file
        finally:
            os.close(file)

    def forget(self, names: Sequence[str]) -> None:
        """What these names lead to will be another folder from now on."""
        if self._names[: len(names)] == list(names):
            self._up_to(len(names) - 1)

    def _up_to(self, levels: int) -> None:
        while len(self._names) > levels:
            self._names.pop()
            os.close(self._opened.pop())

    def close(self) -> None:
        """Let go of all."""
        self._names.clear()
        while self._opened:
            os.close(self._opened.pop())


@contextlib.contextmanager
def beneath(folder: Path) -> Iterator[Descent]:
    """The way down from a folder whose own path has no link in it either; raises OSError."""
    way = Descent(os.open("/", FOLDER))
    try:
        root = os.dup(way.at(folder.parts[1:]))
    finally:
        way.close()
    descent = Descent(root)
    try:
        yield descent
    finally:
        descent.close()
