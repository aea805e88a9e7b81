"""The list of entries, of which only a window is in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tektra_cli.tui.screens.audit_window import Entry, Window
from tektra_cli.tui.widgets.rows import Rows

NEAR = 200
"""Lines before an end at which more is asked for."""


class AuditLog(Rows[Entry]):
    """Entries, the newest first, with a cursor that stays on its entry; on the first line it stays there instead."""

    DEFAULT_CSS = "AuditLog > .rows--cursor { background: $panel; color: $foreground; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+b", "page(-1)", "Page up", show=False),
        Binding("ctrl+f", "page(1)", "Page down", show=False),
        Binding("enter", "open", "Open"),
        Binding("slash", "screen.filter", "Filter", key_display="/"),
        Binding("v", "screen.verify", "Verify"),
        Binding("x", "screen.export", "Export"),
    ]

    @dataclass
    class Wanted(Message):
        """Entries beyond an end of the window: "older", "newer", the "newest" or the "oldest"."""

        what: str

    def __init__(self, window: Window, draw: Callable[[Entry, int], Content]) -> None:
        super().__init__(lambda entry: str(entry["number"]), draw)
        self.window = window

    @property
    def follows(self) -> bool:
        """Whether the cursor stays on the newest entry."""
        return self.place == 0

    def begun(self, number: int | None = None) -> None:
        """The window holds something else; the cursor goes to an entry, or to the first."""
        self.show(self.window.entries)
        if self.items:
            self._go(0 if number is None else self.window.place_of(number))

    def grown_above(self, lines: int, *, stays: bool = False) -> None:
        """So many entries are new in front: what is looked at stays there, the first one only if it `stays`."""
        goes_on = self.follows and not stays
        self.show(self.window.entries)
        if goes_on and self.items:
            self._at(self._key(self.items[0]))
            return
        if lines:
            self._jump(round(self.scroll_y) + lines)
        self.post_message(self.Moved(self, self.cursor, by_hand=False))

    def grown_below(self, gone: int) -> None:
        """There is more behind, and so many lines are gone in front."""
        top = round(self.scroll_y) - gone
        self.show(self.window.entries)
        if gone:
            self._jump(top)

    def action_edge(self, place: int) -> None:
        """To what happened last, and stay there; or to the beginning of the log."""
        if place == 0 and not self.window.is_newest:
            self.post_message(self.Wanted("newest"))
        elif place != 0 and self.window.older is not None:
            self.post_message(self.Wanted("oldest"))
        else:
            super().action_edge(place)

    def _look_ahead(self) -> None:
        top, bottom = round(self.scroll_y), round(self.scroll_y) + self.size.height
        if bottom + NEAR > len(self.window.entries) and self.window.older is not None:
            self.post_message(self.Wanted("older"))
        if top < NEAR and not self.window.is_newest:
            self.post_message(self.Wanted("newer"))

    def _jump(self, line: int) -> None:
        self.scroll_to(y=max(0, line), animate=False, force=True, immediate=True)
