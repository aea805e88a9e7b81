"""A line or a few to type before something is done; what is wrong with one is said below it while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Label, Static

from tektra_cli.terminal import clean
from tektra_cli.tui.widgets.dialog import Dialog


def anything(said: str) -> str:
    """Nothing is wrong with it, whatever it is."""
    return ""


def something(said: str) -> str:
    """It may be anything but nothing."""
    return "" if said else "it is still empty"


@dataclass(frozen=True)
class Line:
    """One thing to type; `check` says what is wrong with it, or nothing."""

    name: str
    label: str = ""
    value: str = ""
    placeholder: str = ""
    check: Callable[[str], str] = anything


class Prompt(Dialog[Mapping[str, str]]):
    """Gives what was typed, by name; None where nobody wants it any more."""

    DEFAULT_CSS = """
    Prompt > VerticalScroll { width: 76; }
    Prompt .why { color: $foreground 70%; margin-bottom: 1; }
    Prompt Label { color: $foreground 60%; }
    Prompt .wrong { color: $error; margin-bottom: 1; }
    Prompt .end { color: $foreground 60%; }
    """

    def __init__(self, title: str, why: str, lines: Sequence[Line], verb: str) -> None:
        super().__init__()
        self.title, self._why, self._lines, self._verb = title, clean(why), lines, verb

    def body(self) -> ComposeResult:
        """Label, line and what is wrong, for each."""
        if self._why:
            yield Static(self._why, classes="why", markup=False)
        for line in self._lines:
            if line.label:
                yield Label(line.label, markup=False)
            yield Input(line.value, placeholder=line.placeholder, compact=True, id=line.name, select_on_focus=False)
            yield Static(id=f"{line.name}-wrong", classes="wrong", markup=False)
        keys = Content.assemble(("enter", "$accent"), f" {self._verb}   ", ("esc", "$accent"), " cancel")
        yield Static(keys, classes="end")

    def on_mount(self) -> None:
        """The first line is typed first."""
        self.query_one(f"#{self._lines[0].name}").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong with it, once something was typed."""
        line = next(line for line in self._lines if line.name == event.input.id)
        wrong = line.check(event.value.strip()) if event.value.strip() else ""
        self.query_one(f"#{line.name}-wrong", Static).update(clean(wrong))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Done, where all of it can be taken; else to the first line that cannot."""
        said = {line.name: self.query_one(f"#{line.name}", Input).value.strip() for line in self._lines}
        for line in self._lines:
            wrong = line.check(said[line.name])
            self.query_one(f"#{line.name}-wrong", Static).update(clean(wrong))
            if wrong:
                self.query_one(f"#{line.name}").focus()
                return
        self.dismiss(said)
