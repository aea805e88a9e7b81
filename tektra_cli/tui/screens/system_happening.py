"""What has happened of late: as many of the newest events as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text
from textual.widget import Widget

from tektra_cli.columns import shortened
from tektra_cli.event_lines import what
from tektra_cli.terminal import clean_line
from tektra_cli.tui.feed import Event

HAPPENED = {"types": "alert,ask,run,model,daemon", "limit": 60}
"""What is asked for; every entry of the log besides would be noise, and the place audit has them."""
COLOURS = {"alert": "error", "ask.opened": "warning", "gap": "warning"}
TYPE_WIDTH = len("daemon.state")


class Happening(Widget):
    """The newest above; a line each."""

    DEFAULT_CSS = "Happening { height: 1fr; }"

    def __init__(self, user: Callable[[int | None], str]) -> None:
        """`user` is what somebody is called."""
        super().__init__()
        self._user = user
        self._events: Sequence[Event] = ()

    def show(self, events: Sequence[Event]) -> None:
        """Show these, the newest first."""
        if list(events) != list(self._events):
            self._events = events
            self.refresh()

    def render(self) -> Text:
        """A title, and the lines that fit."""
        lines = [self._line(event) for event in self._events[: max(self.size.height - 1, 0)]]
        return Text("\n", no_wrap=True).join([Text("happened of late", "dim"), *lines] if lines else [])

    def _line(self, event: Event) -> Text:
        kind, colours = event["type"], self.app.theme_variables
        head = f"{event['time'][11:19]}  ", f"{clean_line(kind):<{TYPE_WIDTH}}  "
        told = shortened(what(kind, event["data"], self._user), max(self.size.width - sum(map(len, head)), 0))
        return Text.assemble((head[0], "dim"), (head[1], colours.get(COLOURS.get(kind, ""), "")), told)
