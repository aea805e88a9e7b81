"""The place of the log, on a real daemon, by keys."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tektra_cli.tui.dashboard import Dashboard
from tektra_cli.tui.screens.audit import Audit
from tektra_cli.tui.screens.audit_chain import Alarm
from tektra_cli.tui.screens.audit_detail import EntryDetail
from tektra_cli.tui.screens.audit_log import AuditLog
from tektra_cli.tui.screens.audit_pages import PAGE
from tektrad.clock import SystemClock
from tektrad.store.db import open_store
from tektrad.trust.entry import Entry
from tests.audit_logs import new_log
from tests.daemon.test_audit import check_file, database, entries
from tests.harness import Tektra
from tests.tui.driving import LARGE, SMALL, dashboard, fill, shown, until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def audit(
    tektra: Tektra, size: tuple[int, int] = LARGE
) -> AsyncIterator[tuple[Dashboard, Pilot[None], Audit, AuditLog]]:
    """The place, with its first page read."""
    async with dashboard(tektra, "audit", size) as (app, pilot):
        place = app.screen
        assert isinstance(place, Audit)
        log = place.query_one(AuditLog)
        await until(pilot, lambda: log.window.entries)
        yield app, pilot, place, log


async def filled(tektra: Tektra, count: int) -> None:
    """A log of so many entries more, as the daemon writes them."""
    data = tektra.home / "data" / "tektra"
    (data / "keys").mkdir(mode=0o700, parents=True)
    data.chmod(0o700)
    async with open_store(data / "tektra.db") as store:
        log = new_log(store, SystemClock(), data / "keys")
        async with store.transaction() as tx:
            for number in range(count):
                act = Entry(kind="tool.call", uid=1000, agent="files", details={"nth": f"no{number}"})
                await log.append(tx, act)
    tektra.start()


async def looked_for(pilot: Pilot[None], place: Audit, said: str) -> None:
    """Type a filter, and wait until it is what is shown."""
    line = place.query_one("#filter", Input)
    await pilot.press("slash")
    await until(pilot, lambda: line.has_focus)
    await pilot.press("end", "ctrl+u", *(each if each != " " else "space" for each in said), "enter")
    await until(pilot, lambda: place.pages.found_by == said)


def kinds(log: AuditLog) -> set[str]:
    return {entry["kind"] for entry in log.window.entries}


def chat(tektra: Tektra, model: str, times: int = 1) -> None:
    with tektra.client() as client:
        for _ in range(times):
            client.post("/api/chat", json={"content": "go", "model": model, "stream": False})


async def test_filters_are_typed_completed_and_find_what_they_say(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    chat(tektra, model, 3)
    with tektra.client() as client:
        client.post("/api/agents", json={"agent": {"name": "noted"}})
        client.post("/api/models/none/load", json={})
    async with audit(tektra) as (app, pilot, place, log):
        await looked_for(pilot, place, "kind:model")
        assert kinds(log) == {"model.import", "model.call"}
        await looked_for(pilot, place, "kind:model.call outcome:begun since:2h")
        assert {entry["outcome"] for entry in log.window.entries} == {"begun"}
        assert len(log.window.entries) == 3
        await looked_for(pilot, place, "noted")
        assert kinds(log) == {"agent.create"}
        await looked_for(pilot, place, "user:nobody")
        await until(pilot, lambda: "No entry is like that." in shown(app))
        await pilot.press("backspace")
        await until(pilot, lambda: "daemon.started" in kinds(log))
        await pilot.press("slash", *"ki", "tab")
        line = place.query_one("#filter", Input)
        assert line.value == "kind:"
        await pilot.press(*"agent.c", "tab", "enter")
        await until(pilot, lambda: kinds(log) == {"agent.create"})
        await pilot.press("slash", *"outcome:bad", "enter")
        await until(pilot, lambda: "is no outcome" in shown(app))
        assert line.has_focus
        await pilot.press("escape")
        assert line.value.strip() == "kind:agent.create"
        assert log.has_focus


async def test_the_list_follows_what_happens_and_stays_where_somebody_looks(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    async with audit(tektra) as (app, pilot, _, log):
        assert "● live" in shown(app)
        chat(tektra, model, 20)
        await until(pilot, lambda: len(log.window.entries) >= 42)
        assert log.place == 0
        assert log.item is not None
        assert log.item["number"] == log.window.newest
        await pilot.press(*["j"] * 5)
        looked, line = log.item["number"], log.place - log.scroll_offset.y
        assert looked == log.window.newest - 5
        chat(tektra, model, 30)
        newest = entries(tektra)[-1]["number"]
        await until(pilot, lambda: log.window.newest == newest)
        assert log.item["number"] == looked
        assert log.place - log.scroll_offset.y == line
        numbers = [entry["number"] for entry in log.window.entries]
        assert numbers == list(range(newest, 0, -1))
        await pilot.press("g")
        assert log.item["number"] == newest


async def test_a_log_of_any_length_is_paged_and_never_all_in_memory(
    tektra: Tektra, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = 3 * PAGE
    monkeypatch.setattr(Audit, "KEPT", kept)
    await filled(tektra, 2 * kept)
    async with audit(tektra, (120, 150)) as (app, pilot, place, log):
        window = log.window
        seen = window.oldest
        while window.older is not None:
            await pilot.press(*["pagedown"] * 5)
            await until(pilot, lambda: log.place < len(window.entries) - 1 or window.older is None)
            assert len(window.entries) <= kept
            assert window.oldest <= seen
            seen = window.oldest
        assert seen == 1
        assert not window.is_newest
        assert "newer ▲ g" in shown(app)
        while not window.is_newest:
            before = log.place
            await pilot.press(*["pageup"] * 5)
            await until(pilot, lambda before=before: log.place != before or window.is_newest)
            assert len(window.entries) <= kept
        tools = [entry["number"] for entry in window.entries]
        assert tools == sorted(tools, reverse=True)
        await pilot.press("G")
        await until(pilot, lambda: log.item is not None and log.item["number"] == 1)
        await pilot.press("g")
        await until(pilot, lambda: log.place == 0 and window.is_newest)
        await looked_for(pilot, place, "kind:tool no7")
        with tektra.client() as client:
            found = client.get("/api/audit", params={"kind": "tool", "words": "no7", "limit": 1000}).json()["entries"]
        await pilot.press(*["pagedown"] * 3)
        await until(pilot, lambda: len(window.entries) >= min(200, len(found)))
        assert [entry["number"] for entry in window.entries[:200]] == [entry["number"] for entry in found[:200]]


async def test_an_entry_is_shown_with_its_details_and_the_rest_of_its_act(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    chat(tektra, model)
    begun, done = entries(tektra, kind="model.call")
    async with audit(tektra, SMALL) as (app, pilot, place, log):
        await until(pilot, lambda: log.item is not None and log.item["number"] == done["number"])
        await pilot.press("enter")
        detail = place.query_one(EntryDetail)
        await until(pilot, lambda: detail.has_focus and "finish_reason" in shown(app))
        assert done["act"] in shown(app)
        assert not log.region
        await pilot.press("J")
        await until(pilot, lambda: '"finish_reason": "stop"' in shown(app))
        chat(tektra, model)
        await until(pilot, lambda: log.window.newest > done["number"] + 1)
        assert detail.entry == done  # what somebody reads stays
        await pilot.press("J", *["j"] * 20)
        await until(pilot, lambda: "◂ this one" in shown(app) and f"{begun['number']:,}" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: log.has_focus and "daemon.started" in shown(app))
        await pilot.press("j", "j", "a")
        await until(
            pilot, lambda: [entry["number"] for entry in log.window.entries] == [done["number"], begun["number"]]
        )


async def test_alerts_stand_out_and_are_one_key_away(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        rule = '@id("none")\nforbid (principal, action == Action::"load", resource);'
        answer = client.post("/api/policies/none.cedar", json={"text": rule})
        assert answer.status_code == 200, answer.text
        assert client.post("/api/models/tektra-starter/load", json={}).status_code == 403
    async with audit(tektra) as (app, pilot, _, log):
        await until(pilot, lambda: "! " in shown(app))
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: kinds(log) == {"security.refused"})


async def test_verifying_tells_how_far_it_is_what_it_found_and_when(tektra: Tektra) -> None:
    await filled(tektra, 2000)
    async with audit(tektra) as (app, pilot, place, _):
        await until(pilot, lambda: "never verified" in shown(app))
        await pilot.press("v")
        await until(pilot, lambda: "verified just now" in shown(app))
        assert not place.query_one(Alarm).display
    async with audit(tektra) as (app, pilot, place, _):
        await until(pilot, lambda: "verified just now" in shown(app))


async def test_a_verification_can_be_cancelled(tektra: Tektra) -> None:
    await filled(tektra, 60_000)
    async with audit(tektra) as (app, pilot, _, __):
        await pilot.press("v")
        await until(pilot, lambda: "cancels" in shown(app))
        await pilot.press("c")
        await until(pilot, lambda: "cancels" not in shown(app))
        await until(pilot, lambda: entries(tektra, kind="audit.verify")[-1]["outcome"] == "cancelled")
        assert "verified" not in shown(app).replace("never verified", "")


async def test_one_changed_byte_is_impossible_to_overlook(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    chat(tektra, model, 5)
    with closing(database(tektra)) as store:
        store.execute("UPDATE audit SET body = replace(body, 'echo', 'ecHo') WHERE number = 3")
    async with audit(tektra, SMALL) as (app, pilot, place, log):
        await pilot.press("v")
        await until(pilot, lambda: "THE LOG WAS CHANGED" in shown(app))
        await until(pilot, lambda: "The first bad entry is 3" in " ".join(shown(app).split()))
        await pilot.press("escape", "enter", "escape")
        assert "THE LOG WAS CHANGED" in shown(app)
        await until(pilot, lambda: "security.log_damaged" in kinds(log))
        await pilot.press("f2")
        await until(pilot, lambda: app.current_mode == "chat")
        await pilot.press("escape", "f7")
        await until(pilot, lambda: app.screen is place and "THE LOG WAS CHANGED" in shown(app))
    async with audit(tektra) as (app, pilot, _, __):  # it stays when the dashboard was left
        await until(pilot, lambda: "THE LOG WAS CHANGED" in shown(app))


async def test_the_log_is_exported_to_a_file_that_verifies_and_never_over_another(tektra: Tektra) -> None:
    await filled(tektra, 3000)
    path = tektra.home / "log.jsonl"
    async with audit(tektra) as (app, pilot, place, _):
        await export(app, pilot, place, path=str(path))
        await until(pilot, lambda: any(note.title == "Exported" for note in app._notifications))
        assert check_file(path)["ok"]
        assert check_file(path)["entries"] >= 3000
        await pilot.press("x")
        await until(pilot, lambda: app.screen is not place)
        app.screen.query_one("#path", Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, lambda: "exists already" in shown(app))
        await pilot.press("escape")
        table = tektra.home / "log.csv"
        await export(app, pilot, place, path=str(table), since="2h")
        await until(pilot, lambda: table.exists())
        assert table.read_text().startswith("number,time,kind,outcome")
        nothing = tektra.home / "nothing.jsonl"
        await export(app, pilot, place, path=str(nothing), until="2001-01-01")
        await until(pilot, lambda: any("no entry of that time" in note.title for note in app._notifications))
        assert not nothing.exists()
        assert json.loads(path.read_text().splitlines()[0])
        left = [each.name for each in tektra.home.iterdir() if each.name.startswith(".tektra-")]
        assert left == []


async def export(app: Dashboard, pilot: Pilot[None], place: Audit, **said: Any) -> None:
    await pilot.press("x")
    await until(pilot, lambda: app.screen is not place)
    for name, text in said.items():
        await fill(pilot, name, text)
    app.screen.query_one("#path", Input).focus()
    await pilot.press("enter")
    await until(pilot, lambda: app.screen is place)
