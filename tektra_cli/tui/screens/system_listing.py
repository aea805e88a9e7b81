"""A list of rows, and beneath it all that is to be told of the one that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.widgets import DataTable, Static

from tektra_cli.columns import shortened, width
from tektra_cli.tui.screens.system_words import Row, cell_text, facts_text
from tektra_cli.tui.widgets.fitted import MOVES

LEAST = 12
"""Cells that the last column has in any case."""


class Table(DataTable[Text]):
    """The table; its last column takes what the others leave."""

    BINDINGS: ClassVar[list[BindingType]] = MOVES


class Listing(Vertical):
    """Rows and a detail; it keeps the cursor where it is when its rows are read anew."""

    DEFAULT_CSS = """
    Listing { height: 1fr; }
    Listing > Table, Listing > Table:focus { background: $background; background-tint: $background 0%; height: 1fr; }
    Listing > .detail { height: auto; max-height: 45%; padding: 0 1; border-top: solid $border; display: none; }
    Listing > .empty { display: none; }
    Listing.-empty > Table, Listing.-empty > .detail { display: none; }
    Listing.-empty > .empty { display: block; }
    Listing.-detailed > .detail { display: block; }
    """

    def __init__(self, *headers: str, empty: str, id: str) -> None:
        super().__init__(id=id)
        self._headers = headers
        self._empty = empty
        self._rows: list[Row] = []
        self._wide = 0

    def compose(self) -> ComposeResult:
        """The table, or why there is nothing in it; the detail."""
        yield Table(cursor_type="row", cell_padding=1)
        yield Static(self._empty, classes="empty", markup=False)
        yield Static(classes="detail", markup=False)

    def on_mount(self) -> None:
        """Empty, until something is shown."""
        self.table.add_columns(*((header, header) for header in self._headers))
        self.set_class(True, "-empty")

    @property
    def table(self) -> Table:
        """The table itself."""
        return self.query_one(Table)

    @property
    def current(self) -> str | None:
        """The key of the row that is looked at."""
        at = self.table.cursor_row
        return self._rows[at].key if 0 <= at < len(self._rows) else None

    def show(self, rows: Sequence[Row], empty: str | None = None) -> None:
        """Show these, where they are others; the cursor stays on the row that it is on."""
        before, self._rows = self._rows, list(rows)
        if empty is not None:
            self.query_one(".empty", Static).update(empty)
        self.set_class(not rows, "-empty")
        if before != self._rows:
            self._rebuild(before)
            self._tell()

    def on_resize(self, _: Resize) -> None:
        """Give the last column what there is."""
        if self.size.width != self._wide:
            self._rebuild(self._rows)

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        """Tell of the row under the cursor."""
        self._tell()

    def _rebuild(self, before: Sequence[Row]) -> None:
        self._wide = self.size.width
        table, at = self.table, self.table.cursor_row
        key = before[at].key if 0 <= at < len(before) else None
        keys = [row.key for row in self._rows]
        scroll = table.scroll_y
        table.clear()
        cells = self._cells()
        for at_column, column in enumerate(table.columns.values()):
            widest = [column.label.cell_len, *(row[at_column].cell_len for row in cells)]
            column.auto_width, column.width = False, max(widest)  # by itself it never becomes narrower
        for row, words in zip(self._rows, cells, strict=True):
            table.add_row(*words, key=row.key)
        place = keys.index(key) if key in keys else min(at, len(keys) - 1)
        if place > 0:
            table.move_cursor(row=place, scroll=False)
        table.scroll_to(y=scroll, animate=False)

    def _cells(self) -> list[list[Text]]:
        colours = self.app.theme_variables
        taken = 2
        for at, header in enumerate(self._headers[:-1]):
            taken += 2 + max([len(header), *(width(row.cells[at][0]) for row in self._rows)])
        space = max(LEAST, self.size.width - taken - 2)
        return [
            [
                *(cell_text(cell, colours) for cell in row.cells[:-1]),
                cell_text((shortened(row.cells[-1][0], space), row.cells[-1][1]), colours),
            ]
            for row in self._rows
        ]

    def _tell(self) -> None:
        at = self.table.cursor_row
        detail = self._rows[at].detail if 0 <= at < len(self._rows) else ()
        self.set_class(bool(detail), "-detailed")
        facts = [(name, (value, "")) for name, value in detail]
        self.query_one(".detail", Static).update(facts_text(facts, {}))
