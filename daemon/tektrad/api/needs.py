"""What a route needs: every route names it in its decorator, and the judge is asked once before anything else happens.

`open_to_all` is for whoever may connect at all: what everybody may know, and what is only ever one's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import Depends, Request

from tektra_models.errors import ModelError
from tektrad.api.services import Asker, Rooms, Services
from tektrad.errors import Forbidden, InvalidRequest, McpNotFound
from tektrad.mcp.server import Server
from tektrad.pool.party import Party
from tektrad.trust.act import Act, Confinement, Effect

Resource = str | tuple[str, ...]
UNNAMED = "unnamed"
"""What is asked about where a request names nothing that could be ruled about: it will come to nothing anyway."""


class Need:
    """Something that a route needs; `name` is for people and tests."""

    def __init__(self, name: str, ask: Callable[[Services, Party, Request], Awaitable[None]]) -> None:
        self.name = name
        self._ask = ask

    async def __call__(self, rooms: Rooms, asker: Asker, request: Request) -> None:
        """Raise Forbidden unless who asks may."""
        await self._ask(rooms, asker, request)


async def require(
    rooms: Services,
    asker: Party,
    action: str,
    resource: Resource,
    effect: Effect = "outside",
    confinement: Confinement = "",
) -> None:
    """Ask the judge; what it refuses is a security event, and raises Forbidden that names the rule."""
    principal = rooms.judge.principal(asker.uid, asker.agent)
    act = Act(principal=principal, action=action, resource=resource, confinement=confinement, effect=effect)
    try:
        await rooms.judge.require(act)
    except Forbidden as error:
        await rooms.alarms.sound("refused", asker.uid, {"what": f"{action} {act.text}", "why": error.message})
        raise


async def _nothing(rooms: Services, asker: Party, request: Request) -> None:
    pass


def _configure(setting: str) -> Any:
    async def ask(rooms: Services, asker: Party, request: Request) -> None:
        await require(rooms, asker, "configure", setting)

    return Depends(Need(f"configure {setting}", ask))


async def _audit(rooms: Services, asker: Party, request: Request) -> None:
    await require(rooms, asker, "audit", "log")


async def _load(rooms: Services, asker: Party, request: Request) -> None:
    await require(rooms, asker, "load", _model_name(rooms, request.path_params["name"]))


async def _remove(rooms: Services, asker: Party, request: Request) -> None:
    await require(rooms, asker, "remove", _model_name(rooms, request.path_params["name"]))


async def _generate(rooms: Services, asker: Party, request: Request) -> None:
    """With the model named, else the default one."""
    await require(rooms, asker, "generate", _model_name(rooms, (await _body(request)).get("model")))


async def _chat(rooms: Services, asker: Party, request: Request) -> None:
    """With the model named, else the conversation's, else the default one."""
    body = await _body(request)
    name, reference = body.get("model"), body.get("conversation_id")
    if not name and isinstance(reference, str):
        name = (await rooms.conversations.find(reference, asker.uid)).model
    await require(rooms, asker, "generate", _model_name(rooms, name))


async def _run(rooms: Services, asker: Party, request: Request) -> None:
    """A confined program changes nothing but its folder; it runs as the daemon, so for its owner."""
    words = (await _body(request)).get("arguments")
    said = words if isinstance(words, list) and words and all(isinstance(word, str) for word in words) else [UNNAMED]
    level = (await rooms.sandbox.footing()).level
    await require(rooms, asker, "run", tuple(said), "inside", level)


async def _body(request: Request) -> dict[str, Any]:
    """The body, which the framework has read and is going to check."""
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _model_name(rooms: Services, said: object) -> str:
    """A model's one name, however it is written; of one that does not exist nothing but that can be said."""
    name = said if isinstance(said, str) and said else rooms.default_model
    try:
        return rooms.catalog.get(name).name
    except ModelError:
        return UNNAMED


async def _run_agent(rooms: Services, asker: Party, request: Request) -> None:
    """An agent reads a folder as the daemon's own user, so for its owner."""
    await require(rooms, asker, "run", ("tektra", "run"), "inside", (await rooms.sandbox.footing()).level)


async def _mcp(rooms: Services, asker: Party, request: Request) -> None:
    """An MCP server is a program that runs as the daemon's user, or an address that is reached from here."""
    name, server = request.path_params.get("name"), None
    if name is None:
        with contextlib.suppress(msgspec.ValidationError):
            server = msgspec.convert(await _body(request), Server)
    else:
        with contextlib.suppress(McpNotFound):
            server = (await rooms.mcp.servers.find(asker.uid, name)).server
    if server is None or not (server.command or server.url):
        await require(rooms, asker, "run", UNNAMED, "inside", "C")
    elif server.url:
        await require(rooms, asker, "fetch", _host(server))
    elif server.kind == "confined":
        await require(rooms, asker, "run", server.command, "inside", (await rooms.sandbox.footing()).level)
    else:
        await require(rooms, asker, "run", server.command, "outside", "C")


def _host(server: Server) -> str:
    try:
        return server.host
    except (InvalidRequest, ValueError):
        return UNNAMED


open_to_all = [Depends(Need("nothing", _nothing))]
generate = [Depends(Need("generate", _generate))]
chat = [Depends(Need("generate", _chat))]
load = [Depends(Need("load", _load))]
remove = [Depends(Need("remove", _remove))]
run_agent = [Depends(Need("run", _run_agent))]
run = [Depends(Need("run", _run))]
mcp = [Depends(Need("run", _mcp))]
audit = [Depends(Need("audit", _audit))]
prune = [_configure("audit")]
models = [_configure("models")]
files = [_configure("files")]
permissions = [_configure("permissions")]
secrets = [_configure("secrets")]
users = [_configure("users")]
