"""Where messages are typed: several lines, what was sent before, files that go with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

from tektra_cli import wording
from tektra_cli.terminal import clean_line
from tektra_cli.tui.screens.chat_turn import Attachment, Draft
from tektra_cli.tui.widgets.cells import DIM

if TYPE_CHECKING:
    from prompt_toolkit.history import History

MOST_KEPT = 1000
"""So many messages that were sent before can be come back to."""


class Paper(TextArea):
    """The text itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send"),
        Binding("ctrl+j,shift+enter", "line", "New line", key_display="^j", show=False),
        Binding("pageup", "scroll_talk(-1)", "Scroll up", show=False),
        Binding("pagedown", "scroll_talk(1)", "Scroll down", show=False),
        Binding("ctrl+f", "screen.file", "File", key_display="^f"),
        Binding("ctrl+up", "to_talk", "To the messages", show=False),
    ]

    class Sent(Message):
        """Enter was pressed."""

    class Scrolled(Message):
        """The conversation above is to be scrolled by so many windows."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Left(Message):
        """The messages are wanted."""

    def __init__(self, history: Path | None) -> None:
        super().__init__(compact=True, show_line_numbers=False, soft_wrap=True, highlight_cursor_line=False)
        self.cursor_blink = False  # calm
        self._history_file = history
        self._history: History | None = None
        self._sent: list[str] = []
        self._at = 0
        self._unsent = ""

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.action_send()

    def action_send(self) -> None:
        """A backslash at the end of the line makes another one, as in the chat on the command line."""
        row, column = self.cursor_location
        if column and self.document[row][:column].endswith("\\"):
            self.delete((row, column - 1), (row, column))
            self.insert("\n")
        else:
            self.post_message(self.Sent())

    def action_line(self) -> None:
        """Another line."""
        self.insert("\n")

    def action_scroll_talk(self, by: int) -> None:
        """The conversation moves, the cursor stays."""
        self.post_message(self.Scrolled(by))

    def action_to_talk(self) -> None:
        """Up to the messages."""
        self.post_message(self.Left())

    def action_cursor_up(self, select: bool = False) -> None:
        """At the first line: what was sent before."""
        if select or self.cursor_location[0] or not self._recall(1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """At the last line: what was sent after that."""
        if select or self.cursor_location[0] < self.document.line_count - 1 or not self._recall(-1):
            super().action_cursor_down(select)

    def remember(self, text: str) -> None:
        """It was sent."""
        self._known()
        if self._history is not None:
            self._history.store_string(text)
        self._sent.insert(0, text)
        self._at = 0

    def _recall(self, by: int) -> bool:
        self._known()
        at = self._at + by
        if not 0 <= at <= len(self._sent):
            return False
        if self._at == 0:
            self._unsent = self.text
        self._at = at
        self.text = self._sent[at - 1] if at else self._unsent
        self.move_cursor(self.document.end)
        return True

    def _known(self) -> None:
        """What was sent before, also from the command line: it is the same history."""
        if self._history is None and self._history_file is not None:
            from tektra_cli.chat.line_reader import history

            self._history = history(self._history_file)
            self._sent = [text for text, _ in zip(self._history.load_history_strings(), range(MOST_KEPT), strict=False)]


class Composer(Vertical):
    """The paper, and above it what goes with the message."""

    DEFAULT_CSS = """
    Composer { height: auto; max-height: 50%; border-top: solid $border; padding: 0 1; }
    Composer:focus-within { border-top: solid $primary; }
    Composer > .with { height: auto; display: none; color: $foreground 60%; }
    Composer > .with.-some { display: block; }
    Composer Paper { height: auto; min-height: 2; max-height: 12; background: $background; border: none; padding: 0; }
    Composer Paper:focus { border: none; }
    Composer Paper .text-area--placeholder { color: $foreground 40%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "screen.model", "Model", key_display="^o"),
        Binding("ctrl+g", "screen.agent", "Agent", key_display="^g"),
    ]

    def __init__(self, history: Path | None) -> None:
        super().__init__()
        self._draft = Draft()
        self.paper = Paper(history)
        self._with = Static(classes="with", markup=False)

    def compose(self) -> ComposeResult:
        """Files above the text."""
        yield self._with
        yield self.paper

    @property
    def draft(self) -> Draft:
        """What there is to send."""
        return Draft(self.paper.text, self._draft.files, self._draft.edits)

    def write(self, draft: Draft) -> None:
        """Put this in the place of what is there."""
        self._draft = draft
        self.paper.text = draft.text
        self.paper.move_cursor(self.paper.document.end)
        self._tell()

    def give_back(self, draft: Draft) -> None:
        """What was not taken comes back, before what was typed since."""
        self.write(draft.before(self.draft))

    def attach(self, file: Attachment) -> None:
        """One more file."""
        self.write(Draft(self.paper.text, (*self._draft.files, file), self._draft.edits))

    def drop_extras(self) -> bool:
        """Without files, and a message of its own; false where it was so already."""
        if not self._draft.files and self._draft.edits is None:
            return False
        self.write(Draft(self.paper.text))
        return True

    def say(self, placeholder: str) -> None:
        """Whom the message is for."""
        self.paper.placeholder = placeholder

    def _tell(self) -> None:
        told = []
        if self._draft.edits is not None:
            told.append("a branch: this in the place of the earlier message")
        told += [
            f"{clean_line(file.name)} ({wording.size(len(file.text.encode('utf-8', 'replace')))})"
            for file in self._draft.files
        ]
        self._with.set_class(bool(told), "-some")
        self._with.update(Content.styled("with " + " · ".join([*told, "^x leaves it out"]), DIM) if told else "")
