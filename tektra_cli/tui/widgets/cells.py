"""Pure: words as the cells of a row, each made safe, on one line and as wide as its column."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from tektra_cli import wording
from tektra_cli.columns import shortened, width

DIM = "$foreground 60%"
"""What stands there only so that it can be looked up."""
SEEN = 8
"""How many times as many characters as a cell has columns are looked at: of a long text the beginning is enough."""


def cell(text: str, space: int, style: str = "", *, right: bool = False) -> Content:
    """`text` in exactly `space` columns."""
    fitting = shortened(text[: space * SEEN], space)
    blank = " " * max(0, space - width(fitting))
    return Content.styled(f"{blank}{fitting}" if right else f"{fitting}{blank}", style)


def holds(text: str, words: str) -> bool:
    """Whether all of these words stand somewhere in it, whatever their case."""
    folded = text.casefold()
    return all(word in folded for word in words.casefold().split())


def age(stamp: str | None, now: datetime) -> str:
    """How long ago something was, in at most four columns: `3m`, `12h`."""
    return "" if not stamp else short(between(stamp, now))


def short(seconds: float) -> str:
    """A length of time in its largest unit."""
    return wording.span(max(0.0, seconds)).split()[0]


def between(stamp: str, now: datetime | str) -> float:
    """Seconds from an RFC 3339 time to another one."""
    then = datetime.fromisoformat(now) if isinstance(now, str) else now
    return (then - datetime.fromisoformat(stamp)).total_seconds()


def took(seconds: float) -> str:
    """How long something took: the more exactly the shorter it was."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f}ms"
    return f"{seconds:.1f}s" if seconds < 10 else wording.span(seconds)


def count(number: int) -> str:
    """A number in at most five columns: `950`, `12.3k`, `1.2M`."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            amount = number / size
            return f"{amount:.1f}{unit}" if amount < 100 else f"{amount:.0f}{unit}"
    return str(number)
