"""The place of what waits for a word: nothing is decided there by accident, and nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tektra_cli.tui.screens.asks import Asks
from tektra_cli.tui.screens.asks_card import DELIBERATE_S
from tests.daemon.test_run_changes import TOOLS, results
from tests.daemon.test_runs import agent, begun, call, ended
from tests.guests import needs_guests
from tests.harness import Tektra
from tests.tui.driving import dashboard, shown, until

pytestmark = pytest.mark.anyio
DONE = call("final_answer", answer="done")
WRITE = [{"when": "made|rather not", "say": DONE}, {"say": call("write", path="a.txt", content="a\n")}]


def asks(app: Any) -> Asks:
    found = app.screen_stack[0]
    assert isinstance(found, Asks)
    return found


def ask(tektra: Tektra, resource: str | list[str], **more: Any) -> str:
    body = {"action": "use", "resource": resource, "agent": "coder"} | more
    with tektra.client() as client:
        return str(client.post("/api/permissions/ask", json=body).json()["ask"]["id"])


def state(tektra: Tektra, ident: str) -> tuple[str, str, str]:
    with tektra.client() as client:
        found = client.get(f"/api/approvals/{ident}").json()["ask"]
    return found["state"], found["scope"], found["reason"]


async def read(app: Any, pilot: Pilot[None]) -> None:
    """Look at the card until it takes keys."""
    card = asks(app).card
    await until(pilot, lambda: card.ask is not None)
    from time import monotonic

    await until(pilot, lambda: card.is_deliberate(monotonic()))


@needs_guests
async def test_what_is_allowed_on_the_card_is_done(tektra: Tektra) -> None:
    agent(tektra.start(), WRITE, tools=TOOLS, human="always")
    async with dashboard(tektra, "asks") as (app, pilot):
        await until(pilot, lambda: "Nothing waits for you" in shown(app))
        run = begun(tektra)
        await until(pilot, lambda: "counter wants to write" in shown(app))
        assert "+a" in shown(app)
        assert "this agent asks before" in shown(app)
        await read(app, pilot)
        await pilot.press("a", "enter")
        done, told = ended(tektra, run)
        assert (done["state"], results(told)) == ("succeeded", ["made a.txt: 1 line added, 0 removed"])
        await until(pilot, lambda: "Nothing waits for you" in shown(app))


async def test_a_card_says_what_is_worth_a_look_with_a_sign_and_a_word(tektra: Tektra) -> None:
    tektra.start()
    command = "cd src && rm -rf build; git push --force"
    ask(tektra, ["sh", "-c", command], action="run", workspace="/src", confinement="A")
    async with dashboard(tektra, "asks") as (app, pilot):
        await until(pilot, lambda: "coder wants to run" in shown(app))
        assert "\u203c danger   overwrites what others may have" in shown(app)
        assert "! caution  removes a directory tree: build" in shown(app)
        assert "rm -rf build" in shown(app)
        await read(app, pilot)
        await pilot.press("d", "enter")
        await until(pilot, lambda: "Nothing waits for you" in shown(app))


@needs_guests
async def test_what_is_denied_with_words_is_not_done_and_the_agent_hears_them(tektra: Tektra) -> None:
    agent(tektra.start(), WRITE, tools=TOOLS, human="always")
    run = begun(tektra)
    async with dashboard(tektra, "asks") as (app, pilot):
        await read(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: asks(app).card.is_writing)
        await pilot.press(*"rather not", "enter")
        done, told = ended(tektra, run)
        assert "rather not" in results(told)[0]
        assert done["result"]["has_changes"] is False


@needs_guests
async def test_an_agent_s_question_is_answered_in_words_and_enter_leads_to_its_run(tektra: Tektra) -> None:
    script = [{"when": "the blue one", "say": DONE}, {"say": call("ask_user", question="Which one?")}]
    agent(tektra.start(), script, tools=TOOLS)
    run = begun(tektra)
    async with dashboard(tektra, "asks") as (app, pilot):
        await read(app, pilot)
        assert "counter asks" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "runs" and "ask_user(" in shown(app))
        await pilot.press("o")
        await until(pilot, lambda: app.current_mode == "asks")
        await read(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: asks(app).card.is_writing)
        await pilot.press(*"the blue one", "enter")
        assert results(ended(tektra, run)[1]) == ["the blue one"]


async def test_what_was_typed_ahead_decides_nothing(tektra: Tektra) -> None:
    tektra.start()
    async with dashboard(tektra, "asks") as (app, pilot):
        await until(pilot, lambda: "Nothing waits for you" in shown(app))
        first = ask(tektra, "github")
        for _ in range(1000):
            await pilot.press("a", "enter", "A", "enter", "d")
            if asks(app).card.ask is not None:
                break
        await pilot.press("a", "enter")
        assert not asks(app).card.is_armed
        assert state(tektra, first)[0] == "pending"
        assert DELIBERATE_S >= 0.5
        await read(app, pilot)
        await pilot.press("a")
        assert asks(app).card.is_armed
        await pilot.press("escape")
        assert not asks(app).card.is_armed
        assert state(tektra, first)[0] == "pending"


async def test_what_comes_later_never_takes_the_place_of_what_is_looked_at(tektra: Tektra) -> None:
    tektra.start()
    first = ask(tektra, "github")
    async with dashboard(tektra, "asks") as (app, pilot):
        await read(app, pilot)
        await pilot.press("r")
        second = ask(tektra, "gitlab")
        await until(pilot, lambda: len(asks(app).waiting.items) == 2)
        assert asks(app).card.ask["id"] == first
        await pilot.press("a", "enter")
        await until(pilot, lambda: state(tektra, first)[0] == "allowed")
        await until(pilot, lambda: asks(app).card.ask is not None and asks(app).card.ask["id"] == second)
        await pilot.press("a", "enter")
        assert state(tektra, second)[0] == "pending"


async def test_what_somebody_else_decides_is_gone_at_once_and_it_is_said_who_did(tektra: Tektra) -> None:
    tektra.start()
    first, second = ask(tektra, "github"), ask(tektra, "gitlab")
    async with dashboard(tektra, "asks") as (app, pilot):
        await read(app, pilot)
        await pilot.press("a")
        assert asks(app).card.is_armed
        with tektra.client() as client:
            client.post(f"/api/approvals/{first}", json={"answer": "deny"})
        await until(pilot, lambda: len(asks(app).waiting.items) == 1)
        assert "denied by" in shown(app)
        await pilot.press("enter")
        await pilot.pause()
        assert (state(tektra, first)[0], state(tektra, second)[0]) == ("denied", "pending")
        await until(pilot, lambda: asks(app).card.ask is not None and asks(app).card.ask["id"] == second)


async def test_for_always_a_code_is_asked_for_where_the_daemon_wants_one(tektra: Tektra) -> None:
    import pyotp

    tektra.start()
    with tektra.client() as client:
        secret = client.post("/api/mfa/enroll", json={}).json()["secret"]
        codes = pyotp.TOTP(secret)
        assert client.post("/api/mfa/confirm", json={"code": codes.now()}).status_code == 200
    first = ask(tektra, "github")
    async with dashboard(tektra, "asks") as (app, pilot):
        await read(app, pilot)
        await pilot.press("A", "enter")
        await until(pilot, lambda: "A code of your authenticator" in shown(app))
        assert state(tektra, first)[0] == "pending"
        from datetime import UTC, datetime, timedelta

        await pilot.press(*codes.at(datetime.now(UTC) + timedelta(seconds=30)), "enter")
        await until(pilot, lambda: state(tektra, first)[:2] == ("allowed", "always"))


async def test_what_expires_leaves_with_a_word(tektra: Tektra) -> None:
    tektra.start()
    ask(tektra, "github", expires_s=2)
    async with dashboard(tektra, "asks") as (app, pilot):
        await until(pilot, lambda: asks(app).card.ask is not None)
        await until(pilot, lambda: "expired" in shown(app))
        assert asks(app).card.ask is None
