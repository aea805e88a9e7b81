"""What is seen while the first place is made."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.screen import Screen

from tektra_cli.tui.widgets.top_bar import TopBar


class Opening(Screen[Any]):
    """The bar, with the name of that place."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._first = name

    def compose(self) -> ComposeResult:
        """Nothing below it yet."""
        yield TopBar(self._first)
