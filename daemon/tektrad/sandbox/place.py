"""The daemon's folder of one workspace: the notes in it, each of which is there whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from tektrad.errors import InvalidRequest
from tektrad.sandbox.extent import Extent, LeftOut
from tektrad.sandbox.plan import Operation

T = TypeVar("T")
_LIBC = ctypes.CDLL(None, use_errno=True)


class Beginning(msgspec.Struct, frozen=True):
    """What a workspace is the copy of. It is written when all of that is there."""

    original: str
    extent: Extent
    left_out: list[LeftOut]
    version: int = 1


class Journal(msgspec.Struct, frozen=True):
    """What is being done to the original."""

    operations: list[Operation]
    already: list[str]
    version: int = 1


class Place:
    """Where the parts of a workspace lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = folder / "base"
        self.work = folder / "work"
        self.kept = folder / "kept"
        """What work was after the last finished step."""
        self.beginning = folder / "beginning.json"
        """There once base is whole."""
        self.ready = folder / "ready.json"
        """There while nobody is making work anew."""
        self.preparing = folder / "preparing.json"
        """The journal, before anything in the original has changed."""
        self.committing = folder / "committing.json"
        """The journal from then on."""
        notes = [self.beginning, self.ready, self.preparing, self.committing]
        self.names = {"base", "work", "kept", *(note.name for note in notes), *(_new(note).name for note in notes)}
        """All that may lie in it."""

    def read(self, note: Path, kind: type[T]) -> T | None:
        """A note, or None where there is none; raises OSError, and InvalidRequest for what is none of ours."""
        try:
            return msgspec.json.decode(note.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise InvalidRequest(f"{note} cannot be read: {error}", "Drop this workspace.") from error

    def write(self, note: Path, value: object) -> None:
        """Write a note so that the disk has it; raises OSError."""
        write(note, value)

    def commit(self) -> None:
        """From now on what the journal says is done, whatever happens; raises OSError."""
        self.preparing.replace(self.committing)
        self.settle()

    def remove(self, note: Path) -> None:
        """Remove a note so that the disk knows it; raises OSError."""
        if note.exists():
            note.unlink()
            self.settle()

    def settle(self) -> None:
        """Wait until the disk has the names in the place; raises OSError."""
        _settle(self.folder)

    def settle_all(self) -> None:
        """Wait until the disk has everything that lies there; raises OSError."""
        settle_all(self.folder)


def write(note: Path, value: object) -> None:
    """Write a note so that the disk has it, whole or not at all; raises OSError."""
    new = _new(note)
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(msgspec.json.encode(value))
        opened.flush()
        os.fsync(file)
    new.replace(note)
    _settle(note.parent)


def settle_all(folder: Path) -> None:
    """Wait until the disk has all of a folder's file system: one wait for thousands of files. Raises OSError."""
    with _opened(folder) as descriptor:
        if _LIBC.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))


def _settle(folder: Path) -> None:
    with _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _new(note: Path) -> Path:
    return note.with_suffix(".new")
