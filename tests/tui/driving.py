"""The dashboard in a test: without a terminal, on a real daemon, driven by keys."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from tektra_cli.client import Client
from tektra_cli.tui.dashboard import Dashboard
from tektra_cli.tui.gateway import Gateway
from tektra_cli.tui.place import Place
from tests.harness import Tektra

PATIENCE_S = 60.0
SMALL, LARGE = (80, 24), (120, 36)


@asynccontextmanager
async def dashboard(
    tektra: Tektra, place: str = "chat", size: tuple[int, int] = LARGE
) -> AsyncIterator[tuple[Dashboard, Pilot[None]]]:
    """A dashboard that has found its daemon."""
    app = Dashboard(Gateway(Client(tektra.socket)), place)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.standing == "live" and isinstance(app.screen, Place))
        yield app, pilot


async def until(pilot: Pilot[Any], is_so: Callable[[], Any]) -> None:
    """Let the dashboard work until something is so; fails where it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"it never was so:\n{shown(pilot.app)}"
        await pilot.pause(0.01)
    await pilot.pause()


async def fill(pilot: Pilot[Any], field: str, text: str) -> None:
    """Put a text into a field of the dialog that is there, or is about to be."""
    await until(pilot, lambda: pilot.app.screen.query(f"#{field}"))
    line = pilot.app.screen.query_one(f"#{field}", Input)
    line.focus()
    await pilot.pause()
    line.value = text
    await pilot.pause()


def shown(app: App[Any]) -> str:
    """What stands on the screen, line by line, without colours."""
    console_lines = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in console_lines)
