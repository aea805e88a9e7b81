"""How every place looks, in small and large terminals, dark and light. What is meant to look otherwise is taken over
with `pytest tests/tui/test_pictures.py --snapshot-update`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tektra_cli.tui.pictures import demonstration, picture, settled
from tektra_cli.tui.places import PLACES
from tektra_cli.tui.screens.system import TABS

PICTURES = Path(__file__).parents[2] / "docs/pictures"
SIZES = ((80, 24), (120, 36), (200, 60))
LOOKS = (((80, 24), "tektra-dark"), ((120, 36), "tektra-light"), ((200, 60), "tektra-dark"))
VIEWS: dict[str, tuple[str, list[str]]] = {
    "a message": ("chat", ["ctrl+up", "up"]),
    "models to choose from": ("chat", ["ctrl+o"]),
    "an agent to choose": ("chat", ["ctrl+g"]),
    "loading a model": ("models", ["j", "j", "j", "l"]),
    "a day of plots": ("models", ["t"]),
    "a run": ("runs", ["enter"]),
    "a step": ("runs", ["enter", "j", "j", "enter"]),
    "changes": ("runs", ["j", "j", "j", "j", "d"]),
    "a new run": ("runs", ["n"]),
    "an agent": ("agents", ["enter"]),
    "versions": ("agents", ["j", "v"]),
    "notes": ("agents", ["j", "j", "j", "m"]),
    "an agent's form": ("agents", ["e"]),
    "an entry": ("audit", ["j", "j", "enter"]),
    "a filter": ("audit", ["slash"]),
    "keys": ("runs", ["f1"]),
    "the palette": ("chat", ["ctrl+p"]),
    **{name: ("system", ["right_square_bracket"] * place) for place, name in enumerate(TABS) if place},
}


@pytest.mark.parametrize("theme", ["tektra-dark", "tektra-light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("place", PLACES)
def test_a_place_looks_as_it_did(
    place: str, size: tuple[int, int], theme: str, snap_compare: Callable[..., bool]
) -> None:
    async def drawn(pilot: Pilot[Any]) -> None:
        pilot.app.theme = theme
        await settled(pilot)

    assert snap_compare(demonstration(place), terminal_size=size, run_before=drawn)


@pytest.mark.parametrize("place", PLACES)
def test_the_picture_in_the_documents_is_how_the_place_looks(place: str) -> None:
    drawn = asyncio.run(picture(place))
    assert (PICTURES / f"{place}.svg").read_text() == drawn, "python -m tektra_cli.tui.pictures docs/pictures"
    assert "@font-face" not in drawn, "nothing is fetched from elsewhere"


@pytest.mark.parametrize(
    ("size", "theme"), LOOKS, ids=lambda each: each if isinstance(each, str) else f"{each[0]}x{each[1]}"
)
@pytest.mark.parametrize("view", VIEWS)
def test_what_is_in_a_place_looks_as_it_did(
    view: str, size: tuple[int, int], theme: str, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, keys = VIEWS[view]
    monkeypatch.chdir("/")  # a form shows in which folder one is

    async def drawn(pilot: Pilot[Any]) -> None:
        pilot.app.theme = theme
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)

    assert snap_compare(demonstration(place), terminal_size=size, run_before=drawn)
