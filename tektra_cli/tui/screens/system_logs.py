"""The daemon's log: its end, and what comes; by level and by words."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, RichLog, Static

from tektra_cli import log_lines
from tektra_cli.terminal import clean_line
from tektra_cli.tui.widgets.cells import holds

MOST = 2000
"""Lines that are kept."""
LEVELS = ("debug", "info", "warning", "error")
COLOURS = {"warning": "warning", "error": "error", "critical": "error"}


class Lines(RichLog):
    """What is shown of the log."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "First", show=False),
        Binding("G", "scroll_end", "Last", show=False),
    ]


class Logs(Vertical):
    """Lines above a field for words; it follows what comes as long as its end is looked at."""

    DEFAULT_CSS = """
    Logs { height: 1fr; }
    Logs > Lines, Logs > Lines:focus { height: 1fr; background: $background; background-tint: $background 0%;
        scrollbar-size-horizontal: 0; padding: 0 1; }
    Logs > Horizontal { height: 1; background: $surface; }
    Logs Input { width: 1fr; height: 1; border: none; background: $surface; padding: 0 1; }
    Logs #level { width: auto; padding: 0 1; color: $foreground 70%; }
    """

    def __init__(self) -> None:
        super().__init__(id="log")
        self._kept: deque[tuple[str, str]] = deque(maxlen=MOST)
        self._level = "debug"
        self._today = " "

    def compose(self) -> ComposeResult:
        """The lines, the field."""
        yield Lines(max_lines=MOST, wrap=True, markup=False, highlight=False, id="lines")
        with Horizontal():
            yield Static(id="level", markup=False)
            yield Input(placeholder="/ words that a line shall hold", compact=True, id="words")

    def on_mount(self) -> None:
        """Say what is shown."""
        self._say()

    @property
    def lines(self) -> Lines:
        """The lines themselves."""
        return self.query_one(Lines)

    def begin(self, lines: Sequence[str], today: str = "") -> None:
        """The log's end, in the place of what was there; the day is not told of what is from `today`."""
        self._today = f"{today} "
        self._kept.clear()
        self._kept.extend(map(_known, lines))
        self._draw()

    def add(self, lines: Sequence[str]) -> None:
        """What has come."""
        for line in map(_known, lines):
            self._kept.append(line)
            if self._fits(*line):
                self._write(*line)

    def next_level(self) -> None:
        """Show the next higher level and what is above it; after the highest, all."""
        self._level = LEVELS[(LEVELS.index(self._level) + 1) % len(LEVELS)]
        self._say()
        self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Other words."""
        event.stop()
        self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read on in the lines."""
        event.stop()
        self.lines.focus()

    def _say(self) -> None:
        said = "all levels" if self._level == LEVELS[0] else f"{self._level} and above"
        self.query_one("#level", Static).update(said)

    def _draw(self) -> None:
        self.lines.clear()
        for line in self._kept:
            if self._fits(*line):
                self._write(*line)

    def _fits(self, level: str, line: str) -> bool:
        least = LEVELS.index(self._level)
        is_high = (LEVELS.index(level) if level in LEVELS else len(LEVELS)) >= least
        return is_high and holds(line, self.query_one(Input).value)

    def _write(self, level: str, line: str) -> None:
        colour = self.app.theme_variables.get(COLOURS.get(level, ""), "")
        at_end = self.lines.is_vertical_scroll_end
        self.lines.write(Text(line.removeprefix(self._today), style=colour, overflow="fold"), scroll_end=at_end)


def _known(line: str) -> tuple[str, str]:
    """Its level, and it for people."""
    level = log_lines.parsed(line).get("level")
    return level if isinstance(level, str) else "", clean_line(log_lines.readable(line))
