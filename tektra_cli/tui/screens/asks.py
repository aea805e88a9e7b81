"""Asks: what waits for a word, and giving it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from tektra_cli.errors import CliError
from tektra_cli.tui.feed import Event
from tektra_cli.tui.gateway import address
from tektra_cli.tui.place import Place
from tektra_cli.tui.screens import asks_words
from tektra_cli.tui.screens.asks_card import Card
from tektra_cli.tui.widgets.code import posted
from tektra_cli.tui.widgets.rows import Rows

Ask = Mapping[str, Any]
TOO_LATE = ("already_answered", "ask_not_found")


class Asks(Place):
    """A list of what waits, the oldest first, and the card of the one under the cursor."""

    NAME = "asks"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012  as Textual declares it
    CSS = """
    Asks #sides { height: 1fr; layout: horizontal; }
    Asks #waiting { width: 2fr; }
    Asks #card { width: 3fr; border-left: solid $border; }
    Asks.-narrow #sides { layout: vertical; }
    Asks.-narrow #waiting { width: 1fr; height: auto; max-height: 5; }
    Asks.-narrow #what { padding: 0 2; }
    Asks.-narrow #answers { min-height: 1; }
    Asks.-narrow #card { width: 1fr; border-left: none; border-top: solid $border; }
    Asks.-wide #waiting { padding: 1 0 0 0; }
    Asks #none { display: none; }
    Asks.-empty #none { display: block; }
    Asks.-empty #sides { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "allow('once')", "Allow once"),
        Binding("r", "allow('run')", "For the run", show=False),
        Binding("s", "allow('session')", "For the session", show=False),
        Binding("A", "allow('always')", "Always", show=False),
        Binding("d", "deny", "Deny"),
        Binding("enter", "mean", "Mean it; else go to the run", show=False),
        Binding("escape", "leave", "Leave it", show=False),
        Binding("J", "scroll(1)", "Scroll"),
        Binding("K", "scroll(-1)", "Scroll back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._asks: dict[str, Ask] = {}
        self._ended: dict[str, Mapping[str, Any] | None] = {}
        """What was heard of the end of asks that are still in the list."""
        self._mine: set[str] = set()
        """What is being answered here."""
        self._pressed_at = 0.0

    def body(self) -> ComposeResult:
        """The list, the card."""
        now = self.dashboard.now
        yield Static(
            "Nothing waits for you.\n\nWhat a rule leaves to a person comes here: a command, a change of a file, a "
            "host, a question.\nSilence is a no.   tektra permissions list   says what is allowed already.",
            id="none",
            classes="empty",
            markup=False,
        )
        with Container(id="sides"):
            yield Rows[Ask](
                lambda ask: str(ask["id"]), lambda ask, space: asks_words.row(ask, space, now()), id="waiting"
            )
            yield Card(now)

    def on_mount(self) -> None:
        """The keys are the list's."""
        super().on_mount()
        self.waiting.focus()
        self.set_interval(1.0, self._tick)

    @property
    def waiting(self) -> Rows[Ask]:
        """What waits."""
        return self.query_one("#waiting", Rows)

    @property
    def card(self) -> Card:
        """What the keys answer."""
        return self.query_one(Card)

    async def reload(self) -> None:
        """Read what waits. The card stays, as long as it waits."""
        found = (await self.gateway.get(address("approvals")))["asks"]
        self._asks = {ask["id"]: ask for ask in found}
        self._ended = {ident: data for ident, data in self._ended.items() if ident in self._asks}
        self._show()
        wanted = self.dashboard.wanted.pop(self.NAME, None)
        for ask in found:
            if wanted is not None and wanted in (ask["id"], ask["request"]["run"]):
                self.waiting.go(ask["id"])
                self.card.tell(ask)

    def heard(self, events: Sequence[Event]) -> None:
        """Something new waits, or waits no longer."""
        is_new = False
        for event in events:
            data = event["data"]
            match event["type"]:
                case "ask.opened":
                    is_new = True
                case "ask.answered" | "ask.expired":
                    self._gone(data["ask"], data)
        if is_new:
            self.renew()

    def _gone(self, ident: str, data: Mapping[str, Any]) -> None:
        ask = self._asks.pop(ident, None)
        if ask is None:
            return
        shown = self.card.ask
        is_shown = shown is not None and shown["id"] == ident
        if ident not in self._mine:
            words = asks_words.gone(ask, data)
            if is_shown:
                self.card.end(words)
            self.notify(words, title="answered elsewhere" if "state" in data else "it waits no longer", markup=False)
        elif is_shown:
            self.card.tell(None)
        self._mine.discard(ident)
        self._show()

    def _show(self) -> None:
        found = sorted(self._asks.values(), key=lambda ask: (ask["asked_at"], ask["id"]))
        shown = self.card.ask
        if shown is not None and shown["id"] not in self._asks:
            self.card.end(asks_words.gone(shown, None))
        self.waiting.show(found)
        if self.has_class("-narrow"):
            self.waiting.styles.height = min(5, max(1, len(found)))
        self.set_class(not found and not self.card.has_news, "-empty")
        if self.card.ask is None and not self.card.has_news:
            self.card.tell(self.waiting.item)

    def _tick(self) -> None:
        if self.is_current:
            self.waiting.redraw()
            self.card.tick()

    def on_resize(self) -> None:
        """In a small terminal the list has as many lines as it needs."""
        self.waiting.styles.height = min(5, max(1, len(self._asks))) if self.size.width < 110 else "1fr"

    # What is looked at

    @on(Rows.Moved, "#waiting")
    def _moved(self, event: Rows.Moved) -> None:
        """Only somebody's own key changes the card; a list that changes by itself does not."""
        if event.by_hand:
            self.card.tell(self.waiting.item)

    @on(Rows.Opened, "#waiting")
    def _opened(self) -> None:
        self.action_mean()

    def _go_to_run(self) -> None:
        """Go to the run that asks."""
        ask = self.card.ask
        if ask is not None and ask["request"]["run"]:
            self.dashboard.visit("runs", ask["request"]["run"])

    def action_scroll(self, by: int) -> None:
        """Half a card."""
        what = self.card.query_one("#what")
        what.scroll_relative(y=by * max(1, what.size.height // 2), animate=False)

    # Answering: two keys, and none of them in the first half second

    def on_key(self, event: events.Key) -> None:
        """When a key was pressed, which is before what it does comes to be done."""
        self._pressed_at = event.time

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """As a key."""
        self._pressed_at = event.time

    def action_click_mean(self) -> None:
        """A click is the second of two only where it is no part of a double one."""
        if self.card.is_long_armed(self._pressed_at):
            self.action_mean()

    def action_allow(self, scope: str) -> None:
        """The first key of a yes."""
        if self._is_deliberate():
            self.card.choose(scope)

    def action_deny(self) -> None:
        """The first key of a no."""
        if self._is_deliberate():
            self.card.refuse()

    def action_mean(self) -> None:
        """The second key; where nothing is to be decided, enter goes to the run."""
        if self.card.is_armed:
            if self._is_deliberate():
                self.card.mean()
        elif self.card.ask is None:
            self.card.tell(self.waiting.item)
            self._show()
        elif self._is_deliberate():
            self._go_to_run()

    def action_leave(self) -> None:
        """Nothing is decided."""
        self.card.leave()
        self.waiting.focus()

    def _is_deliberate(self) -> bool:
        return self.card.is_deliberate(self._pressed_at)

    @on(Card.Answered)
    def _answered(self, event: Card.Answered) -> None:
        self.waiting.focus()
        self.attempt(partial(self._answer, event.ask, event.body))

    async def _answer(self, ask: Ask, body: Mapping[str, Any]) -> None:
        """Send it; with a code of the authenticator, where one is wanted."""
        at = address("approvals", ask["id"])
        self._mine.add(ask["id"])
        try:
            answered = await posted(self, at, body)
            if answered is None:
                return
        except CliError as error:
            if error.code in TOO_LATE:
                await self.reload()
            raise
        finally:
            self._mine.discard(ask["id"])
        self._asks.pop(ask["id"], None)
        if self.card.ask is not None and self.card.ask["id"] == ask["id"]:
            self.card.tell(None)
        self._show()
        said = answered["ask"]
        how = f" {said['scope']}" if said["state"] == "allowed" and not asks_words.is_question(ask) else ""
        self.notify(f"{said['state']}{how}: {asks_words.what(ask)}", markup=False)
