"""The AuditLog: the only writer of the audit table, in the transaction of whatever an entry records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiosqlite
import anyio
import msgspec
import structlog

from tektra_models.errors import ModelError
from tektrad.clock import Clock
from tektrad.errors import Forbidden, StoreFailed, TektraError, Unconfined
from tektrad.store.db import Store
from tektrad.trust import journal
from tektrad.trust.entry import CHECKPOINT, SECURITY, Entry, Outcome, body_of, hash_of, seal_of
from tektrad.trust.exported import Export
from tektrad.trust.keys import AuditKey
from tektrad.trust.statements import Head, statement

CHECKPOINT_EVERY = 128
PRUNED = "audit.pruned"

log = structlog.get_logger()


@dataclass(slots=True)
class Telling:
    """An act that is under way, and what it will say of itself when it ends."""

    begun: Entry
    details: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    also: list[Entry] = field(default_factory=list)
    """More entries beside its last one."""

    def end(self, details: Mapping[str, Any], outcome: Outcome = "ok") -> None:
        """Say what became of it, whatever becomes of others."""
        self.details |= details
        self.outcome = outcome

    def alarm(self, kind: str, details: Mapping[str, Any]) -> None:
        """Let a security event of this act stand beside its last entry: `security.<kind>`."""
        more = {**details, "act": self.begun.act}
        event = msgspec.structs.replace(self.begun, kind=SECURITY + kind, outcome="denied", act="", details=more)
        self.also.append(event)

    def last(self) -> Entry:
        """Its last entry."""
        return msgspec.structs.replace(self.begun, outcome=self.outcome or "ok", details=self.details)


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it stands in the log, for those who hear of it once it is there for good."""

    number: int
    entry: Entry
    body: bytes


class AuditLog:
    """Appends entries; nothing that is recorded happens when its entry cannot be written."""

    def __init__(self, store: Store, clock: Clock, key: AuditKey) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._redact: Callable[[Any], Any] = _as_it_is
        self._listeners: list[Callable[[Written], None]] = []
        self._unsigned = 0
        self._last: tuple[Head, int] | None = None
        """The last entry, and how many transactions had come to nothing when it was written."""

    def redact_with(self, redact: Callable[[Any], Any]) -> None:
        """Let `redact` change the details of every entry before it is written, from now on."""
        self._redact = redact

    def told_to(self, listener: Callable[[Written], None]) -> None:
        """Tell `listener` of every entry from now on, in their order, each after it was committed."""
        self._listeners.append(listener)

    async def append(self, tx: aiosqlite.Connection, entry: Entry) -> int:
        """Add an entry in a transaction of the store that the caller holds; returns its number."""
        head = await self._append(tx, entry)
        self._unsigned += 1
        if self._unsigned >= CHECKPOINT_EVERY:
            await self._sign(tx, head)
        return head.number

    async def record(self, *entries: Entry) -> None:
        """Add entries in a transaction of their own."""
        async with self._store.transaction() as tx:
            for entry in entries:
                await self.append(tx, entry)

    @asynccontextmanager
    async def telling(self, entry: Entry) -> AsyncIterator[Telling]:
        """Record that an act begins, and at the end of the block what became of it: ok, failed, cancelled, denied."""
        async with self.telling_all([entry]) as (telling,):
            yield telling

    @asynccontextmanager
    async def telling_all(self, entries: Sequence[Entry]) -> AsyncIterator[list[Telling]]:
        """As `telling`, for several acts that begin and end together."""
        begun = [self.beginning(entry) for entry in entries]
        await self.record(*begun)
        async with self.ending(begun) as under_way:
            yield under_way

    def beginning(self, entry: Entry) -> Entry:
        """The first entry of an act, for who records it together with something else; `ending` takes it from there."""
        return msgspec.structs.replace(entry, act=self._clock.new_id(), outcome="begun")

    @asynccontextmanager
    async def ending(self, begun: Sequence[Entry]) -> AsyncIterator[list[Telling]]:
        """Record at the end of the block what became of acts whose beginnings are in the log."""
        under_way = [Telling(entry) for entry in begun]
        try:
            yield under_way
        except BaseException as error:
            outcome, why = outcome_of(error)
            for telling in under_way:
                if telling.outcome is None:
                    telling.end(why, outcome)
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await self.record(*(entry for telling in under_way for entry in (telling.last(), *telling.also)))

    async def checkpoint(self, why: str) -> Head:
        """Sign all entries there are, and tell the system journal; returns the head, the signature's own entry."""
        async with self._store.transaction() as tx:
            head = await self._head(tx)
            if self._unsigned or not head.number:
                head = await self._sign(tx, head)
        journal.tell(head, why)
        return head

    async def begin(self, details: Mapping[str, Any]) -> None:
        """Record that the daemon starts, and whether it ended well before."""
        async with self._store.transaction() as tx:
            rows = await tx.execute_fetchall("SELECT kind FROM audit ORDER BY number DESC LIMIT 2")
            last = [row[0] for row in rows if row[0] != CHECKPOINT][:1]
            self._unsigned = 1
            crashed = {"after_crash": bool(last) and last != ["daemon.stopped"]}
            await self.append(tx, Entry(kind="daemon.started", uid=None, details={**details, **crashed}))

    async def end(self) -> None:
        """Record that the daemon stops, and sign."""
        await self.record(Entry(kind="daemon.stopped", uid=None))
        await self.checkpoint("the daemon stops")

    def export(self, after: Head) -> Export:
        """A file of what comes after a head."""
        return Export(self._key, after, self._clock.now())

    async def prune(self, before: str, uid: int) -> int:
        """Remove all entries older than a time, with a signed statement of it in the log; returns how many went."""
        async with self._store.transaction() as tx:
            rows = list(
                await tx.execute_fetchall(
                    """SELECT number, hash FROM audit WHERE number < coalesce(
                           (SELECT min(number) FROM audit WHERE time >= ?), (SELECT max(number) FROM audit) + 1)
                       ORDER BY number DESC LIMIT 1""",
                    [before],
                )
            )
            if not rows:
                return 0
            removed = Head(rows[0][0], bytes(rows[0][1]))
            cursor = await tx.execute("SELECT count(*) FROM audit WHERE number <= ?", [removed.number])
            count = (await cursor.fetchone() or [0])[0]
            details = statement("pruned", self._key, removed) | {"before": before, "entries": count}
            await self.append(tx, Entry(kind=PRUNED, uid=uid, details=details))
            await tx.execute("DELETE FROM audit WHERE number <= ?", [removed.number])
        await self.checkpoint("old entries were removed")
        return int(count)

    async def _sign(self, tx: aiosqlite.Connection, head: Head) -> Head:
        said = statement("checkpoint", self._key, head)
        signed = await self._append(tx, Entry(kind=CHECKPOINT, uid=None, details=said))
        self._unsigned = 0
        return signed

    async def _append(self, tx: aiosqlite.Connection, entry: Entry) -> Head:
        before = await self._head(tx)
        number = before.number + 1
        entry = msgspec.structs.replace(entry, details=self._redact(dict(entry.details)))
        body = body_of(entry, self._clock.now())
        hashed = hash_of(before.hash, number, body)
        await tx.execute(
            "INSERT INTO audit (number, body, hash, seal) VALUES (?, ?, ?, ?)",
            [number, body.decode(), hashed, seal_of(self._key.sealing, hashed)],
        )
        head = Head(number, hashed)
        self._last = head, self._store.rollbacks
        if self._listeners:
            self._store.once_committed(partial(self._tell, Written(number, entry, body)))
        return head

    def _tell(self, written: Written) -> None:
        for listener in self._listeners:
            listener(written)

    async def _head(self, tx: aiosqlite.Connection) -> Head:
        """The last entry, from memory unless the transaction that wrote it may have come to nothing."""
        if self._last is not None and self._last[1] == self._store.rollbacks:
            return self._last[0]
        rows = list(await tx.execute_fetchall("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"))
        return Head(rows[0][0], bytes(rows[0][1])) if rows else Head()


@asynccontextmanager
async def open_audit(store: Store, clock: Clock, key: AuditKey, details: Mapping[str, Any]) -> AsyncIterator[AuditLog]:
    """The log of a daemon that starts, with `details` about it, and stops.

    A full disk, on which neither can be written, keeps nobody from starting or stopping: whatever matters is refused.
    """
    audit = AuditLog(store, clock, key)
    with _told("that the daemon starts"):
        await audit.begin(details)
    try:
        yield audit
    finally:
        with _told("that the daemon stops"):
            await audit.end()


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except StoreFailed as error:
        log.error("the audit log could not be written", what=what, error=error.message)


def _as_it_is(thing: Any) -> Any:
    return thing


def outcome_of(error: BaseException) -> tuple[Outcome, dict[str, Any]]:
    """What became of an act that ended with an exception, and why."""
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return "cancelled", {}
    if isinstance(error, TektraError | ModelError):
        denied = isinstance(error, Forbidden | Unconfined)
        return "denied" if denied else "failed", {"error": error.code, "why": error.message}
    return "failed", {"error": type(error).__name__}
