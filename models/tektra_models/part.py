"""The unfinished file of a download: `blobs/<sha256>.part`, which outlives the process that began it.

Beside it lies a small JSON that says for people and for the next process what it will become. One process at a time
holds its lock. Bytes are hashed as they are written; what an earlier process left is hashed once at the start.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from pathlib import Path
from types import TracebackType

import msgspec

from tektra_models.blobs import sync_directory, write_failed
from tektra_models.errors import DigestMismatch, PullBusy
from tektra_models.hub import HubFile

CHUNK = 4 * 1024 * 1024
KEPT = "What had arrived is kept; once there is room, run the same command again to go on."


class PartFile:
    """A context manager that holds the lock; methods may run in threads, also while another closes it."""

    def __init__(self, blobs: Path, file: HubFile) -> None:
        self.file = file
        self.path = blobs / f"{file.sha256}.part"
        self.size = 0
        self._note = blobs / f"{file.sha256}.part.json"
        self._digest = hashlib.sha256()
        # A cancelled download closes this while its last write may still be under way in a thread.
        self._lock = threading.Lock()
        self._fd = -1

    def __enter__(self) -> PartFile:
        try:
            self._fd = self._open_locked()
            self._check_note()
        except OSError as exc:
            self.__exit__(None, None, None)
            raise write_failed(exc, self.path.parent) from exc
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def rehash(self) -> None:
        """Continue the digest over the bytes that an earlier process left."""
        with self._lock:
            self._digest = hashlib.sha256()
            self.size = 0
            while chunk := os.pread(self._fd, CHUNK, self.size):
                self._digest.update(chunk)
                self.size += len(chunk)

    def write(self, data: bytes | bytearray) -> None:
        """Append bytes; raises DiskFull and keeps what fitted."""
        with self._lock, memoryview(data) as view:
            done = 0
            while done < len(view):
                try:
                    written = os.pwrite(self._fd, view[done:], self.size)
                except OSError as exc:
                    raise write_failed(exc, self.path.parent, KEPT) from exc
                self._digest.update(view[done : done + written])
                done += written
                self.size += written

    def start_over(self) -> None:
        """Drop all bytes, since the server cannot continue where they end."""
        with self._lock:
            os.ftruncate(self._fd, 0)
            self._digest = hashlib.sha256()
            self.size = 0

    def verify(self) -> None:
        """Make sure that the bytes are on the disk and are the promised ones; else they are dropped."""
        with self._lock:
            try:
                os.fsync(self._fd)
            except OSError as exc:
                raise write_failed(exc, self.path.parent, KEPT) from exc
        if (found := self._digest.hexdigest()) != self.file.sha256:
            self.drop()
            raise DigestMismatch(
                f"{self.file.file} arrived with SHA-256 {found}, and the hub promised {self.file.sha256}. "
                "It was thrown away.",
                "Run the same command again; if it happens again, the hub's file is damaged: tell its owner.",
            )

    def drop(self) -> None:
        """Remove the file and its note."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self, blob: Path) -> None:
        """Give the verified file its final name."""
        try:
            self.path.replace(blob)
            sync_directory(blob.parent)
        except OSError as exc:
            raise write_failed(exc, blob.parent, KEPT) from exc
        self._note.unlink(missing_ok=True)

    def _open_locked(self) -> int:
        while True:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever had the lock may have finished and renamed the file in between.
                if _is_open_file(fd, self.path):
                    return fd
            except BlockingIOError as exc:
                os.close(fd)
                raise PullBusy(
                    f"{self.file.file} is being pulled already.", "Wait for the other pull, or stop it."
                ) from exc
            os.close(fd)

    def _check_note(self) -> None:
        # Bytes under this digest can only be the beginning of one file, so anything that disagrees is not ours.
        self.size = os.fstat(self._fd).st_size
        try:
            known = msgspec.json.decode(self._note.read_bytes(), type=HubFile)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            known = None
        if known is None or known.size_bytes != self.file.size_bytes or self.size > self.file.size_bytes:
            os.ftruncate(self._fd, 0)
            self.size = 0
            self._note.write_bytes(msgspec.json.encode(self.file))


def _is_open_file(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False
