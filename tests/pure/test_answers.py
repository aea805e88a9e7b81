"""Tool calls out of streamed text: the same calls and the same text however the text is cut."""

from __future__ import annotations

import itertools
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektra_models.answers.json_text import NoCall, Unfinished
from tektra_models.answers.marks import ANY, mark
from tektra_models.answers.stream import AnswerStream
from tektra_models.answers.usual import CALLS, CLOSE, OPEN, USUAL
from tektra_models.generation import Delta, ToolCall

CALL = OPEN + '\n{"name": "add", "arguments": {"a": 1}}\n' + CLOSE
ADD = ToolCall(name="add", arguments='{"a": 1}')
FRAGMENTS = st.sampled_from(
    [CALL, OPEN, CLOSE, "<tool", "_call>", "</", " ", "\n", "text", "<", "{", "}", '{"name": "f"}', "é", "<br>"]
)


def parse_call(body: str) -> ToolCall | None:
    """The call that stands alone between the marks."""
    try:
        (call,), end = CALLS.shape.read(body, 0, {})
    except (NoCall, Unfinished):
        return None
    return call if not body[end:].strip() else None


def read(pieces: list[str]) -> list[str | ToolCall]:
    """What comes out of an answer: its texts, joined where nothing stands between them, and its calls."""
    stream = AnswerStream(USUAL)
    deltas: list[Delta] = []
    for piece in pieces:
        deltas += stream.push(piece)
    out: list[str | ToolCall] = []
    for delta in deltas + stream.close():
        said = delta.tool_call or delta.text
        if isinstance(said, str) and out and isinstance(out[-1], str):
            out[-1] += said
        else:
            out.append(said)
    return out


@given(st.lists(FRAGMENTS), st.lists(st.integers(0)))
def test_any_cut_gives_the_same_calls_and_text(fragments: list[str], places: list[int]) -> None:
    text = "".join(fragments)
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    assert read([text[a:b] for a, b in itertools.pairwise(edges)]) == read([text])


@given(st.lists(FRAGMENTS.filter(lambda fragment: fragment != CALL)))
def test_text_without_a_call_comes_out_as_it_was(fragments: list[str]) -> None:
    text = "".join(fragments)
    said = read([text])
    if all(isinstance(part, str) for part in said):
        assert said == ([text] if text else [])


@given(st.recursive(st.text() | st.integers() | st.booleans(), lambda inner: st.dictionaries(st.text(), inner)))
def test_arguments_survive_whatever_braces_and_quotes_they_hold(value: object) -> None:
    body = json.dumps({"name": "f", "arguments": {"value": value}}).replace("<", "\\u003c")
    (call,) = read([OPEN, *body, CLOSE])
    assert isinstance(call, ToolCall)
    assert json.loads(call.arguments) == {"value": value}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (CALL, [ADD]),
        (f"I add.\n\n{CALL}\n", ["I add.", ADD]),
        (f"{CALL}\n{CALL}", [ADD, ADD]),
        (f"{CALL} and then {CALL}", [ADD, " and then", ADD]),
        (f"{CALL}\nDone. ", [ADD, "\nDone."]),
        (CALL.removesuffix(CLOSE), [ADD]),
        ("plain text \n", ["plain text \n"]),
        ("", []),
    ],
    ids=["one", "after text", "two", "text between", "text after", "never closed", "no call", "nothing"],
)
def test_calls_and_the_text_around_them_come_apart(text: str, parts: list[str | ToolCall]) -> None:
    assert read([text]) == parts
    assert read(list(text)) == parts


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[1]",
        '"text"',
        "null",
        "{}",
        '{"name": 1}',
        '{"name": ""}',
        '{"name": "f", "arguments": [1]}',
        '{"name": "f", "arguments": {"x": NaN}}',
        '{"name": "f", "arguments": {"x": Infinity}}',
        '{"name": "f", "arguments": {"x": 1e999}}',
        '{"name": "\\ud800"}',
        '{"name": "f", "arguments": {"x": "\\udfff"}}',
        '{"name": "f", "arguments": ' + '{"a":' * 100_000,
        '{"name": "f", "arguments": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}",
        '{"name": "f", "arguments": {"a": ' + "9" * 10_000 + "}}",
    ],
    ids=lambda body: body[:40],
)
def test_what_is_no_call_is_passed_on_as_it_was_written(body: str) -> None:
    assert parse_call(body) is None
    text = f"See \n {OPEN}{body}{CLOSE}"
    assert read([text]) == [text]
    assert read([f"See {OPEN}{body}"]) == [f"See {OPEN}{body}"]


def test_every_call_can_be_sent_in_a_frame() -> None:
    call = parse_call('{"name": "grüßen", "arguments": {"wen": "\\ud83d\\ude00"}}')
    assert call == ToolCall(name="grüßen", arguments='{"wen": "😀"}')
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(call), type=ToolCall) == call


def test_arguments_may_be_missing_or_be_called_parameters() -> None:
    assert parse_call('{"name": "f"}') == ToolCall(name="f", arguments="{}")
    assert parse_call('{"name": "f", "parameters": {"a": 1}}') == ToolCall(name="f", arguments='{"a": 1}')


def test_text_is_shown_as_soon_as_it_cannot_be_a_call() -> None:
    stream = AnswerStream(USUAL)
    assert stream.push("Hello <") == [Delta(text="Hello")]
    assert stream.push("b>") == [Delta(text=" <b>")]
    assert stream.push(" <tool_") == []
    assert stream.push("box>") == [Delta(text=" <tool_box>")]


def test_the_stream_counts_its_calls() -> None:
    stream = AnswerStream(USUAL)
    stream.push(f"{CALL}{OPEN}bad{CLOSE}{CALL}")
    assert stream.calls == 2


@pytest.mark.parametrize("text", ["", "  \n", "x" * 161, ANY.join("abcdefg")])
def test_what_cannot_be_a_mark_is_none(text: str) -> None:
    assert mark(text) is None


@pytest.mark.parametrize("text", ["<tool_call>", "<|a|>\n<|b|>", f"id {ANY} end", "[CALL]", "a b  c"])
def test_a_mark_is_found_however_it_is_spaced_and_cut(text: str) -> None:
    one = mark(text)
    assert one is not None
    for written in (text, text.replace("\n", " \n\n "), text.replace(" ", "   ")):
        written = written.replace(ANY, "call_7")
        assert one.find(f"before {written} behind") == (7, 7 + len(written))
        for length in range(1, len(written)):
            assert one.safe(f"before {written[:length]}") <= 7
        assert one.safe("nothing of the kind!") == len("nothing of the kind!")
