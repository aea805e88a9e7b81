"""Where there is room: what is known of the conversation that is open, and of its last answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from textual.content import Content
from textual.widgets import Static

from tektra_cli import wording
from tektra_cli.terminal import clean_line
from tektra_cli.tui.screens.chat_gauge import Figures
from tektra_cli.tui.widgets.cells import DIM

KEYS = (
    ("^o", "another model"), ("^g", "an agent"), ("^f", "a file"), ("^n", "a new conversation"), ("^r", "answer again"),
    ("↑", "what you sent before"), ("^↑", "to the messages"),
)  # fmt: skip


class ChatFacts(Static):
    """Beside the talk."""

    DEFAULT_CSS = """
    ChatFacts { width: 38; height: 1fr; border-left: solid $border; padding: 0 2; display: none; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(
        self, conversation: Mapping[str, Any] | None, figures: Figures, timings: Mapping[str, float], now: datetime
    ) -> None:
        """All of it."""
        told = [*_about(conversation, figures, now), *_last(timings), Content(""), *_keys()]
        self.update(Content("\n").join(told), layout=False)  # it has all the room there is


def _about(conversation: Mapping[str, Any] | None, figures: Figures, now: datetime) -> list[Content]:
    if conversation is None:
        return [Content.styled("A new conversation", "bold"), Content("")]
    facts = [("model", figures.model)]
    if conversation.get("created_at"):
        facts.append(("begun", wording.distance(conversation["created_at"], now)))
    facts.append(("messages", f"{conversation['messages']:,}"))
    if figures.context:
        facts.append(("context", f"{figures.used:,} of {figures.context:,}"))
        facts.append(("", f"{min(figures.used / figures.context, 1):.0%} used"))
    if conversation.get("system"):
        facts.append(("system", clean_line(conversation["system"])))
    return [Content.styled(clean_line(conversation["title"] or "untitled"), "bold"), Content(""), *map(_fact, facts)]


def _last(timings: Mapping[str, float]) -> list[Content]:
    if not timings:
        return []
    facts = [
        ("waited", f"{timings['queued_s']:.1f} s"),
        ("read", f"{timings['prompt_s']:.1f} s"),
        ("first word", f"{timings['first_token_s']:.1f} s"),
        ("written", f"{timings['decode_s']:.1f} s"),
        ("speed", f"{timings['tokens_per_s']:.1f} tokens/s"),
    ]
    return [Content(""), Content.styled("The last answer", "bold"), Content(""), *map(_fact, facts)]


def _keys() -> list[Content]:
    return [
        Content.assemble(Content.styled(f"{key:4}", "bold $accent"), Content.styled(what, DIM)) for key, what in KEYS
    ]


def _fact(fact: tuple[str, str]) -> Content:
    return Content.assemble(Content.styled(f"{fact[0]:11}", DIM), fact[1])
