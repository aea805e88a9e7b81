"""What stands in a transcript, as lines of a width: a message, or a note between messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.content import Content

from tektra_cli.tui.growing_markdown import Line
from tektra_cli.tui.markdown_lines import Look


@dataclass(frozen=True, eq=False)
class Pen:
    """What lines are drawn with; another theme is another pen."""

    look: Look
    draw: Callable[[Content, int, str], list[Line]]
    """Words as lines of at most so many columns, in the style of a component of the transcript."""


class Part:
    """One of them. Whatever changes it says so (`touch`), and it is drawn anew when it is needed next."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._fitted: tuple[int, Pen] | None = None

    @property
    def ground(self) -> str:
        """The component of the transcript that it stands on."""
        return "answer"

    def fit(self, width: int, pen: Pen) -> int:
        """Have lines for this width; how many."""
        if self._fitted != (width, pen):
            self._fitted = width, pen
            self.lines = self.drawn(width, pen)
        return len(self.lines)

    def touch(self) -> None:
        """What it says has changed."""
        self._fitted = None

    def drawn(self, width: int, pen: Pen) -> list[Line]:
        """Its lines."""
        raise NotImplementedError
