"""The benchmark's client: what it measures is what the server really sent."""

from __future__ import annotations

import json

import pytest

from tests.bench.requests import MODEL, Request, ask, asking, completion
from tests.harness import Tektra


@pytest.fixture(scope="module")
def server(shared: Tektra) -> Tektra:
    """A server whose model says the same to everyone, or goes on and on."""
    shared.import_scripted(
        MODEL, [{"when": "on and on", "say": "word ", "forever": True, "pace_s": 0.01}, {"say": "one two"}]
    )
    return shared


def test_answers_to_requests_at_once_are_told_apart_with_their_times_and_counts(server: Tektra) -> None:
    answers = ask(server, [completion("a", 9), completion("b c", 9)])
    assert [answer.text for answer in answers] == ["one two", "one two"]
    assert [answer.tokens for answer in answers] == [len("one two")] * 2
    for answer in answers:
        assert answer.asked < answer.asked + answer.first_s <= answer.ended
        assert answer.decode_s == answer.ended - answer.asked - answer.first_s


def test_a_refusal_is_a_failure_and_no_measurement(server: Tektra) -> None:
    unknown: Request = ("/v1/completions", json.dumps({"model": "nobody", "prompt": "a", "stream": True}).encode())
    with pytest.raises(RuntimeError, match="answered 404"):
        ask(server, [unknown])


def test_what_fails_meanwhile_ends_the_answers_under_way(server: Tektra) -> None:
    with pytest.raises(ZeroDivisionError), asking(server, [completion("on and on", 4000)]) as (answers, heard):
        1 / 0  # noqa: B018
    assert heard[0].done()
    assert not any(b'"usage"' in line for _, line in answers[0].lines), "it was heard to its end"
