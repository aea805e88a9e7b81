"""The lines of a conversation: which of them are seen while it grows, is added to, and is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from tektra_cli.tui.screens.chat_note import Note, RunNote
from tektra_cli.tui.screens.chat_transcript import Transcript
from tektra_cli.tui.screens.chat_turn import Draft, Turn
from tests.tui.driving import shown

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


class Talk(App[None]):
    """One transcript below a line to write in."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.transcript = Transcript(lambda: NOW)

    def compose(self) -> ComposeResult:
        """Both."""
        yield self.transcript
        yield Input()

    def on_transcript_followed(self, event: Transcript.Followed) -> None:
        """Remember it."""
        self.followed.append(event.run)


def message(number: int) -> Mapping[str, Any]:
    """A question or its answer, each of them one line."""
    return {
        "id": f"m{number}", "role": ("user", "assistant")[number % 2], "content": f"number {number}",
        "status": "complete", "model": "talker", "created_at": "", "usage": None, "finish_reason": None,
    }  # fmt: skip


def document(first: int, end: int) -> Mapping[str, Any]:
    """The messages between these."""
    return {"messages": [message(number) for number in range(first, end)], "earlier": None, "later": None}


@asynccontextmanager
async def talk(first: int, end: int) -> AsyncIterator[tuple[Transcript, Pilot[None]]]:
    """A conversation that is open."""
    app = Talk()
    async with app.run_test(size=(60, 24)) as pilot:
        await pilot.pause()
        app.query_one(Input).focus()
        app.transcript.open(document(first, end))
        await pilot.pause()
        yield app.transcript, pilot


def lines(pilot: Pilot[None]) -> list[str]:
    """What is seen of it, without what beside it is."""
    return [line.strip("▌ █▁▂▃▄▅▆▇▉▊▋▍▎▏") for line in shown(pilot.app).split("\n")[:-3]]


def begun(transcript: Transcript) -> Turn:
    """A question whose answer is about to come."""
    turn = Turn(Draft("why?"), "c", "talker", message="m99", waits="")
    question = {**message(98), "id": "", "content": "why?"}
    transcript.begin(turn, question, {**message(99), "id": "", "content": "", "status": "generating"})
    return turn


async def test_few_messages_stand_at_the_bottom() -> None:
    async with talk(0, 2) as (_, pilot):
        assert lines(pilot)[-3:] == ["talker", "number 1", ""]
        assert set(lines(pilot)[:-6]) == {""}


async def test_an_answer_that_grows_is_seen_at_its_end() -> None:
    async with talk(0, 20) as (transcript, pilot):
        turn = begun(transcript)
        for number in range(40):
            turn.text.append(f"line {number}\n\n")
            transcript.grow(turn)
            await pilot.pause()
            assert lines(pilot)[-2:] == [f"line {number}", ""]
        assert transcript.scroll_y == transcript.max_scroll_y
        assert transcript.vertical_scrollbar.window_virtual_size == transcript.virtual_size.height
        assert transcript.vertical_scrollbar.position == transcript.scroll_y


async def test_whoever_looks_further_up_is_left_there_while_it_grows() -> None:
    async with talk(0, 20) as (transcript, pilot):
        turn = begun(transcript)
        transcript.scroll_to(y=8, animate=False)
        await pilot.pause()
        before = lines(pilot)
        turn.text += ["much\n\n"] * 30
        transcript.grow(turn)
        await pilot.pause()
        assert lines(pilot) == before
        transcript.scroll_to(y=transcript.max_scroll_y, animate=False)
        turn.text.append("the end")
        transcript.grow(turn)
        await pilot.pause()
        assert lines(pilot)[-2] == "the end", "and who comes back stays at the end again"


async def test_earlier_messages_do_not_move_what_is_seen() -> None:
    async with talk(20, 40) as (transcript, pilot):
        transcript.scroll_to(y=2, animate=False)
        await pilot.pause()
        before = lines(pilot)
        transcript.put(document(10, 20), "before")
        await pilot.pause()
        assert lines(pilot) == before
        transcript.scroll_to(y=0, animate=False)
        await pilot.pause()
        assert "number 10" in lines(pilot)


async def test_another_width_does_not_move_what_is_seen_first() -> None:
    async with talk(0, 0) as (transcript, pilot):
        long = [{**message(number), "content": f"number {number} " + "and more " * 30} for number in range(10)]
        transcript.open({"messages": long})
        transcript.show_part(transcript.views[4], at_top=True)
        await pilot.pause()
        for width in (40, 100, 60):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            assert lines(pilot)[1].startswith("number 4 "), width


async def test_a_conversation_opens_at_a_message_also_before_it_has_a_place() -> None:
    app = Talk()
    app.transcript.display = False
    async with app.run_test(size=(60, 24)) as pilot:
        app.transcript.open(document(0, 40), "m10")
        app.transcript.display = True
        await pilot.pause()
        assert lines(pilot)[1] == "number 10"
        assert app.transcript.chosen is app.transcript.views[10]


async def test_the_mark_goes_from_message_to_message_and_to_runs() -> None:
    async with talk(0, 20) as (transcript, pilot):
        transcript.note(Note("something was left out"))
        transcript.note(RunNote("r1", "counter", "running"))
        transcript.focus()
        await pilot.pause()
        assert transcript.chosen is None, "what can be done with messages cannot be done with a run"
        await pilot.press("enter")
        await pilot.press("up")
        assert transcript.chosen is transcript.views[-1]
        await pilot.press("enter", "up")
        assert transcript.chosen is transcript.views[-2]
        await pilot.press("g")
        assert lines(pilot)[1] == "number 0"
        assert isinstance(pilot.app, Talk)
        assert pilot.app.followed == ["r1"]


async def test_a_click_marks_a_message_and_goes_to_a_run() -> None:
    async with talk(0, 4) as (transcript, pilot):
        transcript.note(RunNote("r1", "counter", "running"))
        transcript.focus()
        await pilot.pause()
        row = lines(pilot).index("number 2")
        await pilot.click(Transcript, offset=(5, row))
        assert transcript.chosen is transcript.views[2]
        await pilot.click(Transcript, offset=(5, 0))
        assert transcript.chosen is transcript.views[2], "nothing stands there"
        row = next(at for at, line in enumerate(lines(pilot)) if "counter works" in line)
        await pilot.click(Transcript, offset=(5, row))
        await pilot.pause()
        assert isinstance(pilot.app, Talk)
        assert pilot.app.followed == ["r1"]


async def test_what_is_selected_is_the_text_alone() -> None:
    async with talk(0, 4) as (transcript, pilot):
        rows = lines(pilot)
        first, last = rows.index("number 1"), rows.index("number 2")
        await pilot.mouse_down(Transcript, offset=(2, first))
        await pilot.hover(Transcript, offset=(9, last))
        await pilot.mouse_up(Transcript, offset=(9, last))
        await pilot.pause()
        selected = transcript.screen.get_selected_text()
        assert selected is not None
        assert [line for line in selected.split("\n") if line] == ["number 1", "You", "number 2"[:8]]


async def test_an_answer_that_was_not_taken_is_gone() -> None:
    async with talk(0, 4) as (transcript, pilot):
        turn = begun(transcript)
        turn.text.append("never kept")
        transcript.grow(turn)
        transcript.forget()
        transcript.note(Note("✗ the disk is full", is_bad=True))
        await pilot.pause()
        assert lines(pilot)[-2] == "✗ the disk is full"
        assert "never kept" not in lines(pilot)
        begun(transcript)
        await pilot.pause()
        assert "✗ the disk is full" not in lines(pilot)
