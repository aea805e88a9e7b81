"""What was said: the newest messages, and earlier ones as somebody scrolls up to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tektra_cli.tui.screens.chat_message import MessageView
from tektra_cli.tui.screens.chat_turn import Turn
from tektra_cli.tui.widgets.cells import DIM

MOST = 48
"""So many messages are on the screen's list at once; those farthest away make way."""
CLOSE = 4
"""So many lines before an end the next messages are asked for."""
Document = Mapping[str, Any]


class Note(Static):
    """A line between messages that is no message: something went wrong, was left out, or was begun."""

    DEFAULT_CSS = """
    Note { height: auto; margin: 0 1 1 1; padding: 0 1; color: $foreground 60%; }
    Note.-bad { color: $error; }
    Note.-link:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
    """


class RunNote(Note, can_focus=True):
    """A run that was begun from here; enter goes to where runs are."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "follow", "Go to runs")]

    class Followed(Message):
        """Somebody wants to see it."""

        def __init__(self, run: str) -> None:
            super().__init__()
            self.run = run

    def __init__(self, run: str, agent: str) -> None:
        super().__init__(classes="-link", markup=False)
        self.run = run
        self._agent = agent

    def show(self, state: str) -> None:
        """How it stands with it."""
        self.update(
            Content.assemble(
                Content.styled("▸ ", "$primary"),
                f"{self._agent} works on this: run {self.run}, {state} ",
                Content.styled("· enter goes to runs", DIM),
            )
        )

    def on_click(self, event: events.Click) -> None:
        """As enter."""
        self.action_follow()

    def action_follow(self) -> None:
        """Tell that it is wanted."""
        self.post_message(self.Followed(self.run))


class Transcript(VerticalScroll, can_focus=True):
    """Messages in the order they were said; one of them is the one that keys are about."""

    DEFAULT_CSS = """
    Transcript { height: 1fr; scrollbar-size-vertical: 1; background: $background;
        scrollbar-background: $background; scrollbar-color: $border; }
    Transcript > Vertical { height: auto; min-height: 100%; align-vertical: bottom; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", "The message before", show=False),
        Binding("down,j", "go(1)", "The message behind", show=False),
        Binding("home,g", "first", "To the beginning of what is here", show=False),
        Binding("end,G", "last", "To the newest message", show=False),
        Binding("y", "tell('copy')", "Copy"),
        Binding("c", "tell('code')", "Copy code"),
        Binding("e", "tell('edit')", "Edit"),
        Binding("b", "tell('branch')", "Branch"),
        Binding("r", "tell('retry')", "Retry"),
        Binding("t", "thought", "Show what was thought", show=False),
    ]

    class Wants(Message):
        """Something is to be done about a message."""

        def __init__(self, what: str, view: MessageView | None) -> None:
            super().__init__()
            self.what = what
            self.view = view

    class WantsMore(Message):
        """Messages before (`before`) or behind (`after`) this one are about to be seen."""

        def __init__(self, side: str, of: str) -> None:
            super().__init__()
            self.side = side
            self.of = of

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.earlier: str | None = None
        self.later: str | None = None
        self.answer: MessageView | None = None
        """The one that is being written."""
        self.said = Vertical()
        self._now = now
        self._asked: str | None = None
        self._begun: list[MessageView] = []

    def compose(self) -> ComposeResult:
        """Few messages stand at the bottom, next to what is typed."""
        yield self.said

    @property
    def is_empty(self) -> bool:
        """Nothing stands there."""
        return not self.said.children

    def stick(self) -> None:
        """Show the end, and stay there while it grows."""
        self._anchor_released = False
        self.anchor()

    @property
    def views(self) -> list[MessageView]:
        """Those that are here."""
        return [child for child in self.said.children if isinstance(child, MessageView)]

    @property
    def chosen(self) -> MessageView | None:
        """The one that keys are about: that with the mark, else the last."""
        views = self.views
        return next((view for view in views if view.has_class("-cursor")), views[-1] if views else None)

    async def open(self, document: Document | None, at: str | None = None) -> None:
        """Another conversation, or none; at its end, or at a message."""
        async with self.batch():
            await self.said.remove_children()
            self.answer, self._asked = None, None
            self.earlier = document.get("earlier") if document else None
            self.later = document.get("later") if document else None
            await self.said.mount_all(self._made(document["messages"] if document else ()))
        found = next((view for view in self.views if view.message["id"] == at), None)
        if found is not None:
            self.anchor(False)
            self._mark(found)
            self.call_after_refresh(self.scroll_to_widget, found, animate=False, top=True)
        else:
            self.stick()

    async def take_over(self, document: Document) -> bool:
        """What is at the end now, into what is here; false where nothing of it is here, or the end is not."""
        messages = document["messages"]
        here = {view.message["id"]: view for view in self.views if view.message["id"]}
        known = [message for message in messages if message["id"] in here]
        if self.later is not None:
            return True
        if here and not known:
            return False
        now = self._now()
        async with self.batch():
            self._name_new(messages)
            here = {view.message["id"]: view for view in self.views if view.message["id"]}
            wanted = {message["id"] for message in messages}
            is_within = not here or not any(view.message["id"] in wanted for view in self.views)
            for view in self.views:
                is_within = is_within or view.message["id"] in wanted
                if is_within and view.message["id"] not in wanted and view is not self.answer:
                    await view.remove()
            before: Widget | None = None
            for message in messages:
                known_view = here.get(message["id"])
                view = known_view or self._made([message])[0]
                if known_view is None and before is not None:
                    await self.said.mount(view, after=before)
                elif known_view is None:
                    first = next((here[each["id"]] for each in messages if each["id"] in here), None)
                    await (self.said.mount(view, before=first) if first is not None else self.said.mount(view))
                elif view is not self.answer:
                    view.show(message, now)
                before = view
            if self.earlier is None and not known:
                self.earlier = document.get("earlier")
        return True

    async def put(self, document: Document, side: str) -> None:
        """More messages, before or behind those that are here, which stay where they are seen."""
        new = self._made(document["messages"])
        self._asked = None
        if side == "before":
            below = self.virtual_size.height - self.scroll_y
            self.earlier = document.get("earlier")
            await self.said.mount_all(new, before=0)
            await self._bound(from_end=True)
            self.call_after_refresh(
                lambda: self.scroll_to(y=self.virtual_size.height - below, animate=False, force=True, immediate=True)
            )
        else:
            self.later = document.get("later")
            await self.said.mount_all(new)
            await self._bound(from_end=False)

    async def begin(self, turn: Turn, question: Mapping[str, Any] | None, answer: Mapping[str, Any]) -> None:
        """A question and the place where its answer is going to be; what went wrong before is forgotten."""
        for note in self.query(Note):
            if note.has_class("-bad"):
                await note.remove()
        await self._bound(from_end=False)
        made = self._made([question, answer] if question is not None else [answer])
        self.answer, self._begun = made[-1], made
        await self.said.mount_all(made)
        self.answer.grow(turn)
        self.unmark()
        self.stick()

    async def forget(self) -> None:
        """What was begun last was not taken."""
        for view in self._begun:
            if view.parent is not None:
                await view.remove()
        self._begun = []

    def attach(self, turn: Turn) -> bool:
        """Go on with a turn whose answer is here."""
        for view in self.views:
            if turn.message is not None and view.message["id"] == turn.message:
                self.answer = view
                view.goes_on_with(turn)
                return True
        return False

    async def note(self, note: Note) -> None:
        """A line at the end."""
        await self.said.mount(note)

    def unmark(self) -> None:
        """No message in particular is meant."""
        for view in self.views:
            view.remove_class("-cursor")

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Near an end the next messages are asked for, once."""
        super().watch_scroll_y(old_value, new_value)
        self.want_more()

    def want_more(self) -> None:
        """Ask for what is about to be seen."""
        if self._asked is not None or not self.size.height:
            return
        if self.earlier is not None and self.scroll_y <= CLOSE:
            self._asked = "before"
            self.post_message(self.WantsMore("before", self.earlier))
        elif self.later is not None and self.scroll_y >= self.max_scroll_y - CLOSE:
            self._asked = "after"
            self.post_message(self.WantsMore("after", self.later))

    def asked_in_vain(self) -> None:
        """What was asked for did not come; it may be asked for again."""
        self._asked = None

    def on_message_view_picked(self, event: MessageView.Picked) -> None:
        """The one that was clicked."""
        self._mark(event.view)

    def on_focus(self) -> None:
        """Keys are about a message from now on, so it has a mark."""
        if self.chosen is not None:
            self._mark(self.chosen)

    def on_blur(self) -> None:
        """No longer."""
        self.unmark()

    def action_go(self, by: int) -> None:
        """The next one; of one that is longer than the window first the rest."""
        chosen = self.chosen
        if chosen is None:
            return
        top, bottom = chosen.virtual_region.y, chosen.virtual_region.bottom
        seen = self.scroll_y, self.scroll_y + self.size.height
        if by > 0 and bottom > seen[1] + 1:
            self.scroll_to(y=min(seen[0] + self.size.height // 2, bottom - self.size.height), animate=False)
        elif by < 0 and top < seen[0]:
            self.scroll_to(y=max(seen[0] - self.size.height // 2, top), animate=False)
        else:
            views = self.views
            at = max(0, min(views.index(chosen) + by, len(views) - 1))
            self._mark(views[at])
            self.scroll_to_widget(views[at], animate=False, top=by > 0 and views[at] is not views[-1])
        self.want_more()

    def action_first(self) -> None:
        """The first of those that are here."""
        if self.views:
            self._mark(self.views[0])
            self.scroll_home(animate=False)
            self.call_after_refresh(self.want_more)

    def action_last(self) -> None:
        """The newest of all."""
        if self.later is not None:
            self.post_message(self.Wants("end", None))
        elif self.views:
            self._mark(self.views[-1])
            self.stick()

    def action_tell(self, what: str) -> None:
        """Something is to be done about the marked one."""
        self.post_message(self.Wants(what, self.chosen))

    def action_thought(self) -> None:
        """Show what was thought before the answer."""
        if self.chosen is not None:
            self.chosen.toggle_thought()

    def _mark(self, chosen: MessageView) -> None:
        for view in self.views:
            view.set_class(view is chosen, "-cursor")

    def _made(self, messages: Sequence[Mapping[str, Any]]) -> list[MessageView]:
        return [MessageView(message, self._now()) for message in messages]

    def _name_new(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """What was just sent is in the list now: those are the same."""
        unnamed = [view for view in self.views if not view.message["id"]]
        taken = {view.message["id"] for view in self.views}
        free = [message for message in messages if message["id"] not in taken]
        for view in reversed(unnamed):
            fitting = [message for message in free if _is_same(message, view.message)]
            if fitting:
                view.show(fitting[-1], self._now())
                free.remove(fitting[-1])

    async def _bound(self, *, from_end: bool) -> None:
        views = self.views
        if len(views) <= MOST or self.answer is not None:
            return
        going = views[MOST:] if from_end else views[: len(views) - MOST]
        await self.said.remove_children(going)
        if from_end:
            self.later = self.views[-1].message["id"]
        else:
            self.earlier = self.views[0].message["id"]


def _is_same(message: Mapping[str, Any], unnamed: Mapping[str, Any]) -> bool:
    return (message["role"], message["content"]) == (unnamed["role"], unnamed["content"])
