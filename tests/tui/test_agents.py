"""The place of agents, on a real daemon, by keys."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static, TextArea

from tektra_cli.tui.dashboard import Dashboard
from tektra_cli.tui.screens.agents import Agents
from tektra_cli.tui.screens.agents_form import AgentForm, key
from tektra_cli.tui.screens.agents_list import AgentList
from tests.daemon.test_runs import agent, begun, call, ended, folder
from tests.guests import needs_guests
from tests.harness import Tektra
from tests.tui.driving import LARGE, SMALL, dashboard, fill, shown, until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def agents(
    tektra: Tektra, at: str | None = None, size: tuple[int, int] = LARGE
) -> AsyncIterator[tuple[Dashboard, Pilot[None], Agents]]:
    """The place, with its list read and the cursor on an agent."""
    async with dashboard(tektra, "agents", size) as (app, pilot):
        place = app.screen
        assert isinstance(place, Agents)
        rows = place.query_one(AgentList)
        await until(pilot, lambda: rows.row_count)
        if at is not None:
            while rows.chosen != at:
                before = rows.cursor_row
                await pilot.press("j")
                assert rows.cursor_row != before, f"no {at} in the list"
        yield app, pilot, place


def made(tektra: Tektra, name: str, **fields: Any) -> dict[str, Any]:
    with tektra.client() as client:
        answer = client.post("/api/agents", json={"agent": {"name": name} | fields})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


def changed(tektra: Tektra, name: str, **fields: Any) -> dict[str, Any]:
    with tektra.client() as client:
        was = client.get(f"/api/agents/{name}").json()["version"]
        answer = client.post(f"/api/agents/{name}", json={"agent": fields, "was": was})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def kept(tektra: Tektra, name: str) -> dict[str, Any]:
    with tektra.client() as client:
        found: dict[str, Any] = client.get(f"/api/agents/{name}").json()
        return found


async def form_of(pilot: Pilot[None], place: Agents, press: str) -> AgentForm:
    await pilot.press(press)
    form = place.query_one(AgentForm)
    await until(pilot, lambda: place.browser == "form" and form.has_focus_within)
    return form


async def typed(pilot: Pilot[None], place: Agents, field: str, text: str) -> None:
    control = place.query_one(f"#{key(field)}").query("Input, TextArea").first()
    control.focus()
    await until(pilot, lambda: control.has_focus)
    if isinstance(control, Input):
        control.cursor_position = len(control.value)
        await pilot.press(*["backspace"] * len(control.value))
    for character in text:
        await pilot.press({" ": "space", "\n": "enter"}.get(character, character))


def wrong(place: Agents, field: str) -> str:
    line = place.query_one(f"#{key(field)} .wrong", Static)
    return str(line.content) if line.display else ""


async def test_the_list_shows_shipped_and_own_agents_and_enter_and_escape_lead_in_and_out(shared: Tektra) -> None:
    made(shared, "looked-at", description="Looks at things.", instructions="Look twice.", human="never")
    async with agents(shared, "looked-at", SMALL) as (app, pilot, place):
        assert "shipped" in shown(app)
        assert "research" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "Look twice." in shown(app))
        assert "never: what would be asked is denied" in shown(app)
        assert "research" not in shown(app)
        await pilot.press("f")
        await until(pilot, lambda: 'name = "looked-at"' in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "research" in shown(app))
        assert place.query_one(AgentList).has_focus
    async with agents(shared, "looked-at", (120, 36)) as (app, pilot, place):
        await until(pilot, lambda: "Look twice." in shown(app))
        assert "research" in shown(app)


async def test_an_agent_is_made_in_the_form_and_what_cannot_be_is_said_below_its_field(shared: Tektra) -> None:
    shared.import_scripted("scribe", [{"say": "x"}])
    async with agents(shared) as (_, pilot, place):
        form = await form_of(pilot, place, "n")
        await typed(pilot, place, "name", "a/b")
        assert "letters, digits" in wrong(place, "name")
        await typed(pilot, place, "name", "written")
        assert wrong(place, "name") == ""
        await typed(pilot, place, "limits.seconds", "soon")
        assert "a time" in wrong(place, "limits.seconds")
        await pilot.press("ctrl+s")
        assert place.query_one(f"#{key('limits.seconds')} Input").has_focus
        await typed(pilot, place, "limits.seconds", "90s")
        await typed(pilot, place, "limits.steps", "5")
        await typed(pilot, place, "limits.network", "*.example.org")
        await typed(pilot, place, "instructions", "Write.\nThen stop.")
        form.query_one("#field-tools SelectionList").focus()
        await pilot.press("space", "down", "down", "space")
        form.query_one("#more").focus()
        await pilot.press(*"mcp:time")
        form.query_one("#field-model Select").focus()
        await pilot.press("enter", *"scribe", "enter")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: place.browser == "browse")
        await until(pilot, lambda: place.query_one(AgentList).chosen == "written")
    agent = kept(shared, "written")["agent"]
    assert agent["instructions"] == "Write.\nThen stop."
    assert (agent["limits"]["seconds"], agent["limits"]["steps"]) == (90, 5)
    assert agent["limits"]["network"] == ["*.example.org"]
    assert agent["tools"] == ["read", "glob", "mcp:time"]
    assert agent["model"] == "scribe"


async def test_what_the_daemon_refuses_stands_at_its_field_and_nothing_typed_is_lost(shared: Tektra) -> None:
    made(shared, "taken")
    async with agents(shared) as (_, pilot, place):
        form = await form_of(pilot, place, "n")
        await typed(pilot, place, "name", "taken")
        await typed(pilot, place, "limits.network", "127.1")
        await typed(pilot, place, "description", "kept")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: wrong(place, "limits.network"))
        assert place.query_one(f"#{key('limits.network')} Input").has_focus
        await typed(pilot, place, "limits.network", "")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "already" in wrong(place, "name"))
        assert form.said["description"] == "kept"
        await typed(pilot, place, "name", "not-taken")
        assert wrong(place, "name") == ""
        await pilot.press("ctrl+s")
        await until(pilot, lambda: place.browser == "browse")
    assert kept(shared, "not-taken")["agent"]["description"] == "kept"


async def test_leaving_a_form_asks_only_where_something_would_be_lost(shared: Tektra) -> None:
    made(shared, "left")
    async with agents(shared, "left") as (app, pilot, place):
        await form_of(pilot, place, "e")
        await pilot.press("escape")
        await until(pilot, lambda: place.browser == "browse")
        await form_of(pilot, place, "e")
        await typed(pilot, place, "description", "unsaved")
        await pilot.press("escape")
        await until(pilot, lambda: "Leave without saving?" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is place)
        assert place.browser == "form"
        await pilot.press("escape")
        await until(pilot, lambda: "Leave without saving?" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: place.browser == "browse")
    assert kept(shared, "left")["agent"]["description"] == ""


async def test_an_agent_that_somebody_else_changed_meanwhile_is_explained_and_both_changes_are_kept(
    shared: Tektra,
) -> None:
    made(shared, "contested", description="first", instructions="One.")
    async with agents(shared, "contested") as (app, pilot, place):
        form = await form_of(pilot, place, "e")
        await typed(pilot, place, "description", "mine")
        theirs = changed(shared, "contested", instructions="Theirs.", description="yours")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "was changed meanwhile" in shown(app))
        assert theirs["version"][:12] in shown(app)
        assert form.said["description"] == "mine"
        assert form.query_one(TextArea).text == "Theirs."
        assert "yours" in wrong(place, "description")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: place.browser == "browse")
    agent = kept(shared, "contested")["agent"]
    assert (agent["description"], agent["instructions"]) == ("mine", "Theirs.")


async def test_an_agent_that_was_removed_meanwhile_can_be_made_again_with_what_was_typed(shared: Tektra) -> None:
    was = made(shared, "vanishing", description="here")
    async with agents(shared, "vanishing") as (app, pilot, place):
        await form_of(pilot, place, "e")
        await typed(pilot, place, "description", "back")
        with shared.client() as client:
            client.delete("/api/agents/vanishing", params={"was": was["version"]})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "was removed meanwhile" in shown(app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: place.browser == "browse")
    assert kept(shared, "vanishing")["agent"]["description"] == "back"


async def test_versions_are_compared_and_an_earlier_one_is_brought_back(shared: Tektra) -> None:
    first = made(shared, "turning", instructions="One.")
    second = changed(shared, "turning", instructions="Two.")
    changed(shared, "turning", instructions="Three.", limits={"steps": 7})
    async with agents(shared, "turning") as (app, pilot, place):
        await pilot.press("v")
        await until(pilot, lambda: "+Three." in shown(app))
        assert "-Two." in shown(app)
        await pilot.press("j", "j", "space")
        await until(pilot, lambda: f"{first['version'][:12]} (marked)" in shown(app))
        await pilot.press("k", "k")
        await until(pilot, lambda: "-One." in shown(app))
        await pilot.press("j", "b")
        await until(pilot, lambda: "Bring back" in shown(app) and app.screen is not place)
        await pilot.press("y")
        await until(pilot, lambda: "rolled back" in shown(app))
    assert kept(shared, "turning")["version"] == second["version"]


async def test_a_removed_agent_comes_back_by_undoing_and_shipped_ones_are_only_copied(shared: Tektra) -> None:
    was = made(shared, "fleeting")
    async with agents(shared, "fleeting") as (app, pilot, place):
        await pilot.press("d")
        await until(pilot, lambda: "Remove the agent fleeting?" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: place.query_one(AgentList).chosen != "fleeting")
        await until(pilot, lambda: "fleeting" not in place.query_one(AgentList).keys_shown)
        await pilot.press("u")
        await until(pilot, lambda: place.query_one(AgentList).chosen == "fleeting")
    assert kept(shared, "fleeting")["version"] == was["version"]
    async with agents(shared, "shell") as (app, pilot, place):
        await pilot.press("d")
        await until(pilot, lambda: any("comes with Tektra" in note.title for note in app._notifications))
        form = await form_of(pilot, place, "c")
        assert form.said["name"] == "shell-copy"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: place.query_one(AgentList).chosen == "shell-copy")
    assert kept(shared, "shell-copy")["agent"]["tools"] == kept(shared, "shell")["agent"]["tools"]


async def test_an_agent_goes_out_as_a_file_and_comes_in_again_as_its_next_version(shared: Tektra) -> None:
    made(shared, "travelling", instructions='Say "hello".')
    path = shared.home / "travelling.toml"
    async with agents(shared, "travelling") as (app, pilot, place):
        await pilot.press("x")
        await until(pilot, lambda: app.screen is not place)
        await fill(pilot, "path", str(path))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is place and path.exists())
        assert tomllib.loads(path.read_text())["instructions"].strip() == 'Say "hello".'
        await pilot.press("x")
        await until(pilot, lambda: app.screen is not place)
        await fill(pilot, "path", str(path))
        await pilot.press("enter")
        await until(pilot, lambda: "exists already" in shown(app))
        await pilot.press("escape")
        path.write_text(path.read_text().replace("steps = 20", "steps = 21"))
        await pilot.press("i")
        await until(pilot, lambda: app.screen is not place)
        await fill(pilot, "path", str(path))
        await pilot.press("enter")
        await until(pilot, lambda: "There is an agent travelling already" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: kept(shared, "travelling")["agent"]["limits"]["steps"] == 21)
        path.write_text("name = 'travelling'\nlimits.stepps = 3\n")
        await pilot.press("i")
        await until(pilot, lambda: app.screen is not place)
        await fill(pilot, "path", str(path))
        await pilot.press("enter")
        await until(pilot, lambda: any("line 2" in note.title for note in app._notifications))


async def test_agents_of_others_appear_and_the_cursor_stays_where_it_was(shared: Tektra) -> None:
    made(shared, "zz-staying")
    async with agents(shared, "zz-staying") as (app, pilot, place):
        rows = place.query_one(AgentList)
        made(shared, "aa-appearing")
        await until(pilot, lambda: "aa-appearing" in rows.keys_shown)
        assert rows.chosen == "zz-staying"
        changed(shared, "zz-staying", description="now with words")
        await until(pilot, lambda: "now with words" in shown(app))
        await pilot.press("slash", *"appear")
        await until(pilot, lambda: rows.keys_shown == ["aa-appearing"])
        await pilot.press("escape")
        await until(pilot, lambda: len(rows.keys_shown) > 2)


@needs_guests
async def test_what_an_agent_noted_is_read_and_forgotten(tektra: Tektra) -> None:
    notes = [call("remember", text="the database is blue"), call("remember", text="tea at five")]
    replies = [{"when": "noted as 2", "say": call("final_answer", answer="x")}, {"when": "noted as 1", "say": notes[1]}]
    agent(tektra.start(), [*replies, {"say": notes[0]}], memory=True)
    async with agents(tektra, "counter", SMALL) as (app, pilot, place):
        await pilot.press("m")
        await until(pilot, lambda: "No notes yet." in shown(app))
        ended(tektra, begun(tektra))
        await pilot.press("w", "m")
        await until(pilot, lambda: "2 notes." in shown(app))
        assert shown(app).index("tea at five") < shown(app).index("the database is blue")
        await pilot.press("j", "x")
        await until(pilot, lambda: app.screen is not place)
        assert "Forget this note of counter?" in shown(app)
        await pilot.press("y")
        await until(pilot, lambda: app.screen is place and "1 note." in shown(app))
        assert "the database is blue" not in shown(app)
    with tektra.client() as client:
        assert client.get("/api/agents/counter/notes").json()["count"] == 1


@needs_guests
async def test_an_agent_is_run_from_here(tektra: Tektra) -> None:
    tektra.start().import_scripted("mind", [{"say": call("final_answer", answer="x")}])
    made(tektra, "runner", model="mind")
    async with agents(tektra, "runner") as (app, pilot, place):
        await pilot.press("r")
        await until(pilot, lambda: app.screen is not place)
        app.screen.query_one("#folder", Input).value = str(folder(tektra))
        app.screen.query_one("#task").focus()
        await pilot.press(*"count", "ctrl+s")
        await until(pilot, lambda: app.current_mode == "runs" and "runner" in shown(app))
    with tektra.client() as client:
        (run,) = client.get("/api/runs").json()["runs"]
        assert run["title"] == "count"
