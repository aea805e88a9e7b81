"""MCP servers at work: adding, checking, approving, calling them. One process or connection for each user's server.

What a server offers is compared with what a person approved whenever it is started, and when it says that it changed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tektrad.errors import Busy, InvalidRequest, McpChanged, McpFailed, McpNotFound
from tektrad.mcp import program
from tektrad.mcp.answer import Answer
from tektrad.mcp.definitions import Definition, changes, checked, pin
from tektrad.mcp.server import Server
from tektrad.mcp.servers import Kept, Servers, told
from tektrad.mcp.session import Opening, Session, by_http, loaded
from tektrad.sandbox.sandbox import Sandbox
from tektrad.trust.act import Principal
from tektrad.trust.alarms import Alarms
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Confinement, Entry
from tektrad.trust.secrets import Secrets

IDLE_S = 300.0
"""How long a server is kept that nobody calls."""
MOST_AT_ONCE = 16

Key = tuple[int, str]


@dataclass(slots=True)
class _Live:
    session: Session
    timer: asyncio.TimerHandle | None = None


class Mcp:
    """Everybody's MCP servers, for one daemon."""

    def __init__(self, servers: Servers, sandbox: Sandbox, secrets: Secrets, audit: AuditLog, alarms: Alarms) -> None:
        self.servers = servers
        self._sandbox = sandbox
        self._secrets = secrets
        self._audit = audit
        self._alarms = alarms
        self._live: dict[Key, _Live] = {}
        self._locks: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stopping: set[asyncio.Task[None]] = set()

    async def add(self, server: Server, by: Principal) -> Kept:
        """Start a server, and keep what it offers; nobody may call it yet. Raises McpExists and McpFailed."""
        await self.servers.refuse(by.uid, server.name)
        program.check_folder(self._sandbox, server)
        offered = await self._asked(server, by.uid)
        return await self.servers.add(server, offered, await self.confinement(server), by)

    async def check(self, uid: int, name: str) -> Kept:
        """Start a server anew, and look whether it offers what was approved."""
        kept = await self.servers.find(uid, name)
        await self._stop((uid, name))
        offered = await self._asked(kept.server, uid)
        return await self.servers.offers(uid, kept.server, offered)

    async def remove(self, name: str, by: Principal) -> None:
        """Forget a server, and end it."""
        await self.servers.remove(name, by)
        await self._stop((by.uid, name))

    async def given(self, uid: int, reference: str) -> list[tuple[Server, Definition]]:
        """What `SERVER` or `SERVER/TOOL` means: tools as they were approved. Starts nothing.

        Also of a server that has changed since: its calls fail. Raises McpNotFound and McpChanged.
        """
        name, _, tool = reference.partition("/")
        kept = await self.servers.find(uid, name)
        if kept.state == "new":
            raise McpChanged(f"{name} is not approved yet", f"tektra mcp approve {name}")
        found = [(kept.server, each) for each in kept.approved if tool in ("", each.name)]
        if not found:
            raise McpNotFound(f"{name} has no tool {tool}".rstrip(), f"tektra mcp tools {name} lists them.")
        return found

    async def call(self, uid: int, name: str, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """Call a tool of an approved server; raises McpFailed, and McpChanged where it is not what was approved."""
        session = await self._session(uid, name)
        try:
            answer = await session.call(tool, arguments)
        finally:
            self._rest((uid, name))
        text = self._secrets.redact_text(answer.text)
        return Answer(text=text, ok=answer.ok, data=self._secrets.redact(answer.data))

    async def confinement(self, server: Server) -> Confinement:
        """What holds a server's program; nothing holds an address."""
        return (await self._sandbox.footing()).confinement if server.kind == "confined" else "none"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """End all servers when the block ends."""
        try:
            yield
        finally:
            await asyncio.gather(*(self._stop(key) for key in list(self._live)))
            await asyncio.gather(*self._stopping)

    async def _session(self, uid: int, name: str) -> Session:
        """One that runs, and offers what was approved."""
        key = (uid, name)
        async with self._locks[key]:
            kept = await self.servers.find(uid, name)
            _refuse(kept)
            live = self._live.get(key)
            if live is not None and live.session.is_over:
                await self._stop(key)
                live = None
            if live is None:
                await self._make_room()
                live = self._live[key] = _Live(await self._started(kept.server, uid))
                live.session.is_stale = True
            if live.timer is not None:
                live.timer.cancel()
                live.timer = None
            if live.session.is_stale:
                try:
                    await self._compare(kept, uid, await live.session.definitions())
                except BaseException:
                    await self._stop(key)
                    raise
            return live.session

    async def _compare(self, kept: Kept, uid: int, said: Sequence[Definition]) -> None:
        """Raise McpChanged, sound an alarm and remember it, where it is not what was approved."""
        name = kept.server.name
        offered = self._checked(name, said)
        if pin(kept.server, offered) == kept.approved_pin:
            return
        what = changes(kept.approved, offered)
        await self._alarms.sound("mcp_changed", uid, {"server": name, "changes": dict(what)}, about=name)
        _refuse(await self.servers.offers(uid, kept.server, offered))

    async def _asked(self, server: Server, uid: int) -> list[Definition]:
        """What a server offers now; it is started for that alone."""
        session = await self._started(server, uid)
        try:
            return self._checked(server.name, await session.definitions())
        finally:
            await session.stop()

    def _checked(self, name: str, said: Sequence[Definition]) -> list[Definition]:
        offered = checked(name, said)
        if self._secrets.redact([vars_of(each) for each in offered]) != [vars_of(each) for each in offered]:
            raise McpFailed(f"what {name} says of its tools holds the value of a secret")
        return offered

    async def _started(self, server: Server, uid: int) -> Session:
        level = await self.confinement(server)
        await self._audit.record(Entry(kind="mcp.start", uid=uid, confinement=level, details=told(server)))
        await loaded()
        values = {}
        for name, secret in (server.headers if server.url else server.secrets).items():
            values[name] = _text(secret, await self._secrets.use(secret, uid))

        async def denied(calls: Mapping[str, int]) -> None:
            await self._alarms.sound("denied_call", uid, {"server": server.name, "calls": dict(calls)}, server.name)

        @contextlib.asynccontextmanager
        async def by_program(session: Session) -> AsyncIterator[Any]:
            async with program.spoken(self._sandbox, server, values, denied) as spoken:
                yield session.lines(spoken)

        opening: Opening = (lambda session: by_http(session, server, values)) if server.url else by_program
        return Session(server, opening)

    async def _make_room(self) -> None:
        """End whoever rests for the longest time, where there are too many; raises Busy."""
        while len(self._live) >= MOST_AT_ONCE:
            resting = [(live.timer.when(), key) for key, live in self._live.items() if live.timer is not None]
            if not resting:
                raise Busy(f"{MOST_AT_ONCE} MCP servers are at work already", "Try again when one of them is done.")
            await self._stop(min(resting)[1])

    def _rest(self, key: Key) -> None:
        """Nobody calls it for now: end it when that lasts; at once where it is of no use any more."""
        live = self._live.get(key)
        if live is None or live.session.calls:
            return
        if live.timer is not None:
            live.timer.cancel()
        delay = 0.0 if live.session.is_over else IDLE_S
        live.timer = asyncio.get_running_loop().call_later(delay, self._idle, key, live)

    def _idle(self, key: Key, live: _Live) -> None:
        if self._live.get(key) is live and not live.session.calls:
            task = asyncio.create_task(self._stop(key))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    async def _stop(self, key: Key) -> None:
        live = self._live.pop(key, None)
        if live is not None:
            if live.timer is not None:
                live.timer.cancel()
            await live.session.stop()


def vars_of(definition: Definition) -> Mapping[str, Any]:
    """All of it, for who looks for values in it."""
    return {name: getattr(definition, name) for name in definition.__struct_fields__}


def _refuse(kept: Kept) -> None:
    name = kept.server.name
    if kept.state == "new":
        raise McpChanged(f"{name} is not approved yet", f"Look at it, and approve it: tektra mcp approve {name}")
    if kept.state == "changed":
        what = ", ".join(f"{tool} {word}" for tool, word in list(kept.changes.items())[:10])
        hint = f"Its tools are suspended until somebody looks at it: tektra mcp approve {name}"
        raise McpChanged(f"{name} does not offer what was approved ({what})", hint)


def _text(name: str, value: bytes) -> str:
    try:
        found = value.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the secret {name} is no text") from error
    if any(not each.isprintable() for each in found):
        raise InvalidRequest(f"the secret {name} has several lines, or holds what is no text")
    return found
