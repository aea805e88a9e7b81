"""A question over everything else: a frame with a title, buttons perhaps, and escape, which leaves it."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.markup import escape
from textual.screen import ModalScreen

from tektra_cli.terminal import clean_line

T = TypeVar("T")


class Dialog(ModalScreen[T | None], Generic[T]):
    """Dismissed with an answer, or with None; its `title` is text and no markup."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > VerticalScroll { width: 64; max-width: 96%; height: auto; max-height: 96%; padding: 1 2;
        border: round $primary; border-title-color: $primary; border-title-style: bold; background: $surface;
        scrollbar-size-vertical: 1; }
    Dialog Static { width: 1fr; height: auto; }
    Dialog Input { width: 1fr; background: $panel; }
    Dialog Input:focus { background: $block-cursor-background; }
    Dialog .buttons { height: auto; margin-top: 1; align-horizontal: right; }
    Dialog Button.-textual-compact { margin-left: 2; background: $panel; color: $foreground; text-style: none; }
    Dialog Button.-textual-compact:focus { background: $primary; color: $background; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Leave it", show=False)]

    def compose(self) -> ComposeResult:
        """The frame."""
        with VerticalScroll(can_focus=False) as frame:
            frame.border_title = escape(clean_line(self.title or ""))
            yield from self.body()

    def body(self) -> ComposeResult:
        """What stands in it."""
        raise NotImplementedError
