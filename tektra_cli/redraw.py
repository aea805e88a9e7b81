"""Pictures of a few lines on a live terminal, one in the place of the other, until a key ends them."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import tty
from collections.abc import Sequence
from types import TracebackType

from tektra_cli import columns, output, terminal

Line = tuple[str, str]
"""What a line says, on which nothing may be that a terminal obeys, and its style."""
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


class Redraw:
    """The terminal for as long as the block lasts; then it is as it was."""

    def __init__(self) -> None:
        self._drawn = 0
        self._typing: list[int | list[bytes | int]] | None = None

    def __enter__(self) -> Redraw:
        if terminal.is_terminal(sys.stdin):
            self._typing = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        output.drawn(_ENTER)
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        with contextlib.suppress(OSError):  # nobody looks any more
            output.drawn(_LEAVE)
        if self._typing is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._typing)

    def draw(self, lines: Sequence[Line]) -> None:
        """Show these instead of the last ones, as far as there is room."""
        wide, high = terminal.size()
        shown = [terminal.paint(cut(text, wide - 1), style, sys.stdout) for text, style in lines[: high - 1]]
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        output.drawn(f"{up}\r" + "".join(f"{line}\x1b[K\n" for line in shown) + "\x1b[J")
        self._drawn = len(shown)

    def key(self, seconds: float) -> bytes:
        """What somebody presses within this time, or nothing."""
        source = [] if self._typing is None else [sys.stdin.fileno()]
        ready, _, _ = select.select(source, [], [], seconds)
        return os.read(ready[0], 1) if ready else b""


def cut(text: str, space: int) -> str:
    """As much of a line as there is room for."""
    if columns.width(text) <= space:
        return text
    while text and columns.width(text) > space - 1:
        text = text[:-1]
    return text + "…"
