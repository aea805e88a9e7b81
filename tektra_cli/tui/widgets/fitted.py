"""A table whose columns are as wide as what stands in them, one of them as wide as what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable

PADDING = 1
Cells = Sequence[Content]
MOVES: list[BindingType] = [
    Binding("j", "cursor_down", "Down", show=False),
    Binding("k", "cursor_up", "Up", show=False),
    Binding("g", "scroll_top", "First", show=False),
    Binding("G", "scroll_bottom", "Last", show=False),
]
"""How one moves in a table, beside the arrows."""


class FittedTable(DataTable[Any]):
    """Rows by their keys; what is there already is only written over, and the cursor stays on its row."""

    DEFAULT_CSS = "FittedTable { scrollbar-size-vertical: 1; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = MOVES
    SPARE = 1
    """Columns at the right that stay free, for the scroll bar."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(cursor_type="row", cell_padding=PADDING, id=id)
        self._rows: dict[str, Cells] = {}
        self._names: tuple[str, ...] = ()
        self._widths: tuple[int, ...] = ()
        self._wanted: str | None = None

    def columns_for(self, space: int) -> Mapping[str, int]:
        """Their names, each with its least width; 0: as wide as what is left."""
        raise NotImplementedError

    def rows_for(self, space: int) -> Mapping[str, Cells]:
        """What stands in those columns, by the keys of the rows."""
        raise NotImplementedError

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        keys = self.keys_shown
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else None

    @property
    def keys_shown(self) -> list[str]:
        """Of all rows."""
        return list(self._rows)

    def go_to(self, key: str) -> None:
        """Put the cursor there, also once the row comes."""
        self._wanted = key
        self._settle()

    def draw(self) -> None:
        """Show what is otherwise."""
        space = self.size.width
        if not space:
            return
        columns, rows = self.columns_for(space), self.rows_for(space)
        widths = _widths(columns, rows, space - self.SPARE)
        if (tuple(columns), widths, list(rows)) != (self._names, self._widths, list(self._rows)):
            self._rebuild(tuple(columns), widths, rows)
            return
        for key, cells in rows.items():
            if [_same(cell) for cell in cells] != [_same(cell) for cell in self._rows[key]]:
                for column, cell in zip(self.ordered_columns, self._cut(cells), strict=True):
                    self.update_cell(key, column.key, cell)
        self._rows = dict(rows)

    def on_resize(self, event: events.Resize) -> None:
        """Other columns where there is other room, and the cursor in sight."""
        self.draw()
        self.call_after_refresh(lambda: self.move_cursor(row=self.cursor_row, animate=False))

    def _rebuild(self, names: tuple[str, ...], widths: tuple[int, ...], rows: Mapping[str, Cells]) -> None:
        chosen, place, scroll = self._wanted or self.chosen, self.cursor_row, self.scroll_y
        self._names, self._widths, self._rows = names, widths, dict(rows)
        with self.prevent(DataTable.RowHighlighted):
            self.clear(columns=True)
            for name, width in zip(names, widths, strict=True):
                self.add_column(name, width=width)
            for key, cells in rows.items():
                self.add_row(*self._cut(cells), key=key)
        self.scroll_to(y=scroll, animate=False)
        if chosen is not None and chosen in rows:
            self.go_to(chosen)
        elif rows:
            self.move_cursor(row=min(place, len(rows) - 1), animate=False)

    def _cut(self, cells: Cells) -> list[Content]:
        return [cell.truncate(width, ellipsis=True) for cell, width in zip(cells, self._widths, strict=True)]

    def _settle(self) -> None:
        if self._wanted is not None and self._wanted in self._rows:
            key, self._wanted = self._wanted, None
            self.move_cursor(row=self.get_row_index(key), animate=False)


def _widths(columns: Mapping[str, int], rows: Mapping[str, Cells], space: int) -> tuple[int, ...]:
    found = [
        max([len(name), least, *(cells[place].cell_length for cells in rows.values())]) if least else 0
        for place, (name, least) in enumerate(columns.items())
    ]
    left = max(4, space - sum(found) - 2 * PADDING * len(found))
    return tuple(width or left for width in found)


def _same(cell: Content) -> tuple[object, ...]:
    return cell.plain, *cell.spans
