"""Chat: conversations at the side, the one that is open, and what is typed into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tektra_cli import question
from tektra_cli.tui import paths
from tektra_cli.tui.feed import Event
from tektra_cli.tui.gateway import address
from tektra_cli.tui.place import Place
from tektra_cli.tui.screens.chat_clipboard import Clipboard
from tektra_cli.tui.screens.chat_composer import Composer, Paper
from tektra_cli.tui.screens.chat_facts import ChatFacts
from tektra_cli.tui.screens.chat_gauge import Gauge
from tektra_cli.tui.screens.chat_list import Conversations
from tektra_cli.tui.screens.chat_message import MessageView
from tektra_cli.tui.screens.chat_side import Item, Side
from tektra_cli.tui.screens.chat_talk import Talk
from tektra_cli.tui.screens.chat_transcript import Transcript
from tektra_cli.tui.screens.chat_turn import Attachment, Draft, Turn
from tektra_cli.tui.screens.chat_turns import Turns
from tektra_cli.tui.screens.chat_whom import Whom
from tektra_cli.tui.widgets.prompt import Line, Prompt
from tektra_cli.tui.widgets.rows import Rows

HITS = 50
TYPING_S = 0.15
"""So long nobody types before words are looked for."""
SETTLE_S = 0.5
"""After something happened elsewhere the list is read anew, once for all that happened."""
EMPTY = """Ask something, and enter sends it.

^o  chooses which model answers
^f  puts a file's text before the message
^g  hands the task to an agent, which works on the folder that you are in
esc goes to the list; / searches there in all that was ever said"""


class Chat(Place):
    """Conversations and their answers; an answer goes on being written wherever somebody looks."""

    NAME = "chat"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  as Screen declares it
        (0, "-narrow"),
        (100, "-roomy"),
        (160, "-wide"),
    ]
    DEFAULT_CSS = """
    Chat #talk { width: 1fr; }
    Chat Transcript { margin: 1 0 0 1; }
    Chat .empty { padding: 2 4; height: 1fr; display: none; }
    Chat.-nothing .empty { display: block; }
    Chat.-nothing Transcript { display: none; }
    Chat.-narrow Side { display: none; width: 36; }
    Chat.-narrow.-listing Side { display: block; }
    Chat.-wide Side { width: 44; }
    Chat.-wide ChatFacts { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "List", key_display="esc"),
        Binding("ctrl+o", "model", "Model", show=False),
        Binding("ctrl+g", "agent", "Agent", show=False),
        Binding("ctrl+f", "file", "File", show=False),
        Binding("ctrl+n", "new", "New", key_display="^n", show=False),
        Binding("ctrl+r", "retry", "Answer again", show=False),
        Binding("ctrl+c", "stop", "Stop the answer", show=False, priority=True),
        Binding("ctrl+x", "drop_extras", "Leave out files", show=False, priority=True),
        Binding("u", "undo", "Take back a deletion", show=False),
        Binding("i", "write", "Write", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.conversations = Conversations(self)
        self.talk = Talk(self)
        self.turns = Turns(self)
        self.whom = Whom(self)
        self.is_entered = False
        """Whether what there is was read once."""
        self._clipboard = Clipboard(self)

    def body(self) -> ComposeResult:
        """The side, the talk."""
        now = self.dashboard.now
        self.side = Side(now)
        self.transcript = Transcript(now)
        self.composer = Composer(self.dashboard.history)
        self.gauge = Gauge()
        self.facts = ChatFacts()
        with Horizontal():
            yield self.side
            with Vertical(id="talk"):
                yield Static(EMPTY, classes="empty", markup=False)
                yield self.transcript
                yield self.composer
                yield self.gauge
            yield self.facts

    def on_mount(self) -> None:
        """What is typed is what one came for."""
        super().on_mount()
        self.composer.paper.focus()

    async def on_unmount(self) -> None:
        """Whoever leaves can take nothing back."""
        await self.conversations.end()

    # What is shown

    async def reload(self) -> None:
        """The list as far as it is known, and what has come to the conversation that is open."""
        status, _ = await asyncio.gather(self.gateway.get("/api/status"), self.conversations.read())
        self.whom.default_model = status["default_model"]
        if not self.is_entered:
            latest = self.conversations.latest
            if latest is not None:
                await self.talk.begin_with(latest["id"])
        elif self.talk.conversation is not None and not self.is_answering:
            await self.talk.catch_up()
        self.tell()
        self.is_entered = True
        await self.whom.measure()

    def heard(self, events: Sequence[Event]) -> None:
        """What others say and remove changes the list."""
        kinds = {event["data"].get("kind", "") for event in events if event["type"] == "entry"}
        is_about_us = any(kind.startswith(("conversation.", "model.call")) for kind in kinds)
        if is_about_us and not self.turns:
            self.renew_soon(SETTLE_S)
        if "run.state" in kinds and self.transcript.run_notes:
            self.attempt(self.whom.look_at_runs, group="runs", exclusive=True)

    @property
    def is_answering(self) -> bool:
        """An answer to the conversation that is shown is being written."""
        return self.turns.shown is not None

    def tell(self) -> None:
        """Bring what stands around the conversation up to date."""
        self.side.show(self.conversations.listed, self.talk.key or None, self.turns.conversations)
        self.talk.tell()
        is_nothing = self.talk.conversation is None and not self.is_answering and not self.transcript.parts
        self.set_class(is_nothing, "-nothing")
        whom = self.whom.said
        self.composer.say(f"Say something to {whom} (^j begins a new line)" if whom else "Say something")

    async def read_list(self) -> None:
        """All conversations anew, and show them."""
        await self.conversations.read()
        self.tell()

    # Asking and answering

    def on_paper_sent(self) -> None:
        """Enter was pressed: it is sent, unless an answer is still being written."""
        draft = self.composer.draft
        if not draft.text.strip():
            return
        if self.is_answering:
            self.notify("The answer before it is still being written: escape stops it.", title="Not sent yet")
            return
        self.composer.paper.remember(draft.text)
        self.composer.write(Draft())
        if self.whom.agent is not None:
            self.whom.hand_over(draft)
        else:
            self._ask(draft, self.talk.key or None)

    def action_retry(self) -> None:
        """Answer the last question again; where it was not taken, send it."""
        if self.is_answering:
            return
        if self.talk.conversation is None or not self.transcript.views:
            if not self.composer.draft.is_empty:
                self.on_paper_sent()
            return
        self._ask(Draft(), self.talk.key, regenerate=True)

    def _ask(self, draft: Draft, conversation: str | None, *, regenerate: bool = False) -> None:
        asked_at = self.dashboard.now().isoformat()
        self.turns.ask(Turn(draft, conversation, self.whom.chosen, regenerate=regenerate, asked_at=asked_at))

    # Keys of the place

    def action_stop(self) -> None:
        """End the answer that is shown."""
        if not self.is_current or not self.turns.stop():
            raise SkipAction

    def action_model(self) -> None:
        """Let another model answer."""
        self.attempt(self.whom.choose_model, group="pick", exclusive=True)

    def action_agent(self) -> None:
        """Let an agent do it."""
        self.attempt(self.whom.choose_agent, group="pick", exclusive=True)

    def action_new(self) -> None:
        """Begin another conversation."""
        self.attempt(self.talk.begin_new, group="open", exclusive=True)

    def action_file(self) -> None:
        """Put a file's text before the message."""
        if not self.is_current:
            raise SkipAction

        def chosen(said: Mapping[str, str] | None) -> None:
            if said is not None:
                self.attempt(partial(self._put_before, said["file"]), group="attach")
            self.composer.paper.focus()

        line = Line("file", check=paths.there)
        self.app.push_screen(Prompt("Which file?", "Its text goes before the message.", (line,), "take it"), chosen)

    async def _put_before(self, name: str) -> None:
        path = paths.path(name)
        text = await asyncio.to_thread(question.fenced, path)
        self.composer.attach(Attachment(path.name, text))

    def action_drop_extras(self) -> None:
        """Without its files, and not in the place of an earlier message."""
        if not self.is_current or not self.composer.drop_extras():
            raise SkipAction

    def action_undo(self) -> None:
        """Take back what was deleted last."""
        identity = self.conversations.take_back()
        if identity is None:
            raise SkipAction
        self.side.conversations.go(identity)

    def action_write(self) -> None:
        """To what is typed."""
        self.composer.paper.focus()

    def action_back(self) -> None:
        """Stop an answer; else from what is typed to the list, and back."""
        if self.side.is_searching:
            self.side.leave_search()
        elif self.composer.paper.has_focus and self.is_answering:
            self.action_stop()
        elif self.side.has_focus_within:
            self.composer.paper.focus()
        else:
            if self.talk.key:
                self.side.conversations.go(self.talk.key)
            self.to_list()

    def to_list(self) -> None:
        """Keys go to the list, which is there where it was hidden."""
        self.add_class("-listing")
        self.side.conversations.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where there is little room the list is there while somebody is in it."""
        self.set_class(self.side in event.widget.ancestors, "-listing")

    def on_paper_scrolled(self, event: Paper.Scrolled) -> None:
        """Scroll the conversation without leaving what is typed."""
        (self.transcript.scroll_page_up if event.by < 0 else self.transcript.scroll_page_down)(animate=False)

    def on_paper_left(self) -> None:
        """Up to the messages."""
        self.transcript.focus()

    # What the list asks for

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Open it, at the message that was found."""
        hit = self.side.hits.item if event.rows is self.side.hits else None
        identity, at = (hit["conversation_id"], event.key) if hit is not None else (event.key, None)

        async def entered() -> None:
            await self.talk.enter(identity, at)
            (self.transcript if hit is not None else self.composer.paper).focus()

        self.attempt(entered, group="open", exclusive=True)

    def on_rows_near_end(self, event: Rows.NearEnd) -> None:
        """The next page of the list."""
        if event.rows is self.side.conversations:
            self.attempt(self.conversations.read_more, group="more")

    def on_side_searched(self, event: Side.Searched) -> None:
        """Look for it as soon as nobody types for a moment."""
        search = partial(self._search, event.words)
        self.later("search", TYPING_S, partial(self.attempt, search, group="search", exclusive=True))

    async def _search(self, words: str) -> None:
        found: Sequence[Item] = ()
        if any(character.isalnum() for character in words):
            found = (await self.gateway.get("/api/conversations/search", {"q": words, "limit": HITS}))["hits"]
        self.side.show_hits(found, words.strip())

    def on_side_wants(self, event: Side.Wants) -> None:
        """Something is to be done about a conversation of the list."""
        if event.what == "new":
            self.action_new()
        elif event.conversation is not None:
            doing: Mapping[str, Callable[[Item], None]] = {
                "pin": self.conversations.pin, "rename": self.conversations.rename,
                "export": self.conversations.export, "delete": self.conversations.delete,
            }  # fmt: skip
            doing[event.what](event.conversation)

    # What the conversation asks for

    def on_transcript_wants_more(self, event: Transcript.WantsMore) -> None:
        """Messages before or behind those that are here."""
        self.attempt(partial(self.talk.read_piece, event.side, event.of), group="pieces")

    def on_transcript_wants(self, event: Transcript.Wants) -> None:
        """Something is to be done about a message."""
        if event.what == "end" and self.talk.conversation is not None:
            self.attempt(partial(self.talk.enter, self.talk.key), group="open", exclusive=True)
        elif event.what == "retry":
            self.action_retry()
        elif event.view is not None:
            doing: Mapping[str, Callable[[MessageView], None]] = {
                "copy": self._clipboard.copy, "code": self._clipboard.copy_code,
                "edit": self._edit, "branch": self._branch,
            }  # fmt: skip
            doing[event.what](event.view)

    def on_transcript_followed(self, event: Transcript.Followed) -> None:
        """To that run."""
        self.dashboard.visit("runs", event.run)

    def _edit(self, view: MessageView) -> None:
        if view.message["role"] != "user" or not view.message["id"]:
            self.notify("What you said can be edited; from an answer b begins a branch.", severity="warning")
            return
        if not self.composer.draft.is_empty:
            self.composer.paper.remember(self.composer.draft.text)
        self.composer.write(Draft(view.source, (), view.message["id"]))
        self.composer.paper.focus()

    def _branch(self, view: MessageView) -> None:
        if not view.message["id"] or self.talk.conversation is None:
            return
        source, message = self.talk.key, view.message["id"]

        async def branched() -> None:
            made = await self.gateway.post(address("conversations", source, "branch"), {"message_id": message})
            await self.talk.enter(made["conversation"]["id"])
            self.composer.paper.focus()
            await self.read_list()

        self.attempt(branched, group="open", exclusive=True)
