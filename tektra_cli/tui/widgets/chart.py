"""A chart of one figure over time, in dots of Braille: as many as the room has, the newest at the right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.content import Content
from textual.widget import Widget

_LEFT, _RIGHT = (0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08)
"""Braille's dots of a cell's two columns, the lowest first."""
_DOTS = 4
AXIS_ROWS = 7
"""From so many rows on there is one for the times."""

Point = tuple[float, float | None]
"""How many seconds ago, and the figure then; None where there was none."""


class Chart(Widget):
    """One figure; its name, what it is now and the most it was stand above."""

    DEFAULT_CSS = """
    Chart { height: 1fr; width: 1fr; padding: 0 1; }
    """

    def __init__(self, name: str, colour: str, words: Callable[[float], str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title, self._colour, self._words = name, colour, words
        self.points: Sequence[Point] = ()
        """What is drawn."""
        self._span_s, self._step_s, self._top, self._ago = 600.0, 2.0, 0.0, ""

    def show(self, points: Sequence[Point], span_s: float, step_s: float, ago: str, top: float = 0.0) -> None:
        """Draw these; `ago` says how old the left edge is, `top` is how much fills the height, if it is more."""
        self.points, self._span_s, self._step_s, self._ago, self._top = points, span_s, step_s, ago, top
        self.refresh()

    def render(self) -> Content:
        """The figures above, dots, and the times below where there is room."""
        width, height = self.size.width, self.size.height
        known = [value for _, value in self.points if value is not None]
        most = max(known, default=0.0)
        rows = max(1, height - (2 if height >= AXIS_ROWS else 1))
        columns = in_columns(self.points, width * 2, self._span_s, self._step_s)
        top = max(most, self._top)
        lines = [self._heading(known, most, width)]
        lines += [Content.styled(row, self._colour) for row in drawn(columns, rows, top)]
        if height >= AXIS_ROWS:
            left = f"{self._ago} ago"
            lines.append(Content.styled(left + "now".rjust(max(0, width - len(left))), "$foreground 40%"))
        return Content("\n").join(lines)

    def _heading(self, known: Sequence[float], most: float, width: int) -> Content:
        now = self._words(known[-1]) if known else "-"
        said = f" ↑{self._words(most)}" if known else ""
        gap = max(1, width - len(self._title) - len(now) - len(said) - 1)
        if len(self._title) + len(now) + len(said) + 2 > width:
            said, gap = "", 1
        return Content.assemble(
            Content.styled(self._title, "$foreground 70%"),
            " ",
            Content.styled(now, f"bold {self._colour}"),
            Content.styled(said.rjust(gap + len(said) - 1), "$foreground 40%"),
        )


def in_columns(points: Iterable[Point], columns: int, span_s: float, step_s: float) -> list[float | None]:
    """The most of each column's time; None where nothing is known of it."""
    found: list[float | None] = [None] * columns
    for age, value in points:
        if value is None or not 0 <= age < span_s:
            continue
        last = min(columns - 1, int((span_s - age) / span_s * columns))
        first = max(0, min(last, int((span_s - age - step_s) / span_s * columns) + 1))
        for column in range(first, last + 1):
            found[column] = max(value, found[column] or 0.0)
    return found


def drawn(columns: Sequence[float | None], rows: int, top: float) -> list[str]:
    """Filled columns of dots, two a cell, the highest row first; what is known has a dot at least."""
    levels = [0 if value is None else _level(value, rows * _DOTS, top) for value in columns]
    return [
        "".join(
            chr(0x2800 + _cell(left, row, _LEFT) + _cell(right, row, _RIGHT))
            for left, right in zip(levels[::2], levels[1::2], strict=True)
        )
        for row in reversed(range(rows))
    ]


def _level(value: float, dots: int, top: float) -> int:
    return max(1, min(dots, round(value / top * dots))) if top > 0 else 1


def _cell(level: int, row: int, dots: Sequence[int]) -> int:
    return sum(dots[: max(0, min(_DOTS, level - row * _DOTS))])
