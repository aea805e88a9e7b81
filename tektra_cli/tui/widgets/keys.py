"""The keys that do something where one is, over everything else."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from tektra_cli.tui.widgets.dialog import Dialog


class Keys(Dialog[None]):
    """What can be pressed on another screen; any of the usual ways out leads back."""

    DEFAULT_CSS = """
    Keys > VerticalScroll { width: auto; }
    Keys Static { width: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,question_mark,f1", "dismiss(None)", "Close", show=False)]

    def __init__(self, of: Screen[object]) -> None:
        super().__init__()
        self._of = of

    def on_mount(self) -> None:
        """The arrows scroll it."""
        frame = self.query_one(VerticalScroll)
        frame.can_focus = True
        frame.focus()

    def body(self) -> ComposeResult:
        """One line a key, those of the place first."""
        shown: dict[str, list[str]] = {}
        for active in self._of.active_bindings.values():
            binding = active.binding
            if binding.description and not binding.system:
                shown.setdefault(binding.description, []).append(self.app.get_key_display(binding))
        wide = max((len(" ".join(keys)) for keys in shown.values()), default=0)
        lines = (
            Text.assemble((" ".join(keys).ljust(wide), "bold"), "  ", description)
            for description, keys in shown.items()
        )
        yield Static(Text("\n").join(lines))
