"""What an interpreter in confinement says of a piece of code, in frames."""

from __future__ import annotations

from typing import Annotated

import msgspec

MOST_CHARACTERS = 25_000

Text = Annotated[str, msgspec.Meta(max_length=MOST_CHARACTERS)]


class Raised(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exception that the code did not catch."""

    type: Text
    message: Text
    traceback: Text


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of one piece of code: the value of its last expression as text, or what was raised."""

    id: int
    value: Text | None
    error: Raised | None
