"""Confined programs by hand: what holds here, and running one."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import anyio
from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import EventStream, typed_events
from tektrad.errors import InvalidRequest
from tektrad.sandbox.confinement import Limits, Outcome, Program, Stream
from tektrad.sandbox.identity import python
from tektrad.sandbox.uninterrupted import in_threads
from tektrad.trust.entry import Entry

router = APIRouter(prefix="/api/sandbox")


@router.get("", dependencies=needs.open_to_all)
async def probe(rooms: Rooms) -> Response:
    """Which level of confinement holds here, found out by doing, and what programs are held to."""
    footing = await rooms.sandbox.footing()
    return json_response({"schema": "tektra.sandbox/1"} | asdict(footing) | {"limits": asdict(Limits())})


@router.post("/run", dependencies=needs.run)
async def run(rooms: Rooms, asker: Asker, body: shapes.SandboxRun) -> Response:
    """Run a program confined: a stream of what it says, and how it ended."""
    try:
        stdin = base64.b64decode(body.stdin, validate=True)
    except binascii.Error as error:
        raise InvalidRequest("stdin is not base64", param="stdin") from error
    if body.folder is not None and not Path(body.folder).is_absolute():
        raise InvalidRequest("the folder has to be an absolute path", param="folder")
    arguments = (python(), "-") if body.arguments == ["-"] else tuple(body.arguments)
    if any("\0" in argument for argument in arguments):
        raise InvalidRequest("an argument holds a zero byte", param="arguments")
    usual = Limits()
    limits = replace(
        usual,
        seconds=body.timeout_s or usual.seconds,
        memory_bytes=body.memory_bytes or usual.memory_bytes,
    )
    folder = Path(body.folder) if body.folder is not None else None
    said = {"arguments": arguments, "folder": body.folder, "stdin_sha256": hashlib.sha256(stdin).hexdigest()}
    held = {"seconds": limits.seconds, "memory_bytes": limits.memory_bytes}
    confinement = (await rooms.sandbox.footing()).confinement
    entry = Entry(kind="sandbox.run", uid=asker.uid, confinement=confinement, details=said | held)
    return EventStream(typed_events(_events(rooms, entry, arguments, folder, stdin, limits)))


async def _events(
    rooms: Services, entry: Entry, arguments: tuple[str, ...], folder: Path | None, stdin: bytes, limits: Limits
) -> AsyncGenerator[object, None]:
    """What a program says as it says it, then how it ended; closing ends the program."""
    said: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    denied: Counter[str] = Counter()

    def hear(stream: Stream, data: bytes) -> None:
        said.put_nowait({"type": "output", "stream": stream, "data": base64.b64encode(data).decode()})

    async def work() -> Outcome:
        try:
            async with rooms.audit.telling(entry) as telling, AsyncExitStack() as held:
                if folder is not None:
                    where = await asyncio.to_thread(folder.resolve)
                else:
                    where = await held.enter_async_context(in_threads(rooms.sandbox.fresh_folder()))
                try:
                    outcome = await rooms.sandbox.run(Program(arguments, where, stdin), limits, hear, denied)
                finally:  # also where nobody waits for its end any more
                    if denied:
                        telling.alarm("denied_call", {"calls": dict(denied)})
                told = {"code": outcome.code, "ended_by": outcome.ended_by, "peak_bytes": outcome.peak_bytes}
                telling.end(told, "ok" if outcome.ended_by == "itself" else "failed")
                if outcome.ended_by != "itself":
                    telling.alarm("limit", {"limit": outcome.ended_by})
            return outcome
        finally:
            said.put_nowait(None)

    task = asyncio.create_task(work())
    try:
        while (event := await said.get()) is not None:
            yield event
        yield {"type": "done"} | asdict(await task) | {"limits": asdict(limits)}
    finally:
        task.cancel()
        with anyio.CancelScope(shield=True):  # else it would be cancelled again while it records its end
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # told already, or nobody is left to hear it
