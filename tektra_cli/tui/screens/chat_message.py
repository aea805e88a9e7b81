"""One message: who says it, what was thought before, and the text; it grows while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from textual.content import Content

from tektra_cli import terminal
from tektra_cli.tui.growing_markdown import GrowingMarkdown, Line
from tektra_cli.tui.markdown_lines import with_line_breaks
from tektra_cli.tui.screens.chat_part import Part, Pen
from tektra_cli.tui.screens.chat_turn import Turn
from tektra_cli.tui.screens.chat_words import folded, heading

GLIMPSE = 240
"""Characters of what a model thinks that are shown while it does."""


class MessageView(Part):
    """A message of a conversation, or of one that is just being sent (its id is empty then)."""

    def __init__(self, message: Mapping[str, Any], now: datetime) -> None:
        super().__init__()
        self.message = message
        self.speed: float | None = None
        self._now = now
        self._text = GrowingMarkdown(self._shown(message["content"]))
        self._thoughts: list[str] = []
        self._is_thinking = False
        self._is_thought_open = False
        self._waits = ""
        self._taken = 0

    @property
    def is_question(self) -> bool:
        """A person says it."""
        return bool(self.message["role"] == "user")

    @property
    def ground(self) -> str:
        """What people say stands on a ground of its own."""
        return "question" if self.is_question else "answer"

    @property
    def source(self) -> str:
        """All of it, as it was written."""
        return str(self.message["content"]) if self.is_question else self._text.source

    def show(self, message: Mapping[str, Any], now: datetime) -> None:
        """The same message as the daemon has it now; what is seen of a cut answer stays."""
        self._now = now
        is_shorter = message["status"] == "interrupted" and self._text.source.startswith(message["content"])
        self.message = message
        if self.is_question or not is_shorter:
            self._text.update(self._shown(message["content"]))
        if message["status"] != "generating":
            self._waits = ""
        self.touch()

    def grow(self, turn: Turn) -> None:
        """What has come since."""
        more = turn.text[self._taken :]
        self._taken += len(more)
        if more:
            self._text.append("".join(more))
        self._thoughts = list(turn.reasoning)
        self._is_thinking = not turn.text
        self._waits = turn.waits
        if turn.model and turn.model != self.message["model"]:
            self.message = {**self.message, "model": turn.model}
        self.touch()

    def is_behind(self, turn: Turn) -> bool:
        """Something has come since it was drawn."""
        return self._taken < len(turn.text) or len(self._thoughts) < len(turn.reasoning)

    def goes_on_with(self, turn: Turn) -> None:
        """This is what a turn writes: what it has is more than what was read of it."""
        self._text.update("")
        self._taken = 0
        self.grow(turn)

    def toggle_thought(self) -> None:
        """Show or hide what was thought."""
        self._is_thought_open = not self._is_thought_open
        self.touch()

    def drawn(self, width: int, pen: Pen) -> list[Line]:
        """From who says it to what is waited for."""
        who = heading(self.message, self._now, self.speed).truncate(width, ellipsis=True)
        above = [*pen.draw(who, width, self.ground), *self._thought(width, pen)]
        below = pen.draw(Content(terminal.clean_line(self._waits)), width, "aside") if self._waits else []
        return [*above, *self._text.lines(width, pen.look), *below]

    def _thought(self, width: int, pen: Pen) -> list[Line]:
        said = terminal.clean("".join(self._thoughts)).strip()
        if not said:
            return []
        if self._is_thought_open:
            words = f"▾ what it thought (t hides it)\n{said}"
        elif self._is_thinking:
            words = "…" + said[-GLIMPSE:] if len(said) > GLIMPSE else said
        else:
            words = f"▸ it thought before answering, {len(said.split())} words (t shows them)"
        return pen.draw(Content(words), width, "thought")

    def _shown(self, content: str) -> str:
        return with_line_breaks(folded(content)) if self.is_question else content
