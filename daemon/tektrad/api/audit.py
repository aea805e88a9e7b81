"""The audit log: reading it, checking it, taking it elsewhere, and removing what is old."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from tektra_models.child import ChildFailed, lines_of
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import EventStream, typed_events
from tektrad.errors import TektraError
from tektrad.trust.entry import Entry
from tektrad.trust.exported import csv_row
from tektrad.trust.reading import Filter, shown

router = APIRouter(prefix="/api/audit")
Limit = Annotated[int, Query(ge=1, le=1000)]
Number = Annotated[int, Query(ge=0, lt=2**63)]
MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


class VerifyFailed(TektraError):
    """The log could not be checked at all."""

    code = "verify_failed"


@router.get("", dependencies=needs.audit)
async def list_entries(
    rooms: Rooms,
    limit: Limit = 50,
    before: Number | None = None,
    after: Number | None = None,
    since: shapes.Moment | None = None,
    until: shapes.Moment | None = None,
    uid: int | None = None,
    agent: str | None = None,
    run: str | None = None,
    kind: str | None = None,
    outcome: str | None = None,
    words: str = "",
    checkpoints: bool = False,
    act: str | None = None,
) -> Response:
    """Newest first, a page at a time; with `after`, what came later, oldest first."""
    wanted = Filter(since, until, uid, agent, run, kind, outcome, words, checkpoints, act)
    following: int | None = None
    if after is not None:
        entries = await rooms.audit_reader.later(wanted, limit, after)
    else:
        entries, following = await rooms.audit_reader.page(wanted, limit, before)
    head = (await rooms.audit_reader.head()).number
    return json_response({"schema": "tektra.audit/1", "entries": entries, "next": following, "last": head})


@router.get("/stats", dependencies=needs.audit)
async def stats(rooms: Rooms) -> Response:
    """How much of what there is."""
    return json_response({"schema": "tektra.audit-stats/1"} | await rooms.audit_reader.stats())


@router.post("/export", dependencies=needs.audit)
async def export(rooms: Rooms, asker: Asker, body: shapes.AuditExport) -> Response:
    """The log as a file: lines that can be verified anywhere, or a table that cannot."""
    await rooms.audit.record(Entry(kind="audit.export", uid=asker.uid, details=body.model_dump()))
    head = await rooms.audit.checkpoint("the log is exported")
    first, last = await rooms.audit_reader.range(body.since, body.until, head.number)
    write = _json_lines if body.format == "jsonl" else _table
    return StreamingResponse(write(rooms, first, last), media_type=MEDIA[body.format])


async def _json_lines(rooms: Services, first: int, last: int) -> AsyncGenerator[bytes, None]:
    file = rooms.audit.export(await rooms.audit_reader.before_first(first))
    yield file.first
    async with aclosing(rooms.audit_reader.rows(first, last)) as pages:
        async for rows in pages:
            yield b"".join(file.line(row["number"], row["body"], bytes(row["hash"])) for row in rows)
    yield file.last()


async def _table(rooms: Services, first: int, last: int) -> AsyncGenerator[bytes, None]:
    yield csv_row(None)
    async with aclosing(rooms.audit_reader.rows(first, last)) as pages:
        async for rows in pages:
            yield b"".join(csv_row(shown(row)) for row in rows)


@router.post("/verify", dependencies=needs.audit)
async def verify(rooms: Rooms, asker: Asker, body: shapes.AuditVerify) -> Response:
    """Check the whole log, by a process of its own: a stream of how far it is, and what was found."""
    return EventStream(typed_events(_verified(rooms, asker.uid, body.head)))


async def _verified(rooms: Services, uid: int, head: str | None) -> AsyncGenerator[object, None]:
    place = ["--store", str(rooms.paths.database), "--key-file", str(rooms.paths.audit_key)]
    known = ["--head", head] if head is not None else []
    async with rooms.audit.telling(Entry(kind="audit.verify", uid=uid, details={"head": head})) as telling:
        try:
            async with aclosing(lines_of("tektrad.trust.verify", *place, *known)) as lines:
                async for line in lines:
                    event: dict[str, Any] = msgspec.json.decode(line)
                    if event["type"] == "failed":
                        raise VerifyFailed(event["message"])
                    if event["type"] == "done":
                        found = {name: event[name] for name in ("ok", "entries", "head", "first_bad")}
                        telling.end(found, "ok" if event["ok"] else "failed")
                        if not event["ok"]:
                            await rooms.alarms.sound("log_damaged", uid, event["first_bad"])
                    yield event
        except ChildFailed as error:
            raise VerifyFailed(f"the log could not be checked: {error.message}") from error


@router.post("/prune", dependencies=needs.prune)
async def prune(rooms: Rooms, asker: Asker, body: shapes.AuditPrune) -> Response:
    """Remove entries older than a time; a signed statement of that stays in the log."""
    await rooms.mfa.require(asker.uid, body.code)
    removed = await rooms.audit.prune(body.before, asker.uid)
    return json_response({"schema": "tektra.audit-pruned/1", "before": body.before, "removed": removed})


@router.get("/{number}", dependencies=needs.audit)
async def show_entry(rooms: Rooms, number: Annotated[int, Path(ge=1, lt=2**63)]) -> Response:
    """One entry."""
    return json_response({"schema": "tektra.audit-entry/1", "entry": await rooms.audit_reader.one(number)})
