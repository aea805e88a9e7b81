"""Pure: Markdown that may grow fast; what is finished of it is drawn once for a width."""

from __future__ import annotations

from rich.segment import Segment

from tektra_cli import terminal
from tektra_cli.tui.markdown_lines import Block, Look, lines_of, taken

Line = list[Segment]


class GrowingMarkdown:
    """What a model or a person wrote, as lines; links in it are text."""

    def __init__(self, source: str = "") -> None:
        self.source = ""
        self._done: list[Block] = []
        self._tail = Block("")
        self._lines: list[Line] = []
        self._drawn_for: tuple[int, Look] | None = None
        self._drawn = 0
        """So many of the finished blocks are in the lines."""
        self._kept = 0
        """So many of the lines nothing changes any more, but another width or look."""
        self._is_behind = True
        self.append(source)

    def update(self, source: str) -> None:
        """Another text."""
        if terminal.clean(source) != self.source:
            self.source, self._done, self._tail = "", [], Block("")
            self._drawn_for = None
            self.append(source)

    def append(self, text: str) -> None:
        """More of it; only what is not finished is drawn anew."""
        text = terminal.clean(text)
        self.source += text
        *done, self._tail = taken(Block(self._tail.source + text, self._tail.goes_on))
        self._done += done
        self._is_behind = True

    def lines(self, width: int, look: Look) -> list[Line]:
        """All of it, no line wider than `width`."""
        if self._drawn_for != (width, look):
            self._drawn_for = width, look
            self._lines, self._drawn, self._kept, self._is_behind = [], 0, 0, True
        if self._is_behind:
            del self._lines[self._kept :]
            for block in self._done[self._drawn :]:
                self._put(block, width, look)
            self._drawn, self._kept = len(self._done), len(self._lines)
            self._put(self._tail, width, look)
            self._is_behind = False
        return self._lines

    def _put(self, block: Block, width: int, look: Look) -> None:
        lines = lines_of(block, width, look)
        if lines and self._lines and not block.goes_on:
            self._lines.append([])
        self._lines += lines
