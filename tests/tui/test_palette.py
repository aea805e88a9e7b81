"""The command palette, on the recording: whatever a key does has a name there."""

from __future__ import annotations

import pytest

from tektra_cli.tui import palette
from tektra_cli.tui.pictures import demonstration, settled
from tests.tui.driving import shown, until

pytestmark = pytest.mark.anyio


async def test_it_offers_what_can_be_done_here_and_then_the_places() -> None:
    async with demonstration("runs").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Go to Chat" in shown(pilot.app))
        text = shown(pilot.app)
        assert text.index("New run") < text.index("Retry") < text.index("Go to Chat")
        assert "Focus Previous" not in text


async def test_what_is_chosen_is_done() -> None:
    async with demonstration("runs").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p", *"new run")
        await until(pilot, lambda: "key n" in shown(pilot.app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "Begin a run" in shown(pilot.app))


async def test_what_another_place_does_is_done_there() -> None:
    app = demonstration("chat")
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p", *"agents: new")
        await until(pilot, lambda: "Agents: New" in shown(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.current_mode == "agents" and "instructions" in shown(app))


async def test_every_place_has_its_commands_and_each_once() -> None:
    app = demonstration("chat")
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        titles = [command.title for command in palette.elsewhere(app)]
        assert len(titles) == len(set(titles))
        assert {"Models: Pull", "Audit: Verify", "System: Why?", "Asks: Deny", "Runs: New run"} <= set(titles)
        assert not any(title.startswith("Chat:") for title in titles)
