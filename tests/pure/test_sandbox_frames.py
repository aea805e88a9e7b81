"""Frames, here of an interpreter: each survives the way in whatever pieces; bytes that are none give BadFrame only."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.sandbox.answers import LONGEST_LINE, MOST_CHARACTERS, Answer, Call, Raised
from tektrad.sandbox.frames import LENGTH_BYTES, MOST_BYTES, BadFrame, Frames
from tektrad.sandbox.frames import framed as frame

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
answers = st.builds(
    Answer,
    id=st.integers(0, 2**53),
    value=st.none() | texts,
    error=st.none() | st.builds(Raised, type=texts, message=texts, traceback=texts, line=texts),
)
calls = st.builds(
    Call,
    id=st.integers(0, 2**53),
    name=texts,
    arguments=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=3),
)


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


@given(st.lists(answers | calls, max_size=4), st.integers(1, 50))
def test_answers_and_calls_arrive_in_whatever_pieces(sent: list[Answer | Call], piece: int) -> None:
    data = b"".join(framed(msgspec.json.encode(each)) for each in sent)
    taken: Frames[Answer | Call] = Frames(Answer | Call)
    found = [each for at in range(0, len(data), piece) for each in taken.take(data[at : at + piece])]
    assert found == sent
    assert not taken.has_begun


@given(st.binary(max_size=300))
def test_bytes_that_are_none_give_bad_frame_only(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(Frames(Answer | Call).take(framed(data)))


@given(st.integers(MOST_BYTES + 1, 2 ** (8 * LENGTH_BYTES) - 1))
def test_a_length_that_is_too_large_is_refused_before_anything_of_it_is_kept(length: int) -> None:
    with pytest.raises(BadFrame):
        list(Frames(Answer).take(length.to_bytes(LENGTH_BYTES, "big")))


def test_the_longest_texts_of_an_answer_fit_into_a_frame_however_they_are_written() -> None:
    longest = "\U0001f600" * MOST_CHARACTERS
    error = {"type": "E", "message": longest, "traceback": longest, "line": longest[:LONGEST_LINE]}
    escaped = json.dumps({"says": "answer", "id": 1, "value": longest, "error": error}, ensure_ascii=True)
    assert len(escaped) <= MOST_BYTES
    (answer,) = Frames(Answer).take(framed(escaped.encode()))
    assert answer.value == longest


def test_code_that_is_too_large_or_no_text_makes_no_frame() -> None:
    for code in ("x" * MOST_BYTES, "\ud800"):
        with pytest.raises(ValueError):
            frame(code)
