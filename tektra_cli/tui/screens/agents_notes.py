"""What an agent keeps from one run to the next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tektra_cli import wording
from tektra_cli.columns import shortened
from tektra_cli.terminal import clean, clean_line
from tektra_cli.tui.screens.agents_words import Document
from tektra_cli.tui.widgets.cells import DIM
from tektra_cli.tui.widgets.reading import Reading
from tektra_cli.tui.widgets.rows import Rows


class NoteList(Rows[Document]):
    """Two lines a note."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x,delete", "screen.forget", "Forget")]


class Notes(Vertical):
    """The newest first, and below all of the one under the cursor."""

    DEFAULT_CSS = """
    Notes #state { height: auto; color: $foreground 60%; padding: 1 2 0 2; }
    Notes NoteList { height: 2fr; background: $surface; }
    Notes #whole { height: 1fr; padding: 0 2; border-top: solid $border; }
    Notes #whole Static { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = datetime.now(UTC)

    def compose(self) -> ComposeResult:
        """How it stands with them, the list, one of them."""
        yield Static(id="state", markup=False)
        yield NoteList(lambda note: str(note["id"]), self._row, tall=2)
        with Reading(id="whole"):
            yield Static(markup=False)

    @property
    def chosen(self) -> Document | None:
        """The note under the cursor."""
        return self.query_one(NoteList).item

    def show(self, document: Document, now: datetime) -> None:
        """Those of an agent."""
        self._now = now
        self.query_one("#state", Static).update(Content(state(document)))
        self.query_one(NoteList).show(document["notes"])
        self._tell()

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Another one is looked at."""
        event.stop()
        self._tell()

    def _tell(self) -> None:
        note = self.chosen
        self.query_one("#whole Static", Static).update(Content(clean(note["text"]) if note is not None else ""))

    def _row(self, note: Document, space: int) -> Content:
        told = f"{wording.distance(note['made_at'], self._now)} · run {clean_line(note['run'])}"
        return Content.assemble(
            f"  {shortened(clean_line(note['text']), space - 4)}", "\n", (f"  {shortened(told, space - 4)}", DIM)
        )


def state(document: Document) -> str:
    """How it stands with an agent's memory, in words."""
    has = f"{wording.plural(document['count'], 'note')}. " if document["count"] else ""
    if not document["memory"]:
        return f"{has}Its memory is off: e edits it."
    return f"{has}A run begins with the newest, as far as there is room." if has else "No notes yet."
