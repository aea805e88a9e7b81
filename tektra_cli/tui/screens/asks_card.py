"""The card of one ask, and the answers that it takes. Nothing on it can be decided by accident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tektra_cli.terminal import clean
from tektra_cli.tui.screens import asks_words

Ask = Mapping[str, Any]
DELIBERATE_S = 0.5
"""What is pressed sooner than this after a card came to be seen was meant for something else."""
MOST_WORDS = 500
SCOPES = {
    "once": ("a", "once"),
    "run": ("r", "for this run"),
    "session": ("s", "for this session"),
    "always": ("A", "always"),
}
ASKING = {
    "once": "Allow exactly this, once?",
    "run": "Allow exactly this as often as this run wants it?",
    "session": "Allow exactly this as often as it is wanted in this session?",
    "always": "Allow exactly this from now on? It becomes a grant.",
}


class Card(Vertical):
    """Shows one ask until it is told of another one. An answer takes two keys: which one, and that it is meant."""

    DEFAULT_CSS = """
    Card { height: 1fr; }
    Card > VerticalScroll { height: 1fr; padding: 1 2; scrollbar-size-vertical: 1; }
    Card > #answers { height: auto; min-height: 2; padding: 0 2; background: $panel; }
    Card > #answers.armed { background: $warning 25%; }
    Card > #words { height: 3; display: none; border: round $primary; margin: 0 1; }
    Card.writing > #words { display: block; }
    """

    class Answered(Message):
        """Somebody has decided, and means it."""

        def __init__(self, ask: Ask, body: Mapping[str, Any]) -> None:
            super().__init__()
            self.ask, self.body = ask, body

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(id="card")
        self._now = now
        self._ask: Ask | None = None
        self._gone = ""
        self._seen_at = float("inf")
        self._armed: Mapping[str, Any] | None = None
        self._armed_at = 0.0
        self._asking = ""

    def compose(self) -> ComposeResult:
        """What would happen, words, answers."""
        with VerticalScroll(id="what", can_focus=False):
            yield Static(id="would", markup=False)
        yield Input(id="words", max_length=MOST_WORDS)
        answers = Static(id="answers", markup=False)
        answers.auto_links = False
        yield answers

    def on_resize(self) -> None:
        """Lines are as long as there is room."""
        self.call_after_refresh(self.tick)

    @property
    def ask(self) -> Ask | None:
        """What it shows and can be answered, if anything."""
        return self._ask

    @property
    def has_news(self) -> bool:
        """Whether it says what became of something, until somebody goes on."""
        return bool(self._gone)

    @property
    def is_writing(self) -> bool:
        """Whether words are being typed."""
        return self.has_class("writing")

    @property
    def is_armed(self) -> bool:
        """Whether the next enter decides."""
        return self._armed is not None

    def tell(self, ask: Ask | None) -> None:
        """Show an ask, or nothing. One that is shown already stays as it is, with what is being typed."""
        if ask is not None and self._ask is not None and ask["id"] == self._ask["id"]:
            return
        self._ask, self._gone, self._seen_at = ask, "", float("inf")
        self.leave()
        self.tick()
        self.query_one("#what").scroll_home(animate=False)
        if ask is not None:
            self.call_after_refresh(self._seen, ask["id"])

    def end(self, words: str) -> None:
        """Say what became of what was shown; nothing can be decided any more here."""
        self._ask, self._gone = None, words
        self.leave()
        self.tick()

    def tick(self) -> None:
        """Draw it as it is now."""
        would = self.query_one("#would", Static)
        if self._ask is not None:
            space = would.size.width or self.size.width - 4
            would.update(asks_words.card(self._ask, self._now(), space))
        elif self._gone:
            would.update(
                Content.assemble(
                    Content.styled(clean(self._gone), "bold"),
                    "\n\nIt was not answered here. enter: what else waits.",
                )
            )
        else:
            would.update("")
        self._draw_answers()

    def is_deliberate(self, pressed_at: float) -> bool:
        """Whether a key was pressed by somebody who had the time to read what it would answer."""
        return self._ask is not None and pressed_at - self._seen_at >= DELIBERATE_S

    def is_long_armed(self, pressed_at: float) -> bool:
        """Whether a click came so long after the first one that it is another."""
        return self._armed is not None and pressed_at - self._armed_at >= DELIBERATE_S

    def choose(self, scope: str) -> None:
        """The first of two keys: a yes."""
        ask = self._ask
        if ask is None or self.is_writing:
            return
        if asks_words.is_question(ask):
            self._write("your answer; enter sends it, esc leaves")
        elif scope in asks_words.lasting(ask):
            self._arm({"answer": "allow", "scope": scope}, ASKING[scope])
        else:
            why = f"rule {ask['rule']} asks every time" if ask["rule"] != "default" else f"this belongs to no {scope}"
            self.notify(f"{why}: it can be allowed once", severity="warning", markup=False)

    def refuse(self) -> None:
        """The first of two keys: a no, with words if somebody has any."""
        if self._ask is not None and not self.is_writing:
            self._arm({"answer": "deny"}, "Deny it?")
            self._write("why not (the agent is told; it may stay empty); enter denies, esc leaves")

    def mean(self) -> bool:
        """The second key; whether there was something to be meant."""
        if self._armed is None or self._ask is None:
            return False
        self._send(self._armed)
        return True

    def leave(self) -> None:
        """Nothing is decided."""
        self._armed = None
        field = self.query_one("#words", Input)
        field.value = ""
        if self.is_writing:
            self.remove_class("writing")
            field.blur()
        self._draw_answers()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Words were typed, and are meant."""
        event.stop()
        words = event.value.strip()
        if self._armed is not None:
            self._send({**self._armed, "why": words} if words else self._armed)
        elif words:
            self._send({"answer": "allow", "why": words})
        else:
            self.notify("an answer has words: d says no", severity="warning")

    def _send(self, body: Mapping[str, Any]) -> None:
        ask = self._ask
        self.leave()
        if ask is not None:
            self.post_message(self.Answered(ask, body))

    def _write(self, hint: str) -> None:
        field = self.query_one("#words", Input)
        field.placeholder = hint
        self.add_class("writing")
        self.call_after_refresh(field.focus)
        self._draw_answers()

    def _arm(self, body: Mapping[str, Any], asking: str) -> None:
        self._armed, self._asking, self._armed_at = body, asking, monotonic()
        self._draw_answers()

    def _seen(self, ident: str) -> None:
        if self._ask is not None and self._ask["id"] == ident:
            self._seen_at = monotonic()

    def _draw_answers(self) -> None:
        answers, ask = self.query_one("#answers", Static), self._ask
        parts: list[Content | str]
        answers.set_class(self._armed is not None, "armed")
        answers.display = ask is not None
        if ask is None:
            return
        if self._armed is not None:
            parts = [
                Content.styled(self._asking, "bold"),
                "  ",
                _key("enter", "yes", "click_mean"),
                "  ",
                _key("esc", "no", "leave"),
            ]
        elif asks_words.is_question(ask):
            parts = [_key("a", "answer", "allow('once')"), "   ", _key("d", "no answer", "deny")]
        else:
            parts = ["allow:  "]
            for scope in asks_words.lasting(ask):
                pressed, words = SCOPES[scope]
                parts += [_key(pressed, words, f"allow('{scope}')"), "   "]
            parts += [" ", _key("d", "deny", "deny")]
        answers.update(Content.assemble(*parts))


def _key(pressed: str, words: str, action: str) -> Content:
    """A key and what it does, which a click does, too."""
    shown = Content.assemble(Content.styled(pressed, "bold $accent"), f" {words}")
    return shown.stylize(f"@click=screen.{action}")
