"""One of several, found by typing a part of its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from tektra_cli.columns import shortened
from tektra_cli.tui.widgets.cells import DIM, holds
from tektra_cli.tui.widgets.dialog import Dialog
from tektra_cli.tui.widgets.rows import Rows

Item = Mapping[str, Any]


class Picker(Dialog[str]):
    """Choices `{id, name, note}`; gives the id of the one that was chosen, or None."""

    DEFAULT_CSS = """
    Picker Input { margin-bottom: 1; }
    Picker Rows { height: auto; max-height: 16; background: $surface; }
    Picker Rows > .rows--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[Item], chosen: str | None = None, empty: str = "") -> None:
        """`chosen` is where the cursor begins; `empty` is said where there are no choices."""
        super().__init__()
        self.title = title
        self._choices = choices
        self._chosen = chosen
        self._empty = empty

    def body(self) -> ComposeResult:
        """What is typed, what fits."""
        yield Input(placeholder="type a part of its name", compact=True)
        yield Rows[Item](lambda choice: str(choice["id"]), _line, opens_at_once=True)
        if not self._choices:
            yield Static(self._empty, classes="dim", markup=False)

    def on_mount(self) -> None:
        """All of them, at first."""
        self._fit("")
        if self._chosen is not None:
            self.query_one(Rows).go(self._chosen)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Those that have it in their name."""
        self._fit(event.value)

    def on_input_submitted(self) -> None:
        """The one under the cursor."""
        self.query_one(Rows).action_open()

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """That one."""
        self.dismiss(event.key)

    def action_move(self, by: int) -> None:
        """The cursor moves while one types."""
        self.query_one(Rows).action_move(by)

    def _fit(self, typed: str) -> None:
        rows = self.query_one(Rows)
        fitting = [choice for choice in self._choices if holds(choice["name"], typed)]
        rows.show(fitting)
        rows.styles.height = min(max(len(fitting), 1), 16)


def _line(choice: Item, width: int) -> Content:
    name = shortened(choice["name"], width)
    note = shortened(choice.get("note", ""), max(width - len(name) - 3, 0)) if width > len(name) + 8 else ""
    return Content.assemble(name, "  ", (note, DIM))
