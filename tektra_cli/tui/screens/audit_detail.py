"""All of one entry: its fields, what it tells, the other entries of the same act."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tektra_cli.terminal import clean
from tektra_cli.tui.screens import audit_words
from tektra_cli.tui.screens.audit_window import Entry
from tektra_cli.tui.screens.audit_words import Who
from tektra_cli.tui.widgets.facts import Facts
from tektra_cli.tui.widgets.reading import Reading


class EntryDetail(Reading):
    """One entry; its details as lines or as JSON."""

    DEFAULT_CSS = """
    EntryDetail { padding: 0 2; background: $surface; }
    EntryDetail > .heading { color: $foreground 60%; margin: 1 0 0 0; text-style: bold; }
    EntryDetail > Static { width: 1fr; height: auto; }
    EntryDetail > #none { color: $foreground 60%; padding: 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,left", "leave", "List", key_display="esc"),
        Binding("o", "screen.run", "Its run"),
        Binding("a", "screen.act", "Only this act"),
        Binding("J", "screen.json", "JSON", key_display="J"),
    ]

    class Left(Message):
        """Back to the list."""

    def __init__(self) -> None:
        super().__init__()
        self.entry: Entry | None = None
        self._as_json = False
        self._tied = False

    def compose(self) -> ComposeResult:
        """Its parts, two of them with a heading."""
        yield Static("no entry", id="none", markup=False)
        yield Facts(id="facts")
        yield Static("DETAILS", classes="heading", id="told", markup=False)
        yield Facts(id="details")
        yield Static(id="json", markup=False)
        yield Static("THE SAME ACT", classes="heading", id="tied", markup=False)
        yield Static(id="act", markup=False)

    def on_mount(self) -> None:
        """Nothing yet."""
        self._show_parts()

    def show(self, entry: Entry | None, now: datetime, who: Who) -> None:
        """This entry, and nothing of its act yet."""
        is_other = (entry or {}).get("number") != (self.entry or {}).get("number")
        self.entry = entry
        if entry is not None:
            self.query_one("#facts", Facts).tell(audit_words.facts(entry, now, who))
            self._show_details()
        if is_other:
            self._tied = False
            self.scroll_home(animate=False)
        self._show_parts()

    def tie(self, entries: list[Entry]) -> None:
        """The entries of its act."""
        if self.entry is not None and len(entries) > 1:
            self.query_one("#act", Static).update(audit_words.others(self.entry, entries))
        self._tied = len(entries) > 1
        self._show_parts()

    def toggle_json(self) -> None:
        """Lines, or JSON."""
        self._as_json = not self._as_json
        self._show_details()

    def action_leave(self) -> None:
        """Away from here."""
        self.post_message(self.Left())

    def _show_details(self) -> None:
        if self.entry is not None:
            self.query_one("#details", Facts).tell(audit_words.details(self.entry))
            self.query_one("#json", Static).update(Content(clean(audit_words.as_json(self.entry))))
        self._show_parts()

    def _show_parts(self) -> None:
        there = self.entry is not None
        self.query_one("#none").display = not there
        for name in ("facts", "told"):
            self.query_one(f"#{name}").display = there
        self.query_one("#details").display = there and not self._as_json
        self.query_one("#json").display = there and self._as_json
        for name in ("tied", "act"):
            self.query_one(f"#{name}").display = there and self._tied
