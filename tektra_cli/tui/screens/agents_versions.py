"""What an agent was: every change of it, and what differs between any two versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Static

from tektra_cli.tui.screens import agents_words
from tektra_cli.tui.screens.agents_words import SHORT, Document, Who
from tektra_cli.tui.widgets.fitted import Cells, FittedTable


class ChangeTable(FittedTable):
    """A row a change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "screen.mark", "Mark"),
        Binding("b", "screen.bring_back", "Bring back"),
        Binding("enter", "screen.mark", "Mark", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.changes: Sequence[Document] = ()
        self.marked: str | None = None
        self.now = datetime.now(UTC)
        self.who: Who = str

    def columns_for(self, space: int) -> Mapping[str, int]:
        """What was done takes what is left."""
        return {" ": 2, "VERSION": SHORT, "WHEN": 8, **({"WHO": 4} if space >= 60 else {}), "WHAT": 0}

    def rows_for(self, space: int) -> Mapping[str, Cells]:
        """By their numbers."""
        cells = {
            str(each["number"]): agents_words.change_cells(each, self.now, self.marked, self.who)
            for each in self.changes
        }
        return {number: row if space >= 60 else [*row[:3], *row[4:]] for number, row in cells.items()}


class Versions(Vertical):
    """A list of changes, and below it the one under the cursor compared with the marked one, or the one before it."""

    DEFAULT_CSS = """
    Versions ChangeTable { height: 2fr; min-height: 4; background: $surface; }
    Versions ChangeTable > .datatable--header { background: $surface; }
    Versions #compared { height: 1; color: $foreground 60%; padding: 0 1; background: $panel; }
    Versions VerticalScroll { height: 3fr; padding: 0 1; scrollbar-size-vertical: 1; }
    Versions #diff { height: auto; }
    """

    @dataclass
    class Compared(Message):
        """What differs between two versions is wanted; the first is None where there is none before."""

        before: str | None
        after: str

    def __init__(self) -> None:
        super().__init__()
        self._changes: Sequence[Document] = ()
        self._marked: str | None = None
        self._name = ""

    def compose(self) -> ComposeResult:
        """The changes, what is compared, what differs."""
        yield ChangeTable()
        yield Static(id="compared", markup=False)
        with VerticalScroll(can_focus=True):
            yield Static(id="diff", markup=False)

    @property
    def chosen(self) -> Document | None:
        """The change under the cursor."""
        place = self._table.cursor_row
        return self._changes[place] if 0 <= place < len(self._changes) else None

    @property
    def current(self) -> Document | None:
        """The one that made the current version."""
        return next((change for change in self._changes if change["current"]), None)

    def show(self, name: str, changes: Sequence[Document], now: datetime, who: Who) -> None:
        """The history of an agent."""
        table = self._table
        is_other = name != self._name
        self._name, self._changes, table.changes = name, changes, changes
        table.now, table.who = now, who
        if is_other:
            self._marked = table.marked = None
        table.draw()
        if is_other:
            table.move_cursor(row=0, animate=False)
        self._compare()

    def tell(self, content: Content) -> None:
        """What differs."""
        self.query_one("#diff", Static).update(content)
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def mark(self) -> None:
        """Compare with this one from now on; marked again, with the one before."""
        change = self.chosen
        if change is not None:
            self._marked = None if self._marked == change["version"] else change["version"]
            self._table.marked = self._marked
            self._table.draw()
            self._compare()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Another one is compared."""
        event.stop()
        self._compare()

    def _compare(self) -> None:
        change = self.chosen
        if change is None:
            return
        before = self._marked or self._before(change)
        after = str(change["version"])
        line = self.query_one("#compared", Static)
        if before is None:
            line.update("the first version")
        elif self._marked:
            line.update(f"{before[:SHORT]} (marked) → {after[:SHORT]}")
        else:
            line.update(f"{before[:SHORT]} → {after[:SHORT]}   space marks one to compare with")
        self.post_message(self.Compared(before, after))

    def _before(self, change: Document) -> str | None:
        earlier = [each for each in self._changes if each["number"] < change["number"]]
        other = next((each["version"] for each in earlier if each["version"] != change["version"]), None)
        return None if other is None else str(other)

    @property
    def _table(self) -> ChangeTable:
        return self.query_one(ChangeTable)
