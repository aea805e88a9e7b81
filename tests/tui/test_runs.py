"""The place of runs, on a real daemon with real agents and scripted models."""

from __future__ import annotations

from typing import Any

import pytest

from tektra_cli.tui.screens.runs import Runs
from tektra_cli.tui.screens.runs_story import Line
from tests.daemon.test_run_changes import TOOLS
from tests.daemon.test_runs import DONE, READ, agent, begun, call, ended, folder
from tests.guests import needs_guests
from tests.harness import Tektra
from tests.tui.driving import dashboard, shown, until

pytestmark = [pytest.mark.anyio, needs_guests]
FINISHED = call("final_answer", answer="done")
WRITING = [
    {"when": "changed notes.txt", "say": FINISHED},
    {"when": "made a.txt", "say": call("edit", path="notes.txt", old="beta", new="BETA")},
    {"say": "I make a file.\n" + call("write", path="a.txt", content="a\n")},
]


def place(app: Any) -> Runs:
    found = app.screen_stack[0]
    assert isinstance(found, Runs)
    return found


def lines(app: Any) -> list[Line]:
    return list(place(app).timeline.rows.items)


def told(app: Any) -> list[int]:
    """The numbers of all events that the story is made of."""
    return sorted({each["number"] for line in lines(app) for each in (line.opened, line.closed) if each is not None})


async def test_a_run_is_watched_live_to_its_end(tektra: Tektra) -> None:
    slow = [{"when": "3 lines", "say": call("final_answer", answer="three"), "first_s": 1.0}, {"say": READ}]
    agent(tektra.start(), slow)
    async with dashboard(tektra, "runs", (200, 50)) as (app, pilot):
        assert "No run yet" in shown(app)
        run = begun(tektra)
        await until(pilot, lambda: "▶  counter" in shown(app))
        await until(pilot, lambda: "read(path='notes.txt')" in shown(app))
        assert place(app).chosen["state"] == "running"
        await until(pilot, lambda: "✓  counter" in shown(app) and "✓ succeeded" in shown(app))
        await until(pilot, lambda: lines(app)[-1].kind == "end")
        assert [line.kind for line in lines(app)] == ["task", "state", "step", "tool", "step", "end"]
        await pilot.press("enter")
        await until(pilot, lambda: "three" in shown(app) and place(app).timeline.rows.has_focus)
        await pilot.press("k", "k")
        await until(pilot, lambda: "by rule base#workspace" in shown(app))
        assert {"path", "notes.txt", "alpha", "gamma"} <= set(shown(app).split())
        assert place(app).chosen["id"] == run


async def test_a_step_shows_the_whole_prompt_that_its_model_was_given(tektra: Tektra) -> None:
    agent(tektra.start(), DONE)
    run = begun(tektra)
    ended(tektra, run)
    async with dashboard(tektra, "runs", (200, 60)) as (app, pilot):
        await until(pilot, lambda: len(lines(app)) == 6)
        await pilot.press("enter", "k")
        await until(pilot, lambda: "mind-counter   4 messages" in shown(app))
        for role in ("1  system", "2  user", "3  assistant", "4  tool"):
            assert role in shown(app)
        assert "count the lines" in shown(app)
        assert 'read({"path": "notes.txt"})' in shown(app)
        await pilot.press("k", "k")
        await until(pilot, lambda: "mind-counter   2 messages" in shown(app))
        assert "3  assistant" not in shown(app)


async def test_the_daemon_is_killed_in_the_middle_and_each_event_is_there_once(tektra: Tektra) -> None:
    slow = [{"when": "3 lines", "say": call("final_answer", answer="three"), "first_s": 3.0}, {"say": READ}]
    agent(tektra.start(), slow)
    run = begun(tektra)
    async with dashboard(tektra, "runs") as (app, pilot):
        await until(pilot, lambda: any(line.kind == "tool" and line.closed for line in lines(app)))
        tektra.kill()
        await until(pilot, lambda: app.standing == "away")
        assert "read(path='notes.txt')" in shown(app)
        tektra.start()
        await until(pilot, lambda: bool(lines(app)) and lines(app)[-1].kind == "end")
        events = ended(tektra, run)[1]
        assert [line.kind for line in lines(app)].count("tool") == 1
        assert place(app).story.last == events[-1]["number"]
        shown_numbers = [number for number in told(app) if number]
        wanted = [each["number"] for each in events if each["type"] != "state" or each["data"]["state"] != "running"]
        assert set(wanted) <= set(shown_numbers)


async def test_in_a_small_terminal_list_story_and_detail_come_one_after_the_other(tektra: Tektra) -> None:
    agent(tektra.start(), DONE)
    ended(tektra, begun(tektra))
    async with dashboard(tektra, "runs", (80, 24)) as (app, pilot):
        await until(pilot, lambda: "✓ succeeded" in shown(app))
        assert "read(" not in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "read(path='notes.txt')" in shown(app))
        await pilot.press("g", "j", "j", "j", "enter")
        await until(pilot, lambda: "alpha" in shown(app) and "by rule" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "read(path='notes.txt')" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "TASK" in shown(app))


async def test_what_a_run_changed_is_looked_at_and_some_of_it_taken_over(tektra: Tektra) -> None:
    agent(tektra.start(), WRITING, tools=TOOLS)
    ended(tektra, begun(tektra))
    notes = tektra.home / "notes"
    async with dashboard(tektra, "runs") as (app, pilot):
        await until(pilot, lambda: "±" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "2 changes, +2 -1" in shown(app))
        assert "+a" in shown(app)
        await pilot.press("j")
        await until(pilot, lambda: "-beta" in shown(app) and "+BETA" in shown(app))
        await pilot.press("space", "a")
        await until(pilot, lambda: "Write 1 change, +1 -0" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: (notes / "a.txt").exists())
        assert (notes / "notes.txt").read_text() == "alpha\nbeta\ngamma\n"
        await until(pilot, lambda: "1 change applied, 1 left" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "2 changes, +2 -1" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "There is no undo" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "There is no undo" not in shown(app) and "2 changes, +2 -1" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "There is no undo" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "2 changes dropped" in shown(app))
        assert (notes / "notes.txt").read_text() == "alpha\nbeta\ngamma\n"


async def test_what_the_folder_did_not_take_stays_to_be_decided_and_what_was_written_is_marked(tektra: Tektra) -> None:
    removes = {"say": call("shell", command="rm -r sub; echo x > a.txt; echo removed")}
    agent(tektra.start(), [{"when": "removed", "say": call("final_answer", answer="done")}, removes], tools=TOOLS)
    sub = folder(tektra) / "sub"
    sub.mkdir()
    (sub / "a").write_text("a\n")
    ended(tektra, begun(tektra))
    (sub / "theirs").write_text("x\n")
    async with dashboard(tektra, "runs") as (app, pilot):
        await until(pilot, lambda: "±" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "3 changes" in shown(app))
        await pilot.press("a")
        await until(pilot, lambda: "Write 3 changes" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "sub: it still holds something" in shown(app))
        await until(pilot, lambda: "2 written before" in shown(app))
        assert shown(app).count("✓") == 2
        assert "chosen: 1 change" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "1 could not be written" in shown(app))


async def test_where_the_folder_changed_too_each_file_is_decided(tektra: Tektra) -> None:
    agent(tektra.start(), WRITING, tools=TOOLS)
    ended(tektra, begun(tektra))
    notes = tektra.home / "notes/notes.txt"
    notes.write_text("alpha\nbeta, but changed\ngamma\n")
    async with dashboard(tektra, "runs") as (app, pilot):
        await until(pilot, lambda: "±" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "2 changes" in shown(app))
        await pilot.press("a")
        await until(pilot, lambda: "Write 2 changes" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "has changed since the run began" in shown(app))
        assert "+beta, but changed" in shown(app)
        assert "+BETA" in shown(app)
        assert not (tektra.home / "notes/a.txt").exists()
        await pilot.press("a")
        await until(pilot, lambda: "first decide each file" in shown(app))
        await pilot.press("o", "a")
        await until(pilot, lambda: "2 changes applied" in shown(app))
        assert notes.read_text() == "alpha\nBETA\ngamma\n"


async def test_a_run_is_cancelled_resumed_and_done_again_from_a_step(tektra: Tektra) -> None:
    script = [
        {"when": "17 bytes", "say": FINISHED},
        {"when": "3 lines", "say": call("list", path="."), "first_s": 2.0},
        {"say": READ},
    ]
    agent(tektra.start(), script)
    begun(tektra)
    async with dashboard(tektra, "runs") as (app, pilot):
        await until(pilot, lambda: any(line.kind == "tool" and line.closed for line in lines(app)))
        await pilot.press("c")
        await until(pilot, lambda: "End it" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "End it" not in shown(app))
        await pilot.press("c")
        await until(pilot, lambda: "End it" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: lines(app)[-1].kind == "end" and "■ cancelled" in shown(app))
        await pilot.press("u")
        await until(pilot, lambda: lines(app)[-1].kind == "end" and "✓ succeeded" in shown(app))
        assert len(place(app).list.items) == 1
        assert [line.kind for line in lines(app)].count("tool") == 2
        await pilot.press("enter")
        await until(pilot, lambda: place(app).has_class("-timeline"))
        second = next(line for line in lines(app) if line.kind == "step" and line.step == 2)
        place(app).timeline.rows.go(second.key)
        await pilot.press("r")
        await until(pilot, lambda: "from step 2 on" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: len(place(app).list.items) == 2)
        await until(pilot, lambda: lines(app)[-1].kind == "end" and place(app).chosen["inherits"] is not None)
        assert place(app).chosen["state"] == "succeeded"


async def test_a_run_is_begun_from_the_form_and_what_is_refused_can_be_mended(tektra: Tektra) -> None:
    agent(tektra.start(), DONE)
    folder = tektra.home / "notes"
    folder.mkdir()
    (folder / "notes.txt").write_text("alpha\nbeta\ngamma\n")
    for each in (folder, tektra.home):
        each.chmod(0o755)
    async with dashboard(tektra, "runs") as (app, pilot):
        await pilot.press("n")
        await until(pilot, lambda: "What it is to do" in shown(app))
        app.screen.query_one("#agent").value = "counter"
        await pilot.press(*"count them")
        await pilot.press("tab")
        app.screen.query_one("#folder").value = ""
        await pilot.press(*f"{tektra.home}/nowhere", "enter")
        await until(pilot, lambda: "is no folder" in shown(app))
        await until(pilot, lambda: "count them" in shown(app))
        field = app.screen.query_one("#folder")
        field.focus()
        field.value = ""
        await pilot.press(*f"{tektra.home}/no")
        await until(pilot, lambda: field._suggestion.endswith("/notes/"))
        await pilot.press("right", "enter")
        await until(pilot, lambda: bool(lines(app)) and lines(app)[-1].kind == "end")
        assert place(app).chosen["spec"]["folder"] == str(folder)


async def test_runs_are_filtered_by_words_and_by_how_they_stand(tektra: Tektra) -> None:
    agent(tektra.start(), DONE)
    ended(tektra, begun(tektra, task="count the lines"))
    ended(tektra, begun(tektra, task="weigh the pears"))
    async with dashboard(tektra, "runs") as (app, pilot):
        await until(pilot, lambda: "2 runs" in shown(app))
        await pilot.press("slash", *"pears")
        await until(pilot, lambda: "1 of 2 runs" in shown(app))
        await until(pilot, lambda: place(app).chosen["title"] == "weigh the pears")
        await pilot.press("escape")
        await until(pilot, lambda: "2 runs" in shown(app))
        await pilot.press("f")
        await until(pilot, lambda: "0 of 2 runs: under way" in shown(app))
