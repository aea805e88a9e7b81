"""The bar above every place: where one is, where one can go, what waits, and how it stands with the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widget import Widget

from tektra_cli.tui.places import PLACES
from tektra_cli.tui.widgets.cells import DIM

if TYPE_CHECKING:
    from tektra_cli.tui.dashboard import Dashboard

NARROW = 90
"""Below so many columns the bar has short words only."""


class TopBar(Widget):
    """One line; each place in it can be clicked."""

    DEFAULT_CSS = """
    TopBar { dock: top; height: 1; background: $panel; color: $foreground; }
    """

    def __init__(self, place: str) -> None:
        super().__init__()
        self.auto_links = False  # tabs are no links to look at
        self._place = place

    def on_mount(self) -> None:
        """Draw it anew whenever what it tells of changes."""
        for name in ("standing", "asks", "alerts", "figures"):
            self.watch(self.app, name, self._redraw, init=False)

    def _redraw(self) -> None:
        self.refresh()

    def render(self) -> Content:
        """Places at the left, the daemon at the right; where there is no room for names, places have their numbers."""
        right = self._state()
        left = self._tabs(are_named=True)
        if left.cell_length + right.cell_length > self.size.width:
            left = self._tabs(are_named=False)
        gap = max(1, self.size.width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)

    def _tabs(self, *, are_named: bool) -> Content:
        """Of the place where one is the name is always said."""
        return Content.assemble(
            *(
                self._tab(number, name, is_named=are_named or name == self._place)
                for number, name in enumerate(PLACES, 1)
            )
        )

    def _tab(self, number: int, name: str, *, is_named: bool) -> Content:
        app = cast("Dashboard", self.app)
        badge = {"asks": app.asks, "audit": app.alerts}.get(name, 0)
        label = f" {number} {PLACES[name].title}" if is_named else f" {number}"
        style = "bold $primary on $surface" if name == self._place else "$foreground 70%"
        parts = [Content.styled(label, style)]
        if badge:
            parts.append(Content.styled(f" {badge}", f"bold {'$warning' if name == 'asks' else '$error'}"))
        return Content.assemble(*parts, Content.styled(" ", style)).stylize(f"@click=app.go('{name}')")

    def _state(self) -> Content:
        app = cast("Dashboard", self.app)
        words = {"connecting": "connecting", "live": app.figures, "away": "daemon away"}[app.standing]
        colour = {"connecting": DIM, "live": "$success", "away": "bold $error"}[app.standing]
        text = words if self.size.width >= NARROW or app.standing != "live" else ""
        return Content.assemble(Content.styled(text, "$foreground 70%"), Content.styled(" ● ", colour))
