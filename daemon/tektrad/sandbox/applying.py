"""Changes written into the original: prepared aside first, then put in place one by one, whatever interrupts it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable

import msgspec

from tektrad.errors import Busy
from tektrad.sandbox import identity
from tektrad.sandbox.copying import BASE, NEW, Copier, GoOn
from tektrad.sandbox.descent import READ, Descent
from tektrad.sandbox.extent import LeftOut, Said
from tektrad.sandbox.naming import meant
from tektrad.sandbox.plan import Operation
from tektrad.sandbox.snapshot import Side, digest, side

CHANGED = "it changed at the last moment"
NO_WAY = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


class Applied(msgspec.Struct, frozen=True):
    """What was done, what was so already, and what is not as the workspace has it, and why."""

    done: list[str]
    already: list[str]
    kept: list[LeftOut]
    failed: list[LeftOut] = []
    """Of these, what was wanted and could not be done at the last moment."""


class _Kept(Exception):
    """Why something stays as it is."""


def lies(original: Descent, path: str) -> Side | None:
    """What lies at a path; None also where no folder leads there any more. Raises OSError."""
    try:
        return side(original, path)
    except OSError as error:
        if error.errno in NO_WAY:
            return None
        raise


def nearest(original: Descent, path: str) -> str:
    """The folder that something lies in, or the next one above it that is there."""
    names = path.split("/")[:-1]
    while names:
        try:
            original.at(names)
            break
        except OSError as error:
            if error.errno not in NO_WAY:
                raise
            names.pop()
    return "/".join(names)


def marks(original: Descent, paths: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """What tells whether anything there has changed since."""
    found: dict[str, tuple[int, ...]] = {}
    for path in paths:
        *above, name = meant(path).split("/")
        with contextlib.suppress(OSError):
            now = os.stat(name, dir_fd=original.at(above), follow_symlinks=False)
            found[path] = (now.st_ino, stat.S_IFMT(now.st_mode))
            if not stat.S_ISDIR(now.st_mode):  # what is prepared changes the times of folders
                found[path] += (now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    return found


class Applying:
    """Operations upon one folder; each can be done again, and then does nothing."""

    def __init__(self, original: Descent, operations: Iterable[Operation]) -> None:
        self._original = original
        self._operations = list(operations)
        self._touched: set[str] = set()

    def prepare(self, workspace: Descent, go_on: GoOn) -> None:
        """Write all that is to be put in place, beside its place; raises OSError, Busy, and what `go_on` does."""
        copier = Copier(BASE, None, Said(), go_on)
        for each in self._operations:
            go_on()
            if each.do == "put" and each.after is not None:
                if each.after.kind == "link":
                    self._prepare_link(each, each.after)
                else:
                    self._prepare_file(each, each.after, workspace, copier)
                self._touched.add(each.beside)
        self._settle()

    def undo(self) -> None:
        """Remove what was prepared; raises OSError."""
        for each in self._operations:
            if each.temporary:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    os.unlink(each.temporary, dir_fd=self._beside(each))
                    self._touched.add(each.beside)
        self._settle()

    def commit(self) -> tuple[list[str], list[LeftOut]]:
        """Do all that was prepared: what was done, and what was not and why. Goes on behind what fails."""
        done: list[str] = []
        kept: dict[str, str] = {}
        for each in self._operations:
            try:
                self._do(each)
                done.append(each.path)
            except _Kept as error:
                kept[each.path] = str(error)
            except OSError as error:
                kept[each.path] = CHANGED if error.errno in NO_WAY else (error.strerror or str(error))
            if each.path in kept and each.temporary:
                with contextlib.suppress(OSError):
                    os.unlink(each.temporary, dir_fd=self._beside(each))
        self._settle()
        return [path for path in dict.fromkeys(done) if path not in kept], [LeftOut(*each) for each in kept.items()]

    def _prepare_link(self, each: Operation, after: Side) -> None:
        at = self._beside(each)
        os.symlink(meant(after.target), each.temporary, dir_fd=at)
        if identity.is_root():
            folder = os.fstat(at)
            os.chown(each.temporary, folder.st_uid, folder.st_gid, dir_fd=at, follow_symlinks=False)

    def _prepare_file(self, each: Operation, after: Side, workspace: Descent, copier: Copier) -> None:
        there = self._existing(each)
        at = self._beside(each)
        mode = 0o600 if there else 0o777 if after.executable else 0o666  # as far as the umask lets it be
        file = os.open(each.temporary, NEW, mode, dir_fd=at)
        try:
            with workspace.file(meant(each.path), opening=True) as source:
                copier.content(source, file, os.fstat(source))
            if digest(file)[0] != after.sha256:
                raise Busy(f"{each.path} changed in the workspace while it was applied", "Try again.")
            mine = os.fstat(file)
            owner = there or (os.fstat(at) if identity.is_root() else mine)
            if (mine.st_uid, mine.st_gid) != (owner.st_uid, owner.st_gid):
                os.fchown(file, owner.st_uid, owner.st_gid)
            if there:
                os.fchmod(file, _executable(stat.S_IMODE(there.st_mode) & 0o777, after.executable))
            os.fsync(file)
        finally:
            os.close(file)

    def _existing(self, each: Operation) -> os.stat_result | None:
        """The file that is to be replaced."""
        if each.before is None or each.before.kind != "file":
            return None
        name, at = self._place(each)
        return os.stat(name, dir_fd=at, follow_symlinks=False)

    def _do(self, each: Operation) -> None:
        if each.do == "put":
            self._put(each)
        elif each.do == "make":
            self._make(each)
        elif each.do == "mode":
            self._mode(each)
        else:
            self._remove(each)
        self._touched.add(_folder(each.path))

    def _put(self, each: Operation) -> None:
        aside = os.dup(self._beside(each))
        try:
            now = lies(self._original, meant(each.path))
            is_prepared = _is_there(each.temporary, aside)
            is_as_it_was = now is None if each.before is None else now is not None and now.is_like(each.before)
            if is_prepared and is_as_it_was:
                name, at = self._place(each)
                if now is None:
                    _put_new(each.temporary, aside, name, at)
                else:
                    os.rename(each.temporary, name, src_dir_fd=aside, dst_dir_fd=at)
                self._touched.add(each.beside)
            elif now is None or not now.is_like(each.after):
                raise _Kept(CHANGED)
            elif is_prepared:  # and is in its place too: this was interrupted between the two
                os.unlink(each.temporary, dir_fd=aside)
                self._touched.add(each.beside)
        finally:
            os.close(aside)

    def _make(self, each: Operation) -> None:
        name, at = self._place(each)
        try:
            os.mkdir(name, dir_fd=at)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
                raise _Kept(CHANGED) from None
        if identity.is_root():
            above, own = os.fstat(at), os.stat(name, dir_fd=at, follow_symlinks=False)
            if own.st_uid == 0 != above.st_uid:
                os.chown(name, above.st_uid, above.st_gid, dir_fd=at, follow_symlinks=False)

    def _mode(self, each: Operation) -> None:
        name, at = self._place(each)
        file = os.open(name, READ, dir_fd=at)
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode) or each.after is None or digest(file)[0] != each.after.sha256:
                raise _Kept(CHANGED)
            mode = stat.S_IMODE(found.st_mode)
            if mode != (wanted := _executable(mode, each.after.executable)):
                os.fchmod(file, wanted)
                os.fsync(file)
        finally:
            os.close(file)

    def _remove(self, each: Operation) -> None:
        now = lies(self._original, meant(each.path))
        if now is None:
            return
        if not now.is_like(each.before):
            raise _Kept(CHANGED)
        name, at = self._place(each)
        if now.kind != "folder":
            os.unlink(name, dir_fd=at)
            return
        self._original.forget(meant(each.path).split("/"))
        try:
            os.rmdir(name, dir_fd=at)
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                raise _Kept("it still holds something") from error
            raise

    def _place(self, each: Operation) -> tuple[str, int]:
        """The name of something, and the open folder that it lies in; raises OSError."""
        *above, name = meant(each.path).split("/")
        return name, self._original.at(above)

    def _beside(self, each: Operation) -> int:
        return self._original.at(_names(each.beside))

    def _settle(self) -> None:
        """Wait until the disk has the names in all folders that were touched."""
        for path in sorted(self._touched):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.fsync(self._original.at(_names(path)))
        self._touched.clear()


def _names(path: str) -> list[str]:
    return meant(path).split("/") if path else []


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _executable(mode: int, wanted: bool) -> int:
    """For whoever may read it; or for nobody."""
    if bool(mode & 0o100) == wanted:
        return mode
    return mode | (mode & 0o444) >> 2 if wanted else mode & ~0o111


def _is_there(name: str, at: int) -> bool:
    try:
        os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _put_new(temporary: str, aside: int, name: str, at: int) -> None:
    """Put something where nothing is; if something has come there meanwhile, that stays."""
    try:
        os.link(temporary, name, src_dir_fd=aside, dst_dir_fd=at, follow_symlinks=False)
        os.unlink(temporary, dir_fd=aside)
    except FileExistsError:
        raise _Kept(CHANGED) from None
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.rename(temporary, name, src_dir_fd=aside, dst_dir_fd=at)
