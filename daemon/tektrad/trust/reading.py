"""Reads the audit log: pages of it, one entry, figures, and all of it for an export."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import msgspec

from tektrad.errors import NotFound
from tektrad.store.db import Row, Store
from tektrad.trust.entry import CHECKPOINT, SECURITY, UNREADABLE
from tektrad.trust.statements import Head

EXPORTED_AT_ONCE = 2000
USUAL = ("ok", "begun")
MOST = 2**63 - 1
"""No entry has this number."""
_SELECT = "SELECT number, CAST(body AS BLOB) AS body, hash FROM audit"
_KINDS = """WITH RECURSIVE found (kind) AS (
    SELECT min(kind) FROM audit WHERE kind >= ?
    UNION ALL SELECT (SELECT min(kind) FROM audit WHERE kind > found.kind) FROM found WHERE found.kind < ?
) SELECT kind FROM found WHERE kind = ? OR (kind >= ? AND kind < ?)"""
_REACH = "SELECT count(*), min(number), max(number) FROM audit"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; what is None or empty is no matter."""

    since: str | None = None
    until: str | None = None
    uid: int | None = None
    agent: str | None = None
    run: str | None = None
    kind: str | None = None
    outcome: str | None = None
    words: str = ""
    checkpoints: bool = False
    act: str | None = None

    def where(self, kind: str | None = None) -> tuple[str, list[Any]]:
        """As SQL; a kind means those below it too (`model` finds `model.call`), unless it is this one alone.

        Words may stand anywhere. What is said twice lets an index be used that has no more entries than those.
        """
        parts: list[tuple[str, list[Any]]] = [
            ("time >= ?", [self.since]),
            ("time < ?", [self.until]),
            ("uid = ?", [self.uid]),
            ("agent = ?", [self.agent]),
            ("run = ?", [self.run]),
            ("act = ?", [self.act]),
            ("outcome = ?", [self.outcome]),
        ]
        parts += [(f"{name} <> ''", []) for name in ("agent", "run", "act") if getattr(self, name)]
        if self.outcome not in (None, *USUAL):
            parts += [(f"outcome <> '{usual}'", []) for usual in USUAL]
        parts = [part for part in parts if part[1] != [None]]
        if kind is not None:
            parts.append(("kind = ?", [kind]))
        elif self.kind is not None:
            below = self.kind.rstrip(".")
            parts.append(("(kind = ? OR (kind >= ? AND kind < ?))", [below, f"{below}.", f"{below}/"]))
        elif not self.checkpoints:
            parts.append(("kind <> ?", [CHECKPOINT]))
        parts += [("body LIKE ? ESCAPE '\\'", [f"%{_literal(word)}%"]) for word in self.words.split()]
        return " AND ".join(sql for sql, _ in parts) or "1", [value for _, values in parts for value in values]


class AuditReader:
    """Answers questions about the log."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, wanted: Filter, limit: int, before: int | None) -> tuple[list[dict[str, Any]], int | None]:
        """Newest first, at most `limit`, and the number to ask for the page after it with."""
        rows = await self._found(
            wanted, "number < ? ORDER BY number DESC", MOST if before is None else before, limit + 1
        )
        rows = sorted(rows, key=_number, reverse=True)
        return [shown(row) for row in rows[:limit]], rows[limit - 1]["number"] if len(rows) > limit else None

    async def later(self, wanted: Filter, limit: int, after: int) -> list[dict[str, Any]]:
        """What came after an entry, oldest first."""
        rows = await self._found(wanted, "number > ? ORDER BY number", after, limit)
        return [shown(row) for row in sorted(rows, key=_number)[:limit]]

    async def _found(self, wanted: Filter, onward: str, number: int, limit: int) -> list[Row]:
        """The first so many of each kind that is wanted, from a number onward."""
        found: list[Row] = []
        for kind in [None] if wanted.kind is None else await self._kinds(wanted.kind):
            where, values = wanted.where(kind)
            found += await self._store.rows(f"{_SELECT} WHERE {where} AND {onward} LIMIT ?", [*values, number, limit])
        return found

    async def _kinds(self, kind: str) -> list[str]:
        """Which there are, of a kind and those below it: one look into the index for each, however many entries."""
        below = kind.rstrip(".")
        rows = await self._store.rows(_KINDS, [below, f"{below}/", below, f"{below}.", f"{below}/"])
        return [row["kind"] for row in rows]

    async def one(self, number: int) -> dict[str, Any]:
        """One entry; raises NotFound."""
        rows = await self._store.rows(f"{_SELECT} WHERE number = ?", [number])
        if not rows:
            raise NotFound(f"the audit log has no entry {number}", "tektra audit list shows what there is.")
        return shown(rows[0])

    async def head(self) -> Head:
        """The last entry."""
        rows = await self._store.rows("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
        return Head(rows[0]["number"], bytes(rows[0]["hash"])) if rows else Head()

    async def stats(self) -> dict[str, Any]:
        """How many entries of each kind and outcome, by whom, from when to when."""
        (whole,) = await self._store.rows(
            "SELECT count(*) AS entries, min(number) AS first, min(time) AS oldest, max(time) AS newest FROM audit"
        )
        kinds = await self._store.rows(
            "SELECT kind, outcome, count(*) AS entries FROM audit GROUP BY kind, outcome ORDER BY kind, outcome"
        )
        users = await self._store.rows("SELECT uid, count(*) AS entries FROM audit GROUP BY uid ORDER BY uid")
        counted = {"kinds": [dict(row) for row in kinds], "users": [dict(row) for row in users]}
        return dict(whole) | counted | {"head": str(await self.head())}

    async def alerts(self, since: str) -> tuple[int, dict[str, Any] | None]:
        """How many security events there were since a time, and the last of them."""
        where, values = Filter(kind=SECURITY, since=since).where()
        (row,) = await self._store.rows(f"{_REACH} WHERE {where}", values)
        return row[0], await self.one(row[2]) if row[0] else None

    async def before_first(self, first: int) -> Head:
        """The head before an entry: that of the one before it, or what a removal left; raises NotFound."""
        if first <= 1:
            return Head()
        rows = await self._store.rows("SELECT number, hash FROM audit WHERE number = ?", [first - 1])
        if rows:
            return Head(rows[0]["number"], bytes(rows[0]["hash"]))
        removed = (await self.page(Filter(kind="audit.pruned"), 1, None))[0]
        if removed and (head := Head.parse(removed[0]["details"]["through"])).number == first - 1:
            return head
        raise NotFound(f"the audit log has no entry {first - 1}", "tektra audit verify says what is wrong.")

    async def range(self, since: str | None, until: str | None, through: int) -> tuple[int, int]:
        """The first and last entry of a time; raises NotFound where there is none."""
        where, values = Filter(since=since, until=until, checkpoints=True).where()
        (row,) = await self._store.rows(f"{_REACH} WHERE {where} AND number <= ?", [*values, through])
        if not row[0]:
            raise NotFound("the audit log has no entry of that time", "tektra audit stats says how far it reaches.")
        return row[1], row[2]

    async def rows(self, first: int, last: int) -> AsyncGenerator[list[Row], None]:
        """All entries from one to another as they are stored, a few thousand at a time."""
        while first <= last:
            rows = await self._store.rows(
                f"{_SELECT} WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ?",
                [first, last, EXPORTED_AT_ONCE],
            )
            if not rows:
                return
            yield rows
            first = rows[-1]["number"] + 1


def shown(row: Row) -> dict[str, Any]:
    """The shape Entry: number, what is in the body, hash; a body that is no entry is shown as what it is."""
    try:
        body = msgspec.json.decode(row["body"], type=dict[str, Any])
    except UNREADABLE:
        body = {"kind": "unreadable", "details": {"body": row["body"].decode("utf-8", "replace")}}
    blank = {"time": None, "uid": None, "outcome": None, "agent": "", "run": "", "act": "", "confinement": "none"}
    return {"number": row["number"]} | blank | body | {"hash": bytes(row["hash"]).hex()}


def _number(row: Row) -> int:
    number: int = row["number"]
    return number


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
