"""The place models, driven by keys on a real daemon: what is loaded, loading, downloading, importing, removing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tektra_cli.tui.dashboard import Dashboard
from tektra_cli.tui.screens.models import Models
from tektra_cli.tui.screens.models_list import ModelList
from tektra_cli.tui.widgets.chart import Chart
from tests.daemon.test_chat import chat
from tests.ggufs import write_gguf
from tests.harness import Tektra
from tests.hub import SOURCE, Hub
from tests.tui.driving import SMALL, dashboard, fill, shown, until

pytestmark = pytest.mark.anyio


def place(app: Dashboard) -> Models:
    screen = app.screen_stack[0]
    assert isinstance(screen, Models)
    return screen


async def at(pilot: Pilot[Any], app: Dashboard, name: str) -> None:
    """Put the cursor on a model."""
    models = place(app).query_one(ModelList)
    await until(pilot, lambda: models.row_count and name in shown(app))
    models.go_to(name)
    await until(pilot, lambda: models.selected is not None and models.selected["name"] == name)


def row(app: Dashboard, name: str) -> str:
    """The line of the list that a model stands in."""
    return next((line for line in shown(app).splitlines() if line[3:].startswith(name)), "")


def estimated(app: Dashboard) -> str:
    """What the dialog says that a load would take."""
    return str(app.screen.query_one("#note", Static).render())


async def pull(pilot: Pilot[Any], app: Dashboard, source: str, name: str = "") -> None:
    """Ask for a download."""
    await pilot.press("p")
    await fill(pilot, "name", name)
    await fill(pilot, "source", source)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, Models))


@asynccontextmanager
async def answering(app: Dashboard, model: str) -> AsyncIterator[None]:
    """Inside, the model writes an answer that has no end."""
    stream = app.gateway.stream("/api/chat", {"content": "go", "model": model})
    async with aclosing(stream):
        async for batch in stream:
            if any(event["type"] == "delta" for event in batch):
                break
        yield


def told(app: Dashboard) -> str:
    """What the person was told of late."""
    return "\n".join(f"{each.title} {each.message}" for each in app._notifications)


async def test_a_model_is_loaded_seen_in_the_bars_and_unloaded(tektra: Tektra) -> None:
    async with dashboard(tektra.start(), "models") as (app, pilot):
        await at(pilot, app, "tektra-starter")
        await pilot.press("l")
        await until(pilot, lambda: "it fits" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "ready" in row(app, "tektra-starter"))
        await until(pilot, lambda: "█ tektra-starter" in shown(app) and "In memory" in shown(app))
        await pilot.press("u")
        await until(pilot, lambda: "ready" not in row(app, "tektra-starter"))
        await until(pilot, lambda: "is out of memory" in told(app))


async def test_a_small_terminal_shows_list_and_detail_one_after_the_other(tektra: Tektra) -> None:
    async with dashboard(tektra.start(), "models", SMALL) as (app, pilot):
        await at(pilot, app, "tektra-starter")
        assert "On disk" not in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "On disk" in shown(app) and "NAME" not in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "NAME" in shown(app))


async def test_what_is_chosen_for_a_load_is_reckoned_anew_and_a_refusal_has_numbers(tektra: Tektra) -> None:
    async with dashboard(tektra.start(TEKTRA_MEMORY_BUDGET="40000000"), "models") as (app, pilot):
        await at(pilot, app, "tektra-starter")
        await pilot.press("l")
        await until(pilot, lambda: "it does not fit" in estimated(app))
        await fill(pilot, "context", "512")
        await until(pilot, lambda: "context of 512" in estimated(app) and "it fits" in estimated(app))
        before = estimated(app)
        app.screen.query_one("#kv_type").focus()
        await pilot.press("right", "right")
        await until(pilot, lambda: "[q8_0]" in shown(app) and estimated(app) != before)
        await fill(pilot, "context", "1000000")
        await until(pilot, lambda: "cannot have a context of 1,000,000" in estimated(app))
        await fill(pilot, "context", "2048")
        await until(pilot, lambda: "it does not fit" in estimated(app))
        app.screen.query_one("#do").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "can be freed for it" in told(app))
        await until(pilot, lambda: "loading" not in row(app, "tektra-starter"))


async def test_a_load_is_as_it_was_asked_for(tektra: Tektra) -> None:
    async with dashboard(tektra.start(), "models") as (app, pilot):
        await at(pilot, app, "tektra-starter")
        await pilot.press("l")
        await fill(pilot, "context", "512")
        await fill(pilot, "keep_alive", "soon")
        await pilot.press("enter")
        await until(pilot, lambda: '"soon" is no duration' in shown(app))
        await fill(pilot, "keep_alive", "2h")
        await pilot.press("enter")
        await until(pilot, lambda: "512 tokens" in shown(app))
        with tektra.client() as client:
            (loaded,) = client.get("/api/ps").json()["models"]
        assert loaded["context"] == 512
        assert 3600 < loaded["expires_in_s"] <= 7200


async def test_unloading_what_answers_asks_first(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("endless", [{"say": "tick ", "forever": True, "pace_s": 0.01}])
    async with dashboard(tektra, "models") as (app, pilot), answering(app, model):
        await at(pilot, app, model)
        await until(pilot, lambda: "1 running" in row(app, model))
        await pilot.press("u")
        await until(pilot, lambda: "is answering 1 request" in shown(app))
        await pilot.press("enter")  # leaves it
        await until(pilot, lambda: isinstance(app.screen, Models))
        assert "1 running" in row(app, model)
        await pilot.press("u")
        await until(pilot, lambda: "is answering 1 request" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "is out of memory" in told(app))


async def test_the_plots_know_what_was_before_the_dashboard_was_opened(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("said", [{"say": "one two three"}])
    chat(tektra, content="hi", model=model)
    with tektra.client() as client:
        while not any(each["tokens_per_s"] for each in client.get("/api/history").json()["samples"]):
            pass
    async with dashboard(tektra, "models") as (app, pilot):
        chart = app.screen.query_one("#plot-speed", Chart)
        await until(pilot, lambda: any(value for _, value in chart.points))
        first = app.screen.query_one("#plot-first", Chart)
        assert any(value for _, value in first.points)
        await pilot.press("t")
        await until(pilot, lambda: "24 hours ago" in shown(app))


async def test_a_file_is_imported_by_its_path_which_is_completed(tektra: Tektra, tmp_path: Path) -> None:
    write_gguf(tmp_path / "one-Q8_0.gguf")
    (tmp_path / "one-notes.txt").write_text("no model")
    async with dashboard(tektra.start(), "models") as (app, pilot):
        await at(pilot, app, "tektra-starter")
        await pilot.press("i")
        await fill(pilot, "path", f"{tmp_path}/on")
        await until(pilot, lambda: "one-Q8_0.gguf" in shown(app) and "one-notes" not in shown(app))
        await pilot.press("tab")
        await until(pilot, lambda: app.screen.query_one("#path", Input).value.endswith("one-Q8_0.gguf"))
        await fill(pilot, "name", "mine")
        await pilot.press("enter")
        await until(pilot, lambda: "mine is ready to use (linked" in told(app) and row(app, "mine"))
        await until(pilot, lambda: place(app).query_one(ModelList).selected["name"] == "mine")  # type: ignore[index]


async def test_what_cannot_be_imported_is_said_in_the_daemons_words(tektra: Tektra, tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_text("no model")
    async with dashboard(tektra.start(), "models") as (app, pilot):
        await at(pilot, app, "tektra-starter")
        await pilot.press("i")
        await fill(pilot, "path", f"{tmp_path}/no.gguf")
        await pilot.press("enter")
        await until(pilot, lambda: "no.gguf" in told(app))


async def test_a_pull_shows_how_far_it_is_goes_on_elsewhere_and_can_be_stopped(puller: Tektra, hub: Hub) -> None:
    hub.hold_after = 2_000
    async with dashboard(puller, "models") as (app, pilot):
        await at(pilot, app, "tektra-starter")
        await pull(pilot, app, SOURCE)
        await until(pilot, lambda: "↓ tiny" in shown(app) and " of " in shown(app) and hub.holding.is_set())
        await pilot.press("f8")
        await until(pilot, lambda: app.current_mode == "system")
        await pilot.press("f3")
        await until(pilot, lambda: "↓ tiny" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "↓ tiny" not in shown(app) and "goes on where it was" in told(app))
        hub.hold_after = None
        hub.release.set()
        await pull(pilot, app, SOURCE, name="again")
        await until(pilot, lambda: "again is ready to use" in told(app) and "pulled" in shown(app))
        assert "↓" not in shown(app)


async def test_a_pull_that_fails_says_why_and_stays_until_it_was_read(puller: Tektra, hub: Hub) -> None:
    async with dashboard(puller, "models") as (app, pilot):
        await at(pilot, app, "tektra-starter")
        await pilot.press("p")
        await until(pilot, lambda: "Pull a model" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Name a repository" in shown(app))
        await fill(pilot, "source", "some/other")
        await pilot.press("enter")
        await until(pilot, lambda: "stopped:" in shown(app) and "some/other" in told(app))
        await pilot.press("x")
        await until(pilot, lambda: "stopped:" not in shown(app))


async def test_removing_asks_and_says_what_is_lost(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("mine", [{"say": "x"}])
    async with dashboard(tektra, "models") as (app, pilot):
        await at(pilot, app, model)
        for no in ("enter", "escape", "n"):
            await pilot.press("d")
            await until(pilot, lambda: 'Remove the model "mine"? The linked file stays.' in shown(app))
            await pilot.press(no)
            await until(pilot, lambda: isinstance(app.screen, Models))
        assert row(app, model)
        await pilot.press("d")
        await until(pilot, lambda: "The linked file stays" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: not row(app, model) and "removed mine" in told(app))
        assert (tektra.home / "mine.scripted.json").exists()


async def test_ten_loads_at_once_do_not_keep_the_rest_from_being_asked(tektra: Tektra) -> None:
    tektra.start()
    names = [tektra.import_scripted(f"m{number}", [{"say": "x"}]) for number in range(10)]
    async with dashboard(tektra, "models") as (app, pilot):
        for name in names:
            await at(pilot, app, name)
            await pilot.press("l")
            await until(pilot, lambda: "Load m" in shown(app))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, Models))
        await until(pilot, lambda: all("ready" in row(app, name) for name in names))
        assert app.standing == "live"


async def test_who_waits_for_memory_is_seen(tektra: Tektra) -> None:
    tektra.start(TEKTRA_MEMORY_BUDGET=str(100 << 20))
    busy = tektra.import_scripted("busy", [{"say": "tick ", "forever": True, "pace_s": 0.01}])
    other = tektra.import_scripted("other", [{"say": "x"}])
    async with dashboard(tektra, "models") as (app, pilot):
        async with answering(app, busy):
            await until(pilot, lambda: "1 running" in row(app, busy))
            await at(pilot, app, other)
            await pilot.press("l")
            await until(pilot, lambda: "Load other" in shown(app))
            await pilot.press("enter")
            await until(pilot, lambda: "1. other waits for memory" in shown(app) and "waits" in row(app, other))
        await until(pilot, lambda: "ready" in row(app, other) and "waits for memory" not in shown(app))


async def test_the_filter_finds_names_and_escape_shows_all_again(tektra: Tektra) -> None:
    tektra.start()
    for name in ("alpha", "beta"):
        tektra.import_scripted(name, [{"say": "x"}])
    async with dashboard(tektra, "models") as (app, pilot):
        await at(pilot, app, "beta")
        await pilot.press("slash", *"alp")
        await until(pilot, lambda: row(app, "alpha") and not row(app, "beta"))
        await pilot.press("z")
        await until(pilot, lambda: "No model has such a name" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: row(app, "alpha") and row(app, "beta"))


async def test_what_another_client_does_is_seen_and_the_cursor_stays(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("mine", [{"say": "x"}])
    async with dashboard(tektra, "models") as (app, pilot):
        await at(pilot, app, model)
        tektra.import_scripted("earlier", [{"say": "x"}])
        await until(pilot, lambda: row(app, "earlier"))
        assert place(app).query_one(ModelList).selected["name"] == model  # type: ignore[index]
        with tektra.client() as client:
            client.post(f"/api/models/{model}/load", json={}).raise_for_status()
        await until(pilot, lambda: "ready" in row(app, model))


async def test_what_a_header_says_is_shown_and_never_obeyed(tektra: Tektra, tmp_path: Path) -> None:
    hostile = {"general.description": "[red]it is red[/red]\x1b[31m\x07"}
    path = write_gguf(tmp_path / "hostile.gguf", extra=hostile)
    tektra.start()
    with tektra.client() as client:
        client.post("/api/models/import", json={"path": str(path), "name": "hostile"}).raise_for_status()
    async with dashboard(tektra, "models", (120, 100)) as (app, pilot):
        await at(pilot, app, "hostile")
        await until(pilot, lambda: "[red]it is red[/red]" in shown(app))
        assert "\x1b" not in shown(app)
        assert "\x07" not in shown(app)
