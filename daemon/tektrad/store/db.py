"""The Store: one SQLite file, one connection that writes, a few that read; every write is a transaction.

Nobody else opens the file. Readers never checkpoint (SQLite before 3.51.3 can reset the WAL wrongly when several
connections do), so only the writer does.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import anyio

from tektrad.errors import CannotStart, StoreFailed, StoreFull
from tektrad.store.migrate import migrate

READERS = 2
PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten in the file
)
Row = sqlite3.Row


class Store:
    """The daemon's only database connections; made by `open_store`."""

    def __init__(self, writer: aiosqlite.Connection, readers: list[aiosqlite.Connection]) -> None:
        self._writer = writer
        self._writing = asyncio.Lock()
        self.rollbacks = 0
        """How many transactions came to nothing: what somebody remembers of an earlier one may be wrong since."""
        self._afterwards: list[Callable[[], None]] = []
        """What the transaction that runs now will call."""
        self._readers: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        for reader in readers:
            self._readers.put_nowait(reader)

    @asynccontextmanager
    async def transaction(self, *, lasting: bool = False) -> AsyncIterator[aiosqlite.Connection]:
        """Hold the writer for one transaction: committed at the end, rolled back on any exception.

        `lasting`: once it is committed not even a loss of power takes it back. Raises StoreFull or StoreFailed.
        """
        async with self._writing:
            self._afterwards = []
            with translated():
                try:
                    if lasting:
                        await self._writer.execute("PRAGMA synchronous = FULL")
                    await self._writer.execute("BEGIN IMMEDIATE")
                    yield self._writer
                    await self._commit()
                except BaseException:
                    self.rollbacks += 1
                    # A cancelled BEGIN may still run in the connection's thread: the rollback queues behind it.
                    with anyio.CancelScope(shield=True):
                        await self._writer.rollback()
                    raise
                finally:
                    if lasting:
                        with anyio.CancelScope(shield=True):
                            await self._writer.execute("PRAGMA synchronous = NORMAL")

    def once_committed(self, call: Callable[[], None]) -> None:
        """Call something when the transaction that runs now is committed, and never if it comes to nothing."""
        self._afterwards.append(call)

    async def _commit(self) -> None:
        """Commit. Who waits may be cancelled, the commit not: whoever wants to hear of it does so in any case."""
        afterwards = self._afterwards
        if not afterwards:
            await self._writer.commit()
            return
        committing = asyncio.ensure_future(self._writer.commit())

        def ended(task: asyncio.Future[None]) -> None:
            if not task.cancelled() and task.exception() is None:
                for call in afterwards:
                    call()

        committing.add_done_callback(ended)
        await asyncio.shield(committing)

    async def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement in a transaction of its own and return how many rows it changed."""
        async with self.transaction() as connection:
            cursor = await connection.execute(sql, parameters)
            return cursor.rowcount

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Read rows on a connection that cannot write."""
        reader = await self._readers.get()
        try:
            with translated():
                return list(await reader.execute_fetchall(sql, parameters))
        finally:
            self._readers.put_nowait(reader)


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open the file (created with mode 0600), bring its schema up to date, close everything at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise CannotStart(
            f"the store at {path} cannot be opened: {error.strerror}", "Make it yours, or move it."
        ) from error
    connections: list[aiosqlite.Connection] = []
    try:
        writer = await _connect(path, connections)
        await writer.execute("PRAGMA journal_mode = WAL")
        await migrate(writer)
        readers = [await _connect(path, connections) for _ in range(READERS)]
        for reader in readers:
            await reader.execute("PRAGMA query_only = ON")
            await reader.execute("PRAGMA wal_autocheckpoint = 0")
        yield Store(writer, readers)
    except sqlite3.DatabaseError as error:
        raise CannotStart(
            f"the store at {path} cannot be used: {error}", "Move it aside to begin with an empty one."
        ) from error
    finally:
        # The writer closes last, so that the final checkpoint is its own.
        for connection in reversed(connections):
            await connection.close()


async def _connect(path: Path, opened: list[aiosqlite.Connection]) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    opened.append(connection)
    connection.row_factory = sqlite3.Row
    for pragma in PRAGMAS:
        await connection.execute(pragma)
    return connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise StoreFull("the disk is full and this could not be saved", "Free some space and try again.") from error
        raise StoreFailed(f"the store could not be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreFailed(f"the store could not be used: {error}") from error
