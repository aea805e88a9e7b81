"""What lies in a folder, as far as it matters to a workspace, and how its files differ from those of another one."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from tektrad.errors import WorkspaceTooLarge
from tektrad.sandbox.descent import Descent
from tektrad.sandbox.extent import Extent, Said
from tektrad.sandbox.naming import shown
from tektrad.sandbox.tree import entries

AT_ONCE = 1 << 20
GROWTH = 2
"""A workspace may become so many times as large as it may be at the start."""
Kind = Literal["file", "folder", "link", "other"]


class Side(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing in a folder: what it is, and of files what is in them, of links where they lead."""

    kind: Kind
    size: int = 0
    sha256: str = ""
    executable: bool = False
    target: str = ""

    def is_like(self, other: Side | None) -> bool:
        """Whether both are the same but for the right to execute."""
        return other is not None and (self.kind, self.sha256, self.target) == (other.kind, other.sha256, other.target)


class Item(msgspec.Struct, frozen=True):
    """One thing in a folder, its content not looked at."""

    kind: Kind
    size: int
    executable: bool
    target: str
    odd_bits: bool
    """Set-uid or set-gid, of a file."""


def kind_of(mode: int) -> Kind:
    """What a mode says of something."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


def seen(folder: Path, extent: Extent, said: Said, opening: bool) -> dict[str, Item]:
    """All that lies in a folder, by path; `opening` takes the rights to what is closed. Raises WorkspaceTooLarge."""
    found: dict[str, Item] = {}
    size = 0
    for entry in entries(folder, said.leave_out, opening):
        mode = entry.found.st_mode
        kind = kind_of(mode)
        target = ""
        if kind == "link":
            try:
                target = os.readlink(entry.name, dir_fd=entry.at)
            except OSError:
                continue  # it has just gone
        is_file = kind == "file"
        size += entry.found.st_size if is_file else 0
        found["/".join(entry.path)] = Item(
            kind,
            entry.found.st_size if is_file else 0,
            is_file and bool(mode & 0o100),
            target,
            is_file and bool(mode & (stat.S_ISUID | stat.S_ISGID)),
        )
        if len(found) > extent.names * GROWTH or size > extent.bytes * GROWTH:
            raise WorkspaceTooLarge(
                f"the workspace has become larger than {extent.bytes * GROWTH} bytes in {extent.names * GROWTH} names, "
                "and is not looked through",
                "Drop it, or remove from it what it need not hold.",
            )
    return found


def is_same(one: int, other: int, go_on: Callable[[], None]) -> bool:
    """Whether two open files hold the same."""
    while True:
        data = os.read(one, AT_ONCE)
        if data != os.read(other, AT_ONCE):
            return False
        if not data:
            return True
        go_on()


def digest(file: int, go_on: Callable[[], None] = lambda: None) -> tuple[str, int]:
    """SHA-256 of an open file from its beginning, and how long it is."""
    sha256 = hashlib.sha256()
    size = 0
    os.lseek(file, 0, os.SEEK_SET)
    while data := os.read(file, AT_ONCE):
        sha256.update(data)
        size += len(data)
        go_on()
    return sha256.hexdigest(), size


def side(folder: Descent, path: str, opening: bool = False) -> Side | None:
    """What lies at a path just now, or None; raises OSError where the way there is no way of folders."""
    *above, name = path.split("/")
    at = folder.at(above)
    for _ in range(3):
        try:
            found = os.stat(name, dir_fd=at, follow_symlinks=False)
            kind = kind_of(found.st_mode)
            if kind == "link":
                return Side(kind, target=shown(os.readlink(name, dir_fd=at)))
            if kind == "file":
                with folder.file(path, opening) as file:
                    sha256, size = digest(file)
                return Side(kind, size, sha256, bool(found.st_mode & 0o100))
            return Side(kind)
        except FileNotFoundError:
            return None
        except OSError as error:
            if isinstance(error, PermissionError):
                raise
            continue  # it was exchanged between two looks
    return Side("other")
