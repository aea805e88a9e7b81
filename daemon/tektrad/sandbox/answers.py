"""What comes out of an interpreter in confinement, taken apart as the hostile bytes that they are. Pure.

A frame is four bytes of length (big-endian) and that many bytes of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

LENGTH_BYTES = 4
MOST_BYTES = 1 << 20
MOST_CHARACTERS = 25_000

Text = Annotated[str, msgspec.Meta(max_length=MOST_CHARACTERS)]


class BadAnswer(Exception):
    """The bytes are no answer."""


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


def frame(code: str) -> bytes:
    """Code as a frame; raises ValueError where it is too large for one, or no text."""
    data = msgspec.json.encode(code)
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data)} bytes are too many for one frame")
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


class Answers:
    """Bytes in, as they come; answers out. Never holds more than one frame."""

    def __init__(self) -> None:
        self._left = bytearray()

    def take(self, data: bytes) -> Iterator[Answer]:
        """The answers that are complete now; raises BadAnswer at whatever is none."""
        self._left += data
        while len(self._left) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._left[:LENGTH_BYTES], "big")
            if end > LENGTH_BYTES + MOST_BYTES:
                raise BadAnswer(f"it claims to be {end - LENGTH_BYTES} bytes long")
            if len(self._left) < end:
                return
            found = bytes(self._left[LENGTH_BYTES:end])
            del self._left[:end]
            try:
                yield _DECODER.decode(found)
            except (msgspec.MsgspecError, RecursionError, ValueError) as error:
                raise BadAnswer(str(error)[:200]) from error

    @property
    def has_begun(self) -> bool:
        """Whether a part of an answer is there."""
        return bool(self._left)


_DECODER = msgspec.json.Decoder(Answer)
