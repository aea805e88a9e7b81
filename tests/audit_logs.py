"""Audit logs for tests, of entries as a daemon writes them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from tektrad.clock import Clock
from tektrad.store.db import Store
from tektrad.trust.audit import AuditLog
from tektrad.trust.chain import Chain
from tektrad.trust.entry import CHECKPOINT, Entry, body_of, hash_of, seal_of
from tektrad.trust.exported import Export, Reader
from tektrad.trust.keys import AuditKey, make_key, read_key
from tektrad.trust.statements import Head, statement

TIME = "2026-11-22T05:03:02.016762Z"
KEY = AuditKey(bytes(range(32)))
OTHER_KEY = AuditKey(bytes(32))


@dataclass(frozen=True)
class Row:
    """An entry as the store holds it."""

    number: int
    body: bytes
    hash: bytes
    seal: bytes


def written(count: int, checkpoint_every: int = 100, key: AuditKey = KEY) -> list[Row]:
    """A log of so many entries, a checkpoint among them now and then."""
    rows: list[Row] = []
    head = Head()
    while len(rows) < count:
        number = head.number + 1
        if number % checkpoint_every:
            details = {"model": "tektra-starter", "prompt_tokens": number, "said": 'Grüße, "x" \\ \n'}
            act = Entry(kind="model.call", uid=1000, act=f"act{number}", details=details)
        else:
            act = Entry(kind=CHECKPOINT, uid=None, details=statement("checkpoint", key, head))
        body = body_of(act, TIME)
        hashed = hash_of(head.hash, number, body)
        rows.append(Row(number, body, hashed, seal_of(key.sealing, hashed)))
        head = Head(number, hashed)
    return rows


def new_log(store: Store, clock: Clock, folder: Path) -> AuditLog:
    """A log in a store, with the key in a folder, made where there is none."""
    place = folder / "audit.key"
    return AuditLog(store, clock, read_key(place) if place.exists() else make_key(place, folder / "audit.pub"))


def follow(rows: list[Row], known: Head | None = None, *, sealed: bool = True) -> Chain:
    """Check a log from its first entry; raises Broken."""
    chain = Chain(Head(), KEY.public, KEY.sealing if sealed else None, known)
    for row in rows:
        chain.follow(row.number, row.body, row.hash, row.seal)
    chain.end()
    return chain


def exported(rows: list[Row], after: Head = Head(), key: AuditKey = KEY) -> bytes:  # noqa: B008  a frozen value
    """A log as an exported file."""
    file = Export(key, after, TIME)
    lines = [file.line(row.number, row.body, row.hash) for row in rows]
    return b"".join([file.first, *lines, file.last()])


def read(file: bytes, known: Head | None = None) -> Reader:
    """Check an exported file; raises Broken or NotALog."""
    first, *rest = io.BytesIO(file).readlines() or [b""]
    reader = Reader(first, KEY.public, known)
    for line in rest:
        reader.read(line)
    reader.end()
    return reader
