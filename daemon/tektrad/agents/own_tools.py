"""Tools of one's own in the store: the only reader and writer of those tables. Each is its user's, and nobody else's.

A tool is pinned to the source that was looked at when it was added: a changed file changes nothing until it is added
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiosqlite
import msgspec

from tektrad.agents.tool_source import Schema, digest
from tektrad.clock import Clock
from tektrad.errors import InvalidRequest, StoreFailed, ToolNotFound
from tektrad.store.db import Row, Store
from tektrad.trust.act import Principal
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.resource import shown

MOST_TOOLS = 256
"""That one user may have at a time."""


class OwnTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool of somebody's own: what it is, and which source it is pinned to."""

    tool: Schema
    sha256: str
    enabled: bool
    added_at: str


class OwnTools:
    """Everybody's own tools; `by` is who changes one, and it is theirs."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit

    async def all(self, uid: int) -> list[OwnTool]:
        """Somebody's, by name."""
        return [_tool(row) for row in await self._store.rows("SELECT * FROM tools WHERE uid = ? ORDER BY name", [uid])]

    async def find(self, uid: int, name: str) -> OwnTool:
        """One of somebody's; raises ToolNotFound."""
        rows = await self._store.rows("SELECT * FROM tools WHERE uid = ? AND name = ?", [uid, name])
        if not rows:
            raise _missing(name)
        return _tool(rows[0])

    async def source(self, uid: int, sha256: str) -> str:
        """The source that a tool is pinned to; raises StoreFailed where it is another one by now."""
        rows = await self._store.rows("SELECT source FROM tool_sources WHERE uid = ? AND sha256 = ?", [uid, sha256])
        source = str(rows[0]["source"]) if rows else ""
        if digest(source) != sha256:
            raise StoreFailed(f"the source {sha256[:12]} of a tool is not in the store as it was added")
        return source

    async def add(self, source: str, found: Sequence[Schema], risk: int, by: Principal) -> list[OwnTool]:
        """Keep a source and its tools, in the place of others of these names; raises InvalidRequest."""
        sha256 = digest(source)
        async with self._store.transaction() as tx:
            rows = list(await tx.execute_fetchall("SELECT name, sha256 FROM tools WHERE uid = ?", [by.uid]))
            before = {str(row[0]): str(row[1]) for row in rows}
            if len(before.keys() | {tool.name for tool in found}) > MOST_TOOLS:
                raise InvalidRequest(f"you have {len(before)} tools already", "Remove one: tektra tools rm NAME")
            await tx.execute(
                "INSERT INTO tool_sources (uid, sha256, source) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [by.uid, sha256, source],
            )
            for tool in found:
                said = {"name": tool.name, "sha256": sha256, "was": before.get(tool.name), "risk": risk}
                await self._tell(tx, "add", said, by)
                await tx.execute(
                    """INSERT INTO tools (uid, name, sha256, tool, enabled, added_at) VALUES (?, ?, ?, ?, 1, ?)
                       ON CONFLICT (uid, name) DO UPDATE SET
                       sha256 = excluded.sha256, tool = excluded.tool, enabled = 1, added_at = excluded.added_at""",
                    [by.uid, tool.name, sha256, msgspec.json.encode(tool).decode(), self._clock.now()],
                )
            await self._forget(tx, by.uid)
        return [await self.find(by.uid, tool.name) for tool in found]

    async def switch(self, name: str, enabled: bool, by: Principal) -> OwnTool:
        """Let agents use a tool, or not; nothing happens where it is so already. Raises ToolNotFound."""
        async with self._store.transaction() as tx:
            found = await self._found(tx, by.uid, name)
            if found.enabled != enabled:
                what = "enable" if enabled else "disable"
                await self._tell(tx, what, {"name": name, "sha256": found.sha256}, by)
                await tx.execute(
                    "UPDATE tools SET enabled = ? WHERE uid = ? AND name = ?", [int(enabled), by.uid, name]
                )
        return msgspec.structs.replace(found, enabled=enabled)

    async def remove(self, name: str, by: Principal) -> OwnTool:
        """Forget a tool, and its source where no other tool is of it; raises ToolNotFound."""
        async with self._store.transaction() as tx:
            found = await self._found(tx, by.uid, name)
            await self._tell(tx, "remove", {"name": name, "sha256": found.sha256}, by)
            await tx.execute("DELETE FROM tools WHERE uid = ? AND name = ?", [by.uid, name])
            await self._forget(tx, by.uid)
        return found

    async def _found(self, tx: aiosqlite.Connection, uid: int, name: str) -> OwnTool:
        rows = list(await tx.execute_fetchall("SELECT * FROM tools WHERE uid = ? AND name = ?", [uid, name]))
        if not rows:
            raise _missing(name)
        return _tool(rows[0])

    async def _forget(self, tx: aiosqlite.Connection, uid: int) -> None:
        """Sources that no tool is of any more."""
        await tx.execute(
            """DELETE FROM tool_sources WHERE uid = ?
               AND sha256 NOT IN (SELECT sha256 FROM tools WHERE uid = ?)""",
            [uid, uid],
        )

    async def _tell(self, tx: aiosqlite.Connection, what: str, details: dict[str, Any], by: Principal) -> None:
        await self._audit.append(tx, Entry(kind=f"tool.{what}", uid=by.uid, agent=by.agent, details=details))


def _missing(name: str) -> ToolNotFound:
    return ToolNotFound(f'you have no tool "{shown(name)}"', "tektra tools list shows them.")


def _tool(row: Row) -> OwnTool:
    try:
        tool = msgspec.json.decode(row["tool"], type=Schema)
    except msgspec.MsgspecError as error:
        raise StoreFailed(f'the tool "{row["name"]}" in the store cannot be understood') from error
    return OwnTool(tool=tool, sha256=row["sha256"], enabled=bool(row["enabled"]), added_at=row["added_at"])
