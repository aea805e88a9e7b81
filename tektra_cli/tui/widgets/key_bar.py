"""The line at the bottom that names the keys."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen
from textual.widgets import Footer


class KeyBar(Footer):
    """Textual's footer, which is told when keys change, and would stay empty where it came later than that, or where
    nobody looks at the terminal yet."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)

    def on_mount(self) -> None:
        """Do not wait for a change."""
        self.bindings_changed(self.screen)

    def bindings_changed(self, screen: Screen[Any]) -> None:
        """Name them anew; the first time also in a window behind others."""
        super().bindings_changed(screen)
        if not self.app.app_focus and not self.children and self.is_attached:
            self.call_after_refresh(self.recompose)
