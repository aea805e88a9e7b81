"""Pictures of the dashboard for the documents: `python -m tektra_cli.tui.pictures FOLDER` draws every place as SVG."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tektra_cli.tui.dashboard import Dashboard
from tektra_cli.tui.gateway import Gateway
from tektra_cli.tui.place import Place
from tektra_cli.tui.places import PLACES
from tektra_cli.tui.recorded import NOW, Recorded, RecordedMachine

SIZE = (120, 36)
FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""Which whoever looks at a picture would fetch from elsewhere; without them it has a font of the reader's own."""

NAMES = re.compile(r"\bterminal-\d+-")
"""Of styles: made of more than is seen, and other ones at times."""


def demonstration(place: str) -> Dashboard:
    """A dashboard on a recording, at the time of the recording."""
    return Dashboard(Gateway(Recorded()), place, lambda: NOW, RecordedMachine())


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until all that a place asks for has come, and is drawn: until nothing is asked for, nothing is to be done
    later, and what is seen is what was seen before."""
    app, before = pilot.app, ""
    while True:
        await pilot.wait_for_scheduled_animations()
        for field in (*app.screen.query(Input), *app.screen.query(TextArea)):
            field.cursor_blink = False  # a cursor is there in every picture
        await pilot.pause()
        place = next((screen for screen in reversed(app.screen_stack) if isinstance(screen, Place)), None)
        if place is None or not place.has_settled or place.dashboard.standing != "live" or place.gateway.asking:
            continue
        if place is app.screen and any(worker.group != "feed" for worker in app.workers):
            continue  # while a dialog is open one waits for what is said in it
        seen, before = before, app.export_screenshot()
        if seen == before:
            return


async def picture(place: str, size: tuple[int, int] = SIZE) -> str:
    """One place as SVG."""
    app = demonstration(place)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        drawn = FONTS.sub("", app.export_screenshot(title="Tektra"))
        return NAMES.sub(f"{place}-", drawn)


def main(folder: Path) -> None:
    """All of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in PLACES:
        (folder / f"{place}.svg").write_text(asyncio.run(picture(place)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
