"""What happens, as it happens: a stream that can be left and joined again without losing anything unnoticed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from tektrad.api import needs
from tektrad.api.render import describe
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import EventStream, data_line, place_line, placed_line, within_beat
from tektrad.errors import Draining, InvalidRequest
from tektrad.events import TYPES, Event, Follower
from tektrad.pool.party import Party
from tektrad.trust.act import Act
from tektrad.trust.consent import may_answer

router = APIRouter(prefix="/api/events")
MOST_AT_ONCE = 64
"""Events that are sent in one piece; who may see them is asked once for each piece."""
Id = Annotated[str, Query(max_length=64)]


@router.get("", dependencies=needs.open_to_all)
async def follow(
    rooms: Rooms,
    asker: Asker,
    after: Id | None = None,
    types: Annotated[str, Query(max_length=256)] = "",
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> Response:
    """All that the asker may see, from now on or behind an id; what a client that comes back says goes first."""
    if rooms.events.closed:
        raise Draining("the daemon is stopping", "Ask again in a moment.", retry_after=2)
    wanted = [kind for kind in types.split(",") if kind]
    for kind in wanted:
        if not _fits_any(kind):
            raise InvalidRequest(f'there are no events "{kind[:40]}"', f"There are {', '.join(TYPES)}.", param="types")
    return EventStream(_told(rooms, asker, rooms.events.follow(last_event_id or after), wanted))


def _fits_any(kind: str) -> bool:
    return any(_fits(type, kind) for type in TYPES)


def _fits(type: str, kind: str) -> bool:
    """Whether a type is of a kind, or below it: `ask` finds `ask.opened`."""
    return type == kind or type.startswith(f"{kind}.")


async def _told(
    rooms: Services, asker: Party, follower: Follower, wanted: Sequence[str]
) -> AsyncGenerator[bytes, None]:
    """Events as they come, until the daemon stops or lets the asker connect no more."""
    with rooms.aside():
        yield place_line(follower.place)
        try:
            while (found := await within_beat(follower.more(MOST_AT_ONCE))) != [] and rooms.users.role(
                asker.uid
            ) is not None:
                chosen = [event for event in found or () if not wanted or _is_wanted(event, wanted)]
                seen = await _seen(rooms, asker, chosen)
                if seen:
                    yield b"".join(placed_line(event.id, event) for event in seen)
                elif found is None:
                    yield place_line(follower.place)
        except Exception as error:  # noqa: BLE001  the stream has begun: the error can only be an event of it
            yield data_line({"type": "error", "error": describe(error)})


def _is_wanted(event: Event, wanted: Sequence[str]) -> bool:
    """What is missing everybody has to hear."""
    return event.type == "gap" or any(_fits(event.type, kind) for kind in wanted)


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
