"""The dashboard as a whole: from place to place, and when the daemon goes away and comes back."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from textual.widget import Widget

from tektra_cli.client import Client
from tektra_cli.tui import screens, widgets
from tektra_cli.tui.dashboard import Dashboard
from tektra_cli.tui.gateway import Gateway
from tektra_cli.tui.pictures import demonstration, settled
from tektra_cli.tui.place import Place
from tektra_cli.tui.places import PLACES
from tests.harness import Tektra
from tests.tui.driving import dashboard, shown, until

pytestmark = pytest.mark.anyio


def test_no_two_widgets_share_the_name_by_which_styles_find_them() -> None:
    names = []
    for package in (screens, widgets):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            kinds = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Widget)]
            names += [kind.__name__ for kind in kinds if kind.__module__ == found.name]
    assert len(names) > 30
    assert [name for name in sorted(set(names)) if names.count(name) > 1] == []


async def test_where_there_is_little_room_places_have_their_numbers() -> None:
    async with demonstration("runs").run_test(size=(40, 12)) as pilot:
        await settled(pilot)
        assert shown(pilot.app).split("\n")[0].split() == ["1", "2", "3", "Runs", "4", "3", "5", "6", "1", "7", "●"]


async def test_every_place_is_one_key_away_and_says_its_keys(tektra: Tektra) -> None:
    async with dashboard(tektra.start(), "system") as (app, pilot):
        for number, name in enumerate(PLACES, 1):
            await pilot.press("escape", f"f{number + 1}")
            await until(pilot, lambda name=name: app.current_mode == name)
            assert f"{number} {PLACES[name].title}" in shown(app)
            await pilot.press("f1")
            await until(pilot, lambda: "^q" in shown(app))
            await pilot.press("escape")
            await until(pilot, lambda name=name: isinstance(app.screen, Place) and app.current_mode == name)


async def test_a_daemon_that_goes_away_is_said_and_found_again_and_no_event_is_lost(tektra: Tektra) -> None:
    heard: list[str] = []
    async with dashboard(tektra.start(), "system") as (app, pilot):
        app.happened.subscribe(app, lambda events: heard.extend(event["type"] for event in events))
        tektra.kill()
        await until(pilot, lambda: app.standing == "away")
        assert "daemon away" in shown(app)
        tektra.start()
        await until(pilot, lambda: app.standing == "live")
        await until(pilot, lambda: "gap" in heard)
        with tektra.client() as client:
            client.post("/api/models/tektra-starter/load", json={})
        await until(pilot, lambda: heard.count("model.state") >= 2)
        await until(pilot, lambda: "tektra-starter" in shown(app))


async def test_the_theme_that_was_chosen_is_there_the_next_time(tektra: Tektra) -> None:
    folder = tektra.start().home / "state"

    async def theme_after(*keys: str) -> str:
        app = Dashboard(Gateway(Client(tektra.socket)), "system", folder=folder)
        async with app.run_test() as pilot:
            await pilot.press(*keys)
            await pilot.pause()
        return app.theme

    first = await theme_after()
    chosen = await theme_after("ctrl+t")
    assert chosen != first
    assert await theme_after() == chosen
    (folder / "theme").write_text("a theme that nobody has\n")
    assert await theme_after() == first
