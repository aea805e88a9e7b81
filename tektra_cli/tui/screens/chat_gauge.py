"""One line that is always there: who answers, how full the context is, how fast it went, what is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

from tektra_cli.columns import shortened
from tektra_cli.tui.screens.chat_words import context_words
from tektra_cli.tui.widgets.cells import DIM

NARROW = 80


@dataclass(frozen=True)
class Figures:
    """What it tells."""

    model: str = ""
    agent: str = ""
    used: int = 0
    context: int = 0
    speed: float | None = None
    doing: str = ""
    """What is waited for; empty where nothing is."""


class Gauge(Widget):
    """Below what is typed."""

    DEFAULT_CSS = """
    Gauge { height: 1; padding: 0 1; background: $background; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.figures = Figures()

    def show(self, figures: Figures) -> None:
        """Other figures."""
        if figures != self.figures:
            self.figures = figures
            self.refresh()

    def render(self) -> Content:
        """Who at the left, figures at the right; what is waited for goes before figures where room is short."""
        told, width = self.figures, self.size.width
        who = f"agent {told.agent}" if told.agent else told.model
        left = [Content.styled(shortened(who, max(width // 3, 8)), "bold $accent" if told.agent else "$primary")]
        if told.doing:
            left.append(Content.styled(f" · {told.doing}", "$warning"))
        right = context_words(told.used, told.context, with_bar=width >= NARROW)
        if told.speed:
            right = Content.assemble(Content.styled(f"{told.speed:.1f} tokens/s", DIM), "  ", right)
        start = Content.assemble(*left)
        room = width - start.cell_length
        if right.cell_length + 2 > room:
            right = context_words(told.used, told.context, with_bar=False)
        if right.cell_length + 2 > room:
            right = Content("")
            start = start.truncate(width, ellipsis=True)
        return Content.assemble(start, " " * max(width - start.cell_length - right.cell_length, 0), right)
