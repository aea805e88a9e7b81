"""What is typed into the audit's bar, and the window of the log that is in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tektra_cli.errors import UsageError
from tektra_cli.tui.screens import audit_filter, audit_words
from tektra_cli.tui.screens.audit_window import Window
from tektrad.trust.entry import Outcome

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("", {}),
        ("rm  -r", {"words": "rm -r"}),
        ("kind:tool agent:files rm", {"kind": "tool", "agent": "files", "words": "rm"}),
        (
            "since:2h until:2026-11-22T15:00Z",
            {"since": "2026-11-22T13:30:00+00:00", "until": "2026-11-22T15:00:00+00:00"},
        ),
        ("user:0 outcome:denied", {"uid": 0, "outcome": "denied"}),
        ("user:root", {"uid": 0}),
        ("mcp:time sha256:ab", {"words": "mcp:time sha256:ab"}),
        ("run:abc kind:model.call", {"run": "abc", "kind": "model.call"}),
        ("act:k3vq outcome:ok", {"act": "k3vq", "outcome": "ok"}),
    ],
)
def test_parts_with_a_known_name_are_filters_and_all_else_are_words(said: str, asked: dict[str, Any]) -> None:
    assert audit_filter.query(said, NOW) == asked


@pytest.mark.parametrize("said", ["kind:", "outcome:bad", "since:soon", "user:nobody-of-that-name", "kind:a kind:b"])
def test_what_cannot_be_looked_for_is_refused_in_words(said: str) -> None:
    with pytest.raises(UsageError):
        audit_filter.query(said, NOW)


def test_the_last_part_is_completed_by_what_there_is() -> None:
    known = {"agent": ["files", "finder"], "kind": ["tool.call", "tool.check"], "user": ["ada"]}
    assert audit_filter.completions("", known)[:2] == ["kind:", "agent:"]
    assert audit_filter.completions("kind:tool ", known)[0] == "agent:"
    assert audit_filter.completions("ag", known) == ["agent:"]
    assert audit_filter.completions("kind:tool agent:fi", known) == ["agent:files", "agent:finder"]
    assert audit_filter.completions("kind:tool.c", known) == ["kind:tool.call", "kind:tool.check"]
    assert audit_filter.completions("outcome:f", known) == ["outcome:failed"]
    assert audit_filter.completions("http://x", known) == []
    assert audit_filter.completed("kind:tool ag", "agent:") == "kind:tool agent:"
    assert audit_filter.completed("agent:fi", "agent:files") == "agent:files "


def test_every_outcome_has_a_sign_of_its_own() -> None:
    assert set(audit_filter.OUTCOMES) == set(Outcome.__args__)
    assert set(audit_words.SIGNS) == set(audit_filter.OUTCOMES)


def entry(number: int) -> dict[str, Any]:
    return {"number": number}


def numbers(window: Window) -> list[int]:
    return [each["number"] for each in window.entries]


def test_a_window_grows_at_both_ends_and_forgets_at_the_other_one() -> None:
    window = Window(most=6)
    window.begin([entry(10), entry(9), entry(8)], 8, 10)
    assert window.add_newer([entry(11), entry(12)], 13) == 2
    assert (numbers(window), window.through, window.older) == ([12, 11, 10, 9, 8], 13, 8)
    assert window.add_newer([entry(12), entry(14)], 14) == 1
    assert numbers(window) == [14, 12, 11, 10, 9, 8]
    window.add_newer([entry(15), entry(16)], 16)
    assert (numbers(window), window.older) == ([16, 15, 14, 12, 11, 10], 10)
    assert window.is_newest
    assert window.add_older([entry(9), entry(7)], None) == 2
    assert (numbers(window), window.is_newest, window.older) == ([14, 12, 11, 10, 9, 7], False, None)
    assert [window.place_of(number) for number in (14, 10, 9, 8, 1, 99)] == [0, 3, 4, 5, 5, 0]


def test_a_line_shows_any_entry_and_nothing_that_a_terminal_obeys() -> None:
    hostile = {
        "number": 1, "time": "2026-11-22T15:00:00Z", "kind": "security.denied", "outcome": "denied", "uid": 0,
        "agent": "x\x1b[2J", "run": "", "act": "", "confinement": "none", "hash": "",
        "details": {"why": "[red]\x1b]0;title\x07", "deep": {"a": [{"b": "c\x00"}]}},
    }  # fmt: skip
    blank = {"number": 2, "time": None, "kind": "unreadable", "outcome": None, "uid": None} | {
        "agent": "", "run": "", "act": "", "confinement": "none", "hash": "", "details": {"body": "{"}
    }  # fmt: skip
    for each in (hostile, blank):
        for space in (40, 80, 120, 200):
            line = audit_words.line(each, space, NOW, str)
            assert "\x1b" not in line.plain
            assert line.cell_length <= space
        assert audit_words.facts(each, NOW, str)
        assert audit_words.details(each)
    assert "[red]" in audit_words.line(hostile, 120, NOW, str).plain
    assert audit_words.line(hostile, 80, NOW, str).plain.startswith("! ")
