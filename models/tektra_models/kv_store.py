"""Attention states on disk: what a model computed for a conversation, for when it goes on after an unload or a restart.

One file holds one sequence of one owner, who alone gets it back: its tokens and llama.cpp's state of their cells. The
key names whatever the state depends on: the model's digest, llama.cpp's version, the cells' type. A file that is
damaged, foreign or of another key is never read into a model; damaged and foreign ones are removed. When there are more
bytes than allowed, the longest unused go.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from array import array
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from tektra_models.prefix import common_length

MAGIC = b"tektra-kv-2\n"
SUFFIX = ".kv"
MAX_HEAD = 64 << 20
LARGEST_SHARE = 2
"""A single state may take one part in this many of all bytes."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before a state: its tokens as native 32-bit integers, its size in bytes, and checksums of both."""

    key: str
    owner: str
    tokens: bytes
    tokens_checksum: bytes
    size: int
    checksum: bytes


@dataclass(frozen=True)
class Stored:
    """One state on disk."""

    path: Path
    tokens: list[int]
    size: int
    owner: str


class KvStore:
    """The states of one model in a folder that all models share; writes happen in a thread of its own."""

    def __init__(self, folder: Path, key: str, most: int) -> None:
        self._folder, self._most = folder, most
        self._key = hashlib.sha256(key.encode()).hexdigest()
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, "states")
        self._writes: list[Future[None]] = []
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._known = {stored.path: stored for stored in self._found()}
        self._coming: dict[Path, tuple[Stored, bytes]] = {}
        """What is being written."""
        self._failed: set[Path] = set()

    def best(self, tokens: list[int], owner: str = "") -> tuple[Stored | None, int]:
        """The owner's state that has the longest beginning in common with these tokens, and how long that is; also
        one that is still being written."""
        with self._lock:
            every = self._all()
        lengths = [(common_length(stored.tokens, tokens), stored) for stored in every if stored.owner == owner]
        length, stored = max(lengths, key=lambda pair: pair[0], default=(0, None))
        return (stored, length) if length else (None, 0)

    def holds(self, tokens: list[int], owner: str = "") -> bool:
        """Whether a state of the owner's of all these tokens is kept, or being written."""
        with self._lock:
            every = self._all()
        own = (stored for stored in every if stored.owner == owner)
        return any(common_length(stored.tokens, tokens) == len(tokens) for stored in own)

    def read(self, stored: Stored) -> bytes | None:
        """The state, as it was written; None, and the file is gone, when it is not that any more."""
        with self._lock:
            coming = self._coming.get(stored.path)
        if coming is not None:
            return coming[1]
        try:
            with stored.path.open("rb") as file:
                head = _read_head(file)
                data = file.read(head.size + 1)
            if (
                len(data) == head.size
                and _checksum(data) == head.checksum
                and (head.key, head.owner) == (self._key, stored.owner)
            ):
                os.utime(stored.path)
                return data
        except (OSError, ValueError, msgspec.MsgspecError):
            pass
        self._drop(stored.path)
        return None

    @property
    def writing(self) -> bool:
        """Whether a state is still being written."""
        return any(not write.done() for write in self._writes)

    def keep(self, tokens: list[int], data: bytes, owner: str = "") -> bool:
        """Write a state in the background, and remove those whose tokens it begins with.

        False if it is too large, or could not be written before.
        """
        name = hashlib.sha256(owner.encode() + b"\0" + array("i", tokens).tobytes()).hexdigest()[:24]
        stored = Stored(self._folder / f"{self._key[:16]}-{name}{SUFFIX}", tokens, len(data), owner)
        if len(data) * LARGEST_SHARE > self._most or stored.path in self._failed:
            return False
        with self._lock:
            own = [one for one in self._known.values() if one.owner == owner]
            shorter = [one.path for one in own if tokens[: len(one.tokens)] == one.tokens]
            self._coming[stored.path] = stored, data
        self._writes = [write for write in self._writes if not write.done()]
        self._writes.append(self._writer.submit(self._write, stored, data, shorter))
        return True

    def clear(self) -> None:
        """Remove all states of this model, once those under way are written."""
        self.settle()
        for path in list(self._known):
            self._drop(path)

    def settle(self) -> None:
        """Wait until everything is written."""
        for write in self._writes:
            write.result()

    def close(self) -> None:
        """Write what is under way, and no more."""
        self._writer.shutdown()

    def _write(self, stored: Stored, data: bytes, shorter: list[Path]) -> None:
        tokens = array("i", stored.tokens).tobytes()
        head = msgspec.msgpack.encode(
            Head(
                key=self._key,
                owner=stored.owner,
                tokens=tokens,
                tokens_checksum=_checksum(tokens),
                size=len(data),
                checksum=_checksum(data),
            )
        )
        part = stored.path.with_suffix(".part")
        try:
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.writelines((MAGIC, len(head).to_bytes(8, "big"), head, data))
            part.replace(stored.path)
        except OSError:  # a full disk must not end an answer: without the state it is computed again
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            with self._lock:
                self._coming.pop(stored.path, None)
                self._failed.add(stored.path)
            return
        with self._lock:
            self._coming.pop(stored.path, None)
            self._known[stored.path] = stored
        for path in shorter:
            if path != stored.path:
                self._drop(path)
        self._make_room()

    def _all(self) -> list[Stored]:
        """Every state that there is, or is going to be; with the lock."""
        return [*self._known.values(), *(stored for stored, _ in self._coming.values())]

    def _make_room(self) -> None:
        """Let the longest unused states go, of whatever model, until the rest fits."""
        files: list[tuple[float, int, Path]] = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._most:
                return
            self._drop(path)
            total -= size

    def _drop(self, path: Path) -> None:
        with self._lock:
            self._known.pop(path, None)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    def _found(self) -> Iterator[Stored]:
        """What earlier workers kept; files that are none of ours by their contents are removed."""
        for path in self._folder.glob(f"{self._key[:16]}-*.part"):
            path.unlink(missing_ok=True)
        for path in self._folder.glob(f"{self._key[:16]}-*{SUFFIX}"):
            try:
                with path.open("rb") as file:
                    head = _read_head(file)
                if head.key == self._key:
                    yield Stored(path, array("i", head.tokens).tolist(), head.size, head.owner)
                    continue
            except (OSError, ValueError, msgspec.MsgspecError):
                pass
            with contextlib.suppress(OSError):
                path.unlink()


def _read_head(file: IO[bytes]) -> Head:
    """Raises OSError, ValueError or MsgspecError."""
    if file.read(len(MAGIC)) != MAGIC:
        raise ValueError("no state")
    length = int.from_bytes(file.read(8), "big")
    if length > MAX_HEAD:
        raise ValueError("no head is so long")
    head = msgspec.msgpack.decode(file.read(length), type=Head)
    if _checksum(head.tokens) != head.tokens_checksum or len(head.tokens) % array("i").itemsize:
        raise ValueError("other tokens than were written")
    return head


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
