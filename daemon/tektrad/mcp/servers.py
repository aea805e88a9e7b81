"""MCP servers in the store: the only reader and writer of those tables. Somebody's servers are theirs alone.

Of each there are two sets of definitions: those that a person approved, and those that it offered last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import aiosqlite
import msgspec

from tektrad.clock import Clock
from tektrad.errors import InvalidRequest, McpChanged, McpExists, McpNotFound, StoreFailed
from tektrad.mcp.definitions import Definition, canonical, changes, pin
from tektrad.mcp.server import Server
from tektrad.store.db import Row, Store
from tektrad.trust.act import Principal
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Confinement, Entry
from tektrad.trust.resource import shown

State = Literal["new", "approved", "changed"]
Which = Literal["approved", "found"]
MOST_SERVERS = 64
"""That one user may have."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A server in the store; `offered` is what it offered last, `approved` what a person allowed."""

    server: Server
    pin: str
    approved_pin: str | None
    added_at: str
    approved_at: str | None
    approved: list[Definition]
    offered: list[Definition]

    @property
    def state(self) -> State:
        """Whether its tools may be called: only what is approved, and as it was approved."""
        if self.approved_pin is None:
            return "new"
        return "approved" if self.approved_pin == self.pin else "changed"

    @property
    def changes(self) -> Mapping[str, str]:
        """Which tools are not as they were approved."""
        return changes(self.approved, self.offered) if self.state == "changed" else {}


class Servers:
    """Everybody's servers; `by` is whose it is."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit

    async def all(self, uid: int) -> list[Kept]:
        """A user's servers, by name."""
        rows = await self._store.rows("SELECT * FROM mcp_servers WHERE uid = ? ORDER BY name", [uid])
        tools = await self._store.rows("SELECT * FROM mcp_tools WHERE uid = ? ORDER BY name", [uid])
        return [_kept(row, [tool for tool in tools if tool["server"] == row["name"]]) for row in rows]

    async def find(self, uid: int, name: str) -> Kept:
        """One of them; raises McpNotFound."""
        rows = await self._store.rows("SELECT * FROM mcp_servers WHERE uid = ? AND name = ?", [uid, name])
        if not rows:
            raise _missing(name)
        tools = await self._store.rows(
            "SELECT * FROM mcp_tools WHERE uid = ? AND server = ? ORDER BY name", [uid, name]
        )
        return _kept(rows[0], tools)

    async def refuse(self, uid: int, name: str) -> None:
        """Raise McpExists or InvalidRequest where a server cannot be added under that name."""
        rows = await self._store.rows("SELECT name FROM mcp_servers WHERE uid = ?", [uid])
        if name in [row["name"] for row in rows]:
            raise McpExists(f'there is an MCP server "{name}" already', f"Remove it first: tektra mcp rm {name}")
        if len(rows) >= MOST_SERVERS:
            raise InvalidRequest(f"you have {len(rows)} MCP servers already", "Remove one: tektra mcp rm NAME")

    async def add(self, server: Server, offered: Sequence[Definition], confinement: Confinement, by: Principal) -> Kept:
        """Keep a server that nobody has approved yet, and what it offers. Raises McpExists."""
        await self.refuse(by.uid, server.name)
        found = pin(server, offered)
        async with self._store.transaction() as tx:
            details = {**told(server), "tools": len(offered), "pin": found}
            await self._tell(tx, "mcp.add", by, details, confinement)
            await tx.execute(
                "INSERT INTO mcp_servers VALUES (?, ?, ?, NULL, ?, ?, NULL)",
                [by.uid, server.name, msgspec.json.encode(server).decode(), found, self._clock.now()],
            )
            await self._put(tx, by.uid, server.name, "found", offered)
        return await self.find(by.uid, server.name)

    async def offers(self, uid: int, server: Server, offered: Sequence[Definition]) -> Kept:
        """Keep what a server offers now; raises McpNotFound."""
        async with self._store.transaction() as tx:
            await tx.execute(
                "UPDATE mcp_servers SET found = ? WHERE uid = ? AND name = ?",
                [pin(server, offered), uid, server.name],
            )
            await self._put(tx, uid, server.name, "found", offered)
        return await self.find(uid, server.name)

    async def approve(self, name: str, seen: str, by: Principal) -> Kept:
        """Allow what a server offers; `seen` is the pin of what was looked at. Raises McpNotFound and McpChanged."""
        kept = await self.find(by.uid, name)
        async with self._store.transaction() as tx:
            rows = list(
                await tx.execute_fetchall("SELECT found FROM mcp_servers WHERE uid = ? AND name = ?", [by.uid, name])
            )
            if not rows or rows[0]["found"] != seen or kept.pin != seen:
                raise McpChanged(f'"{name}" is not what you looked at', f"Look again: tektra mcp tools {name}")
            details = {"name": name, "pin": seen, "was": kept.approved_pin, "changes": dict(kept.changes)}
            await self._tell(tx, "mcp.approve", by, details)
            await tx.execute(
                "UPDATE mcp_servers SET approved = ?, approved_at = ? WHERE uid = ? AND name = ?",
                [seen, self._clock.now(), by.uid, name],
            )
            await self._put(tx, by.uid, name, "approved", kept.offered)
        return await self.find(by.uid, name)

    async def remove(self, name: str, by: Principal) -> None:
        """Forget a server, also one that was damaged in the store; raises McpNotFound."""
        async with self._store.transaction() as tx:
            await self._tell(tx, "mcp.remove", by, {"name": name})
            cursor = await tx.execute("DELETE FROM mcp_servers WHERE uid = ? AND name = ?", [by.uid, name])
            if cursor.rowcount == 0:
                raise _missing(name)

    async def _put(
        self, tx: aiosqlite.Connection, uid: int, name: str, which: Which, definitions: Sequence[Definition]
    ) -> None:
        await tx.execute("DELETE FROM mcp_tools WHERE uid = ? AND server = ? AND which = ?", [uid, name, which])
        for each in definitions:
            await tx.execute(
                "INSERT INTO mcp_tools VALUES (?, ?, ?, ?, ?)", [uid, name, which, each.name, canonical(each)]
            )

    async def _tell(
        self,
        tx: aiosqlite.Connection,
        kind: str,
        by: Principal,
        details: Mapping[str, Any],
        confinement: Confinement = "none",
    ) -> None:
        entry = Entry(kind=kind, uid=by.uid, agent=by.agent, confinement=confinement, details=details)
        await self._audit.append(tx, entry)


def told(server: Server) -> dict[str, Any]:
    """A server as the log tells of it: without values."""
    how: dict[str, Any] = {"url": server.url} if server.url else {"command": list(server.command)}
    given = {"variables": sorted({*server.env, *server.secrets}), "headers": sorted(server.headers)}
    return {"name": server.name, "kind": server.kind, "folder": server.folder} | how | given


def _missing(name: str) -> McpNotFound:
    return McpNotFound(f'there is no MCP server "{shown(name)}"', "tektra mcp list shows them.")


def _kept(row: Row, tools: Sequence[Row]) -> Kept:
    """As the store has it; raises StoreFailed where somebody changed what was approved."""
    try:
        server = msgspec.json.decode(row["server"], type=Server)
        sets = {
            which: [msgspec.json.decode(tool["body"], type=Definition) for tool in tools if tool["which"] == which]
            for which in ("approved", "found")
        }
    except msgspec.MsgspecError as error:
        raise StoreFailed(f'the MCP server "{row["name"]}" in the store cannot be understood') from error
    for which, definitions in sets.items():
        if row[which] is not None and pin(server, definitions) != row[which]:
            raise StoreFailed(
                f'the MCP server "{row["name"]}" in the store was changed', "Remove it, and add it again."
            )
    return Kept(
        server=server,
        pin=row["found"],
        approved_pin=row["approved"],
        added_at=row["added_at"],
        approved_at=row["approved_at"],
        approved=sets["approved"],
        offered=sets["found"],
    )
