"""Agents in the store: the only reader and writer of those tables. What somebody makes is theirs, and nobody else's.

A version is never changed: an edit makes another one, and the current version is a pointer that also goes back. One's
own agent goes before the one of that name that comes with Tektra.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

import aiosqlite
import msgspec

from tektrad.agents import agent_file
from tektrad.agents.agent import Agent, canonical, differing, digest, version_of
from tektrad.clock import Clock
from tektrad.errors import AgentChanged, AgentExists, AgentNotFound, InvalidRequest, StoreFailed
from tektrad.memory.notes import Notes
from tektrad.store.db import Row, Store
from tektrad.store.reference import by_reference
from tektrad.trust.act import Principal
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.resource import shown

Source = Literal["own", "shipped"]
What = Literal["create", "copy", "edit", "rollback", "remove", "shipped"]
MOST_AGENTS = 256
"""That one user may have at a time."""
_KINDS: Mapping[What, str] = {"copy": "agent.create"}
_NAMES = "tektra agents list shows them."


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as it was at one time; `made_by` None: it came with Tektra."""

    version: str
    source: Source
    made_at: str | None
    made_by: int | None
    agent: Agent


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did to an agent: which version is current since then, and what differs from the one before."""

    number: int
    what: What
    version: str
    made_at: str | None
    made_by: int | None
    current: bool
    changed: list[str]


class Agents:
    """Everybody's agents; `by` is who changes one, and it is theirs."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog, notes: Notes) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._notes = notes

    async def all(self, uid: int) -> list[Version]:
        """One's own and the shipped ones, by name."""
        rows = await self._store.rows(f"{_CURRENT} WHERE a.uid = ? AND NOT a.removed", [uid])
        found = dict(shipped()) | {row["name"]: _version(row) for row in rows}
        return [found[name] for name in sorted(found)]

    async def find(self, uid: int, name: str, was: str | None = None) -> Version:
        """The current version, which has to be `was` if that is given; raises AgentNotFound and AgentChanged."""
        rows = await self._store.rows(f"{_CURRENT} WHERE a.uid = ? AND a.name = ? AND NOT a.removed", [uid, name])
        found = _version(rows[0]) if rows else shipped().get(name)
        if found is None:
            raise AgentNotFound(f'there is no agent "{shown(name)}"', _NAMES)
        if was is not None:
            _compare(found.agent.name, found.version, was)
        return found

    async def version(self, uid: int, name: str, reference: str) -> Version:
        """Any version, also of an agent that was removed, by a unique beginning; raises AgentNotFound."""
        sought = reference.lower()
        row = await by_reference(
            self._store,
            "SELECT version AS id, * FROM agent_versions",
            "version",
            sought,
            "version",
            "uid = ? AND name = ?",
            [uid, name],
        )
        if row is not None:
            return _version(row)
        coming = shipped().get(name)
        if coming is None or not sought or not coming.version.startswith(sought):
            what = f'"{shown(name)}" has no version "{shown(reference)}"'
            raise AgentNotFound(what, f"tektra agents versions {shown(name)} lists them.")
        return coming

    async def history(self, uid: int, name: str, limit: int, before: int | None) -> tuple[list[Change], int | None]:
        """What became of an agent, the newest first, with a cursor for what came earlier; raises AgentNotFound."""
        rows = await self._store.rows(
            """SELECT c.*, v.body FROM agent_changes c JOIN agent_versions v USING (uid, name, version)
               WHERE uid = ? AND name = ? AND number < ? ORDER BY number DESC LIMIT ?""",
            [uid, name, before if before is not None else 2**62, limit + 1],
        )
        if not rows and before is not None:
            return [], None
        if not rows:
            coming = shipped().get(name)
            if coming is None:
                raise AgentNotFound(f'there is no agent "{shown(name)}"', _NAMES)
            return [_came(coming)], None
        newest = before is None and rows[0]["what"] != "remove"
        found = [
            _change(row, rows[place + 1] if place + 1 < len(rows) else None, current=newest and not place)
            for place, row in enumerate(rows[:limit])
        ]
        return found, found[-1].number if len(rows) > limit else None

    async def create(self, agent: Agent, by: Principal) -> Version:
        """Make an agent; raises AgentExists for who has one of that name already."""
        async with self._store.transaction() as tx:
            if await self._current(tx, by.uid, agent.name) is not None:
                hint = f"Change it (tektra agents edit {agent.name}), or take another name."
                raise AgentExists(f'there is an agent "{agent.name}" already', hint)
            await self._refuse_too_many(tx, by.uid)
            version = await self._keep(tx, by.uid, agent, by.uid)
            await self._put(tx, "create", agent.name, version, None, by)
        return await self.version(by.uid, agent.name, version)

    async def edit(self, agent: Agent, was: str | None, by: Principal) -> Version:
        """Make a content the current version of the agent of that name; nothing happens where it is already.

        A shipped one is copied first. `was` is the version that was looked at. Raises AgentNotFound and AgentChanged.
        """
        version = version_of(agent)
        async with self._store.transaction() as tx:
            now = await self._current(tx, by.uid, agent.name)
            coming = shipped().get(agent.name) if now is None else None
            if now is None and coming is None:
                raise AgentNotFound(f'there is no agent "{agent.name}"', f"tektra agents create {agent.name}")
            _compare(agent.name, coming.version if coming else now, was)
            if version == was:
                return coming or await self.version(by.uid, agent.name, version)
            if coming is not None:
                await self._refuse_too_many(tx, by.uid)
                await self._keep(tx, by.uid, coming.agent, by.uid)
                await self._put(tx, "copy", coming.agent.name, coming.version, None, by)
            await self._keep(tx, by.uid, agent, by.uid)
            await self._put(tx, "edit", agent.name, version, was, by)
        return await self.version(by.uid, agent.name, version)

    async def rollback(self, name: str, reference: str, was: str | None, by: Principal) -> Version:
        """Make an earlier version of one's own agent current again, also after it was removed; `was` is then None."""
        found = await self.version(by.uid, name, reference)
        async with self._store.transaction() as tx:
            now = await self._current(tx, by.uid, name)
            _compare(name, now, was)
            ships = found == shipped().get(name)
            if now is None and ships:
                raise InvalidRequest(f'"{name}" comes with Tektra, and is at that version')
            if now is None:
                await self._refuse_too_many(tx, by.uid)
            if ships:
                await self._keep(tx, by.uid, found.agent, by.uid)
            if found.version != now:
                await self._put(tx, "rollback", name, found.version, was, by)
        return await self.version(by.uid, name, found.version)

    async def remove(self, name: str, was: str | None, by: Principal) -> tuple[Version, int]:
        """Take an agent of one's own away with its notes, and return how many they were; its versions stay.

        Raises AgentNotFound, AgentChanged and InvalidRequest.
        """
        async with self._store.transaction() as tx:
            now = await self._current(tx, by.uid, name)
            if now is None and name in shipped():
                raise InvalidRequest(f'"{name}" comes with Tektra, and stays', "Only your own can be removed.")
            if now is None:
                raise AgentNotFound(f'there is no agent "{shown(name)}"', _NAMES)
            _compare(name, now, was)
            notes = await self._notes.clear(tx, by.uid, name)
            await self._tell(tx, "remove", name, now, now, by, {"notes": notes} if notes else {})
            await tx.execute("UPDATE agents SET removed = 1 WHERE uid = ? AND name = ?", [by.uid, name])
        return await self.version(by.uid, name, now), notes

    async def pin(self, tx: aiosqlite.Connection, uid: int, name: str) -> Version:
        """The current version for a run that begins in this transaction; `version` finds it from then on for ever.

        Of a shipped one, which another Tektra may bring otherwise, a copy is kept. Raises AgentNotFound.
        """
        found = await self._now(tx, uid, name)
        if found is None:
            raise AgentNotFound(f'there is no agent "{shown(name)}"', _NAMES)
        if found.source == "shipped":
            await self._keep(tx, uid, found.agent, None)
        return found

    async def keeps_notes(self, tx: aiosqlite.Connection, uid: int, name: str) -> bool:
        """Whether the agent that somebody has now of that name is one with memory."""
        found = await self._now(tx, uid, name)
        return found is not None and found.agent.memory

    async def _now(self, tx: aiosqlite.Connection, uid: int, name: str) -> Version | None:
        """The current version, one's own or the shipped one."""
        now = await self._current(tx, uid, name)
        if now is None:
            return shipped().get(name)
        rows = await tx.execute_fetchall(f"{_VERSIONS} WHERE uid = ? AND name = ? AND version = ?", [uid, name, now])
        return _version(next(iter(rows)))

    async def _current(self, tx: aiosqlite.Connection, uid: int, name: str) -> str | None:
        """The version that one's own agent has now; None: there is none of one's own."""
        rows = list(
            await tx.execute_fetchall(
                "SELECT version FROM agents WHERE uid = ? AND name = ? AND NOT removed", [uid, name]
            )
        )
        return str(rows[0][0]) if rows else None

    async def _refuse_too_many(self, tx: aiosqlite.Connection, uid: int) -> None:
        rows = list(await tx.execute_fetchall("SELECT count(*) FROM agents WHERE uid = ? AND NOT removed", [uid]))
        if rows[0][0] >= MOST_AGENTS:
            raise InvalidRequest(f"you have {rows[0][0]} agents already", "Remove one: tektra agents rm NAME")

    async def _put(
        self, tx: aiosqlite.Connection, what: What, name: str, version: str, was: str | None, by: Principal
    ) -> None:
        """Make a version that is kept current; a shipped one that a run has becomes its user's own with that."""
        await self._tell(tx, what, name, version, was, by)
        await tx.execute(
            """UPDATE agent_versions SET made_at = ?, made_by = ?
               WHERE uid = ? AND name = ? AND version = ? AND made_by IS NULL""",
            [self._clock.now(), by.uid, by.uid, name, version],
        )
        await tx.execute(
            """INSERT INTO agents (uid, name, version, removed) VALUES (?, ?, ?, 0)
               ON CONFLICT (uid, name) DO UPDATE SET version = excluded.version, removed = 0""",
            [by.uid, name, version],
        )

    async def _keep(self, tx: aiosqlite.Connection, uid: int, agent: Agent, by: int | None) -> str:
        """A version, once; returns it."""
        body = canonical(agent)
        await tx.execute(
            """INSERT INTO agent_versions (uid, name, version, body, made_at, made_by) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (uid, name, version) DO NOTHING""",
            [uid, agent.name, digest(body), body.decode(), self._clock.now(), by],
        )
        return digest(body)

    async def _tell(
        self,
        tx: aiosqlite.Connection,
        what: What,
        name: str,
        version: str,
        was: str | None,
        by: Principal,
        more: Mapping[str, int] | None = None,
    ) -> None:
        """One change in the history, and in the audit log: which version, and nothing of what it says."""
        details = {"name": name, "version": version, "was": was, **(more or {})}
        kind = _KINDS.get(what, f"agent.{what}")
        await self._audit.append(tx, Entry(kind=kind, uid=by.uid, agent=by.agent, details=details))
        await tx.execute(
            "INSERT INTO agent_changes (uid, name, what, version, made_at, made_by) VALUES (?, ?, ?, ?, ?, ?)",
            [by.uid, name, what, version, self._clock.now(), by.uid],
        )


_VERSIONS = "SELECT * FROM agent_versions"
_CURRENT = "SELECT v.* FROM agents a JOIN agent_versions v USING (uid, name, version)"


@cache
def shipped() -> Mapping[str, Version]:
    """The agents that come with Tektra, by name."""
    folder = resources.files("tektrad.agents") / "shipped"
    files = [entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    agents = [agent_file.read(text) for text in files]
    return {
        agent.name: Version(version=version_of(agent), source="shipped", made_at=None, made_by=None, agent=agent)
        for agent in agents
    }


def _compare(name: str, now: str | None, was: str | None) -> None:
    if now != was:
        raise AgentChanged(f'"{name}" is not what it was', f"Look at it again: tektra agents show {name}")


def _came(coming: Version) -> Change:
    return Change(
        number=0, what="shipped", version=coming.version, made_at=None, made_by=None, current=True, changed=[]
    )


def _change(row: Row, before: Row | None, *, current: bool) -> Change:
    other = before is not None and row["what"] in ("edit", "rollback")
    changed = differing(_agent(before), _agent(row)) if before is not None and other else []
    kept = ("number", "what", "version", "made_at", "made_by")
    return Change(**{name: row[name] for name in kept}, current=current, changed=changed)


def _version(row: Row) -> Version:
    source: Source = "shipped" if row["made_by"] is None else "own"
    at = row["made_at"] if source == "own" else None
    return Version(version=row["version"], source=source, made_at=at, made_by=row["made_by"], agent=_agent(row))


def _agent(row: Row) -> Agent:
    """What a row says; not checked again, for what a tool was called once may be no tool any more."""
    body: str = row["body"]
    if digest(body.encode()) != row["version"]:
        raise StoreFailed(f'the version {row["version"][:12]} of "{row["name"]}" in the store was changed')
    try:
        return msgspec.json.decode(body, type=Agent)
    except msgspec.MsgspecError as error:
        raise StoreFailed(f'the version {row["version"][:12]} of "{row["name"]}" cannot be understood') from error
