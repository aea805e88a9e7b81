"""What the terminal at the other end can show: colour, cursor movement, size, characters; and what it must not be sent.

Pure questions about streams and text; output.py and errors.py do the writing.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TextIO

_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PLAIN = str.maketrans(
    {"…": "...", "·": "-", "—": "-", "–": "-", "•": "*", "«": "<<", "»": ">>", "“": '"', "”": '"', "’": "'"}
)

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be looking at (or typing into) this stream."""
    return stream is not None and not stream.closed and stream.isatty()


def is_live(stream: TextIO | None) -> bool:
    """Whether lines on this stream can be erased and drawn again."""
    return is_terminal(stream) and os.environ.get("TERM", "dumb") not in ("", "dumb")


def has_colour(stream: TextIO | None) -> bool:
    """Whether this stream may get colour: a capable terminal, and nobody said NO_COLOR."""
    return is_live(stream) and not os.environ.get("NO_COLOR")


def size() -> tuple[int, int]:
    """Columns and rows of the terminal; 80 × 24 where nobody knows."""
    columns, rows = shutil.get_terminal_size()
    return columns or 80, rows or 24


def clean(text: str) -> str:
    """`text` without anything that a terminal would obey: escape sequences and control characters but \\n and \\t."""
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


def clean_line(text: str) -> str:
    """`clean`, and on one line."""
    return " ".join(clean(text).split())


def encode(text: str, stream: TextIO) -> bytes:
    """The bytes of `text` for a terminal; where its encoding is poor, typographic characters become plain ones."""
    encoding = stream.encoding or "utf-8"
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace")


def paint(text: str, style: str, stream: TextIO | None) -> str:
    """`text` in a style, where the stream has colour."""
    return f"\x1b[{style}m{text}\x1b[0m" if text and has_colour(stream) else text
