"""One message: who says it, what was thought before, and the text; it grows while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tektra_cli import terminal
from tektra_cli.tui.markdown_lines import with_line_breaks
from tektra_cli.tui.screens.chat_turn import Turn
from tektra_cli.tui.screens.chat_words import folded, heading
from tektra_cli.tui.widgets.cells import DIM
from tektra_cli.tui.widgets.markdown_text import MarkdownText

GLIMPSE = 240
"""Characters of what a model thinks that are shown while it does."""


class MessageView(Vertical):
    """A message of a conversation, or of one that is just being sent (its id is empty then)."""

    DEFAULT_CSS = """
    MessageView { height: auto; margin: 0 1 1 0; padding: 0 1; border-left: outer $background; }
    MessageView.-user { background: $surface; border-left: outer $secondary 60%; }
    MessageView.-cursor { border-left: outer $accent; }
    MessageView > .heading { height: 1; }
    MessageView > .thought { color: $foreground 60%; text-style: italic; height: auto; display: none; }
    MessageView > .thought.-some { display: block; }
    MessageView > .waits { color: $foreground 60%; height: auto; display: none; }
    MessageView > .waits.-some { display: block; }
    """

    class Picked(Message):
        """Somebody clicked it."""

        def __init__(self, view: MessageView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, message: Mapping[str, Any], now: datetime) -> None:
        super().__init__(classes="-user" if message["role"] == "user" else None)
        self.message = message
        self.speed: float | None = None
        self._now = now
        self._text = MarkdownText(self._shown(message["content"]))
        self._heading = Static(heading(message, now), classes="heading", markup=False)
        self._thought = Static(classes="thought", markup=False)
        self._waits = Static(classes="waits", markup=False)
        self._thoughts: list[str] = []
        self._is_thought_open = False
        self._taken = 0

    def compose(self) -> ComposeResult:
        """From who says it to what is waited for."""
        yield self._heading
        yield self._thought
        yield self._text
        yield self._waits

    @property
    def source(self) -> str:
        """All of it, as it was written."""
        if self.message["role"] == "user":
            return str(self.message["content"])
        return self._text.source

    def show(self, message: Mapping[str, Any], now: datetime) -> None:
        """The same message as the daemon has it now; what is seen of a cut answer stays."""
        self._now = now
        is_shorter = message["status"] == "interrupted" and self._text.source.startswith(message["content"])
        self.message = message
        if message["role"] == "user" or not is_shorter:
            self._text.update(self._shown(message["content"]))
        self._heading.update(heading(message, now, self.speed))
        if message["status"] != "generating":
            self._wait("")

    def grow(self, turn: Turn) -> None:
        """What has come since."""
        more = turn.text[self._taken :]
        self._taken += len(more)
        if more:
            self._text.append("".join(more))
        if len(turn.reasoning) != len(self._thoughts):
            self._thoughts = list(turn.reasoning)
            self._think(is_over=bool(turn.text))
        elif more and self._thoughts:
            self._think(is_over=True)
        self._wait(turn.waits)
        if turn.model and turn.model != self.message["model"]:
            self.message = {**self.message, "model": turn.model}
            self._heading.update(heading(self.message, self._now))

    def is_behind(self, turn: Turn) -> bool:
        """Something has come since it was drawn."""
        return self._taken < len(turn.text) or len(self._thoughts) < len(turn.reasoning)

    def goes_on_with(self, turn: Turn) -> None:
        """This is what a turn writes: what it has is more than what was read of it."""
        self._text.update("")
        self._taken, self._thoughts = 0, []
        self.grow(turn)

    def toggle_thought(self) -> None:
        """Show or hide what was thought."""
        self._is_thought_open = not self._is_thought_open
        self._think(is_over=True)

    def on_click(self, event: events.Click) -> None:
        """It is the one that is meant."""
        self.post_message(self.Picked(self))

    def _think(self, *, is_over: bool) -> None:
        said = terminal.clean("".join(self._thoughts)).strip()
        self._thought.set_class(bool(said), "-some")
        if self._is_thought_open:
            self._thought.update(Content(f"▾ what it thought (t hides it)\n{said}"))
        elif is_over:
            words = len(said.split())
            self._thought.update(Content(f"▸ it thought before answering, {words} words (t shows them)"))
        else:
            glimpse = "…" + said[-GLIMPSE:] if len(said) > GLIMPSE else said
            self._thought.update(Content(glimpse))

    def _wait(self, words: str) -> None:
        self._waits.set_class(bool(words), "-some")
        if words:
            self._waits.update(Content.styled(terminal.clean_line(words), DIM))

    def _shown(self, content: str) -> str:
        return with_line_breaks(folded(content)) if self.message["role"] == "user" else content
