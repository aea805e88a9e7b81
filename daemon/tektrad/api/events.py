"""What happens, as it happens: a stream that can be left and joined again without losing anything unnoticed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from tektrad.api import needs
from tektrad.api.render import describe, json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import EventStream, data_line, place_line, placed_line, within_beat
from tektrad.errors import Draining, InvalidRequest
from tektrad.events import TYPES, Event, Follower, Type
from tektrad.pool.party import Party
from tektrad.trust.act import Act
from tektrad.trust.consent import may_answer

router = APIRouter(prefix="/api/events")
MOST_AT_ONCE = 64
"""Events that are sent in one piece; who may see them is asked once for each piece."""
MOST_LATEST = 500
Id = Annotated[str, Query(max_length=64)]
Types = Annotated[str, Query(max_length=256)]


@router.get("", dependencies=needs.open_to_all)
async def follow(
    rooms: Rooms,
    asker: Asker,
    after: Id | None = None,
    types: Types = "",
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> Response:
    """All that the asker may see, from now on or behind an id; what a client that comes back says goes first."""
    if rooms.events.closed:
        raise Draining("the daemon is stopping", "Ask again in a moment.", retry_after=2)
    return EventStream(_told(rooms, asker, rooms.events.follow(last_event_id or after), _wanted(types)))


@router.get("/latest", dependencies=needs.open_to_all)
async def latest(
    rooms: Rooms,
    asker: Asker,
    types: Types = "",
    limit: Annotated[int, Query(ge=1, le=MOST_LATEST)] = 50,
) -> Response:
    """The newest of what has happened since the daemon began, as far as it is kept and the asker may see it."""
    found = rooms.events.latest(_wanted(types), limit)
    return json_response({"schema": "tektra.events/1", "events": await _seen(rooms, asker, found)})


def _wanted(names: str) -> frozenset[Type]:
    """The types of these names and below them: `ask` finds `ask.opened`; no names: all. Raises InvalidRequest."""
    found: set[Type] = set()
    for name in filter(None, names.split(",")):
        fitting = {type for type in TYPES if type == name or type.startswith(f"{name}.")}
        if not fitting:
            raise InvalidRequest(f'there are no events "{name[:40]}"', f"There are {', '.join(TYPES)}.", param="types")
        found |= fitting
    return frozenset(found or TYPES)


async def _told(
    rooms: Services, asker: Party, follower: Follower, wanted: Collection[Type]
) -> AsyncGenerator[bytes, None]:
    """Events as they come, until the daemon stops or lets the asker connect no more."""
    with rooms.aside():
        yield place_line(follower.place)
        try:
            while (found := await within_beat(follower.more(MOST_AT_ONCE))) != [] and rooms.users.role(
                asker.uid
            ) is not None:
                # What is missing everybody has to hear.
                chosen = [event for event in found or () if event.type == "gap" or event.type in wanted]
                seen = await _seen(rooms, asker, chosen)
                if seen:
                    yield b"".join(placed_line(event.id, event) for event in seen)
                elif found is None:
                    yield place_line(follower.place)
        except Exception as error:  # noqa: BLE001  the stream has begun: the error can only be an event of it
            yield data_line({"type": "error", "error": describe(error)})


async def _seen(rooms: Services, asker: Party, events: Sequence[Event]) -> list[Event]:
    """Those that are the asker's to see, as everything stands now."""
    by = rooms.judge.principal(asker.uid, asker.agent)
    of_the_log = any(event.type in ("alert", "entry") for event in events)
    reads = of_the_log and await rooms.judge.allows(Act(principal=by, action="audit", resource="log"))

    def is_theirs(event: Event) -> bool:
        match event.type:
            case "alert" | "entry":
                return reads
            case "ask.opened" | "ask.answered" | "ask.expired":
                return may_answer(by, event.uid)
            case _:
                return event.uid is None or event.uid == by.uid

    return [event for event in events if is_theirs(event)]
