"""Why was this allowed? An act is described, and the rule that decides about it is named."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Grid, VerticalScroll
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, Static

from tektra_cli.commands.permissions import RUN, resource_of
from tektra_cli.tui.screens.system_words import Cell, facts_text

ACTIONS = ("read", "write", "run", "fetch", "call", "use", "generate", "load", "remove", "configure", "audit")
HINT = """\
Say what somebody would do, and press Enter; nothing is done.

read /etc/passwd · run rm -r build · fetch example.org · use GITHUB_TOKEN"""


class Why(VerticalScroll):
    """A form of three fields, and the answer."""

    DEFAULT_CSS = """
    Why { height: 1fr; padding: 1 1 0 1; }
    Why Grid { grid-size: 2; grid-columns: 10 1fr; grid-rows: 1; grid-gutter: 1 1; height: auto; max-width: 100; }
    Why Label { color: $foreground 60%; }
    Why Input { height: 1; border: none; background: $surface; padding: 0 1; }
    Why Input:focus { background: $panel; }
    Why #answer { margin: 1 0 0 0; padding: 1 0 0 0; }
    """

    @dataclass
    class Asked(Message):
        """Somebody wants to know."""

        body: dict[str, object]

    def compose(self) -> ComposeResult:
        """Fields and the answer."""
        with Grid():
            yield Label("action")
            yield Input(placeholder="run", compact=True, id="action", suggester=SuggestFromList(ACTIONS))
            yield Label("resource")
            yield Input(placeholder="a path, command, host or name", compact=True, id="resource")
            yield Label("agent")
            yield Input(placeholder="as yourself, or the name of an agent", compact=True, id="agent")
        yield Static(HINT, id="answer", classes="dim", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Ask, once there is something to ask about; else go on to the next field."""
        event.stop()
        action, resource, agent = (
            self.query_one(f"#{name}", Input).value.strip() for name in ("action", "resource", "agent")
        )
        if not action or not resource:
            self.query_one("#resource" if action else "#action", Input).focus()
            return
        try:
            words = shlex.split(resource) if action == RUN else [resource]
        except ValueError as error:
            self.tell([("resource", (f"no command: {error}", "error"))])
            return
        self.post_message(
            self.Asked({"action": action, "resource": resource_of(action, words, exact=True), "agent": agent})
        )

    def tell(self, facts: Sequence[tuple[str, Cell]]) -> None:
        """The answer."""
        answer = self.query_one("#answer", Static)
        answer.remove_class("dim")
        answer.update(facts_text(facts, self.app.theme_variables))
