"""One of a few values, gone through with the arrows or the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tektra_cli.tui.widgets.cells import DIM


class Choice(Widget, can_focus=True):
    """Shows all values, the chosen one plainly."""

    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; }
    Choice:focus { background: $block-cursor-background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Before", show=False),
        Binding("right,l,space", "step(1)", "Next", show=False),
    ]
    chosen: reactive[int] = reactive(0)

    @dataclass
    class Changed(Message):
        """Another value was chosen."""

        choice: Choice

    def __init__(self, values: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.auto_links = False  # values are no links to look at
        self._values = values

    @property
    def value(self) -> str:
        """The one that is chosen."""
        return self._values[self.chosen]

    def render(self) -> Content:
        """In one line."""
        parts = []
        for place, value in enumerate(self._values):
            here = place == self.chosen
            text = f"[{value}]" if here else f" {value} "
            style = "bold $accent" if here else DIM
            parts.append(Content.styled(text, style).stylize(f"@click=choose({place})"))
        return Content(" ").join(parts)

    def watch_chosen(self) -> None:
        """Tell of it."""
        self.post_message(self.Changed(self))

    def action_step(self, by: int) -> None:
        """The next one, or the one before."""
        self.chosen = (self.chosen + by) % len(self._values)

    def action_choose(self, place: int) -> None:
        """This one."""
        self.focus()
        self.chosen = place
