"""How much of others' prompts a step may read without keeping running answers waiting for their next token.

Pure: it is told how long steps took, and foretells the next one as a share for writing plus a share for every token
read. What reading costs grows with the context and with what else the machine does, so the newest steps count most.
"""

from __future__ import annotations

PIECE = 32
"""Tokens are read in multiples of this many, and never fewer: smaller pieces cost far more for each token."""
NEWEST = 0.25
"""What the newest measurement counts against all before it."""
UNKNOWN = 2 * PIECE


class Pace:
    """Learns what a step costs; `gap_s` is how long a running answer may wait between two tokens."""

    def __init__(self, gap_s: float) -> None:
        self._gap = gap_s
        self._write: float | None = None
        self._read: float | None = None

    @property
    def chunk(self) -> int:
        """Prompt tokens that the next step may read beside running answers."""
        if self._read is None:
            return UNKNOWN
        left = max(0.0, self._gap - (self._write or 0.0))
        return max(PIECE, int(left / max(self._read, 1e-9)) // PIECE * PIECE)

    def took(self, seconds: float, *, read: int, written: int) -> None:
        """A step took so long for this many prompt tokens and this many running answers."""
        if not read:
            self._write = _mixed(self._write, seconds)
        elif read >= PIECE:  # the rest of a prompt says little about what a token of a whole piece costs
            known = self._write or 0.0 if written else 0.0
            self._read = _mixed(self._read, max(0.0, seconds - known) / read)


def _mixed(before: float | None, newest: float) -> float:
    return newest if before is None else before + NEWEST * (newest - before)
