"""While a followed run tells nothing: a line at the bottom that says what it does, and for how long already."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

from tektra_cli import terminal, wording
from tektra_cli.commands.runs.fields import Event
from tektra_cli.commands.runs.lines import spent
from tektra_cli.errors import StatusLine

EVERY_S = 1.0


class Waiting:
    """Drawn once a second while somebody waits inside the block of `quiet`, and gone behind it."""

    def __init__(self) -> None:
        self._line = StatusLine()
        self._does = ""
        self._tokens = ""
        self._step = 1
        self._since = time.monotonic()

    def heard(self, event: Event) -> None:
        """Know from an event what the run does now."""
        data = event["data"]
        match event["type"]:
            case "tool":
                self._does = terminal.clean_line(data["tool"])
            case "step":
                self._step, self._tokens, self._does = data["step"] + 1, spent(data.get("took", {})), "thinking"
            case "result":
                self._does = "thinking"
            case "state":
                self._does = {"running": "thinking", "waiting": "waiting for an answer"}.get(data["state"], "")
            case _:
                return
        self._since = time.monotonic()

    @contextlib.contextmanager
    def quiet(self, *, is_shown: bool) -> Iterator[None]:
        """Inside the block nobody else writes to the terminal: a signal of the clock draws the line."""
        if not (is_shown and self._does):
            yield
            return
        before = signal.signal(signal.SIGALRM, lambda *_: self._draw())
        try:
            self._draw()
            signal.setitimer(signal.ITIMER_REAL, EVERY_S, EVERY_S)
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            self._line.erase()

    def _draw(self) -> None:
        took = wording.span(time.monotonic() - self._since)
        words = (f"step {self._step}", f"{self._does}…", took, self._tokens)
        self._line.show(", ".join(word for word in words if word))
