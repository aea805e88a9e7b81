"""The language between daemon and worker: length-prefixed msgpack, one closed set of typed frames, no pickle.

A frame is four bytes of length (big-endian) and that many bytes of msgpack. Both sides decode into the structs below
and nothing else; an unknown tag, a wrong type or an oversized length ends the connection.
"""

from __future__ import annotations

import msgspec

from tektra_models.errors import ModelError
from tektra_models.generation import Delta, Embedding, Finish, Pooling, Prompt, Ranking, Sampling
from tektra_models.spec import Spec

VERSION = 2
MAX_FRAME = 256 * 1024 * 1024
LENGTH_BYTES = 4


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


class Load(_Frame, frozen=True, kw_only=True):
    """First frame to a worker: hold this model."""

    version: int
    spec: Spec


class Generate(_Frame, frozen=True, kw_only=True):
    """Start a sequence; `party` is who shares the model fairly with others, a name that only the daemon gives."""

    id: str
    prompt: Prompt
    sampling: Sampling
    party: str = ""


class Cancel(_Frame, frozen=True, kw_only=True):
    """End a sequence at the next step."""

    id: str


class Embed(_Frame, frozen=True, kw_only=True):
    """Turn each input into a vector."""

    id: str
    inputs: list[Prompt]
    pooling: Pooling | None = None


class Rank(_Frame, frozen=True, kw_only=True):
    """Score how well each document fits the query."""

    id: str
    query: str
    documents: list[str]


class Count(_Frame, frozen=True, kw_only=True):
    """How many tokens is this prompt, rendered by the model's template?"""

    id: str
    prompt: Prompt


class Forget(_Frame, frozen=True, kw_only=True):
    """Keep nothing of what was computed before, neither in cells nor on disk."""

    id: str


class Stop(_Frame, frozen=True, kw_only=True):
    """Finish nothing more and exit."""


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker knows about its model once it is loaded."""

    context: int
    slots: int
    vocabulary: int
    can_generate: bool
    can_embed: bool
    can_rank: bool = False
    template: str = ""
    """The digest of its chat template."""


class Loaded(_Frame, frozen=True, kw_only=True):
    """The model is in memory and sequences may start."""

    info: ModelInfo
    load_seconds: float


class Began(_Frame, frozen=True, kw_only=True):
    """A sequence was accepted; its prompt has this many tokens."""

    id: str
    prompt_tokens: int


class Piece(_Frame, frozen=True, kw_only=True):
    """The next piece of an answer."""

    id: str
    delta: Delta


class Ended(_Frame, frozen=True, kw_only=True):
    """An answer came to its end."""

    id: str
    finish: Finish


class Embedded(_Frame, frozen=True, kw_only=True):
    """The vectors that were asked for."""

    id: str
    embedding: Embedding


class Ranked(_Frame, frozen=True, kw_only=True):
    """The scores that were asked for."""

    id: str
    ranking: Ranking


class Counted(_Frame, frozen=True, kw_only=True):
    """The token count that was asked for."""

    id: str
    tokens: int


class Forgotten(_Frame, frozen=True, kw_only=True):
    """Nothing is kept any more of what was computed before."""

    id: str


class Refused(_Frame, frozen=True, kw_only=True):
    """A request (or, with an empty id, the load itself) could not be done."""

    id: str
    code: str
    message: str
    hint: str


class Gauge(_Frame, frozen=True, kw_only=True):
    """How many sequences run and wait; sent when it changes."""

    running: int
    waiting: int


ToWorker = Load | Generate | Cancel | Embed | Rank | Count | Forget | Stop
FromWorker = Loaded | Began | Piece | Ended | Embedded | Ranked | Counted | Forgotten | Refused | Gauge

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


_UNSPEAKABLE = (msgspec.MsgspecError, OverflowError, RecursionError, TypeError, UnicodeError)
"""Integers beyond 64 bits, endless nesting, foreign objects, half a surrogate pair."""


class BadFrame(ModelError):
    """The other side sent bytes that are no frame of this language."""

    code = "bad_frame"


def encode(frame: ToWorker | FromWorker) -> bytes:
    """Return the frame with its length in front; raises BadFrame when it is too large or msgpack has no word for it."""
    try:
        body = _encoder.encode(frame)
    except _UNSPEAKABLE as error:
        raise BadFrame(f"a frame cannot hold this: {error}") from error
    return prefix(len(body)) + body


def prefix(length: int) -> bytes:
    """Return the length prefix; raises BadFrame when the frame would be too large."""
    if length > MAX_FRAME:
        raise BadFrame(f"a frame of {length} bytes is larger than {MAX_FRAME}")
    return length.to_bytes(LENGTH_BYTES, "big")


def read_length(data: bytes) -> int:
    """Parse a length prefix; raises BadFrame when it announces more than MAX_FRAME."""
    length = int.from_bytes(data, "big")
    if length > MAX_FRAME:
        raise BadFrame(f"the other side announced a frame of {length} bytes; {MAX_FRAME} is the most")
    return length


def decode_to_worker(body: bytes) -> ToWorker:
    """Parse a frame that the daemon sent; raises BadFrame."""
    try:
        return _to_worker.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"not a frame for a worker: {error}") from error


def decode_from_worker(body: bytes) -> FromWorker:
    """Parse a frame that a worker sent; raises BadFrame."""
    try:
        return _from_worker.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"not a frame from a worker: {error}") from error
