"""Notes in the store: the only reader and writer of their tables. Each is for one agent of one user, and nobody else's.

The values of secrets are taken out before a note is kept, and again when it is read, for what was no secret then may be
one since.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import aiosqlite

from tektrad.clock import Clock
from tektrad.errors import InvalidRequest, NoteNotFound
from tektrad.memory.note import Note, checked, query
from tektrad.store.db import Row, Store
from tektrad.trust.act import Principal
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.resource import shown
from tektrad.trust.secrets import Secrets

MOST_NOTES = 200
"""That one agent may have at a time."""
Keeps = Callable[[aiosqlite.Connection], Awaitable[bool]]
"""Whether the agent still is to keep notes, asked in the transaction that would keep one."""


class Notes:
    """Everybody's notes."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog, secrets: Secrets) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._secrets = secrets

    async def count(self, uid: int, agent: str) -> int:
        """How many notes an agent has."""
        rows = await self._store.rows("SELECT count(*) FROM notes WHERE uid = ? AND agent = ?", [uid, agent])
        return int(rows[0][0])

    async def all(self, uid: int, agent: str) -> list[Note]:
        """An agent's notes, the newest first."""
        rows = await self._store.rows(
            "SELECT * FROM notes WHERE uid = ? AND agent = ? ORDER BY number DESC", [uid, agent]
        )
        return [self._note(row) for row in rows]

    async def search(self, uid: int, agent: str, words: str, most: int) -> list[Note]:
        """Those of an agent's notes that hold any of the words, also as beginnings, the best first."""
        sought = query(words)
        if not sought:
            raise InvalidRequest("there is no word to search for: name what a note may hold", param="q")
        rows = await self._store.rows(
            """SELECT n.* FROM notes_fts JOIN notes n ON n.position = notes_fts.rowid
               WHERE notes_fts MATCH ? AND n.uid = ? AND n.agent = ?
               ORDER BY notes_fts.rank, n.number DESC LIMIT ?""",
            [sought, uid, agent, most],
        )
        return [self._note(row) for row in rows]

    async def add(self, uid: int, agent: str, text: str, run: str, key: str, keeps: Keeps) -> Note:
        """Keep a note; one of this key, or with this very text, is there already and stays as it is.

        Raises InvalidRequest, in words that an agent can act on.
        """
        kept = checked(self._secrets.redact_text(checked(text)))
        async with self._store.transaction() as tx:
            known = list(
                await tx.execute_fetchall(
                    "SELECT * FROM notes WHERE uid = ?1 AND agent = ?2 AND (key = ?3 OR text = ?4) ORDER BY key <> ?3",
                    [uid, agent, key, kept],
                )
            )
            if known:
                return self._note(known[0])
            if not await keeps(tx):
                raise InvalidRequest("no notes are kept any more: the agent's memory was switched off, or it is gone")
            if await _counted(tx, uid, agent) >= MOST_NOTES:
                raise InvalidRequest(f"there are {MOST_NOTES} notes, which is the most: forget one that is not needed")
            numbered = await tx.execute_fetchall(
                """INSERT INTO note_numbers (uid, agent, last) VALUES (?, ?, 1)
                   ON CONFLICT (uid, agent) DO UPDATE SET last = last + 1 RETURNING last""",
                [uid, agent],
            )
            note = Note(id=next(iter(numbered))[0], text=kept, run=run, made_at=self._clock.now())
            await tx.execute(
                "INSERT INTO notes (uid, agent, number, text, run, key, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [uid, agent, note.id, note.text, run, key, note.made_at],
            )
        return note

    async def drop(self, uid: int, agent: str, number: int) -> None:
        """Forget a note, for the agent itself; one that is gone already is gone. Raises NoteNotFound: it never was."""
        async with self._store.transaction() as tx:
            last = await tx.execute_fetchall(
                "SELECT last FROM note_numbers WHERE uid = ? AND agent = ? AND last >= ?", [uid, agent, number]
            )
            if number < 1 or not list(last):
                raise NoteNotFound(f"there is no note {number}: recall shows the numbers")
            await tx.execute("DELETE FROM notes WHERE uid = ? AND agent = ? AND number = ?", [uid, agent, number])

    async def forget(self, uid: int, agent: str, numbers: Sequence[int] | None, by: Principal) -> list[int]:
        """Forget some notes of an agent, or all, for the person whose agent it is; returns which.

        Raises NoteNotFound where one of them is not there; then nothing is forgotten.
        """
        async with self._store.transaction() as tx:
            rows = await tx.execute_fetchall("SELECT number FROM notes WHERE uid = ? AND agent = ?", [uid, agent])
            there = {row[0] for row in rows}
            gone = sorted(there if numbers is None else set(numbers))
            missing = next((number for number in gone if number not in there), None)
            if missing is not None:
                name = shown(agent)
                raise NoteNotFound(f'"{name}" has no note {missing}', f"tektra agents notes {name} shows them.")
            if gone:
                details = {"name": agent, "notes": gone}
                await self._audit.append(tx, Entry(kind="note.forget", uid=by.uid, agent=by.agent, details=details))
            await tx.executemany(
                "DELETE FROM notes WHERE uid = ? AND agent = ? AND number = ?", [(uid, agent, each) for each in gone]
            )
        return gone

    async def clear(self, tx: aiosqlite.Connection, uid: int, agent: str) -> int:
        """Forget all notes of an agent in the transaction that removes it; returns how many they were."""
        cursor = await tx.execute("DELETE FROM notes WHERE uid = ? AND agent = ?", [uid, agent])
        return cursor.rowcount

    def _note(self, row: Row) -> Note:
        text = self._secrets.redact_text(row["text"])
        return Note(id=row["number"], text=text, run=row["run"], made_at=row["made_at"])


async def _counted(tx: aiosqlite.Connection, uid: int, agent: str) -> int:
    rows = await tx.execute_fetchall("SELECT count(*) FROM notes WHERE uid = ? AND agent = ?", [uid, agent])
    return int(next(iter(rows))[0])
