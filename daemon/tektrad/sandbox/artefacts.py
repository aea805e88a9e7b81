"""What a program left in its folder, copied out: regular files only, so many and so large at most, and names are data.

It reads and waits: for threads. Nothing here follows a link, opens what is no file, or makes a name of one from inside.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tektrad.sandbox.tree import Entry, entries

AT_ONCE = 1 << 20
MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Caps:
    """How much is taken at most: files, bytes of each and of all, and things that are looked at."""

    files: int = 1000
    file_bytes: int = 16 << 20
    all_bytes: int = 256 << 20
    looks: int = 100_000


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that was copied out, to `copy`; its path in the folder is data, with surrogates for odd bytes."""

    path: str
    size: int
    sha256: str
    copy: Path


@dataclass(slots=True)
class Collection:
    """What was copied, what was not and why (the first hundred), and whether all was looked at."""

    artefacts: list[Artefact] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    left_out_count: int = 0
    is_complete: bool = True

    @property
    def size(self) -> int:
        """Bytes of all copies."""
        return sum(each.size for each in self.artefacts)

    def leave_out(self, path: tuple[str, ...], why: str) -> None:
        """Tell of something that was not copied."""
        self.left_out_count += 1
        if len(self.left_out) < MOST_TOLD:
            self.left_out["/".join(path)] = why


class _Refused(Exception):
    """Why a file is not copied."""


def collect(folder: Path, into: Path, caps: Caps) -> Collection:
    """Copy a folder's files into another one, under numbers; raises OSError where that one cannot be written."""
    found = Collection()
    size = 0
    for looks, entry in enumerate(entries(folder, found.leave_out), 1):
        if looks > caps.looks:
            found.is_complete = False
            break
        if entry.is_folder:
            continue
        try:
            if len(found.artefacts) >= caps.files:
                raise _Refused("there are too many files")
            copy = into / str(len(found.artefacts))
            artefact = _copied(entry, copy, min(caps.file_bytes, caps.all_bytes - size))
        except _Refused as error:
            found.leave_out(entry.path, str(error))
            continue
        size += artefact.size
        found.artefacts.append(artefact)
    return found


def _copied(entry: Entry, copy: Path, most: int) -> Artefact:
    with _opened(entry, most) as descriptor:
        before = os.fstat(descriptor)
        digest = hashlib.sha256()
        size = 0
        try:
            with copy.open("xb") as file:
                while size <= most and (data := os.read(descriptor, min(AT_ONCE, most + 1 - size))):
                    file.write(data)
                    digest.update(data)
                    size += len(data)
            after = os.fstat(descriptor)
            if size > most:
                raise _Refused("it grew while it was read")
            if size != before.st_size or _mark(before) != _mark(after):
                raise _Refused("it changed while it was read")
        except _Refused:
            copy.unlink()
            raise
    return Artefact("/".join(entry.path), size, digest.hexdigest(), copy)


def _mark(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


@contextlib.contextmanager
def _opened(entry: Entry, most: int) -> Iterator[int]:
    """The file of an entry, checked again once it is open."""
    if not stat.S_ISREG(entry.found.st_mode):
        raise _Refused("it is no regular file")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(entry.name, flags, dir_fd=entry.at)
    except OSError as error:
        raise _Refused(f"it cannot be opened: {error.strerror}") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or not os.path.samestat(found, entry.found):
            raise _Refused("it was exchanged while it was looked at")
        if found.st_nlink > 1:
            raise _Refused("it has several names, and others may lie outside")
        if found.st_size > most:
            raise _Refused(f"it is larger than the {most} bytes that are left for it")
        yield descriptor
    finally:
        os.close(descriptor)
