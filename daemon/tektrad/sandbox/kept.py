"""What a workspace was after each finished step: kept beside it, so that a crash in the next one loses nothing.

A note says of each path that differs from the start what lies there, and files keep a copy of their content. It also
holds what the step said. Either a step is kept as a whole or not at all: renaming the note is what makes it so. Older
notes stay as long as there is room, so that something else can be tried from an earlier step on.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tektrad.errors import InvalidRequest, WorkspaceTooLarge
from tektrad.sandbox import tree
from tektrad.sandbox.copying import NEW, copy_content
from tektrad.sandbox.descent import READ, Descent, beneath
from tektrad.sandbox.extent import Extent
from tektrad.sandbox.naming import meant, shown
from tektrad.sandbox.place import settle_all, write
from tektrad.sandbox.snapshot import GROWTH, Kind, kind_of

MOST_NOTES = 200
ONE_BY_ONE = 16
"""Files that are brought to the disk each by itself; more are cheaper all together."""
NOTE = ".json"
Stamp = tuple[int, ...]


class Thing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What lies at a path: nothing, where the kind is empty."""

    kind: Kind | str = ""
    mode: int = 0
    content: int = 0
    """The number of the file that holds it."""
    size: int = 0
    time: int = 0
    target: str = ""


class Note(msgspec.Struct, frozen=True):
    """All of it, after the step of that name; notes are numbered from 1 on."""

    things: dict[str, Thing] = {}
    step: str = ""
    said: Any = None
    number: int = 0
    next: int = 1
    version: int = 1

    def sizes(self) -> dict[int, int]:
        """How large each content is that it needs."""
        return {thing.content: thing.size for thing in self.things.values() if thing.content}


@dataclass(slots=True)
class Kept:
    """What is kept of one workspace's `work`, in a folder beside it. Blocks; nobody changes `work` meanwhile."""

    folder: Path
    work: Path
    extent: Extent
    owner: int | None
    _note: Note = field(default_factory=Note)
    _past: dict[int, dict[int, int]] = field(default_factory=dict)
    """What each note needs, by its number."""
    _seen: dict[str, Stamp] = field(default_factory=dict)

    @property
    def step(self) -> str:
        """The step that was finished last; empty: none."""
        return self._note.step

    @property
    def said(self) -> Any:
        """What that step said."""
        return self._note.said

    def look(self) -> None:
        """Notice how `work` is now, so that what a step changes is seen; raises OSError."""
        self._seen = self._stamps()

    def keep(self, step: str, said: Any) -> None:
        """Keep how `work` is now, and what the step said that made it so; raises OSError and WorkspaceTooLarge."""
        now = self._stamps()
        changed = {path for path, stamp in now.items() if self._seen.get(path) != stamp}
        things = {**self._note.things, **{shown(path): Thing() for path in self._seen if path not in now}}
        self.folder.mkdir(mode=0o700, exist_ok=True)
        number = self._note.next
        copied: list[Path] = []
        try:
            with beneath(self.work.resolve()) as work:
                for path in sorted(changed):
                    thing = self._thing(work, path, number, copied)
                    if thing is not None:
                        things[shown(path)] = thing
                        number += thing.kind == "file"
            if sum(thing.size for thing in things.values()) > self.extent.bytes * GROWTH:
                raise WorkspaceTooLarge(
                    f"what was changed has become larger than {self.extent.bytes * GROWTH} bytes", "Change less of it."
                )
            if len(copied) > ONE_BY_ONE:
                settle_all(self.folder)
            note = Note(things, step, said, self._note.number + 1, number)
            write(self._path(note.number), note)
        except BaseException:
            for file in copied:
                file.unlink(missing_ok=True)
            raise
        self._note, self._seen = note, now
        self._past[note.number] = note.sizes()
        self._forget()

    def put_back(self) -> None:
        """Make of `work`, which is what it was at the start, what it was after the last finished step; raises OSError.

        Raises InvalidRequest for a note that is none of ours.
        """
        notes = self._notes()
        self._note = notes[-1] if notes else Note()
        self._past = {note.number: note.sizes() for note in notes}
        self._forget()
        with beneath(self.work.resolve()) as work:
            for path in sorted(self._note.things, key=lambda path: meant(path).split("/")):
                self._put(work, meant(path), self._note.things[path])
        self.look()

    def take(self, other: Kept, steps: Collection[str]) -> None:
        """Have what another one kept after the last of these steps that it kept; raises InvalidRequest and OSError."""
        notes = other._notes()
        found = next((note for note in reversed(notes) if note.step in steps), None)
        if found is None:
            if notes and notes[0].number > 1:
                raise InvalidRequest("what the files were at that step is not kept any more", "Begin at a later one.")
            return
        self.folder.mkdir(mode=0o700)
        for number in found.sizes():
            with other._content(number).open("rb") as source, self._content(number).open("xb") as copy:
                copy_content(source.fileno(), copy.fileno())
        write(self._path(1), msgspec.structs.replace(found, number=1))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}{NOTE}"

    def _content(self, number: int) -> Path:
        return self.folder / str(number)

    def _names(self) -> list[str]:
        return os.listdir(self.folder) if self.folder.exists() else []  # noqa: PTH208

    def _notes(self) -> list[Note]:
        """All that there are, in order."""
        numbers = sorted(int(name.removesuffix(NOTE)) for name in self._names() if name.endswith(NOTE))
        try:
            return [msgspec.json.decode(self._path(number).read_bytes(), type=Note) for number in numbers]
        except msgspec.MsgspecError as error:
            raise InvalidRequest(f"{self.folder} cannot be read: {error}", "Drop this workspace.") from error

    def _forget(self) -> None:
        """Let go of the oldest notes where there are too many or they need too much, and of what no note needs."""
        while len(self._past) > 1:
            needed = {number: size for each in self._past.values() for number, size in each.items()}
            if len(self._past) <= MOST_NOTES and sum(needed.values()) <= self.extent.bytes * GROWTH:
                break
            oldest = min(self._past)
            self._path(oldest).unlink(missing_ok=True)
            del self._past[oldest]
        held = {str(number) for each in self._past.values() for number in each}
        for name in self._names():
            if not name.endswith(NOTE) and name not in held:
                (self.folder / name).unlink(missing_ok=True)

    def _stamps(self) -> dict[str, Stamp]:
        """What tells a change: the kernel's own times, which no program can set, and of folders that they are there."""
        found: dict[str, Stamp] = {}
        for entry in tree.entries(self.work, lambda *_: None, opening=True):
            what = entry.found
            times = () if entry.is_folder else (what.st_ino, what.st_size, what.st_mtime_ns, what.st_ctime_ns)
            found["/".join(entry.path)] = (what.st_mode, *times)
            if len(found) > self.extent.names * GROWTH:
                raise WorkspaceTooLarge(
                    f"the workspace has more than {self.extent.names * GROWTH} names by now", "Make fewer files."
                )
        return found

    def _thing(self, work: Descent, path: str, number: int, copied: list[Path]) -> Thing | None:
        """What lies at a path, its content copied; None: what is neither file, folder nor link is not kept."""
        *above, name = path.split("/")
        at = work.at(above)
        found = os.stat(name, dir_fd=at, follow_symlinks=False)
        kind = kind_of(found.st_mode)
        mode = stat.S_IMODE(found.st_mode) & 0o777
        if kind == "link":
            return Thing(kind, target=shown(os.readlink(name, dir_fd=at)))
        if kind == "folder":
            return Thing(kind, mode)
        if kind == "other":
            return None
        with work.file(path, opening=True) as source:
            into = self._content(number)
            into.unlink(missing_ok=True)
            copy = os.open(into, NEW, 0o600)
            copied.append(into)
            try:
                copy_content(source, copy)
                if len(copied) <= ONE_BY_ONE:
                    os.fsync(copy)
            finally:
                os.close(copy)
        return Thing(kind, mode, number, found.st_size, found.st_mtime_ns)

    def _put(self, work: Descent, path: str, thing: Thing) -> None:
        *above, name = path.split("/")
        try:
            at = work.at(above)
        except OSError:
            if thing.kind:
                raise
            return  # the folder that held it is gone as a whole
        is_there = False
        with contextlib.suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=at, follow_symlinks=False)
            is_there = thing.kind == "folder" and stat.S_ISDIR(found.st_mode)
            if not is_there:
                work.forget([*above, name])
                tree.remove(Path(f"/proc/self/fd/{at}/{name}"))
        if thing.kind == "folder":
            if not is_there:
                os.mkdir(name, 0o700, dir_fd=at)
            folder = os.open(name, tree.FOLDER, dir_fd=at)
            try:
                self._give(folder, thing.mode)
            finally:
                os.close(folder)
        elif thing.kind == "link":
            os.symlink(meant(thing.target), name, dir_fd=at)
            if self.owner is not None:
                os.chown(name, self.owner, self.owner, dir_fd=at, follow_symlinks=False)
        elif thing.kind == "file":
            self._put_file(at, name, thing)

    def _put_file(self, at: int, name: str, thing: Thing) -> None:
        source = os.open(self._content(thing.content), READ)
        try:
            copy = os.open(name, NEW, 0o600, dir_fd=at)
            try:
                copy_content(source, copy)
                os.utime(copy, ns=(thing.time, thing.time))
                self._give(copy, thing.mode)
            finally:
                os.close(copy)
        finally:
            os.close(source)

    def _give(self, descriptor: int, mode: int) -> None:
        if self.owner is not None:
            os.fchown(descriptor, self.owner, self.owner)
        os.fchmod(descriptor, mode)
