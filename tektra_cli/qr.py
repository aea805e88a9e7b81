"""A QR code in a terminal."""

from __future__ import annotations

import io
import sys

import segno

from tektra_cli import columns, terminal

WHITE_ON_BLACK = "97;40"


def drawn(text: str) -> str | None:
    """Lines that show it, in colours of their own so that a phone can read them; None where they would not fit."""
    lines = io.StringIO()
    segno.make(text, error="l").terminal(lines, compact=True)
    rows = lines.getvalue().splitlines()
    if max(map(columns.width, rows)) > terminal.size()[0]:
        return None
    return "".join(terminal.paint(row, WHITE_ON_BLACK, sys.stdout) + "\n" for row in rows)
