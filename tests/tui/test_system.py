"""The place system, driven by keys on a real daemon."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pyotp
import pytest
from textual.pilot import Pilot

from tektra_cli.tui.dashboard import Dashboard
from tektra_cli.tui.screens.system import TABS
from tests.harness import Tektra
from tests.tui.driving import dashboard, shown, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def here(tektra: Tektra, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tektra]:
    """An installation that is also this process's own, as it is when somebody starts the dashboard."""
    for name, value in tektra.env.items():
        monkeypatch.setenv(name, value)
    return tektra


@asynccontextmanager
async def system(tektra: Tektra, tab: str, **how: Any) -> AsyncIterator[tuple[Dashboard, Pilot[None]]]:
    async with dashboard(tektra, "system", **how) as (app, pilot):
        await pilot.press(*["right_square_bracket"] * list(TABS).index(tab))
        await pilot.pause()
        yield app, pilot


async def sees(app: Dashboard, pilot: Pilot[None], *words: str) -> None:
    await until(pilot, lambda: all(word in shown(app) for word in words))


async def test_health_says_how_the_daemon_is_and_follows_what_happens(here: Tektra) -> None:
    async with system(here.start(), "health") as (app, pilot):
        await sees(app, pilot, "● ready", f"pid {here.pid()}", "none in memory", "confinement", str(here.socket))
        with here.client() as client:
            assert client.post("/api/models/tektra-starter/load", json={}).status_code == 200
        await sees(app, pilot, "tektra-starter  ", "happened of late", "model.state", "tektra-starter loaded")


async def test_the_doctor_s_findings_come_with_how_to_mend_them(here: Tektra) -> None:
    gone = here.home / "gone.gguf"
    async with system(here.start(), "doctor") as (app, pilot):
        await sees(app, pilot, "✓ ok", "bubblewrap", "policies", "found")
        here.import_scripted("lost", [{"say": "hello"}])
        (here.home / "lost.scripted.json").rename(gone)
        await pilot.press("r")
        await sees(app, pilot, "! warn", "missing: lost")
        await pilot.press(*["down"] * 12)
        await sees(app, pilot, "mend it")


async def test_settings_say_what_is_set_and_where(here: Tektra) -> None:
    file = here.home / "config" / "tektra" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("keep_alive = 1800.0\n")
    async with system(here.start(), "settings") as (app, pilot):
        await sees(app, pilot, "keep_alive", "1800.0", str(file), "the environment (TEKTRA_THREADS)")


async def test_the_log_is_followed_and_filtered_by_level_and_words(here: Tektra) -> None:
    log = here.home / "state" / "tektra" / "daemon.log"
    log.parent.mkdir(parents=True)
    lines = [("info", "an ordinary day"), ("warning", "a \x1b[31mred\x1b[0m warning"), ("error", "an error")]
    log.write_text("".join(json.dumps({"event": event, "level": level}) + "\n" for level, event in lines))
    async with system(here.start(), "logs") as (app, pilot):
        await sees(app, pilot, "an ordinary day", "a red warning", "an error")
        await pilot.press("l", "l")
        await until(pilot, lambda: "an ordinary day" not in shown(app))
        assert "a red warning" in shown(app)
        with log.open("a") as more:
            more.write(json.dumps({"event": "another warning", "level": "warning"}) + "\n")
            more.write(json.dumps({"event": "and on", "level": "info"}) + "\n")
        await sees(app, pilot, "another warning")
        assert "and on" not in shown(app)
        await pilot.press("slash", *"another", "enter")
        await until(pilot, lambda: "a red warning" not in shown(app))
        assert "another warning" in shown(app)


async def test_a_log_that_lies_elsewhere_is_told(here: Tektra) -> None:
    async with system(here.start(), "logs") as (app, pilot):
        await sees(app, pilot, "There is no log at", "journalctl --user -u tektra")


async def test_alerts_come_as_they_happen(here: Tektra) -> None:
    async with system(here.start(), "alerts") as (app, pilot):
        await sees(app, pilot, "Nothing was refused")
        assert here.run("permissions", "grant", "deny", "use", "gitlab").returncode == 0
        assert here.run("permissions", "ask", "--wait", "0", "use", "gitlab").returncode == 5
        await sees(app, pilot, "denied", "action=use", "outcome")


async def test_users_are_added_changed_and_removed_where_somebody_gives_a_code(here: Tektra) -> None:
    here.start(TEKTRA_SECRETS_KEY="file")
    codes = enrolled(here)
    async with system(here, "users") as (app, pilot):
        await sees(app, pilot, "owner", "This daemon is not shared")
        await pilot.press("a")
        await sees(app, pilot, "Let somebody connect")
        await pilot.press(*"61001", "enter", "enter")
        await sees(app, pilot, "A code of your authenticator")
        await pilot.press(*codes.pop(), "enter")
        await sees(app, pilot, "61001", "just now")
        await pilot.press("down", "e")
        await sees(app, pilot, "What may 61001 do?")
        await pilot.press("down", "enter")
        await sees(app, pilot, "A code of your authenticator")
        await pilot.press(*codes.pop(), "enter")
        await until(pilot, lambda: users(here) == {61001: "operator"})
        await pilot.press("x")
        await sees(app, pilot, "connect no more?")
        await pilot.press("enter")
        await until(pilot, lambda: "connect no more?" not in shown(app))
        assert users(here), "Enter alone keeps them"
        await pilot.press("x")
        await sees(app, pilot, "connect no more?")
        await pilot.click("#yes")
        await until(pilot, lambda: users(here) == {})
        await until(pilot, lambda: "61001 " not in shown(app))


def enrolled(tektra: Tektra) -> list[str]:
    """Codes are asked for from now on; these are some."""
    with tektra.client() as client:
        totp = pyotp.TOTP(client.post("/api/mfa/enroll", json={"account": "me"}).json()["secret"])
        codes: list[str] = client.post("/api/mfa/confirm", json={"code": totp.now()}).json()["recovery_codes"]
    return codes


def users(tektra: Tektra) -> dict[int, str]:
    with tektra.client() as client:
        return {user["uid"]: user["role"] for user in client.get("/api/users").json()["users"]}


async def test_a_grant_is_ended_after_a_question_and_is_there_among_those_that_ended(here: Tektra) -> None:
    here.start()
    for resource in ("gitlab", "github"):
        assert here.run("permissions", "grant", "allow", "use", resource, "--why", "for work").returncode == 0
    async with system(here, "grants") as (app, pilot):
        await sees(app, pilot, "✓ allow", "gitlab", "github", "for work")
        await pilot.press("j", "x")
        await sees(app, pilot, "End this grant?", "It holds no more then")
        await pilot.click("#yes")
        await until(pilot, lambda: len(held(here)) == 1)
        left = held(here)[0]
        gone = "github" if left == "gitlab" else "gitlab"
        await until(pilot, lambda: gone not in shown(app))
        await pilot.press("t")
        await sees(app, pilot, left, gone, "allow (revoked)")


def held(tektra: Tektra) -> list[str]:
    with tektra.client() as client:
        return [grant["resource"] for grant in client.get("/api/permissions").json()["grants"]]


async def test_rules_say_where_they_stand_and_why_names_the_one_that_decides(here: Tektra) -> None:
    policies = here.home / "config" / "tektra" / "policies"
    policies.mkdir(parents=True)
    text = '@id("no-hosts") @why("stay at home")\nforbid (principal is Agent, action == Action::"fetch", resource);\n'
    (policies / "mine.cedar").write_text(text)
    async with system(here.start(), "rules") as (app, pilot):
        await sees(app, pilot, "mine.cedar#no-hosts", "stay at home", "base#owner")
        await pilot.press("w")
        await sees(app, pilot, "Say what somebody would do")
        await pilot.press(*"fetch", "enter", *"example.org", "tab", *"coder", "enter")
        await sees(app, pilot, "✗ deny", "mine.cedar#no-hosts", "mine.cedar:1", "stay at home")
        await pilot.press("shift+tab", *[*["backspace"] * 11, *"nonsense..host"], "enter")
        await until(pilot, lambda: app._notifications)


async def test_what_others_write_is_shown_and_not_obeyed(here: Tektra) -> None:
    here.start()
    evil = "[bold red]x[/] \x1b]0;title\x07\x1b[2J"
    assert here.run("permissions", "grant", "deny", "use", "gitlab", "--why", evil).returncode == 0
    async with system(here, "grants") as (app, pilot):
        await sees(app, pilot, "[bold red]x[/]")
        assert "\x1b" not in shown(app)


async def test_going_from_tab_to_tab_keeps_the_cursor_where_it_was(here: Tektra) -> None:
    async with system(here.start(), "rules") as (app, pilot):
        await sees(app, pilot, "base#owner")
        await pilot.press("down", "down")
        await sees(app, pilot, "where  base:")
        line = next(line for line in shown(app).splitlines() if "where  base:" in line)
        await pilot.press("left_square_bracket", "right_square_bracket")
        await pilot.pause()
        await sees(app, pilot, line.strip())
