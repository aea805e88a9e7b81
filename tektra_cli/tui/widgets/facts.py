"""Names and values in two columns; a long value goes on below itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import events
from textual.content import Content
from textual.widgets import Static

from tektra_cli.columns import width
from tektra_cli.terminal import clean, clean_line
from tektra_cli.tui.widgets.cells import DIM

Row = tuple[str, str, str]
"""Name, value, and the value's style."""
GAP = 2
MOST_NAME = 24


def lines(rows: Sequence[Row], space: int) -> Content:
    """`rows` in so many columns; what is no text of ours is only text."""
    wide = min(MOST_NAME, max((width(_label(name)) for name, _, _ in rows), default=0)) + GAP
    return Content("\n").join(
        Content.assemble((_padded(name if not number else "", wide), DIM), (part, style))
        for name, value, style in rows
        for number, part in enumerate(_folded(clean(value), max(8, space - wide)))
    )


def _label(name: str) -> str:
    indent = len(name) - len(name.lstrip(" "))
    return " " * indent + clean_line(name)


def _padded(name: str, wide: int) -> str:
    label = _label(name)
    while width(label) > wide - 1:
        label = label[:-1]
    return label + " " * (wide - width(label))


def _folded(value: str, space: int) -> Iterator[str]:
    """At blanks where there are any in reach, else anywhere."""
    for line in value.split("\n"):
        left = line.expandtabs(4)
        while width(left) > space:
            end = len(left)
            while width(left[:end]) > space:
                end = min(end - 1, space)
            blank = left.rfind(" ", end // 2, end + 1)
            cut = blank if blank > 0 else end
            yield left[:cut]
            left = left[cut:].lstrip(" ")
        yield left


class Facts(Static):
    """Such rows, as wide as there is room."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._rows: Sequence[Row] = ()

    def tell(self, rows: Sequence[Row]) -> None:
        """These from now on."""
        self._rows = rows
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Fold them anew."""
        self._draw()

    def _draw(self) -> None:
        self.update(lines(self._rows, self.size.width or 80))
