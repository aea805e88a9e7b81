"""A small terminal: what a person sees, scrollback included, after a program's bytes; and one to run `tektra` in."""

from __future__ import annotations

import re
import resource
import signal
import sys
from typing import Self

import pexpect

from tests.harness import Tektra

SECONDS = 30
TOKEN = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])|\x1b[=>78]|\x1b\][^\x07]*\x07|(.)", re.DOTALL)


def _as_in_a_shell(disk_full: bool) -> None:
    """^C works in the child also where the tests themselves were started with it ignored (in the background)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if disk_full:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


class Screen:
    """Understands what our program sends: cursor up, down, left and right, erasing, newlines, wrapping."""

    def __init__(self, rows: int, columns: int) -> None:
        self.columns = columns
        self.scrolled: list[str] = []
        self._lines = [""] * rows
        self._row = self._column = 0
        self._pending = ""

    @property
    def text(self) -> str:
        """Scrollback and screen, without trailing blanks."""
        return "\n".join([*self.scrolled, *(line.rstrip() for line in self._lines)]).rstrip("\n")

    @property
    def visible(self) -> str:
        """The screen alone."""
        return "\n".join(line.rstrip() for line in self._lines).rstrip("\n")

    def feed(self, data: str) -> None:
        data = self._pending + data
        cut = data.rfind("\x1b", max(0, len(data) - 16))
        self._pending = data[cut:] if cut >= 0 and not TOKEN.match(data, cut) else ""
        for token in TOKEN.finditer(data[: len(data) - len(self._pending)]):
            private, numbers, command, character = token.groups()
            if command and not private:
                self._obey(command, int(numbers.split(";")[0] or 0))
            elif character:
                self._put(character)

    def _obey(self, command: str, count: int) -> None:
        match command:
            case "A":
                self._row = max(0, self._row - max(1, count))
            case "B":
                self._row = min(len(self._lines) - 1, self._row + max(1, count))
            case "C":
                self._column = min(self.columns - 1, self._column + max(1, count))
            case "D":
                self._column = max(0, self._column - max(1, count))
            case "J":
                self._clip()
                self._lines[self._row + 1 :] = [""] * (len(self._lines) - self._row - 1)
            case "K":
                self._clip()
            case "m" | "h" | "l":
                pass
            case _:
                raise AssertionError(f"this terminal does not know CSI {count}{command}")

    def _clip(self) -> None:
        self._lines[self._row] = self._lines[self._row][: self._column]

    def _put(self, character: str) -> None:
        match character:
            case "\r":
                self._column = 0
            case "\n":
                self._line_feed()
            case "\b":
                self._column = max(0, self._column - 1)
            case "\a":
                pass
            case _:
                if self._column == self.columns:
                    self._column = 0
                    self._line_feed()
                line = self._lines[self._row].ljust(self._column)
                self._lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
                self._column += 1

    def _line_feed(self) -> None:
        if self._row < len(self._lines) - 1:
            self._row += 1
        else:
            self.scrolled.append(self._lines.pop(0).rstrip())
            self._lines.append("")


class Terminal:
    """The `tektra` command in a terminal of its own; `disk_full`: no file takes a byte from it."""

    def __init__(
        self,
        tektra: Tektra,
        *args: str,
        rows: int = 24,
        columns: int = 80,
        env: dict[str, str] | None = None,
        disk_full: bool = False,
    ) -> None:
        self.screen = Screen(rows, columns)
        self.sent = ""
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "tektra_cli", *args],
            env=tektra.env | (env or {}),
            cwd=str(tektra.home),
            encoding="utf-8",
            dimensions=(rows, columns),
            timeout=SECONDS,
            preexec_fn=lambda: _as_in_a_shell(disk_full),
        )
        self._child.delaybeforesend = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close(force=True)

    def type(self, keys: str) -> Self:
        self._child.send(keys)
        return self

    def until(self, text: str, times: int = 1) -> Self:
        """Wait until `text` stands on the terminal (scrollback counts) so many times."""
        while self.screen.text.count(text) < times:
            try:
                piece = self._child.read_nonblocking(4096, timeout=SECONDS)
            except (pexpect.EOF, pexpect.TIMEOUT):
                raise AssertionError(f"never saw {text!r} {times} times in:\n{self.screen.text}") from None
            self.sent += piece
            self.screen.feed(piece)
        return self

    def until_gone(self, text: str) -> Self:
        """Wait until `text` is no longer to be seen."""
        while text in self.screen.visible:
            piece = self._child.read_nonblocking(4096, timeout=SECONDS)
            self.sent += piece
            self.screen.feed(piece)
        return self

    def end(self) -> int:
        """Read to the end and return the exit code."""
        try:
            while True:
                piece = self._child.read_nonblocking(4096, timeout=SECONDS)
                self.sent += piece
                self.screen.feed(piece)
        except pexpect.EOF:
            self._child.close()
        assert self._child.exitstatus is not None, self._child.signalstatus
        return int(self._child.exitstatus)
