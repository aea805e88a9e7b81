"""Pure: what a run told, as lines and words, whatever its agent and its tools say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tektra_cli.tui.screens import asks_words, runs_detail, runs_words
from tektra_cli.tui.screens.runs_story import Story

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
HOSTILE = "\x1b[31m[b]red[/b]\x1b]0;title\x07\r\x00\x9b2J"


def told(*events: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"run": "r", "number": number, "time": f"2026-11-22T15:00:{number:02}Z", "type": type, "data": data}
        for number, (type, data) in enumerate(events, 1)
    ]


def step(number: int, read: int, **more: Any) -> tuple[str, dict[str, Any]]:
    took = {"prompt_tokens": read, "completion_tokens": 1, "steps": number}
    return "step", {"step": number, "said": "", "observed": "", "error": "", "took": took, **more}


def tool(name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "tool", {"tool": name, "arguments": {}, **more}


def heard(*events: tuple[str, dict[str, Any]]) -> Story:
    story = Story()
    story.hear(told(*events))
    return story


def test_what_an_agent_that_was_asked_does_lies_beneath_the_call_that_asked_it() -> None:
    story = heard(
        ("state", {"state": "running"}),
        tool("research"),
        tool("read", agent="research"),
        ("result", {"result": "x", "agent": "research"}),
        step(1, 50, agent="research"),
        ("result", {"result": "y"}),
        step(1, 80),
        tool("list"),
        ("result", {"result": "z"}),
        step(2, 200),
    )
    assert [(line.kind, line.depth, line.agent) for line in story.lines] == [
        ("state", 0, ""),
        ("step", 0, ""),
        ("tool", 1, ""),
        ("step", 2, "research"),
        ("tool", 3, "research"),
        ("step", 0, ""),
        ("tool", 1, ""),
    ]
    assert all(line.closed is not None for line in story.lines if line.kind in ("step", "tool"))
    assert [line.took["prompt_tokens"] for line in story.lines if line.kind == "step"] == [80, 50, 120]


def test_what_code_calls_lies_beneath_the_code() -> None:
    story = heard(
        ("code", {"code": "read()"}),
        tool("read"),
        ("result", {"result": "x"}),
        ("ran", {"output": "1", "logs": "", "error": ""}),
        step(1, 10),
    )
    assert [(line.kind, line.depth) for line in story.lines] == [("step", 0), ("code", 1), ("tool", 2)]


def test_what_is_heard_again_is_not_told_again() -> None:
    events = told(("state", {"state": "running"}), tool("read"), ("result", {"result": "x"}), step(1, 10))
    story = Story()
    story.hear(events[:2])
    story.hear(events[:3])
    story.hear(events)
    assert [line.kind for line in story.lines] == ["state", "step", "tool"]


def test_a_run_that_is_taken_up_again_goes_on_with_its_open_call() -> None:
    story = heard(
        ("state", {"state": "running"}),
        tool("read"),
        ("state", {"state": "cancelled"}),
        ("state", {"state": "running"}),
        ("result", {"result": "x"}),
        step(1, 10),
        ("state", {"state": "succeeded"}),
    )
    assert [line.kind for line in story.lines] == ["state", "step", "tool", "end", "state", "end"]
    assert story.lines[2].outcome == {"result": "x"}


def test_nothing_that_a_terminal_would_obey_comes_through_and_markup_is_text() -> None:
    request = {
        "action": HOSTILE, "resource": [HOSTILE], "workspace": HOSTILE, "effect": HOSTILE, "confinement": HOSTILE,
        "cost": 1, "run": HOSTILE, "session": HOSTILE, "folder": HOSTILE, "environment": {"X": HOSTILE},
        "preview": HOSTILE,
    }  # fmt: skip
    ask = {
        "id": "a", "uid": None, "agent": HOSTILE, "rule": HOSTILE, "why": HOSTILE, "request": request,
        "asked_at": "2026-11-22T15:00:00Z", "expires_at": "2026-11-22T16:00:00Z",
    }  # fmt: skip
    run = {
        "id": "r", "title": HOSTILE, "state": "failed", "spec": {"agent": HOSTILE, "folder": HOSTILE},
        "created_at": "2026-11-22T15:00:00Z", "started_at": None, "ended_at": None, "changes": "", "error": HOSTILE,
        "result": {"answer": HOSTILE},
    }  # fmt: skip
    story = heard(
        tool(HOSTILE),
        ("ask", {"ask": "a", "action": HOSTILE, "resource": HOSTILE, "rule": HOSTILE, "why": HOSTILE,
                 "preview": HOSTILE, "is_question": False}),
        ("answer", {"ask": "a", "outcome": "deny", "why": HOSTILE}),
        ("result", {"error": HOSTILE}),
        ("code", {"code": HOSTILE}),
        ("ran", {"output": HOSTILE, "logs": HOSTILE, "error": ""}),
        step(1, 10, said=HOSTILE, observed=HOSTILE, error=HOSTILE),
        ("note", {"text": HOSTILE}),
        ("state", {"state": "failed", "error": HOSTILE}),
    )  # fmt: skip
    drawn = [asks_words.card(ask, NOW, 60), asks_words.row(ask, 80, NOW), runs_words.row(run, 120, NOW)]
    drawn += [runs_words.line(line, 100, NOW) for line in story.lines]
    drawn += [runs_detail.told(line, run, None, NOW) for line in story.lines]
    for each in drawn:
        assert not set(each.plain) & {"\x1b", "\x07", "\r", "\x00", "\x9b"}, each.plain
    assert "[b]red[/b]" in drawn[0].plain
