"""The tool that says what time it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec

from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, Wish, parsed
from tektrad.clock import Clock


class _Now(msgspec.Struct, forbid_unknown_fields=True):
    pass


class Now:
    """Asks the daemon's clock; the answer is a step of the run, so that a run which begins anew gets the same."""

    declared = Declared(
        name="now", description="Tell the current date, time and weekday", inputs={}, output_type="string"
    )
    writes = False
    is_repeatable = True

    def __init__(self, clock: Clock, zone: tzinfo | None = None) -> None:
        """`zone` is what local means; none: the machine's."""
        self._clock = clock
        self._zone = zone

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To ask for the time, which changes nothing."""
        return Wish(parsed("now", _Now, arguments), "call", "now")

    async def work(self, here: Here, said: Any) -> Result:
        """The time here, and in UTC."""
        moment = datetime.fromisoformat(self._clock.now()).replace(microsecond=0)
        local = moment.astimezone(self._zone)
        zone = local.tzname() or "local"
        day = f"{local:%A}"
        data = {"utc": f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "local": local.isoformat(), "zone": zone}
        text = f"{day}, {local:%Y-%m-%d %H:%M:%S} {zone} ({local:%z})\nUTC: {data['utc']}"
        return Result(text, data=data | {"weekday": day})
