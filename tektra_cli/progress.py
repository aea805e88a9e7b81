"""A bar for how far something is, drawn with what the terminal can show."""

from __future__ import annotations

import sys


def bar_of(share: float, words: str, width: int) -> str:
    """A bar as far as there is room for one, and words."""
    cells = max(0, min(30, width - len(words)))
    full, empty = ("█", "░") if _has_blocks() else ("#", ".")
    filled = round(share * cells)
    return full * filled + empty * (cells - filled) + words


def _has_blocks() -> bool:
    return (getattr(sys.stderr, "encoding", "") or "").lower().replace("-", "") == "utf8"
