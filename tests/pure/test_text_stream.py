"""Text that may be shown: whole characters only, nothing that could become a stop string, and nothing lost."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektra_models.text_stream import TextStream, longest_overlap

STOPS = st.lists(st.text("abé", min_size=1, max_size=4), max_size=3).map(tuple)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at the given places."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def read(pieces: list[bytes], stops: tuple[str, ...] = ()) -> tuple[str, bool]:
    """What a reader sees of an answer that comes in pieces, and whether a stop string ended it."""
    stream = TextStream(stops)
    said: list[str] = []
    for piece in pieces:
        said.append(stream.push(piece))
        if stream.stopped:
            break
    return "".join(said) + stream.close(), stream.stopped


@given(st.binary(), st.lists(st.integers(0)))
def test_any_bytes_in_any_pieces_read_like_the_whole(data: bytes, places: list[int]) -> None:
    assert read(cut(data, places)) == (data.decode("utf-8", "replace"), False)


@given(st.text(), st.lists(st.integers(0)))
def test_no_piece_of_good_text_ever_shows_a_broken_character(text: str, places: list[int]) -> None:
    stream = TextStream()
    said = [stream.push(piece) for piece in cut(text.encode(), places)]
    assert "".join(said) == text
    assert stream.close() == ""


@given(st.text("abcé"), STOPS, st.lists(st.integers(0)))
def test_a_stop_string_ends_the_text_at_the_same_place_however_it_is_cut(
    text: str, stops: tuple[str, ...], places: list[int]
) -> None:
    data = text.encode()
    said, stopped = read(cut(data, places), stops)
    assert (said, stopped) == read([bytes([byte]) for byte in data], stops)
    assert stopped == any(stop in text for stop in stops)
    assert text.startswith(said)
    assert stopped or said == text
    assert not any(stop in said for stop in stops)


@given(st.text("abcé"), STOPS, st.lists(st.integers(0)))
def test_the_text_ends_where_a_stop_string_begins(text: str, stops: tuple[str, ...], places: list[int]) -> None:
    said, stopped = read(cut(text.encode(), places), stops)
    if stopped:
        assert any(text[len(said) :].startswith(stop) for stop in stops)


def test_the_stop_string_that_is_whole_first_wins() -> None:
    assert read([b"one END two STOP"], ("STOP", "END")) == ("one ", True)
    assert read([b"abcd"], ("abcd", "bc")) == read([b"abc", b"d"], ("abcd", "bc")) == ("a", True)


def test_of_two_stop_strings_that_end_together_the_longer_is_cut_off() -> None:
    assert read([b"tell END"], ("END", " END")) == ("tell", True)


def test_what_could_begin_a_stop_string_is_held_until_it_is_known() -> None:
    stream = TextStream(("<end>",))
    assert [stream.push(b"go <e"), stream.push(b"n"), stream.push(b"ough")] == ["go ", "", "<enough"]
    assert [stream.push(b" <en"), stream.push(b"d>")] == [" ", ""]
    assert stream.stopped
    assert stream.close() == ""


def test_a_false_start_that_overlaps_the_real_stop_is_seen() -> None:
    assert read([b"x a", b"a", b"ab"], ("aab",)) == ("x a", True)


def test_an_answer_that_ends_within_a_possible_stop_loses_nothing() -> None:
    assert read([b"half a <en"], ("<end>",)) == ("half a <en", False)


def test_an_empty_stop_string_stops_nothing() -> None:
    assert read([b"text"], ("",)) == ("text", False)


def test_an_unfinished_character_becomes_a_replacement_at_the_end() -> None:
    stream = TextStream()
    assert stream.push("é".encode()[:1]) == ""
    assert stream.close() == "\ufffd"


@pytest.mark.parametrize(
    ("text", "mark", "length"),
    [("abc", "cd", 1), ("abc", "bcd", 2), ("abc", "abc", 0), ("", "ab", 0), ("aaa", "aaaa", 3), ("abc", "x", 0)],
)
def test_the_overlap_is_the_longest_proper_beginning_of_the_mark(text: str, mark: str, length: int) -> None:
    assert longest_overlap(text, mark) == length
