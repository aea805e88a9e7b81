"""A folder copied: by descriptors, never through links, and sharing the bytes where the disk can do that."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from tektrad.errors import Busy, WorkspaceTooLarge
from tektrad.sandbox.descent import HERE, READ, Descent, beneath
from tektrad.sandbox.extent import Extent, Said
from tektrad.sandbox.naming import shown
from tektrad.sandbox.tree import Entry, entries

FICLONE = 0x40049409
AT_ONCE = 16 << 20
TRIES = 3
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
CANNOT = {errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTTY, errno.EPERM, errno.ETXTBSY}
"""This file system has no such way of copying, or not between these two."""

GoOn = Callable[[], None]
"""Raises where the work is not wanted any more."""


class _Changed(Exception):
    """The file was not the same from the beginning to the end."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How things look in a copy: the modes of its files by the modes of what is copied, and whose it is."""

    file_mode: Callable[[int], int]
    folder_mode: int
    owner: int | None = None


BASE = Manner(lambda mode: 0o400 | mode & 0o300, 0o700)
"""The state at the start: nobody's but the daemon's; whether its owner may write and execute is kept."""


def work(owner: int | None) -> Manner:
    """What programs change: theirs, as far as it was its owner's."""
    return Manner(lambda mode: 0o444 | mode & 0o200 | (0o111 if mode & 0o100 else 0), 0o755, owner)


class Copier:
    """Copies one folder; remembers what its file system cannot do, and how much there was."""

    def __init__(self, manner: Manner, extent: Extent | None, said: Said, go_on: GoOn) -> None:
        self._manner = manner
        self._extent = extent
        self._said = said
        self._go_on = go_on
        self._clones = self._ranges = True
        self._bytes = self._names = 0

    def copy(self, folder: Path, into: Path, without: Set[tuple[str, ...]] = frozenset()) -> None:
        """Copy a folder to where nothing is yet, or into an empty one.

        Raises OSError, Busy, WorkspaceTooLarge, and what `go_on` does.
        """
        into.mkdir(mode=0o700, exist_ok=True)
        with beneath(folder) as source, beneath(into) as target:
            omitted: tuple[str, ...] = ()
            device = os.fstat(source.at(())).st_dev
            for entry in entries(HERE, self._said.leave_out, at=source.at(())):
                self._go_on()
                if omitted and entry.path[: len(omitted)] == omitted:
                    continue
                omitted = ()
                if entry.path in without or not self._one(entry, target, device):
                    omitted = entry.path
            self._give(target.at(()), 0o700)  # whatever it holds, other users of the machine stay out

    def _one(self, entry: Entry, target: Descent, device: int) -> bool:
        """Whether it is in the copy now."""
        self._count()
        for _ in range(TRIES):
            try:
                found = os.stat(entry.name, dir_fd=entry.at, follow_symlinks=False)
                kind = stat.S_IFMT(found.st_mode)
                if kind != stat.S_IFMT(entry.found.st_mode) and stat.S_ISDIR(kind) != entry.is_folder:
                    raise _Changed
                if stat.S_ISDIR(kind):
                    return self._folder(entry, target, found.st_dev == device)
                if stat.S_ISLNK(kind):
                    self._link(entry, target)
                    return True
                if stat.S_ISREG(kind):
                    self._file(entry, target, found)
                    return True
            except FileNotFoundError:
                return False
            except PermissionError:
                self._said.leave_out(entry.path, "it is closed")
                return False
            except _Changed:
                continue
            self._said.leave_out(entry.path, "it is neither a file, a folder nor a link")
            return False
        raise Busy(
            f"{shown('/'.join(entry.path))} changed each time while it was copied",
            "Stop what writes to it, and try again.",
        )

    def _folder(self, entry: Entry, target: Descent, is_here: bool) -> bool:
        if not is_here:
            self._said.leave_out(entry.path, "another file system is mounted there")
            return False
        os.mkdir(entry.name, 0o700, dir_fd=target.at(entry.path[:-1]))
        self._give(target.at(entry.path), self._manner.folder_mode)
        return True

    def _link(self, entry: Entry, target: Descent) -> None:
        leads_to = os.readlink(entry.name, dir_fd=entry.at)
        at = target.at(entry.path[:-1])
        os.symlink(leads_to, entry.name, dir_fd=at)
        if self._manner.owner is not None:
            os.chown(entry.name, self._manner.owner, self._manner.owner, dir_fd=at, follow_symlinks=False)

    def _file(self, entry: Entry, target: Descent, found: os.stat_result) -> None:
        with _opened(entry, found) as source:
            at = target.at(entry.path[:-1])
            copy = os.open(entry.name, NEW, 0o600, dir_fd=at)
            try:
                before = os.fstat(source)
                self._count(before.st_size)
                self.content(source, copy, before)
                after = os.fstat(source)
                if _mark(before) != _mark(after) or os.fstat(copy).st_size != after.st_size:
                    self._bytes -= before.st_size
                    raise _Changed
                os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
                self._give(copy, self._manner.file_mode(before.st_mode))
            except BaseException:
                os.unlink(entry.name, dir_fd=at)
                raise
            finally:
                os.close(copy)

    def content(self, source: int, copy: int, found: os.stat_result) -> None:
        """Copy what is in a file: shared with it, or only what is no hole; raises OSError."""
        if not found.st_size:
            return
        if self._clones:
            try:
                fcntl.ioctl(copy, FICLONE, source)
                return
            except OSError as error:
                if error.errno not in CANNOT:
                    raise
                self._clones = False
        for start, end in _pieces(source, found):
            self._range(source, copy, start, end)
        os.ftruncate(copy, found.st_size)

    def _range(self, source: int, copy: int, start: int, end: int) -> None:
        while start < end:
            self._go_on()
            if self._ranges:
                try:
                    count = os.copy_file_range(source, copy, min(AT_ONCE, end - start), start, start)
                except OSError as error:
                    if error.errno not in CANNOT:
                        raise
                    self._ranges = False
                    continue
            else:
                data = os.pread(source, min(1 << 20, end - start), start)
                count = os.pwrite(copy, data, start) if data else 0
            if not count:
                return  # it has become shorter
            start += count

    def _give(self, copy: int, mode: int) -> None:
        if self._manner.owner is not None:
            os.fchown(copy, self._manner.owner, self._manner.owner)
        os.fchmod(copy, mode)

    def _count(self, size: int | None = None) -> None:
        self._names += size is None
        self._bytes += size or 0
        if self._extent is not None and (self._names > self._extent.names or self._bytes > self._extent.bytes):
            raise WorkspaceTooLarge(
                f"the folder grew while it was copied, beyond {self._extent.bytes} bytes in {self._extent.names} names",
                "Stop what writes to it, and try again.",
            )


def copy_content(source: int, copy: int) -> None:
    """Copy what is in one open file into another, which is empty, as `Copier.content` does it; raises OSError."""
    Copier(BASE, None, Said(), lambda: None).content(source, copy, os.fstat(source))


def _mark(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


@contextlib.contextmanager
def _opened(entry: Entry, found: os.stat_result) -> Iterator[int]:
    """The file, checked again once it is open."""
    try:
        source = os.open(entry.name, READ, dir_fd=entry.at)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise _Changed from error
        raise
    try:
        if not os.path.samestat(os.fstat(source), found):
            raise _Changed
        yield source
    finally:
        os.close(source)


def _pieces(source: int, found: os.stat_result) -> Iterator[tuple[int, int]]:
    """Where something is written in a file, from and to."""
    if found.st_blocks * 512 >= found.st_size:
        yield 0, found.st_size
        return
    end = 0
    while end < found.st_size:
        try:
            start = os.lseek(source, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # a hole up to the end
            raise
        end = os.lseek(source, start, os.SEEK_HOLE)
        yield start, min(end, found.st_size)
