"""Values of secrets are taken out of whatever is written, in whatever form and however it was cut."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tektrad.trust.redaction import LEAST_BYTES, Redaction, Redactor, forms, mark

VALUES = st.binary(min_size=LEAST_BYTES, max_size=80)
TEXTS = st.text(min_size=LEAST_BYTES, max_size=60)
FEW_LETTERS = st.binary(max_size=60).map(lambda raw: bytes(b"ab%"[byte % 3] for byte in raw))
"""Texts of three letters hold a short value again and again, and halves of it everywhere."""
SHORT = st.lists(FEW_LETTERS.filter(lambda value: len(value) >= LEAST_BYTES), min_size=1, max_size=5)


def redaction(*values: bytes) -> Redaction:
    return Redaction((f"S{number}", value) for number, value in enumerate(values))


def streamed(guarding: Redaction, data: bytes, cuts: list[int]) -> bytes:
    redactor = Redactor(guarding)
    places = sorted({min(cut, len(data)) for cut in cuts})
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    return b"".join(redactor.feed(piece) for piece in pieces) + redactor.end()


@given(VALUES, st.binary(max_size=40), st.binary(max_size=40))
def test_a_value_is_found_wherever_it_stands(value: bytes, before: bytes, after: bytes) -> None:
    clean = redaction(value).data(before + value + after)
    assert value not in clean or value in before + mark("S0").encode() + after
    assert mark("S0").encode() in clean


@given(VALUES, st.binary(max_size=7), st.binary(max_size=7))
@example(b"\x00" * 6, b"", b"")
def test_a_value_is_found_inside_something_in_base_64(value: bytes, before: bytes, after: bytes) -> None:
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        clean = redaction(value).data(encode(before + value + after))
        assert mark("S0").encode() in clean
        # What is left of the neighbours, and at most a few bits of the value at both ends.
        assert len(clean) - len(mark("S0")) <= 4 * (len(before) + 2) // 3 + 4 * (len(after) + 2) // 3 + 4


@given(TEXTS)
@example("a/b+c d\n\"q'\\é~!*()")
@example("\x7fpass\u2028word")
def test_a_text_is_found_as_programs_escape_it(value: str) -> None:
    guarding = redaction(value.encode("utf-8", "replace"))
    value = value.encode("utf-8", "replace").decode()
    hidden = mark("S0")
    assert guarding.text(json.dumps(value)) == f'"{hidden}"'
    assert guarding.text(json.dumps(value, ensure_ascii=False)) == f'"{hidden}"'
    assert guarding.text(quote(value)) == hidden
    assert guarding.text(quote(value, safe="")) == hidden
    assert guarding.text(quote_plus(value)) == hidden
    assert guarding.text(value.encode().hex()) == hidden
    assert guarding.text(repr(value))[1:-1] == hidden
    assert guarding.text(f"{value.encode()!r}")[2:-1] == hidden


@given(SHORT, FEW_LETTERS, st.lists(st.integers(0, 60), max_size=20))
def test_how_a_stream_is_cut_makes_no_difference(values: list[bytes], data: bytes, cuts: list[int]) -> None:
    guarding = redaction(*values)
    assert streamed(guarding, data, cuts) == guarding.data(data)


@given(SHORT, FEW_LETTERS, FEW_LETTERS)
def test_a_value_never_comes_through_in_pieces(values: list[bytes], before: bytes, after: bytes) -> None:
    guarding = redaction(*values)
    data = before + values[0] + after
    assert streamed(guarding, data, list(range(len(data)))) == guarding.data(data)
    marks = [mark(f"S{number}").encode() for number in range(len(values))]
    for part in _between(guarding.data(data), marks):
        assert not any(value in part for value in values)


def _between(data: bytes, marks: list[bytes]) -> list[bytes]:
    parts = [data]
    for each in marks:
        parts = [piece for part in parts for piece in part.split(each)]
    return parts


@given(VALUES, st.lists(st.binary(min_size=1, max_size=30), max_size=10))
def test_a_stream_holds_back_less_than_the_longest_form(value: bytes, pieces: list[bytes]) -> None:
    redactor = Redactor(redaction(value))
    given, told = 0, 0
    longest = max(map(len, forms(value)))
    for piece in pieces:
        given += len(piece)
        told += len(redactor.feed(piece))
        assert given - told < longest + len(mark("S0")) * len(pieces)


def test_a_stream_without_a_beginning_of_a_value_waits_for_nothing() -> None:
    redactor = Redactor(redaction(b"s3cret-value" * 5000))
    assert redactor.feed(b"nothing of that kind") == b"nothing of that kind"
    assert redactor.feed(b"but s3cret-value s3cret-va") == b"but s3cret-value "
    assert redactor.end() == b"s3cret-va"


@given(st.text(), st.lists(TEXTS.map(lambda text: text.encode("utf-8", "replace")), max_size=3))
def test_a_text_without_a_value_comes_back_as_it_is(text: str, values: list[bytes]) -> None:
    guarding = redaction(*values)
    if guarding.data(text.encode()) == text.encode():
        assert guarding.text(text) is text


def test_lone_surrogates_survive() -> None:
    assert redaction(b"hunter2-long").text("\ud800 hunter2-long \udfff") == "\ud800 [secret S0] \udfff"


def test_a_value_that_is_no_text_is_found_in_texts_too() -> None:
    value = "é".encode()[1:] + b"abcdefg"
    assert redaction(value).text("éabcdefg") == "\ufffd[secret S0]"


def test_of_two_values_the_longer_one_is_taken() -> None:
    guarding = redaction(b"password", b"password-of-root")
    assert guarding.text("password-of-root, password-of") == "[secret S1], [secret S0]-of"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_an_object_without_a_value_stays_equal(thing: Any) -> None:
    assert redaction(b"correct horse battery staple").thing(thing) == thing


@given(JSON, st.sampled_from(["text", "key", "bytes", "list", "error"]))
def test_an_object_shows_no_value_wherever_it_was(thing: Any, place: str) -> None:
    value = "correct horse battery staple"
    holding: dict[str, Any] = {
        "text": f"so: {value}.",
        "key": {value: 1},
        "bytes": value.encode(),
        "list": [thing, [(value,)]],
        "error": ValueError(value),
    }
    shown = repr(redaction(value.encode()).thing({"a": thing, "b": holding[place]}))
    assert value not in shown
    assert mark("S0") in shown


def test_a_number_that_is_a_value_is_taken_out() -> None:
    assert redaction(b"12345678").thing({"pin": 12345678, "count": 1234}) == {"pin": "[secret S0]", "count": 1234}


@pytest.mark.parametrize("count", [1, 300])
def test_many_and_long_values_are_found_in_a_long_text(count: int) -> None:
    values = [f"{number:06}".encode() + b"x" * (65_000 if number == 0 else 40) for number in range(count)]
    guarding = redaction(*values)
    noise = b"the quick brown fox " * 1000
    assert guarding.data(noise.join(values)) == noise.join(mark(f"S{n}").encode() for n in range(count))
