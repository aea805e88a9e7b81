"""`python -m tektrad.trust.verify`: checks the log in a store, or an exported file, without the daemon.

It tells in JSON lines: `progress` (entries, share), last `done` (`ok`, and the first bad entry) or `failed`.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from tektrad.trust.chain import Broken, Chain
from tektrad.trust.entry import UNREADABLE
from tektrad.trust.exported import MAX_LINE, NotALog, Reader
from tektrad.trust.keys import AuditKey, PublicKey, UnsafeKey, read_key
from tektrad.trust.statements import Head, stated

EVERY = 20_000
"""Entries between two words of progress."""
PAGE = 2000

Progress = dict[str, Any]


class CannotVerify(Exception):
    """There is nothing that could be checked; the message says why."""


def main() -> int:
    """Check, tell, and end with 0; what was found is in the last line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path)
    parser.add_argument("--key-file", type=Path)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--public-key", type=PublicKey.parse)
    parser.add_argument("--head", type=Head.parse)
    given = parser.parse_args()
    try:
        if given.file is not None:
            steps = file_steps(given.file, given.public_key, given.head)
        else:
            steps = store_steps(given.store, read_key(given.key_file), given.head)
        for step in steps:
            _tell(step)
    except (CannotVerify, NotALog, UnsafeKey, OSError, sqlite3.Error) as error:
        _tell({"type": "failed", "message": str(error)})
    return 0


def store_steps(store: Path, key: AuditKey, known: Head | None) -> Iterator[Progress]:
    """Check the log in a store with the daemon's own key."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        connection.execute("BEGIN")  # one moment of the log, however much is written meanwhile
        first, total = connection.execute("SELECT min(number), count(*) FROM audit").fetchone()
        chain: Chain | None = None
        try:
            chain = Chain(_beginning(connection, first, key), key.public, key.sealing, known)
            rows = connection.execute("SELECT number, body, hash, seal FROM audit ORDER BY number")
            for number, body, hashed, seal in rows:
                chain.follow(number, _bytes(body), _bytes(hashed), _bytes(seal))
                if chain.entries % EVERY == 0:
                    yield {"type": "progress", "entries": chain.entries, "share": chain.entries / total}
            chain.end()
        except Broken as broken:
            yield _found(chain, key.public, broken)
        else:
            yield _found(chain, key.public)


def _beginning(connection: sqlite3.Connection, first: int | None, key: AuditKey) -> Head:
    """The head before the oldest entry: nothing, or what a signed statement says was removed."""
    if first is None or first == 1:
        return Head()
    rows = connection.execute("SELECT body FROM audit WHERE kind = 'audit.pruned' ORDER BY number DESC LIMIT 1")
    for (body,) in rows:
        try:
            entry = msgspec.json.decode(_bytes(body))
            head = stated("pruned", entry["details"], key.public)
        except (*UNREADABLE, KeyError, TypeError):
            head = None
        if head is not None:
            return head
    raise Broken(1, f"it is missing: the log begins with {first}, and nothing signed says that the rest was removed")


def _bytes(value: Any) -> bytes:
    """What a column holds, which somebody may have made anything."""
    return value if isinstance(value, bytes) else str(value).encode()


def file_steps(path: Path, trusted: PublicKey | None, known: Head | None) -> Iterator[Progress]:
    """Check an exported file with a public key."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise CannotVerify(f"{path} is not a file")
        size = os.fstat(opened).st_size or 1
        reader: Reader | None = None
        try:
            reader = Reader(file.readline(MAX_LINE), trusted, known)
            done = 0
            while line := file.readline(MAX_LINE):
                reader.read(line)
                done += 1
                if done % EVERY == 0:
                    yield {"type": "progress", "entries": done, "share": file.tell() / size}
            reader.end()
        except Broken as broken:
            yield _found(reader.chain if reader else None, reader.public if reader else trusted, broken)
        else:
            yield _found(reader.chain, reader.public)


def _found(chain: Chain | None, public: PublicKey | None, broken: Broken | None = None) -> Progress:
    """The last word: what was checked, and what is wrong."""
    signed = chain.signed if chain is not None else None
    return {
        "type": "done",
        "ok": broken is None,
        "entries": chain.entries if chain is not None else 0,
        "checkpoints": chain.checkpoints if chain is not None else 0,
        "head": str(chain.head) if chain is not None else None,
        "signed_through": signed.number if signed is not None else None,
        "public_key": public.text if public is not None else None,
        "first_bad": None if broken is None else {"number": broken.number, "why": broken.why},
    }


def _tell(event: Progress) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
