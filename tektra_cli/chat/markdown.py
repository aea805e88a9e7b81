"""An answer drawn as Markdown while it grows.

Blocks that are complete are printed once and never touched again. The last, unfinished block is drawn anew when it
grows, but only as many of its lines as the screen can hold: lines that would scroll away are printed for good first, so
the scrollback is right whatever the length. A thread draws, so that a fast stream costs no more than a few frames a
second and a slow one is still seen word by word.
"""

from __future__ import annotations

import contextlib
import io
import re
import threading
from itertools import pairwise
from typing import ClassVar

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement

from tektra_cli import output, terminal
from tektra_cli.chat.views import Writer

FRAME_SECONDS = 0.05
_BLANK = re.compile(r"(?:\s|\x1b\[[\d;]*m)*")


class LiveMarkdown(Writer):
    """A Writer for live terminals; owns the lines at the bottom of the screen until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._block = Block()
        self._pending = ""
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> None:
        """Remember the text; the next frame shows it."""
        with self._lock:
            self._pending += terminal.clean(text)
        if self._thread is None:
            self._thread = threading.Thread(target=self._draw_frames, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Draw what is left, for good."""
        if self._thread is None:
            return
        self._closed.set()
        self._thread.join()
        self._thread = None
        self._frame()
        output.drawn(self._block.finish())

    def _draw_frames(self) -> None:
        with contextlib.suppress(OSError):  # nobody looks any more: the last frame, drawn by the caller, says so
            while not self._closed.wait(FRAME_SECONDS):
                self._frame()

    def _frame(self) -> None:
        with self._lock:
            text, self._pending = self._pending, ""
        if text:
            output.drawn(self._block.grow(text))


class Block:
    """The text that is not printed for good yet, and what of it is on the screen; returns what to send there."""

    def __init__(self) -> None:
        self._text = ""
        self._on_screen = 0
        self._scrolled = 0
        self._first = True

    def grow(self, text: str) -> str:
        """The escape sequences and lines that bring the screen up to date with `text` appended."""
        self._text += text
        sent = self._erase()
        *finished, self._text = split_blocks(self._text)
        for block in finished:
            sent += self._printed(block)
        return sent + self._live()

    def finish(self) -> str:
        """Print the last block for good."""
        sent = self._erase() + self._printed(self._text)
        self._text = ""
        return sent

    def _erase(self) -> str:
        up = f"\x1b[{self._on_screen}A" if self._on_screen else ""
        self._on_screen = 0
        return f"{up}\r\x1b[J" if up else ""

    def _printed(self, block: str) -> str:
        lines = self._lines(block)[self._scrolled :]
        self._scrolled = 0
        self._first = self._first and not lines
        return "".join(f"{line}\n" for line in lines)

    def _live(self) -> str:
        """Lines that no longer fit go out for good; the rest can be erased by the next frame."""
        lines = self._lines(self._text)[self._scrolled :]
        leaving = max(0, len(lines) - (terminal.size()[1] - 1))
        self._scrolled += leaving
        self._on_screen = len(lines) - leaving
        return "".join(f"{line}\n" for line in lines)

    def _lines(self, block: str) -> list[str]:
        """The block as lines for the screen, with an empty line before it unless it is the first."""
        lines = rendered(block, terminal.size()[0])
        return lines if self._first or not lines else ["", *lines]


def split_blocks(text: str) -> list[str]:
    """Top-level Markdown blocks; all but the last can no longer change, whatever follows."""
    lines = text.splitlines(keepends=True)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    starts = [token.map[0] for token in tokens if token.level == 0 and token.nesting >= 0 and token.map][1:]
    edges = [0, *starts, len(lines)]
    return ["".join(lines[begin:end]) for begin, end in pairwise(edges)]


def rendered(block: str, columns: int) -> list[str]:
    """A block as lines with our own escape sequences, none wider than the terminal."""
    if not block.strip():
        return []
    sheet = io.StringIO()
    console = Console(file=sheet, force_terminal=True, width=max(columns - 1, 8), highlight=False, legacy_windows=False)
    console.print(_Plainer(block, code_theme="ansi_dark", hyperlinks=False))
    lines = sheet.getvalue().split("\n")
    filled = [number for number, line in enumerate(lines) if not _BLANK.fullmatch(line)]
    return [line.rstrip() for line in lines[filled[0] : filled[-1] + 1]] if filled else []


class _LeftHeading(Heading):
    """A heading that stands where the text stands."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield self.text


class _Plainer(Markdown):
    """Markdown with headings on the left."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "heading_open": _LeftHeading}
