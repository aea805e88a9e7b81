"""Runs in the store: the only reader and writer of their tables. A state changes together with its audit entry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, get_args

import aiosqlite
import msgspec

from tektrad.clock import Clock
from tektrad.errors import InvalidRequest, RunNotFound, StoreFailed
from tektrad.events import Events
from tektrad.runs.run import Ended, Inherited, Run, RunEvent, State
from tektrad.store.db import Row, Store
from tektrad.store.reference import by_reference
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry, Outcome

MOST_AT_ONCE = 500
"""Events in one answer."""
MOST_LISTED = 1000
MOST_TOLD = 200
"""Characters of a title, in an event for everybody who listens; the run itself has it all."""
Ending = Callable[[aiosqlite.Connection, str], Awaitable[None]]
"""What becomes of something else when a run ends: the transaction, and the run's id."""


class Runs:
    """All runs, each for whoever began it, by uid, and for nobody else."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog, events: Events) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._events = events
        self._news: dict[str, asyncio.Event] = {}
        self._endings: list[Ending] = []

    def told_of_ends(self, ending: Ending) -> None:
        """Let `ending` have its part in the transactions in which runs end, from now on."""
        self._endings.append(ending)

    async def create(
        self,
        uid: int,
        kind: str,
        title: str,
        spec: Mapping[str, Any],
        ident: str | None = None,
        inherits: Inherited | None = None,
    ) -> Run:
        """A run that nobody does yet."""
        run = Run(
            id=ident or self._clock.new_id(),
            uid=uid,
            kind=kind,
            title=title,
            spec=spec,
            state="queued",
            created_at=self._clock.now(),
            started_at=None,
            ended_at=None,
            result=None,
            error="",
            inherits=inherits,
        )
        async with self._store.transaction() as tx:
            await self._told(tx, run, "queued")
            await tx.execute(
                """INSERT INTO runs (id, uid, kind, title, spec, state, created_at, inherits)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                [
                    run.id,
                    uid,
                    kind,
                    title,
                    _json(spec),
                    run.state,
                    run.created_at,
                    None if inherits is None else _json(inherits),
                ],
            )
        return run

    async def again(self, run: Run) -> Run:
        """Take up a run that failed or was cancelled, as another attempt; raises InvalidRequest for any other."""
        async with self._store.transaction() as tx:
            cursor = await tx.execute(
                """UPDATE runs SET state = 'queued', ended_at = NULL, result = NULL, error = '', attempt = attempt + 1
                   WHERE id = ? AND state IN ('failed', 'cancelled')""",
                [run.id],
            )
            if cursor.rowcount:
                await self._told(tx, run, "queued", {"from": run.state, "attempt": run.attempt + 1})
        if not cursor.rowcount:
            now = await self.get(run.id)
            raise InvalidRequest(
                f"run {run.id} is {now.state}, and only one that failed or was cancelled can be taken up again",
                "tektra runs retry does it once more, as another run.",
            )
        return await self.get(run.id)

    async def next_attempt(self, run: Run) -> Run:
        """Have another journal for a run that has not ended, though its body has."""
        async with self._store.transaction() as tx:
            await tx.execute(
                "UPDATE runs SET attempt = attempt + 1 WHERE id = ? AND attempt = ? AND ended_at IS NULL",
                [run.id, run.attempt],
            )
        return await self.get(run.id)

    async def get(self, ident: str) -> Run:
        """A run by its id; raises RunNotFound."""
        rows = await self._store.rows("SELECT * FROM runs WHERE id = ?", [ident])
        if not rows:
            raise RunNotFound(f'no run "{ident}"')
        return _run(rows[0])

    async def find(self, reference: str, uid: int) -> Run:
        """One's own run, by id or by unique beginning of an id; raises RunNotFound or InvalidRequest."""
        row = await by_reference(self._store, "SELECT * FROM runs", "id", reference, "run", "uid = ?", [uid])
        if row is None:
            raise RunNotFound(f'no run "{reference}"', "tektra runs list shows yours.")
        return _run(row)

    async def all(self, uid: int, states: Sequence[State] = (), most: int = MOST_LISTED) -> list[Run]:
        """One's own runs, the newest first."""
        among = f" AND state IN ({', '.join('?' * len(states))})" if states else ""
        rows = await self._store.rows(
            f"SELECT * FROM runs WHERE uid = ?{among} ORDER BY created_at DESC, id DESC LIMIT ?",  # noqa: S608  marks only
            [uid, *states, most],
        )
        return [_run(row) for row in rows]

    async def unfinished(self) -> list[Run]:
        """Everybody's runs that have not ended, the oldest first."""
        rows = await self._store.rows("SELECT * FROM runs WHERE ended_at IS NULL ORDER BY created_at, id")
        return [_run(row) for row in rows]

    async def move(self, run: Run, state: State) -> bool:
        """Change the state of a run that has not ended; False: it has, or is in that state already."""
        started = self._clock.now() if state == "running" else None
        return await self._change(
            run,
            state,
            "state = ?, started_at = coalesce(started_at, ?)",
            [state, started],
            {"from": run.state} if run.state != state else {},
        )

    async def end(self, run: Run, state: Ended, result: Any = None, error: str = "") -> bool:
        """Say what became of a run; False: it has ended already, and stays what it was."""
        told = {"error": error} if error else {}
        return await self._change(
            run,
            state,
            "state = ?, ended_at = ?, result = ?, error = ?",
            [state, self._clock.now(), None if result is None else _json(result), error],
            told,
        )

    async def tell(self, run: str, key: str, type: str, data: Mapping[str, Any]) -> bool:
        """Add an event; one of this key that there is already stays as it is, and False says so."""
        async with self._store.transaction() as tx:
            is_new = await self._tell(tx, run, key, type, data)
        self._wake(run)
        return is_new

    async def events(self, run: str, after: int = 0, most: int = MOST_AT_ONCE) -> list[RunEvent]:
        """What a run told behind a number, in order."""
        rows = await self._store.rows(
            "SELECT run, number, time, type, data FROM run_events WHERE run = ? AND number > ? ORDER BY number LIMIT ?",
            [run, after, most],
        )
        return [_event(row) for row in rows]

    async def last_events(self, uid: int, types: Sequence[str]) -> list[RunEvent]:
        """The last event of each of somebody's runs, where it is of one of these types."""
        rows = await self._store.rows(
            f"""SELECT run, number, time, type, data FROM runs JOIN run_events ON run = runs.id
                AND number = (SELECT max(number) FROM run_events WHERE run = runs.id)
                WHERE uid = ? AND type IN ({", ".join("?" * len(types))})""",  # noqa: S608  marks only
            [uid, *types],
        )
        return [_event(row) for row in rows]

    async def more(self, run: str, after: int) -> list[RunEvent]:
        """What a run told behind a number, once there is something; nothing when it has ended."""
        while True:
            news = self._news.setdefault(run, asyncio.Event())
            has_ended = (await self.get(run)).ended_at is not None
            found = await self.events(run, after)
            if found or has_ended:
                return found
            await news.wait()

    async def follow(self, run: str, after: int = 0) -> AsyncIterator[RunEvent]:
        """What a run told behind a number, and what it tells from now on, until it has ended."""
        while found := await self.more(run, after):
            for event in found:
                after = event.number
                yield event

    def _wake(self, run: str) -> None:
        news = self._news.pop(run, None)
        if news is not None:
            news.set()

    async def _change(
        self, run: Run, state: State, assignments: str, values: Sequence[Any], told: Mapping[str, Any]
    ) -> bool:
        async with self._store.transaction() as tx:
            cursor = await tx.execute(
                f"UPDATE runs SET {assignments} WHERE id = ? AND ended_at IS NULL AND state <> ?",  # noqa: S608  our own
                [*values, run.id, state],
            )
            if not cursor.rowcount:
                return False
            await self._told(tx, run, state, told)
            for ending in self._endings if state in get_args(Ended) else ():
                await ending(tx, run.id)
        self._wake(run.id)
        return True

    async def _told(
        self, tx: aiosqlite.Connection, run: Run, state: State, more: Mapping[str, Any] | None = None
    ) -> None:
        """Every change of a state is an entry of the audit log, an event of the run, and told to whose it is."""
        details = {"kind": run.kind, "title": run.title, "state": state, **(more or {})}
        outcome: Outcome = state if state == "failed" or state == "cancelled" else "ok"
        await self._audit.append(tx, Entry(kind="run.state", uid=run.uid, run=run.id, outcome=outcome, details=details))
        if state != "queued":
            key = f"state/{state}/{self._clock.new_id()}"
            await self._tell(tx, run.id, key, "state", {"state": state, **(more or {})})
        agent = run.spec.get("agent", "")
        said = {"run": run.id, "agent": agent, "title": run.title[:MOST_TOLD], "state": state}
        self._store.once_committed(partial(self._events.publish, "run.state", said, run.uid))

    async def _tell(self, tx: aiosqlite.Connection, run: str, key: str, type: str, data: Mapping[str, Any]) -> bool:
        cursor = await tx.execute(
            """INSERT OR IGNORE INTO run_events (run, number, key, time, type, data)
               SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5 FROM run_events WHERE run = ?1""",
            [run, key, self._clock.now(), type, _json(data)],
        )
        return bool(cursor.rowcount)


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidRequest(f"it is no JSON: {error}") from error


def _read(text: str, run: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise StoreFailed(f"the run {run} in the store cannot be understood: {error}") from error


def _event(row: Row) -> RunEvent:
    return msgspec.convert(dict(row) | {"data": _read(row["data"], row["run"])}, RunEvent)


def _run(row: Row) -> Run:
    fields = dict(row)
    for name in ("spec", "result", "inherits"):
        fields[name] = None if fields[name] is None else _read(fields[name], row["id"])
    try:
        return msgspec.convert(fields, Run)
    except msgspec.ValidationError as error:
        raise StoreFailed(f"the run {row['id']} in the store cannot be understood: {error}") from error
