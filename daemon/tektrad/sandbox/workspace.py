"""A private copy of a folder for a program to change, and the way back: what differs, and writing that back."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tektrad.clock import Clock
from tektrad.errors import Busy, Forbidden, InvalidRequest, StoreFull, WorkspaceConflict
from tektrad.sandbox import copying, identity, tree
from tektrad.sandbox.applying import Applied, Applying, lies, marks, nearest
from tektrad.sandbox.changes import Change, Changes, compared
from tektrad.sandbox.copying import Copier
from tektrad.sandbox.descent import HERE, Descent, beneath
from tektrad.sandbox.diffs import TEXT_BYTES, Differ
from tektrad.sandbox.extent import Extent, LeftOut, Said
from tektrad.sandbox.fitting import chosen
from tektrad.sandbox.kept import Kept
from tektrad.sandbox.naming import meant, shown
from tektrad.sandbox.place import Beginning, Journal, Place
from tektrad.sandbox.plan import Choice, Conflict, Conflicting, Plan, is_there, plan, selected
from tektrad.sandbox.snapshot import Side
from tektrad.sandbox.uninterrupted import uninterrupted

T = TypeVar("T")
FULL = {errno.ENOSPC, errno.EDQUOT}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class _NotWanted(Exception):
    """Whoever waited for it has gone away."""


class Workspace:
    """The copy of one folder: `base` as it was at the start, and `work`, which programs change."""

    def __init__(self, place: Place, beginning: Beginning, clock: Clock) -> None:
        self._place = place
        self._beginning = beginning
        self._clock = clock
        owner = identity.SANDBOX_ID if identity.is_root() else None
        self._kept = Kept(place.kept, place.work, beginning.extent, owner)
        self._turn = asyncio.Lock()

    @property
    def work(self) -> Path:
        """What programs change."""
        return self._place.work

    @property
    def original(self) -> Path:
        """What it is the copy of."""
        return Path(meant(self._beginning.original))

    @property
    def left_out(self) -> list[LeftOut]:
        """What of the original is not in the copy, and why."""
        return self._beginning.left_out

    @classmethod
    async def open(cls, original: Path, place: Path, extent: Extent, clock: Clock) -> Workspace:
        """The copy of a folder in a place of its own: made, or made anew if that was interrupted, or the one there.

        Raises WorkspaceTooLarge, Busy where files do not stop changing, StoreFull, Forbidden and InvalidRequest.
        """

        def work(go_on: copying.GoOn) -> Workspace:
            real = original.resolve()
            with _told(real):
                there = Place(place.resolve())
                beginning = there.read(there.beginning, Beginning) or _begun(real, there, extent, go_on)
                if beginning.original != shown(str(real)):
                    raise InvalidRequest(f"{place} is a workspace of {beginning.original}", "Choose another place.")
                workspace = cls(there, beginning, clock)
                workspace._restored(go_on, only_if_unfinished=True)
                return workspace

        return await _going_through(work)

    @classmethod
    async def found(cls, place: Path, clock: Clock) -> Workspace | None:
        """The workspace that a place holds, or None where making it was never finished."""

        def work(_: copying.GoOn) -> Workspace | None:
            there = Place(place.resolve())
            beginning = there.read(there.beginning, Beginning)
            return cls(there, beginning, clock) if beginning else None

        return await _going_through(work)

    async def fork(self, place: Path, steps: Collection[str]) -> Workspace:
        """Another workspace, of the same start, as this one was after the last of these steps that it kept.

        Raises InvalidRequest where that is not kept any more, StoreFull and OSError.
        """

        def work(go_on: copying.GoOn) -> Workspace:
            there = Place(place.resolve())
            with _told(there.folder):
                _cleared(there.folder)
                there.folder.mkdir(mode=0o755 if identity.is_root() else 0o700)
                Workspace(there, self._beginning, self._clock)._kept.take(self._kept, steps)
                Copier(copying.BASE, None, Said(), go_on).copy(self._place.base, there.base)
                there.settle_all()
                there.write(there.beginning, self._beginning)
            return Workspace(there, self._beginning, self._clock)

        async with self._turn:
            return await _going_through(work)

    async def restore(self) -> None:
        """Make `work` what it was at the start, whatever became of it; raises StoreFull and OSError."""
        async with self._turn:
            await _going_through(self._restored)

    async def look(self) -> None:
        """Notice how `work` is now, so that `keep` sees what a step changes; raises OSError."""
        async with self._turn:
            await _going_through(lambda _: self._watched(self._kept.look))

    async def keep(self, step: str, said: Any) -> None:
        """Keep how `work` is now, with a JSON value that the step said; both or neither. Nothing runs in it meanwhile.

        Raises WorkspaceTooLarge, StoreFull and OSError.
        """
        async with self._turn:
            await _going_through(lambda _: self._watched(lambda: self._kept.keep(step, said)))

    async def put_back(self) -> tuple[str, Any]:
        """Make `work` what it was when it was kept last, or at the start; which step that was, and what it said.

        Raises StoreFull and OSError.
        """

        def work(go_on: copying.GoOn) -> tuple[str, Any]:
            self._restored(go_on)
            self._watched(self._kept.put_back)
            return self._kept.step, self._kept.said

        async with self._turn:
            return await _going_through(work)

    async def settle(self) -> None:
        """Wait until the disk has what programs left; raises OSError."""
        await uninterrupted(asyncio.to_thread(self._place.settle_all))

    async def changes(self) -> Changes:
        """What differs from the start; raises WorkspaceTooLarge and OSError."""
        async with self._turn:
            return await _going_through(self._compared)

    async def waiting(self) -> list[Change]:
        """What could be applied and is not so in the original; raises as `changes` does, and InvalidRequest."""
        async with self._turn:
            return await _going_through(self._waiting)

    async def apply(
        self,
        paths: Collection[str] | None = None,
        *,
        seen: str | None = None,
        choices: Mapping[str, Choice] | None = None,
        with_ignored: bool = False,
    ) -> Applied:
        """Write changes into the original: these, or all that may be. Nothing is written where one of them conflicts.

        `seen` is the digest of the changes that somebody agreed to. Raises Conflicting, WorkspaceConflict, Busy,
        StoreFull, Forbidden and InvalidRequest.
        """
        async with self._turn:
            return await _going_through(lambda go_on: self._applied(paths, seen, choices or {}, with_ignored, go_on))

    async def resume(self) -> Applied | None:
        """Finish what was being applied when the daemon ended, or undo what was only prepared: then, and else, None."""
        async with self._turn:
            return await _going_through(lambda _: self._resumed())

    async def drop(self) -> None:
        """Forget it; what was being applied is finished first."""
        async with self._turn:
            await _going_through(lambda _: self._dropped())

    def _watched(self, work: Callable[[], None]) -> None:
        with _told(self._place.work):
            work()

    def _compared(self, go_on: copying.GoOn) -> Changes:
        self._restored(go_on, only_if_unfinished=True)
        return compared(self._place.base, self._place.work, self._beginning.extent, go_on)

    def _waiting(self, go_on: copying.GoOn) -> list[Change]:
        changes = self._compared(go_on).changes
        with _told(self.original), beneath(self.original) as original:
            possible = [each for each in changes if not each.refused]
            return [each for each in possible if not is_there(each, lies(original, meant(each.path)))]

    def _restored(self, go_on: copying.GoOn, only_if_unfinished: bool = False) -> None:
        place = self._place
        if only_if_unfinished and place.ready.exists():
            return
        place.remove(place.ready)
        _emptied(place.work)
        with _told(place.work):
            _copied(place, go_on)
            place.settle_all()
            place.write(place.ready, {})

    def _applied(
        self,
        paths: Collection[str] | None,
        seen: str | None,
        choices: Mapping[str, Choice],
        with_ignored: bool,
        go_on: copying.GoOn,
    ) -> Applied:
        self._resumed()
        changes = self._compared(go_on)
        if seen is not None and seen != changes.digest:
            raise WorkspaceConflict(
                "the workspace is not what was looked at", "Look at its changes again, then apply them."
            )
        wanted = selected(changes.changes, paths, with_ignored)
        with _told(self.original), beneath(self.original) as original, beneath(self._place.work) as work:
            known: dict[str, Side | None] = {}
            before = marks(original, [each.path for each in wanted])

            def now(path: str) -> Side | None:
                if path not in known:
                    go_on()
                    known[path] = lies(original, meant(path))
                return known[path]

            planned, conflicts = plan(wanted, now, lambda path, known: _unknown(original, path, known), choices)
            if conflicts:
                differ = Differ()
                raise Conflicting([self._explained(each, original, differ) for each in conflicts])
            return self._written(planned, before, original, work, go_on)

    def _written(
        self,
        planned: Plan,
        before: Mapping[str, tuple[int, ...]],
        original: Descent,
        work: Descent,
        go_on: copying.GoOn,
    ) -> Applied:
        theirs = [LeftOut(path, "the original's was taken") for path in planned.theirs]
        if not planned.operations:
            return Applied([], planned.already, theirs)
        place = self._place
        name = self._clock.new_id()
        operations = [
            msgspec.structs.replace(
                each, temporary=f".tektra-{name}-{number}", beside=shown(nearest(original, meant(each.path)))
            )
            if each.do == "put"
            else each
            for number, each in enumerate(planned.operations)
        ]
        applying = Applying(original, operations)
        place.write(place.preparing, Journal(operations, planned.already))
        try:
            applying.prepare(work, go_on)
            if marks(original, before) != before:
                raise Busy(f"{self.original} changed while this was prepared, and nothing was applied", "Try again.")
        except BaseException:
            applying.undo()
            place.remove(place.preparing)
            raise
        place.commit()
        done, kept = applying.commit()
        place.remove(place.committing)
        return Applied(done, planned.already, [*theirs, *kept], kept)

    def _resumed(self) -> Applied | None:
        place = self._place
        if (journal := place.read(place.preparing, Journal)) is not None:
            with _told(self.original), beneath(self.original) as original:
                Applying(original, journal.operations).undo()
            place.remove(place.preparing)
        if (journal := place.read(place.committing, Journal)) is None:
            return None
        with _told(self.original), beneath(self.original) as original:
            done, kept = Applying(original, journal.operations).commit()
        place.remove(place.committing)
        return Applied(done, journal.already, kept, kept)

    def _explained(self, conflict: Conflict, original: Descent, differ: Differ) -> Conflict:
        """With what the original's side did, as a diff."""
        with beneath(self._place.base) as base:
            before = _text(base, conflict.path, conflict.base)
            after = _text(original, conflict.path, conflict.original)
        if before is None and after is None:
            return conflict
        if any(side and side.kind == "file" and text is None
               for side, text in ((conflict.base, before), (conflict.original, after))):  # fmt: skip
            return conflict
        return msgspec.structs.replace(conflict, theirs=differ.diff(conflict.path, before, after).text)

    def _dropped(self) -> None:
        with contextlib.suppress(InvalidRequest):  # there is no original any more in which anything could be finished
            self._resumed()
        self._place.remove(self._place.beginning)
        _cleared(self._place.folder)


def _begun(original: Path, place: Place, extent: Extent, go_on: copying.GoOn) -> Beginning:
    """Make the place, the base in it, and the work."""
    if place.folder.is_relative_to(original) or original.is_relative_to(place.folder):
        raise InvalidRequest(
            f"{place.folder} and {original} lie in each other", "Choose a folder that does not hold it."
        )
    if place.folder.exists() and any(name not in place.names for name in os.listdir(place.folder)):  # noqa: PTH208
        raise InvalidRequest(f"{place.folder} holds something else", "Choose another place.")
    _cleared(place.folder)
    said = Said()
    with beneath(original) as folder:
        without = chosen(original, folder, extent, said)
    place.folder.mkdir(mode=0o700, parents=True)
    try:
        Copier(copying.BASE, extent, said, go_on).copy(original, place.base, without)
        _copied(place, go_on)
        place.settle_all()
        if identity.is_root():
            place.folder.chmod(0o755)  # programs are another user's, who has to get to work, but not to base
        beginning = Beginning(shown(str(original)), extent, said.told())
        place.write(place.beginning, beginning)
        place.write(place.ready, {})
    except BaseException:
        _cleared(place.folder)
        raise
    return beginning


def _copied(place: Place, go_on: copying.GoOn) -> None:
    owner = identity.SANDBOX_ID if identity.is_root() else None
    Copier(copying.work(owner), None, Said(), go_on).copy(place.base, place.work)


def _cleared(folder: Path) -> None:
    """Nothing is there any more; raises OSError."""
    tree.remove(folder)
    if os.path.lexists(folder):
        raise OSError(errno.ENOTEMPTY, "it cannot be removed", str(folder))


def _emptied(folder: Path) -> None:
    """Nothing is in it any more, but it is the same folder: a program may wait in it. Raises OSError."""
    if folder.is_symlink() or not folder.is_dir():
        _cleared(folder)
        return
    for name in os.listdir(folder):  # noqa: PTH208
        _cleared(folder / name)


def _unknown(original: Descent, path: str, known: Collection[str]) -> str:
    """Something in a folder of the original that is not among these paths."""
    for entry in tree.entries(HERE, lambda *_: None, at=original.at(meant(path).split("/"))):
        name = f"{path}/{shown('/'.join(entry.path))}"
        if name not in known:
            return name
    return ""


def _text(folder: Descent, path: str, side: Side | None) -> str | None:
    if side is None or side.kind != "file" or side.size > TEXT_BYTES:
        return None
    try:
        with folder.file(meant(path)) as file:
            text = os.pread(file, TEXT_BYTES, 0).decode()
            return None if "\0" in text else text
    except (OSError, UnicodeDecodeError):
        return None


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the system says, in our words."""
    try:
        yield
    except OSError as error:
        name = str(folder)
        if isinstance(error.filename, str | bytes | os.PathLike):
            name += f": {os.fsdecode(error.filename)}"
        if error.errno in FULL:
            raise StoreFull(f"there is no room left on the disk ({shown(name)})", "Free some space there.") from error
        if error.errno in CLOSED:
            why = f"{shown(name)}: {error.strerror}"
            raise Forbidden(why, "Let the daemon's user read and change it.") from error
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
            raise InvalidRequest(
                f"{shown(str(folder))} is not a folder, or its path has a link in it by now", "Put it back."
            ) from error
        raise


async def _going_through(work: Callable[[copying.GoOn], T]) -> T:
    """Work in a thread. A cancellation ends it where that leaves nothing half done, and is raised when it has ended."""
    unwanted = threading.Event()

    def go_on() -> None:
        if unwanted.is_set():
            raise _NotWanted

    return await uninterrupted(asyncio.to_thread(work, go_on), unwanted.set)
