"""What an interpreter in confinement says of a piece of code, in frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

MOST_CHARACTERS = 25_000
LONGEST_LINE = 300

Text = Annotated[str, msgspec.Meta(max_length=MOST_CHARACTERS)]


class Raised(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exception that the code did not catch."""

    type: Text
    message: Text
    traceback: Text
    line: Annotated[str, msgspec.Meta(max_length=LONGEST_LINE)]
    """The line of the code where it came up; empty: unknown."""


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="says"):
    """Something about the piece of code of this number, from 1 on."""

    id: int


class Call(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="call"):
    """The code calls a function that is none of its own, and waits for what comes of it."""

    name: Text
    arguments: Mapping[str, Any]


class Answer(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="answer"):
    """What became of one piece of code: the value of its last expression as text, or what was raised."""

    value: Text | None
    error: Raised | None
