"""A dialog with fields: each with its name, a place for what goes wrong, and two buttons."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from tektra_cli.tui.widgets.dialog import Dialog, T


class Form(Dialog[T]):
    """Dismissed with what was filled in, or with None."""

    DEFAULT_CSS = """
    Form > VerticalScroll { width: 76; }
    Form .field { height: auto; min-height: 1; margin-bottom: 1; }
    Form .label { width: 14; color: $foreground 60%; }
    Form .note { color: $foreground 70%; }
    Form .note.bad { color: $error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "Next field", show=False),
        Binding("up", "app.focus_previous", "Field before", show=False),
    ]
    DO = "OK"

    def body(self) -> ComposeResult:
        """Fields, buttons."""
        yield from self.fields()
        with Horizontal(classes="buttons"):
            yield Button("Cancel", id="cancel", compact=True)
            yield Button(self.DO, id="do", compact=True)

    def fields(self) -> ComposeResult:
        """What can be filled in."""
        raise NotImplementedError

    def filled(self) -> T | None:
        """What was filled in; None where something is missing, which is said."""
        raise NotImplementedError

    @property
    def is_over(self) -> bool:
        """Whether it was dismissed: what comes for it later has no place any more."""
        return self not in self.app.screen_stack

    def complain(self, words: str) -> None:
        """Say what is wrong."""
        self.say(words, is_bad=True)

    def say(self, words: str, *, is_bad: bool = False) -> None:
        """What it comes to."""
        self.query_one("#note", Static).set_class(is_bad, "bad").update(words)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field does it."""
        event.stop()
        self.action_do()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """One of the two."""
        event.stop()
        if event.button.id == "do":
            self.action_do()
        else:
            self.dismiss(None)

    def action_do(self) -> None:
        """Done, unless something is missing."""
        answer = self.filled()
        if answer is not None:
            self.dismiss(answer)


def labelled(name: str, *widgets: Widget) -> Horizontal:
    """A field and its name."""
    return Horizontal(Static(name, classes="label", markup=False), *widgets, classes="field")


def note(words: str = "") -> Static:
    """A place for words: what things come to, or what is wrong."""
    return Static(words, id="note", classes="note", markup=False)
