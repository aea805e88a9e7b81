"""The tool that says what time it is."""

from __future__ import annotations

import asyncio
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from tektrad.agents.agent import Agent
from tektrad.agents.tool import Here, ToolFailed
from tektrad.agents.tools.now import Now
from tektrad.clock import SystemClock


class Sunday(SystemClock):
    """A clock that stands still, an hour before a Monday in UTC."""

    def now(self) -> str:
        return "2026-11-22T23:00:05.999999Z"


HERE = Here(0, "run", "run/1", Agent(name="a"), Path("/x/y"), Path("/x/y"))


def test_the_time_is_told_here_and_in_utc() -> None:
    now = Now(Sunday(), timezone(timedelta(hours=5, minutes=30), "IST"))
    wish = now.wish(HERE, {})
    assert (wish.action, wish.resource, wish.effect) == ("call", "now", "none")
    result = asyncio.run(now.work(HERE, wish.said))
    assert result.text.splitlines() == ["Monday, 2026-11-23 04:30:05 IST (+0530)", "UTC: 2026-11-22T23:00:05Z"]
    assert result.data == {
        "utc": "2026-11-22T23:00:05Z", "local": "2026-11-23T04:30:05+05:30", "zone": "IST", "weekday": "Monday",
    }  # fmt: skip
    with pytest.raises(ToolFailed, match="zone"):
        now.wish(HERE, {"zone": "x"})
