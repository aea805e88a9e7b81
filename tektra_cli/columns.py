"""TallRows of words → lines with aligned columns, also where characters are two cells wide or none. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from tektra_cli.terminal import clean_line

_GAP = "  "


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row, every column as wide as its widest cell; cells are made safe and single-line first."""
    cells = [[clean_line(cell) for cell in row] for row in rows]
    widths = [max(width(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [_joined(row, widths) for row in cells]


def _joined(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (space - width(cell)) for cell, space in zip(row, widths, strict=True))
    return _GAP.join(padded).rstrip()


def width(text: str) -> int:
    """Terminal cells that `text` takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shortened(text: str, space: int) -> str:
    """`text` on one line in at most `space` cells, an ellipsis where something is missing."""
    line = clean_line(text)
    if width(line) <= space:
        return line
    while line and width(line) > space - 1:
        line = line[:-1]
    return line.rstrip() + "…"
