"""What was said: the newest messages, and earlier ones as somebody scrolls up to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tektra_cli.tui.screens.chat_message import MessageView
from tektra_cli.tui.screens.chat_note import Note, RunNote
from tektra_cli.tui.screens.chat_part import Part
from tektra_cli.tui.screens.chat_parts import Parts
from tektra_cli.tui.screens.chat_turn import Turn

MOST = 48
"""So many messages are here at once; those farthest away make way."""
CLOSE = 4
"""So many lines before an end the next messages are asked for."""
Document = Mapping[str, Any]


class Transcript(Parts, can_focus=True):
    """Messages in the order they were said; one of them is the one that keys are about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", "The message before", show=False),
        Binding("down,j", "go(1)", "The message behind", show=False),
        Binding("home,g", "first", "To the beginning of what is here", show=False),
        Binding("end,G", "last", "To the newest message", show=False),
        Binding("enter", "follow", "Go to runs"),
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

    class Followed(Message):
        """Somebody wants to see a run that was begun from here."""

        def __init__(self, run: str) -> None:
            super().__init__()
            self.run = run

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.earlier: str | None = None
        self.later: str | None = None
        self.answer: MessageView | None = None
        """The one that is being written."""
        self._now = now
        self._asked: str | None = None
        self._begun: list[Part] = []

    # What is here

    @property
    def views(self) -> list[MessageView]:
        """The messages that are here."""
        return [part for part in self.parts if isinstance(part, MessageView)]

    @property
    def run_notes(self) -> list[RunNote]:
        """The runs that were begun from here."""
        return [part for part in self.parts if isinstance(part, RunNote)]

    @property
    def chosen(self) -> MessageView | None:
        """The message that keys are about: that with the mark, else the last; none where the mark is on a run."""
        if isinstance(self.marked, RunNote):
            return None
        if isinstance(self.marked, MessageView):
            return self.marked
        return self.views[-1] if self.views else None

    def open(self, document: Document | None, at: str | None = None) -> None:
        """Another conversation, or none; at its end, or at a message."""
        self.parts = [*self._made(document["messages"] if document else ())]
        self.answer, self._asked = None, None
        self.unmark()
        self.earlier = document.get("earlier") if document else None
        self.later = document.get("later") if document else None
        self.screen.clear_selection()
        self.stick()
        found = next((view for view in self.views if view.message["id"] == at), None)
        if found is not None:
            self.mark(found)
            self.show_part(found, at_top=True)

    def take_over(self, document: Document) -> bool:
        """What is at the end now, into what is here; false where nothing of it is here, or the end is not."""
        messages = document["messages"]
        here = {view.message["id"]: view for view in self.views if view.message["id"]}
        known = [message for message in messages if message["id"] in here]
        if self.later is not None:
            return True
        if here and not known:
            return False
        self._name_new(messages)
        here = {view.message["id"]: view for view in self.views if view.message["id"]}
        wanted = {message["id"] for message in messages}
        self._drop(self._gone(wanted))
        at = next((place for place, part in enumerate(self.parts) if part in here.values()), len(self.parts))
        for message in messages:
            view = here.get(message["id"])
            if view is None:
                self.parts[at:at] = self._made([message])
            else:
                at = self.parts.index(view)
                if view is not self.answer:
                    view.show(message, self._now())
            at += 1
        if self.earlier is None and not known:
            self.earlier = document.get("earlier")
        self.lay_out()
        return True

    def put(self, document: Document, side: str) -> None:
        """More messages, before or behind those that are here, which stay where they are seen."""
        self._asked = None
        if side == "before":
            self.earlier = document.get("earlier")
            self.parts[:0] = self._made(document["messages"])
        else:
            self.later = document.get("later")
            self.parts += self._made(document["messages"])
        self._bound(from_end=side == "before")
        self.lay_out()

    def begin(self, turn: Turn, question: Mapping[str, Any] | None, answer: Mapping[str, Any]) -> None:
        """A question and the place where its answer is going to be; what went wrong before is forgotten."""
        self._drop([part for part in self.parts if isinstance(part, Note) and part.is_bad])
        self._bound(from_end=False)
        made = self._made([question, answer] if question is not None else [answer])
        self.answer, self._begun = made[-1], [*made]
        self.parts += made
        self.unmark()
        self.stick()
        self.grow(turn)

    def grow(self, turn: Turn) -> None:
        """What has come of the answer since."""
        if self.answer is not None:
            self.answer.grow(turn)
            self.lay_out()

    def forget(self) -> None:
        """What was begun last was not taken."""
        self._drop(self._begun)
        self._begun = []
        self.lay_out()

    def attach(self, turn: Turn) -> None:
        """Go on with a turn, if its answer is here."""
        for view in self.views:
            if turn.message is not None and view.message["id"] == turn.message:
                self.answer = view
                view.goes_on_with(turn)
                self.lay_out()

    def note(self, note: Note) -> None:
        """A line at the end."""
        self.parts.append(note)
        self.lay_out()

    # How it is seen

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

    # Which one is meant

    @property
    def _stops(self) -> list[Part]:
        """What can have the mark."""
        return [part for part in self.parts if isinstance(part, MessageView | RunNote)]

    def unmark(self) -> None:
        """No message in particular is meant."""
        self.mark(None)

    def on_click(self, event: events.Click) -> None:
        """The one that was clicked; a run is gone to."""
        part = self.part_at(event.y)
        if isinstance(part, MessageView | RunNote):
            self.mark(part)
            self.action_follow()

    def on_focus(self) -> None:
        """Keys are about one thing from now on, so it has a mark."""
        if self.marked is None and self._stops:
            self.mark(self._stops[-1])

    def on_blur(self) -> None:
        """No longer."""
        self.unmark()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is done with runs is done with runs only."""
        return action != "follow" or isinstance(self.marked, RunNote)

    def action_go(self, by: int) -> None:
        """The next one; of one that is longer than the window first the rest."""
        stops = self._stops
        if not stops:
            return
        chosen = self.marked or stops[-1]
        top, height = self.extent(chosen)
        bottom = top + height
        seen = self.scroll_y, self.scroll_y + self.size.height
        if by > 0 and bottom > seen[1] + 1:
            self.scroll_to(y=min(seen[0] + self.size.height // 2, bottom - self.size.height), animate=False)
        elif by < 0 and top < seen[0]:
            self.scroll_to(y=max(seen[0] - self.size.height // 2, top), animate=False)
        else:
            at = max(0, min(stops.index(chosen) + by, len(stops) - 1))
            self.mark(stops[at])
            self.show_part(stops[at], at_top=by > 0 and stops[at] is not stops[-1])
        self.want_more()

    def action_first(self) -> None:
        """The first of those that are here."""
        if self.views:
            self.mark(self.views[0])
            self.scroll_to(y=0, animate=False)
            self.want_more()

    def action_last(self) -> None:
        """The newest of all."""
        if self.later is not None:
            self.post_message(self.Wants("end", None))
        elif self.views:
            self.mark(self.views[-1])
            self.stick()

    def action_tell(self, what: str) -> None:
        """Something is to be done about the marked one."""
        self.post_message(self.Wants(what, self.chosen))

    def action_follow(self) -> None:
        """Tell that the run under the mark is wanted."""
        if isinstance(self.marked, RunNote):
            self.post_message(self.Followed(self.marked.run))

    def action_thought(self) -> None:
        """Show what was thought before the answer."""
        if self.chosen is not None:
            self.chosen.toggle_thought()
            self.lay_out()

    # Which parts

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

    def _gone(self, wanted: set[str]) -> list[MessageView]:
        """Those that are here and should not be: from the first that is wanted on, all others."""
        views = self.views
        first = next((at for at, view in enumerate(views) if view.message["id"] in wanted), 0)
        return [view for view in views[first:] if view.message["id"] not in wanted and view is not self.answer]

    def _drop(self, parts: Sequence[Part]) -> None:
        self.parts = [part for part in self.parts if part not in parts]
        if self.marked in parts:
            self.unmark()

    def _bound(self, *, from_end: bool) -> None:
        views = self.views
        if len(views) <= MOST or self.answer is not None:
            return
        self._drop(views[MOST:] if from_end else views[: len(views) - MOST])
        if from_end:
            self.later = self.views[-1].message["id"]
        else:
            self.earlier = self.views[0].message["id"]


def _is_same(message: Mapping[str, Any], unnamed: Mapping[str, Any]) -> bool:
    return (message["role"], message["content"]) == (unnamed["role"], unnamed["content"])
