"""Asks before something is lost. What loses nothing has the focus, so that a key too many loses nothing."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from tektra_cli.terminal import clean
from tektra_cli.tui.widgets.dialog import Dialog


class Confirm(Dialog[bool]):
    """A question that says what is lost, and two answers."""

    DEFAULT_CSS = """
    Confirm > VerticalScroll { border: round $error; }
    Confirm .question { text-style: bold; }
    Confirm .lost { color: $foreground 70%; margin-top: 1; }
    Confirm #yes.-textual-compact { color: $error; }
    Confirm #yes.-textual-compact:focus { background: $error; color: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes", show=False),
        Binding("n,escape,q", "dismiss(False)", "No", show=False),
        Binding("left,right,h,l", "app.focus_next", "The other answer", show=False),
    ]

    def __init__(self, question: str, lost: str = "", yes: str = "Yes", no: str = "Leave it") -> None:
        """`lost`: what is gone after a yes, where the question does not say it."""
        super().__init__()
        self._question, self._lost, self._yes, self._no = question, lost, yes, no

    def body(self) -> ComposeResult:
        """The question, then the answers."""
        yield Static(clean(self._question), markup=False, classes="question" if self._lost else "")
        if self._lost:
            yield Static(clean(self._lost), markup=False, classes="lost")
        with Horizontal(classes="buttons"):
            yield Button(f"{self._no} (n)", id="no", compact=True)
            yield Button(f"{self._yes} (y)", id="yes", compact=True)

    def on_mount(self) -> None:
        """Begin where nothing is lost."""
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """An answer by mouse or enter."""
        self.dismiss(event.button.id == "yes")
