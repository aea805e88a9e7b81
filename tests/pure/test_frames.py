"""Frames: each survives the way there, and bytes that are none give BadFrame and nothing else."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tektra_models import frames
from tektra_models.generation import Delta, Embedding, Finish, Prompt, Sampling, Timings, ToolCall, Usage
from tektra_models.spec import Spec

SPEC = Spec(name="m", path="/m.gguf", context=64)
MESSAGES: list[dict[str, Any]] = [{"role": "user", "content": "Grüße", "extra": [1, 2.5, None, {"a": True}]}]
SAMPLING = Sampling(temperature=0.1, seed=2**32, stop=("a", "b"), logit_bias=((5, -100.0),), max_tokens=3)
TO_WORKER: list[frames.ToWorker] = [
    frames.Load(version=frames.VERSION, spec=SPEC),
    frames.Generate(id="1", prompt=Prompt(messages=MESSAGES, tools=[{"type": "function"}]), sampling=SAMPLING),
    frames.Generate(id="2", prompt=Prompt(tokens=[0, 5]), sampling=Sampling(), party="1000"),
    frames.Cancel(id="1"),
    frames.Embed(id="3", inputs=[Prompt(text="a"), Prompt(text="")]),
    frames.Count(id="4", prompt=Prompt(text="hello")),
    frames.Forget(id="5"),
    frames.Stop(),
]
INFO = frames.ModelInfo(context=64, slots=8, vocabulary=100, can_generate=True, can_embed=False)
FINISH = Finish(reason="stop", usage=Usage(prompt_tokens=1, completion_tokens=2), timings=Timings(decode_s=0.5))
FROM_WORKER: list[frames.FromWorker] = [
    frames.Loaded(info=INFO, load_seconds=0.1),
    frames.Began(id="1", prompt_tokens=5),
    frames.Piece(id="1", delta=Delta(text="ü")),
    frames.Piece(id="1", delta=Delta(tool_call=ToolCall(name="f", arguments="{}"))),
    frames.Ended(id="1", finish=FINISH),
    frames.Embedded(id="3", embedding=Embedding(vectors=[[0.5, -1.0]], usage=Usage(prompt_tokens=2))),
    frames.Counted(id="4", tokens=7),
    frames.Forgotten(id="5"),
    frames.Refused(id="", code="load_failed", message="no", hint=""),
    frames.Gauge(running=1, waiting=0),
]
ENCODED = [frames.encode(frame)[frames.LENGTH_BYTES :] for frame in [*TO_WORKER, *FROM_WORKER]]


def name(frame: object) -> str:
    return type(frame).__name__


def decode_either(body: bytes) -> None:
    """Let both sides read the bytes; only BadFrame may come out of it."""
    for decode in (frames.decode_to_worker, frames.decode_from_worker):
        with contextlib.suppress(frames.BadFrame):
            assert isinstance(decode(body), msgspec.Struct)


def with_value(raw: bytes) -> bytes:
    """A Count frame whose message holds this raw msgpack value."""
    encode = msgspec.msgpack.encode
    prompt = b"\x81" + encode("messages") + b"\x91\x81" + encode("value") + raw
    return b"\x83" + encode("type") + encode("Count") + encode("id") + encode("1") + encode("prompt") + prompt


@pytest.mark.parametrize("frame", TO_WORKER, ids=name)
def test_a_frame_to_the_worker_arrives_as_it_was(frame: frames.ToWorker) -> None:
    data = frames.encode(frame)
    assert frames.read_length(data[: frames.LENGTH_BYTES]) == len(data) - frames.LENGTH_BYTES
    assert frames.decode_to_worker(data[frames.LENGTH_BYTES :]) == frame


@pytest.mark.parametrize("frame", FROM_WORKER, ids=name)
def test_a_frame_from_the_worker_arrives_as_it_was(frame: frames.FromWorker) -> None:
    assert frames.decode_from_worker(frames.encode(frame)[frames.LENGTH_BYTES :]) == frame


def test_neither_side_takes_the_frames_that_it_sends() -> None:
    for frame in TO_WORKER:
        with pytest.raises(frames.BadFrame):
            frames.decode_from_worker(frames.encode(frame)[frames.LENGTH_BYTES :])
    for answer in FROM_WORKER:
        with pytest.raises(frames.BadFrame):
            frames.decode_to_worker(frames.encode(answer)[frames.LENGTH_BYTES :])


@given(st.binary())
def test_any_bytes_are_a_frame_or_a_bad_frame(body: bytes) -> None:
    decode_either(body)


@settings(max_examples=400)
@given(st.sampled_from(ENCODED), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_changed_bytes_are_a_frame_or_a_bad_frame(body: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(body)
    for place, value in changes:
        changed[place % len(changed)] = value
    decode_either(bytes(changed))


@given(st.sampled_from(ENCODED), st.integers(0), st.binary(max_size=4))
def test_cut_or_continued_frames_are_bad_frames(body: bytes, place: int, more: bytes) -> None:
    decode_either(body[: place % len(body)])
    with pytest.raises(frames.BadFrame):
        frames.decode_to_worker(body[: place % len(body)])
    with pytest.raises(frames.BadFrame):
        frames.decode_to_worker(body + b"\xc0" + more)


@given(st.binary(max_size=12))
def test_any_value_inside_a_message_is_a_frame_or_a_bad_frame(raw: bytes) -> None:
    decode_either(with_value(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xd7\xff" + b"\xff" * 8,
        b"\x81\x80\x01",
        b"\xa1\xff",
        b"\xc1",
        b"\x91" * 200_000 + b"\x01",
        b"\x81\xa1a" * 200_000 + b"\x01",
    ],
    ids=["array", "map", "bytes", "text", "time", "key", "utf-8", "opcode", "deep list", "deep map"],
)
def test_a_hostile_value_is_a_bad_frame(raw: bytes) -> None:
    with pytest.raises(frames.BadFrame):
        frames.decode_to_worker(with_value(raw))


def test_an_unknown_kind_or_field_type_is_a_bad_frame() -> None:
    for said in ({"type": "Exec", "id": "1"}, {"type": "Cancel", "id": 5}, {"type": "Cancel"}, ["Cancel"], None):
        with pytest.raises(frames.BadFrame):
            frames.decode_to_worker(msgspec.msgpack.encode(said))


def test_a_misspelt_sampling_parameter_is_a_bad_frame() -> None:
    said = {"type": "Generate", "id": "1", "prompt": {"text": "a"}, "sampling": {"temprature": 1.0}}
    with pytest.raises(frames.BadFrame, match="temprature"):
        frames.decode_to_worker(msgspec.msgpack.encode(said))


@pytest.mark.parametrize("length", [0, 1, frames.MAX_FRAME])
def test_lengths_up_to_the_limit_are_read_as_they_are_written(length: int) -> None:
    assert frames.read_length(frames.prefix(length)) == length


def test_lengths_beyond_the_limit_are_refused_on_both_sides() -> None:
    with pytest.raises(frames.BadFrame):
        frames.prefix(frames.MAX_FRAME + 1)
    for announced in (frames.MAX_FRAME + 1, 2**32 - 1):
        with pytest.raises(frames.BadFrame, match=str(announced)):
            frames.read_length(announced.to_bytes(4, "big"))


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [2**64, -(2**63) - 1, 10**400, "\ud800", object(), nested(100_000)],
    ids=["too large", "too small", "huge", "half a character", "an object", "endless"],
)
def test_what_msgpack_cannot_say_is_refused_before_it_is_sent(value: object) -> None:
    with pytest.raises(frames.BadFrame):
        frames.encode(frames.Count(id="1", prompt=Prompt(messages=[{"value": value}])))


def test_a_seed_beyond_64_bits_is_refused_before_it_is_sent() -> None:
    with pytest.raises(frames.BadFrame):
        frames.encode(frames.Generate(id="1", prompt=Prompt(text="a"), sampling=Sampling(seed=2**70)))
