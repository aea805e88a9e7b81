"""The conversations beside the one that is open, those that are pinned on top; and a search in all that was said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tektra_cli.columns import shortened
from tektra_cli.tui.screens.chat_words import conversation_lines, hit_lines
from tektra_cli.tui.widgets.cells import DIM
from tektra_cli.tui.widgets.rows import Rows

Item = Mapping[str, Any]


class Found(Rows[Item]):
    """Conversations, or places in them: two lines each."""

    DEFAULT_CSS = """
    Found { scrollbar-background: $background; scrollbar-color: $border; }
    Found > .rows--cursor { background: $surface; color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Open")]

    def __init__(self, key: str, draw: Callable[[Item, int], Content], *, id: str) -> None:
        super().__init__(lambda item: str(item[key]), draw, tall=2, opens_at_once=True, id=id)


class Side(Vertical):
    """A list, or what a search found."""

    DEFAULT_CSS = """
    Side { width: 32; border-right: solid $border; }
    Side > .head { height: 1; padding: 0 1; color: $foreground 60%; }
    Side > Input, Side > Input:focus { border: none; height: 1; padding: 0 1; background: $panel; margin: 0 0 1 0; }
    Side > Input { display: none; }
    Side > #hits, Side > .none { display: none; }
    Side > .none { padding: 1 1; color: $foreground 60%; }
    Side.-searching > Input, Side.-searching > #hits { display: block; }
    Side.-searching > #conversations, Side.-searching > .head { display: none; }
    Side.-empty > .none { display: block; height: auto; }
    Side > .gone { height: auto; padding: 0 1; background: $panel; display: none; }
    Side > .gone.-some { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "tell('new')", "New"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("p", "tell('pin')", "Pin"),
        Binding("m", "tell('rename')", "Rename", show=False),
        Binding("x", "tell('export')", "Export to a file", show=False),
        Binding("d,delete", "tell('delete')", "Delete"),
        Binding("escape", "screen.back", "Write", key_display="esc"),
    ]

    class Wants(Message):
        """Something is to be done about a conversation."""

        def __init__(self, what: str, conversation: Item | None) -> None:
            super().__init__()
            self.what = what
            self.conversation = conversation

    class Searched(Message):
        """Words that are looked for."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._none = Static(classes="none", markup=False)
        self._gone = Static(classes="gone", markup=False)
        self._open: str | None = None
        self._answering: Collection[str] = ()
        self.conversations = Found("id", self._line, id="conversations")
        self.hits = Found("message_id", lambda hit, width: hit_lines(hit, width, self._now()), id="hits")
        self.words = Input(placeholder="search all that was said", id="search")

    def compose(self) -> ComposeResult:
        """What is typed above what is found."""
        yield Static("Conversations", classes="head")
        yield self.words
        yield self.conversations
        yield self.hits
        yield self._none
        yield self._gone

    @property
    def is_searching(self) -> bool:
        """Hits are shown, and not the list."""
        return self.has_class("-searching")

    def show(self, conversations: Sequence[Item], open_one: str | None, answering: Collection[str]) -> None:
        """All that is known of the list."""
        self._open, self._answering = open_one, answering
        self.conversations.show(conversations)
        if not self.is_searching:
            self._say("" if conversations else "Nothing was said yet.\n\nType below; enter sends it.")

    def show_hits(self, hits: Sequence[Item], words: str) -> None:
        """What was found."""
        self.hits.show(hits)
        self._say("" if hits or not words else "No message holds these words.")

    def say_gone(self, conversation: Mapping[str, Any] | None, others: int = 0) -> None:
        """What was deleted and can be taken back; None: nothing any more."""
        line = self._gone
        line.set_class(conversation is not None, "-some")
        if conversation is not None:
            more = f" and {others} more" if others else ""
            title = shortened(conversation["title"] or "untitled", 22)
            line.update(Content.assemble(f"deleted {title}{more}\n", Content.styled("u takes it back", "bold $accent")))

    def action_search(self) -> None:
        """Type words."""
        self.add_class("-searching")
        self._say("")
        self.words.focus()

    def leave_search(self) -> None:
        """Back to the list."""
        self.remove_class("-searching")
        self.words.value = ""
        self.hits.show(())
        self._say("" if self.conversations.items else "Nothing was said yet.")
        self.conversations.focus()

    def action_tell(self, what: str) -> None:
        """Of the one under the cursor."""
        self.post_message(self.Wants(what, None if self.is_searching else self.conversations.item))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search while one types."""
        event.stop()
        if self.is_searching:
            self.post_message(self.Searched(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter opens the first that was found."""
        event.stop()
        self.hits.call_next(self.hits.action_open)  # its own message, which would end here if it were ours

    def key_down(self) -> None:
        """From the words to what was found."""
        if self.words.has_focus:
            self.hits.focus()

    def _line(self, conversation: Item, width: int) -> Content:
        identity = conversation["id"]
        is_open, is_answering = identity == self._open, identity in self._answering
        return conversation_lines(conversation, width, self._now(), is_open=is_open, is_answering=is_answering)

    def _say(self, words: str) -> None:
        self._none.update(Content.styled(words, DIM))
        self.set_class(bool(words), "-empty")
