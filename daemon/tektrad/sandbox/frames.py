"""Frames: how the daemon and a confined program speak. What comes out is taken apart as the hostile bytes it is. Pure.

A frame is four bytes of length (big-endian) and that many bytes of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

LENGTH_BYTES = 4
MOST_BYTES = 1 << 20

T = TypeVar("T")


class BadFrame(Exception):
    """The bytes are no frame of the shape that is understood."""


def framed(value: Any) -> bytes:
    """A value as a frame; raises ValueError where it is too large for one, or no JSON."""
    try:
        data = msgspec.json.encode(value)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data)} bytes are too many for one frame")
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


class Frames(Generic[T]):
    """Bytes in, as they come; what they say out, in one strict shape. Never holds more than one frame."""

    def __init__(self, shape: Any) -> None:
        self._left = bytearray()
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)

    def take(self, data: bytes) -> Iterator[T]:
        """What is complete now; raises BadFrame at whatever is no frame."""
        self._left += data
        while len(self._left) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._left[:LENGTH_BYTES], "big")
            if end > LENGTH_BYTES + MOST_BYTES:
                raise BadFrame(f"it claims to be {end - LENGTH_BYTES} bytes long")
            if len(self._left) < end:
                return
            found = bytes(self._left[LENGTH_BYTES:end])
            del self._left[:end]
            try:
                yield self._decoder.decode(found)
            except (msgspec.MsgspecError, RecursionError, ValueError) as error:
                raise BadFrame(str(error)[:200]) from error

    @property
    def has_begun(self) -> bool:
        """Whether a part of a frame is there."""
        return bool(self._left)
