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

PICTURES = Path(__file__).parents[2] / "docs/pictures"
SIZES = ((80, 24), (120, 36), (200, 60))


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
