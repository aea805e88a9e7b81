"""Markdown that may grow fast: one widget, whose finished blocks are drawn once for a width."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tektra_cli import terminal
from tektra_cli.tui.markdown_lines import Block, Look, lines_of, look_of, taken

Line = list[Segment]
MOST_SHOWN = 128
"""Lines that are kept as they were drawn."""


class MarkdownText(Widget):
    """What a model or a person wrote. It can be selected with the mouse; links in it are text."""

    DEFAULT_CSS = """
    MarkdownText { height: auto; width: 1fr; }
    """

    def __init__(self, source: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.source = ""
        self._done: list[Block] = []
        self._tail = Block("")
        self._lines: list[Line] = []
        self._kept = 0
        self._width = 0
        self._look: Look | None = None
        self._shown: dict[int, tuple[Style, Strip]] = {}
        """Some lines as they were last drawn, and on which ground; a strip is a hundred times what it shows."""
        if source:
            self._take(source)

    def update(self, source: str) -> None:
        """Another text."""
        if terminal.clean(source) == self.source:
            return
        self.source, self._done, self._tail = "", [], Block("")
        self._lines, self._kept = [], 0
        self._take(source)
        if self._width:
            self._redraw(0)
            self._drawn_anew(0)

    def append(self, text: str) -> None:
        """More of it; only what is not finished is drawn anew."""
        known, before = len(self._done), self._kept
        self._take(text)
        if self._width:
            self._redraw(known)
            self._drawn_anew(before)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All that there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as it takes."""
        self._fit(width)
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """One of the lines, with what is selected of it."""
        self._fit(self.size.width)
        selection = self.text_selection
        ground = self.rich_style
        known = self._shown.get(y)
        if known is not None and known[0] == ground and selection is None:
            return known[1]
        strip = Strip(self._lines[y] if y < len(self._lines) else [])
        strip = strip.apply_style(ground).extend_cell_length(self.size.width, ground)
        span = selection.get_span(y) if selection is not None else None
        if span is not None:
            strip = _marked(strip, span, self.screen.get_component_rich_style("screen--selection"))
        strip = strip.apply_offsets(0, y)
        if selection is None:
            if len(self._shown) >= MOST_SHOWN:
                self._shown.clear()
            self._shown[y] = ground, strip
        return strip

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, as it is seen."""
        return selection.extract("\n".join(_text(line) for line in self._lines)), "\n"

    def notify_style_update(self) -> None:
        """Other colours, perhaps."""
        super().notify_style_update()
        if self._look is not None and self._look != look_of(self.app.theme_variables):
            self._width = 0
            self.refresh(layout=True)

    def _take(self, text: str) -> None:
        text = terminal.clean(text)
        self.source += text
        *done, self._tail = taken(Block(self._tail.source + text, self._tail.goes_on))
        self._done += done

    def _fit(self, width: int) -> None:
        look = look_of(self.app.theme_variables)
        if width and (width != self._width or look != self._look):
            self._width, self._look = width, look
            self._lines, self._kept = [], 0
            self._redraw(0)

    def _redraw(self, first: int) -> None:
        """Draw the blocks from the first that is not drawn for good."""
        assert self._look is not None
        del self._lines[self._kept :]
        for y in [y for y in self._shown if y >= self._kept - 1]:
            del self._shown[y]
        for block in self._done[first:]:
            self._put(block)
        self._kept = len(self._lines)
        self._put(self._tail)

    def _put(self, block: Block) -> None:
        assert self._look is not None
        lines = lines_of(block, self._width, self._look)
        if lines and self._lines and not block.goes_on:
            self._lines.append([])
        self._lines += lines

    def _drawn_anew(self, first: int) -> None:
        """From this line on it looks otherwise."""
        grown = len(self._lines) - self.size.height
        if grown:
            self._expect(grown)
            self.refresh(layout=True)
        else:
            self.refresh(Region(0, first, self.size.width, max(1, len(self._lines) - first)))

    def _expect(self, grown: int) -> None:
        """Let all up to what scrolls know how far it will reach.

        Learning of it in a layout they would ask for a second one, and stay at their end only in that.
        """
        for node in self.ancestors_with_self:
            if not isinstance(node, Widget) or node is self.screen:
                return
            width, height = node.virtual_size
            node.set_reactive(Widget.virtual_size, Size(width, height + grown))
            if node.is_scrollable:
                return


def _text(line: Line) -> str:
    return "".join(segment.text for segment in line).rstrip()


def _marked(strip: Strip, span: tuple[int, int], style: Style) -> Strip:
    start, end = span
    end = strip.cell_length if end == -1 else min(end, strip.cell_length)
    if start >= end:
        return strip
    before, within, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end)
    marked = Strip([Segment(text, (own or Style()) + style) for text, own, _ in within])
    return Strip.join([before, marked, after])
