"""What is fastest on this machine: finding out, looking, forgetting."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from tektra_models.catalog import digest_of
from tektra_models.machine import cores
from tektra_models.tune import Job, job_for, tuned
from tektra_models.tuning import CLASSES, CUSTOMARY, Tuning, disturbance, ranked
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import EventStream, typed_events
from tektrad.errors import Busy, InvalidRequest
from tektrad.pool.party import Party
from tektrad.pool.tuned import GENERAL, Kept
from tektrad.trust.entry import Entry

router = APIRouter(prefix="/api")


@router.post("/models/tune", dependencies=needs.models)
async def tune(rooms: Rooms, asker: Asker, body: shapes.Tune) -> Response:
    """Time types and settings, and keep what was found. Going away stops it, and nothing is kept."""
    if body.text is not None and not Path(body.text).is_absolute():
        raise InvalidRequest(f"{body.text} does not say in which folder", "Give the whole path.", param="text")
    if body.text is not None:
        await needs.require(rooms, asker, "configure", "files")
    model = rooms.catalog.get(body.model) if body.model is not None else None
    job = await asyncio.to_thread(
        job_for,
        model,
        rooms.paths.tuning_dir,
        types=body.types,
        seconds=body.seconds,
        batch=rooms.pool.batch,
        text=Path(body.text) if body.text is not None else None,
    )
    if not body.anyway:
        _refuse_disturbed(rooms)
    digest = digest_of(model) if model is not None else GENERAL
    return EventStream(typed_events(_events(rooms, asker, job, digest)))


def _refuse_disturbed(rooms: Services) -> None:
    """Raise Busy where figures would say more about what else is going on than about types."""
    answering = ", ".join(loaded["name"] for loaded in rooms.pool.view() if loaded["leases"])
    if answering:
        raise Busy(f"{answering} is answering, and nothing can be timed beside that", "Wait, or use --anyway.")
    load = os.getloadavg()[0]
    if disturbance(load, cores()) == "too much":
        raise Busy(
            f"this machine is busy (load {load:.1f} on {cores()} cores, over the last minute): figures would be wrong",
            "Try again when it is quiet, or use --anyway.",
        )


async def _events(rooms: Services, asker: Party, job: Job, digest: str) -> AsyncGenerator[object, None]:
    load = os.getloadavg()[0]
    yield {
        "type": "began",
        "load_average": round(load, 2),
        "cores": cores(),
        "busy": disturbance(load, cores()) != "none",
    }
    kept: Kept | None = None
    entry = Entry(kind="model.tune", uid=asker.uid, details={"digest": digest})
    with rooms.tuned.alone():
        async with rooms.audit.telling(entry), aclosing(tuned(job)) as told:
            async for said in told:
                if isinstance(said, Tuning):
                    kept = await rooms.tuned.keep(digest, said)
                else:
                    yield said
    if kept is not None:
        yield {"type": "done"} | shown(rooms, kept)


@router.get("/tuned", dependencies=needs.open_to_all)
async def what_was_tuned(rooms: Rooms, model: str | None = None) -> Response:
    """All tunings, or that of one model."""
    kept = rooms.tuned.all()
    if model is not None:
        own = rooms.tuned.get(digest_of(rooms.catalog.get(model)))
        kept = [own] if own is not None else []
    tunings = [shown(rooms, each) for each in kept]
    return json_response({"schema": "tektra.tunings/1", "machine": rooms.tuned.machine, "tunings": tunings})


@router.delete("/tuned", dependencies=needs.models)
async def forget(rooms: Rooms, asker: Asker, model: str | None = None) -> Response:
    """Remove all tunings, or that of one model."""
    digest = digest_of(rooms.catalog.get(model)) if model is not None else None
    async with rooms.audit.telling(Entry(kind="model.forget_tuning", uid=asker.uid, details={"digest": digest})):
        forgotten = await rooms.tuned.forget(digest)
    return json_response({"schema": "tektra.tunings-forgotten/1", "forgotten": forgotten})


def shown(rooms: Services, kept: Kept) -> dict[str, Any]:
    """The shape Tuning: what was found, and what follows from it."""
    tuning = kept.tuning
    customary = next((speed for speed in tuning.speeds if speed.quantization == CUSTOMARY), None)
    facts: dict[str, Any] = msgspec.to_builtins(tuning)
    for speed, fact in zip(tuning.speeds, facts["speeds"], strict=True):
        fact["ratio"] = round(customary.turn_s / speed.turn_s, 2) if customary is not None else None
        if tuning.text is not None and speed.perplexity is not None:
            fact["loss"] = round(speed.perplexity / tuning.text.perplexity - 1, 4)
    orders = {name: ranked(tuning.speeds, types) for name, types in CLASSES.items()}
    facts["preferred"] = {name: order[0].quantization for name, order in orders.items() if order}
    return facts | {"machine": kept.machine, "holds": rooms.tuned.holds(kept), "tuned_at": kept.tuned_at}
