"""Parts below one another, as lines: one widget, so that what grows is drawn, and scrolled, without a layout."""

from __future__ import annotations

import bisect
from itertools import accumulate
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from tektra_cli.tui.growing_markdown import Line
from tektra_cli.tui.markdown_lines import look_of
from tektra_cli.tui.screens.chat_part import Part, Pen

EDGE = "▌"
BESIDE = 4
"""Columns that are no text: the edge, a blank at both sides, and one more before the scroll bar."""


class Parts(ScrollView):
    """Parts with an empty line behind each; few of them stand at the bottom. One of them may have a mark."""

    DEFAULT_CSS = """
    Parts { height: 1fr; background: $background; color: $foreground; overflow-x: hidden;
        scrollbar-gutter: stable; scrollbar-size-vertical: 1;
        scrollbar-background: $background; scrollbar-color: $border; }
    Parts > .parts--answer { background: $background; color: $foreground; }
    Parts > .parts--question { background: $surface; color: $foreground; }
    Parts > .parts--edge { background: $surface; color: $secondary 60%; }
    Parts > .parts--cursor { color: $accent; }
    Parts > .parts--thought { color: $foreground 60%; text-style: italic; }
    Parts > .parts--aside { color: $foreground 60%; }
    Parts > .parts--bad { color: $error; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"parts--{name}" for name in ("answer", "question", "edge", "cursor", "thought", "aside", "bad")
    }

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Part] = []
        self.marked: Part | None = None
        self._placed: list[Part] = []
        """The parts as they were laid out last."""
        self._tops = [0]
        """At which line each of those begins, and at the end how many lines there are."""
        self._sticks = True
        """The end is shown, and is going to be when it is another one."""
        self._first: tuple[Part | None, int] = (None, 0)
        """What is seen first: which line of which part."""
        self._pen: Pen | None = None
        self._styles: dict[str, Style] = {}

    def stick(self) -> None:
        """Show the end, and stay there while it grows."""
        self._sticks = True
        self.lay_out()

    def lay_out(self) -> None:
        """Bring the lines up to date with what the parts say; who looks at the end goes on doing so, and for
        everybody else that which is seen first stays where it is."""
        width = self._width
        if width <= 0 or not self.is_mounted:
            return
        pen, sticks, (first, line) = self._pen or self._dip(), self._sticks, self._first
        self._placed = [*self.parts]
        self._tops = list(accumulate((part.fit(width, pen) + 1 for part in self._placed), initial=0))
        self._reach(self._tops[-1])
        if sticks:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        elif first in self._placed:
            top, height = self.extent(first)
            self.scroll_to(y=top + min(line, height), animate=False, force=True)
        self._sticks = sticks or self.scroll_y >= self.max_scroll_y
        self.refresh()

    def extent(self, part: Part) -> tuple[int, int]:
        """At which line a part that is here begins, and how many it has."""
        return self._tops[self._placed.index(part)], len(part.lines)

    def part_at(self, y: int) -> Part | None:
        """What stands in a line of the window."""
        return self._at(self._line(y))[0]

    def mark(self, part: Part | None) -> None:
        """Have the mark there, or nowhere."""
        if part is not self.marked:
            self.marked = part
            self.refresh_bindings()
            self.refresh()

    def show_part(self, part: Part, *, at_top: bool) -> None:
        """Scroll to a part that is here: its beginning to the top, or only as far as it takes to see it."""
        if at_top or part not in self._placed:
            self._sticks, self._first = False, (part, 0)
            self.lay_out()
        else:
            top, height = self.extent(part)
            self.scroll_to_region(Region(0, top, 1, height), animate=False, force=True, immediate=True, x_axis=False)

    def render_line(self, y: int) -> Strip:
        """One line of what is seen, with what is selected of it."""
        ground, width = self._styles.get("answer", self.rich_style), self._width
        line = self._line(y)
        part, at = self._at(line)
        if part is None or at >= len(part.lines):
            return Strip.blank(width + BESIDE, ground)
        under = self._styles[part.ground]
        said = Strip(part.lines[at]).apply_style(under).adjust_cell_length(width, under)
        span = self.text_selection.get_span(line) if self.text_selection is not None else None
        if span is not None:
            said = _selected(said, span, self.screen.get_component_rich_style("screen--selection"))
        blank = Segment(" ", under)
        beside = [Segment(EDGE, edge) if (edge := self._edge(part)) is not None else blank, blank]
        return Strip.join([Strip(beside), said.apply_offsets(0, line), Strip([blank, Segment(" ", ground)])])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, as it is seen."""
        lines = [line for part in self.parts for line in (*part.lines, [])]
        return selection.extract("\n".join("".join(segment.text for segment in line).rstrip() for line in lines)), "\n"

    def notify_style_update(self) -> None:
        """Other colours, perhaps."""
        super().notify_style_update()
        if self._pen is not None and self._pen.look != look_of(self.app.theme_variables):
            self._dip()
            self.lay_out()

    def on_resize(self) -> None:
        """Other lines."""
        self.lay_out()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whoever scrolls to the end stays there."""
        super().watch_scroll_y(old_value, new_value)
        self._sticks = new_value >= self.max_scroll_y
        self._first = self._at(round(new_value))

    def watch_show_vertical_scrollbar(self, is_shown: bool) -> None:
        """It may come later than what was scrolled."""
        if is_shown:
            self.vertical_scrollbar.position = self.scroll_y

    @property
    def _width(self) -> int:
        """Columns of text."""
        return self.scrollable_content_region.width - BESIDE

    def _line(self, y: int) -> int:
        """Which of all lines is at one of the window; negative above them."""
        return y + round(self.scroll_y) - max(self.size.height - self._tops[-1], 0)

    def _at(self, line: int) -> tuple[Part | None, int]:
        """The part at a line, and at which of its own lines."""
        if not 0 <= line < self._tops[-1]:
            return None, 0
        place = bisect.bisect_right(self._tops, line) - 1
        return self._placed[place], line - self._tops[place]

    def _reach(self, height: int) -> None:
        """Be so many lines high. Only where the scroll bar comes or goes that takes a layout."""
        if self.show_vertical_scrollbar == (height > self.container_size.height):
            self.set_reactive(Widget.virtual_size, Size(0, height))
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.window_virtual_size = height
            self.scroll_y = self.validate_scroll_y(self.scroll_y)
        else:
            self.virtual_size = Size(0, height)

    def _dip(self) -> Pen:
        """A pen in the theme's colours."""
        self._pen = Pen(look_of(self.app.theme_variables), self._drawn)
        grounds = ("answer", "question", "edge", "cursor")
        self._styles = {name: self.get_visual_style(f"parts--{name}").rich_style for name in grounds}
        return self._pen

    def _drawn(self, words: Content, width: int, component: str) -> list[Line]:
        style = self.get_visual_style(f"parts--{component}")
        return [[*strip] for strip in Visual.to_strips(self, words, width, None, style, apply_selection=False)]

    def _edge(self, part: Part) -> Style | None:
        """What people say has one, and what is marked."""
        if part is not self.marked and part.ground != "question":
            return None
        colour = self._styles["cursor" if part is self.marked else "edge"].color
        return Style(color=colour, bgcolor=self._styles[part.ground].bgcolor)


def _selected(strip: Strip, span: tuple[int, int], style: Style) -> Strip:
    start, end = span
    end = strip.cell_length if end == -1 else min(end, strip.cell_length)
    if start >= end:
        return strip
    before, within, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end)
    marked = Strip([Segment(text, (own or Style()) + style) for text, own, _ in within])
    return Strip.join([before, marked, after])
