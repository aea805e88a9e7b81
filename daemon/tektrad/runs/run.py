"""A run and what it tells, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

State = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
Ended = Literal["succeeded", "failed", "cancelled"]

ATTEMPT = "."
"""Between a run's id and the number of its attempt, of which no id has any."""


class Inherited(msgspec.Struct, frozen=True):
    """What a run takes over from another one's journal: so many of its finished steps, from the first on."""

    run: str
    journal: str
    steps: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is done durably: whose it is, of which kind, with what input, and how it stands."""

    id: str
    uid: int
    kind: str
    title: str
    spec: Mapping[str, Any]
    state: State
    created_at: str
    started_at: str | None
    ended_at: str | None
    result: Any
    error: str
    attempt: int = 0
    """How often it was taken up again after its end."""
    inherits: Inherited | None = None

    @property
    def journal(self) -> str:
        """What the engine knows this attempt as."""
        return f"{self.id}{ATTEMPT}{self.attempt}" if self.attempt else self.id


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a run told; its number says where it belongs among the others of that run."""

    run: str
    number: int
    time: str
    type: str
    data: Mapping[str, Any]
