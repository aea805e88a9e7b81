"""A line between messages that is no message: something went wrong, was left out, or was begun."""

from __future__ import annotations

from textual.content import Content

from tektra_cli.tui.growing_markdown import Line
from tektra_cli.tui.screens.chat_part import Part, Pen
from tektra_cli.tui.widgets.cells import DIM


class Note(Part):
    """Words that are only shown."""

    def __init__(self, words: str | Content, *, is_bad: bool = False) -> None:
        super().__init__()
        self.words = words if isinstance(words, Content) else Content(words)
        self.is_bad = is_bad

    def drawn(self, width: int, pen: Pen) -> list[Line]:
        """As many lines as they take."""
        return pen.draw(self.words, width, "bad" if self.is_bad else "aside")


class RunNote(Note):
    """A run that was begun from here; from it one comes to where runs are."""

    def __init__(self, run: str, agent: str, state: str) -> None:
        super().__init__("")
        self.run = run
        self._agent = agent
        self.show(state)

    def show(self, state: str) -> None:
        """How it stands with it."""
        self.words = Content.assemble(
            Content.styled("▸ ", "$primary"),
            f"{self._agent} works on this: run {self.run}, {state} ",
            Content.styled("· enter goes to runs", DIM),
        )
        self.touch()
