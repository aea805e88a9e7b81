"""The dashboard in a real browser."""

from __future__ import annotations

import time

import psutil
import pytest

from tests.harness import Tektra
from tests.web.browser import needs_browser, page
from tests.web.serving import PATIENCE_S, web

pytestmark = [pytest.mark.anyio, needs_browser]


def ended(processes: list[psutil.Process]) -> bool:
    """Whether all of them end in time."""
    return psutil.wait_procs(processes, PATIENCE_S)[1] == []


async def test_it_shows_the_dashboard_hears_keys_and_asks_for_nothing_elsewhere(shared: Tektra) -> None:
    with web(shared, "models") as served:
        async with page() as tab:
            await tab.go(served.address)
            assert "7 System" in await tab.until("^q Quit")
            await tab.key("7")
            await tab.until(str(shared.pid()))
            assert "token" not in await tab.value("location.href")
            assert [address for address in tab.requests if address.split("//")[1].split(":")[0] != "127.0.0.1"] == []
            assert len(tab.requests) > 5
            assert tab.complaints == []
            assert await tab.value("document.cookie") == ""
            assert await tab.value("document.fonts.size") == 1, "ours, which is looked for on this machine alone"
            colours = await tab.value("new Set([...document.querySelectorAll('canvas')].map(c => c.width)).size")
            assert colours, "it is drawn"


async def test_a_closed_tab_ends_its_dashboard_and_another_tab_has_one_of_its_own(shared: Tektra) -> None:
    with web(shared) as served:
        async with page() as tab:
            await tab.go(served.address)
            await tab.until("^q Quit")
            first = served.sessions()
            assert len(first) == 1
            room = await tab.value("location.href")
            await tab.go("about:blank")
            assert ended(first)
            await tab.go(room)
            await tab.until("^q Quit")
            assert [one.pid for one in served.sessions()] != [one.pid for one in first]
            assert served.stop() == 130
            assert ended(first)


async def test_leaving_the_dashboard_says_how_to_begin_anew(shared: Tektra) -> None:
    with web(shared) as served:
        async with page() as tab:
            await tab.go(served.address)
            await tab.until("^q Quit")
            sessions = served.sessions()
            await tab.ask(
                "Input.dispatchKeyEvent", type="keyDown", key="q", code="KeyQ", modifiers=2, windowsVirtualKeyCode=81
            )
            assert ended(sessions)
            deadline = time.monotonic() + PATIENCE_S
            while await tab.value("getComputedStyle(document.querySelector('.ended')).display") != "flex":
                assert time.monotonic() < deadline
            assert "Begin anew" in await tab.value("document.querySelector('.ended').innerText")


async def test_a_server_that_is_killed_leaves_no_dashboard_behind(shared: Tektra) -> None:
    with web(shared) as served:
        async with page() as tab:
            await tab.go(served.address)
            await tab.until("^q Quit")
            sessions = served.sessions()
            served.process.kill()
            assert ended(sessions)


async def test_another_page_cannot_speak_to_it(shared: Tektra) -> None:
    with web(shared) as mine, web(shared) as other:
        async with page() as tab:
            await tab.go(mine.address)
            await tab.until("^q Quit")
            room = await tab.value("location.href")
            await tab.go(other.address)
            await tab.until("^q Quit")
            line = room.replace("http", "ws") + "ws"
            await tab.ask("Page.setBypassCSP", enabled=True)
            outcome = (
                f"new Promise(done => {{ const line = new WebSocket({line!r});"
                "line.onopen = () => done('open'); line.onerror = () => done('refused'); })"
            )
            assert await tab.value(outcome) == "refused"
            assert len(mine.sessions()) <= 1
