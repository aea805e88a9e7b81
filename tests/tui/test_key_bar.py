"""The line that names the keys, on the recording."""

from __future__ import annotations

import pytest
from textual.events import AppBlur
from textual.pilot import Pilot

from tektra_cli.tui.pictures import demonstration, settled
from tektra_cli.tui.widgets.key_bar import KeyBar
from tests.tui.driving import shown, until

pytestmark = pytest.mark.anyio


def named(pilot: Pilot[None]) -> str:
    """What it says."""
    return shown(pilot.app).split("\n")[-1]


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_where_there_is_little_room_the_key_that_names_all_stays(width: int) -> None:
    async with demonstration("runs").run_test(size=(width, 24)) as pilot:
        await settled(pilot)
        assert named(pilot).endswith(" ^q Quit  ? Keys  ^p Commands")
        assert named(pilot).startswith(" / Search  n New run")
        assert ("r Retry" in named(pilot)) == (width > 80)


async def test_other_keys_are_named_where_other_things_have_the_focus() -> None:
    async with demonstration("chat").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        assert "⏎ Send" in named(pilot)
        await pilot.press("ctrl+up")
        await until(pilot, lambda: "y Copy  c Copy code" in named(pilot))
        assert "Send" not in named(pilot)
        assert "Go to runs" not in named(pilot), "which is done from a run alone"


async def test_a_key_can_be_clicked() -> None:
    async with demonstration("runs").run_test(size=(120, 24)) as pilot:
        await settled(pilot)
        await pilot.click(KeyBar, offset=(named(pilot).index("? Keys"), 0))
        await until(pilot, lambda: len(pilot.app.screen_stack) > 1)


async def test_keys_are_named_in_a_window_behind_others() -> None:
    app = demonstration("system")
    async with app.run_test(size=(120, 24)) as pilot:
        app.post_message(AppBlur())
        app.switch_mode("chat")
        await settled(pilot)
        assert named(pilot).endswith(" ^q Quit  ? Keys  ^p Commands")
