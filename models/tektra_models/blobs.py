"""Writing to the disk that may be full: copies, renames that last, and errors that say what was kept."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tektra_models.errors import DiskFull, ModelError, PermissionDenied
from tektra_models.gguf import open_regular

CHUNK = 4 * 1024 * 1024

_NO_SPACE = (DiskFull, "Free some space there, or remove a model: tektra models rm NAME")
_TOO_LARGE = (DiskFull, "No file may be so large there; see the limit with: ulimit -f")
_NOT_OURS = (PermissionDenied, "See who may write there: ls -ld, or choose another place with TEKTRA_DATA_DIR.")
_READ_ONLY = (PermissionDenied, "Make it writable, or choose another place with TEKTRA_DATA_DIR.")
_CAUSES: dict[int | None, tuple[type[ModelError], str]] = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EFBIG: _TOO_LARGE,
    errno.EACCES: _NOT_OURS,
    errno.EPERM: _NOT_OURS,
    errno.EROFS: _READ_ONLY,
}


def copy_hashed(source: Path, target: IO[bytes], progress: Callable[[int, int], None]) -> str:
    """Copy a regular file into an open one and onto the disk; returns its SHA-256."""
    directory = Path(target.name).parent
    digest = hashlib.sha256()
    done = 0
    with os.fdopen(open_regular(source), "rb", buffering=0) as file:
        total = os.fstat(file.fileno()).st_size
        ensure_room(directory, total, source.name)
        try:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                target.write(chunk)
                done += len(chunk)
                progress(done, total)
            target.flush()
            os.fsync(target.fileno())
        except OSError as exc:
            raise write_failed(exc, directory, "Nothing was kept.") from exc
    return digest.hexdigest()


@contextmanager
def temporary_blob(blobs: Path) -> Iterator[IO[bytes]]:
    """An open file in `blobs` that is gone afterwards unless it was renamed."""
    # Each copy holds a lock on its own file, so what is not locked was left by a process that died.
    for stale in blobs.glob(".copy-*"):
        _unlink_if_unlocked(stale)
    try:
        temp = tempfile.NamedTemporaryFile(dir=blobs, prefix=".copy-", delete=False)  # noqa: SIM115  closed below
    except OSError as exc:
        raise write_failed(exc, blobs) from exc
    try:
        fcntl.flock(temp, fcntl.LOCK_EX)
        yield temp
    finally:
        Path(temp.name).unlink(missing_ok=True)
        _close(temp)


def replace_text(path: Path, text: bytes) -> None:
    """Write a small file so that after a crash there is the old one or the new one, whole."""
    temp = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as temp:
            temp.write(text)
            temp.flush()
            os.fsync(temp.fileno())
        Path(temp.name).replace(path)
        sync_directory(path.parent)
    except OSError as exc:
        if temp is not None:
            Path(temp.name).unlink(missing_ok=True)
        raise write_failed(exc, path.parent) from exc


def sync_directory(path: Path) -> None:
    """Make a rename in this directory survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def ensure_room(directory: Path, needed: int, what: str) -> None:
    """Raise DiskFull with both numbers when the disk cannot hold that much more."""
    free = shutil.disk_usage(directory).free
    if needed > free:
        raise DiskFull(
            f"{what} needs {needed:,} bytes more, and {free:,} are free in {directory}.",
            _NO_SPACE[1],
        )


def write_failed(exc: OSError, where: Path, kept: str = "") -> ModelError:
    """Say that a write failed, and what to do about its cause: a full disk, a forbidden place, or anything else."""
    kind, hint = _CAUSES.get(exc.errno, (ModelError, "See whether that place is what you expect: ls -ld"))
    return kind(f"Writing to {where} failed: {exc.strerror or exc}. {kept}".rstrip(), hint)


def sweep_downloads(blobs: Path, before: float) -> tuple[str, ...]:
    """Remove unfinished downloads that nobody went on with since `before` (seconds of the epoch), and say which.

    One under way is locked, and stays. Raises a ModelError where the folder does not allow it.
    """
    swept = []
    for part in blobs.glob("*.part"):
        with contextlib.suppress(FileNotFoundError):
            status = part.lstat()
            abandoned = stat.S_ISREG(status.st_mode) and status.st_mtime < before
            if abandoned and _unlink_if_unlocked(part, blobs / f"{part.name}.json"):
                swept.append(part.name)
    return tuple(swept)


def _unlink_if_unlocked(path: Path, note: Path | None = None) -> bool:
    """Remove a file, and its note, while nobody else can have the lock; whether it was removed."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if note is not None:
                note.unlink(missing_ok=True)
            path.unlink()
    except OSError as exc:
        if exc.errno not in (errno.ENOENT, errno.EWOULDBLOCK):
            raise write_failed(exc, path.parent) from exc
        return False
    return True


def _close(temp: IO[bytes]) -> None:
    try:
        temp.close()
    except OSError as exc:  # closing writes what is buffered, and the disk may be full for that too
        if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
