"""Downloads under way, one line each: they go on while somebody is elsewhere."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tektra_cli import columns, model_words, wording
from tektra_cli.terminal import clean_line
from tektra_cli.tui.screens.models_memory import FREE, TAKEN

Document = Mapping[str, Any]
MOST_CELLS = 40
"""Of a bar."""


@dataclass
class Pull:
    """One download, as far as it is known."""

    number: int
    body: Document
    words: str = "asking the hub…"
    share: float | None = None
    recommended: Document | None = None
    error: str = ""
    plan: Document = field(default_factory=dict)

    @property
    def source(self) -> str:
        """What was asked for."""
        return str(self.body["source"])

    def hear(self, event: Document) -> None:
        """Take in an event of it."""
        match event["type"]:
            case "recommended":
                self.recommended = event
            case "plan":
                self.plan, self.words = event, model_words.planned(event)
                self.share = event["resumed_bytes"] / event["total_bytes"] if event["total_bytes"] else 0.0
            case "progress":
                self.share, self.words = model_words.progress(event)
            case "verifying":
                self.share, self.words = 1.0, f" checking the SHA-256 of {self.plan.get('file', 'the file')}…"

    def lines(self, width: int) -> list[Content]:
        """What it is, how far it is, and what would be faster."""
        name = self.plan.get("name") or self.source
        size = f" ({wording.size(self.plan['total_bytes'])})" if self.plan else ""
        title = columns.shortened(f"↓ {name}{size}", width)
        lines = [Content.styled(title, "bold")]
        if self.error:
            lines += wrapped(f"stopped: {self.error}", width, "$error")
        elif self.share is None:
            lines += wrapped(self.words, width, "$foreground 70%")
        else:
            lines.append(_bar(self.share, columns.shortened(self.words, width), width))
        if self.recommended is not None:
            advice = model_words.recommended(self.recommended, 'pull with "fastest here" takes it')
            lines += wrapped(advice, width, "$warning")
        return lines


def wrapped(text: str, width: int, style: str) -> list[Content]:
    """As many lines as it takes."""
    return [Content.styled(line, style) for line in textwrap.wrap(clean_line(text), max(10, width))]


def _bar(share: float, words: str, width: int) -> Content:
    cells = max(0, min(MOST_CELLS, width - columns.width(words) - 1))
    full = round(share * cells)
    parts = (Content.styled(TAKEN * full, "$primary"), Content.styled(FREE * (cells - full), "$foreground 40%"))
    return Content.assemble(*parts, f" {words}")


class PullLine(Widget, can_focus=True):
    """One download."""

    DEFAULT_CSS = """
    PullLine { height: auto; padding: 0 1; }
    PullLine:focus { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("x,delete", "stop", "Stop download")]

    @dataclass
    class Stop(Message):
        """It is not wanted any more."""

        pull: Pull

    def __init__(self, pull: Pull) -> None:
        super().__init__(id=f"pull-{pull.number}")
        self.pull = pull

    def render(self) -> Content:
        """As it is now."""
        return Content("\n").join(self.pull.lines(self.size.width))

    def get_content_height(self, container: Any, viewport: Any, width: int) -> int:
        """A title, a bar, perhaps advice."""
        return len(self.pull.lines(width))

    def action_stop(self) -> None:
        """Ask for its end."""
        self.post_message(self.Stop(self.pull))


class Pulls(Vertical):
    """All downloads; nothing where there are none."""

    DEFAULT_CSS = """
    Pulls { height: auto; max-height: 9; scrollbar-size-vertical: 1; overflow-y: auto; border-top: solid $border; }
    """

    def on_mount(self) -> None:
        """Nothing yet."""
        self.display = False

    def begin(self, pull: Pull) -> None:
        """One more."""
        self.mount(PullLine(pull))
        self.display = True

    def changed(self, pull: Pull) -> None:
        """Draw one anew."""
        for line in self.query(PullLine):
            if line.pull is pull:
                line.refresh(layout=True)

    def drop(self, pull: Pull) -> None:
        """One is over."""
        left = [line for line in self.query(PullLine) if line.pull is not pull]
        for line in self.query(PullLine):
            if line.pull is pull:
                line.remove()
        self.display = bool(left)

    @property
    def all(self) -> list[Pull]:
        """The oldest first."""
        return [line.pull for line in self.query(PullLine)]
