"""A note: what it may be, how it is looked for, and that its text leaves the line that it is shown on in no way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.errors import InvalidRequest
from tektrad.memory.note import (
    INTRO,
    MOST_BYTES,
    MOST_CHARACTERS,
    MOST_WORDS,
    TASK,
    Note,
    checked,
    line,
    opening,
    query,
    share,
)

TEXTS = st.text(min_size=1, max_size=300)


def note(text: str, number: int = 1) -> Note:
    return Note(id=number, text=text, run="r", made_at="2026-11-22T05:03:02.016762Z")


def test_a_note_is_shown_with_its_number_its_day_and_its_text_in_quotes() -> None:
    assert line(note('the host is "blue"\nport 8', 7)) == '7 (2026-11-22): "the host is \\"blue\\"\\nport 8"'


@given(TEXTS)
def test_no_text_leaves_its_line_or_its_quotes(text: str) -> None:
    try:
        kept = checked(text)
    except InvalidRequest:
        return
    shown = line(note(kept))
    assert shown.splitlines() == [shown]
    assert json.loads(shown.removeprefix("1 (2026-11-22): ")) == kept


@pytest.mark.parametrize(("said", "kept"), [(" a\r\nb\t ", "a\nb"), ("a\x00\x1b[2Jb\x85c\ud800", "a[2Jbc"), ("é", "é")])
def test_what_nobody_sees_is_not_kept(said: str, kept: str) -> None:
    assert checked(said) == kept


@pytest.mark.parametrize(
    ("said", "why"),
    [("", "needs a text"), (" \n\x00 ", "needs a text"), ("x" * (MOST_CHARACTERS + 1), "1,000 characters at most")],
)
def test_what_is_no_note_is_refused_with_what_to_do(said: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refused:
        checked(said)
    assert ": say" in refused.value.message


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("staging database", '"staging"* OR "database"*'),
        ('a" OR text:b* NEAR(c, 2) -d', '"a"* OR "OR"* OR "text"* OR "b"* OR "NEAR"* OR "c"* OR "2"* OR "d"*'),
        ('"*():^-', ""),
    ],
)
def test_no_character_of_what_is_looked_for_is_an_operator(words: str, asked: str) -> None:
    assert query(words) == asked


def test_only_so_many_words_are_looked_for() -> None:
    assert query("x " * 1000).count("OR") == MOST_WORDS - 1


def test_the_newest_notes_stand_before_the_task_and_how_many_more_there_are() -> None:
    notes = [note("third", 3), note("long " * 100, 2), note("first", 1)]
    text, found = opening(notes, 300)
    assert [each.id for each in found] == [3, 1]
    assert text.splitlines() == [
        INTRO,
        '3 (2026-11-22): "third"',
        '1 (2026-11-22): "first"',
        "There are 1 more: recall finds them.",
        "",
        TASK,
    ]
    assert "more" not in opening(notes, 3000)[0]


@given(st.lists(TEXTS.filter(str.isprintable), max_size=20), st.integers(0, 2000))
def test_notes_take_no_more_than_their_share(texts: list[str], most: int) -> None:
    notes = [note(text, number) for number, text in enumerate(texts, 1)]
    text, found = opening(notes, most)
    assert len(text.encode()) <= most
    assert (text == "") == (not found)


def test_the_share_of_notes_is_a_fourth_of_the_context_even_where_each_byte_is_a_token() -> None:
    assert (share(64), share(8192), share(1 << 20)) == (16, 2048, MOST_BYTES)
    assert opening([note("x")], share(64)) == ("", [])
