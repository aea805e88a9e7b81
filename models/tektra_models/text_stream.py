"""Bytes of tokens → text that may be shown: whole UTF-8 only, and nothing that could still become a stop string."""

from __future__ import annotations

import codecs


class TextStream:
    """Collects the bytes of one answer and releases what is certain."""

    def __init__(self, stops: tuple[str, ...] = ()) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped = False

    def push(self, data: bytes) -> str:
        """Add the bytes of a token and return the text that is now certain; sets `stopped` at a stop string."""
        self._held += self._decoder.decode(data)
        if not self._stops:
            return self._release(len(self._held))
        found = [(at + len(stop), at) for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            _, at = min(found)  # the one that was whole first, so that it does not matter how tokens cut the text
            text = self._held[:at]
            self._held = ""
            return text
        return self._release(len(self._held) - self._possible_stop())

    def close(self) -> str:
        """Return what was still held back; an unfinished character becomes U+FFFD."""
        if self.stopped:
            return ""
        self._held += self._decoder.decode(b"", final=True)
        return self._release(len(self._held))

    def _release(self, count: int) -> str:
        text, self._held = self._held[:count], self._held[count:]
        return text

    def _possible_stop(self) -> int:
        """Length of the longest tail that begins a stop string."""
        return max((longest_overlap(self._held, stop) for stop in self._stops), default=0)


def longest_overlap(text: str, mark: str) -> int:
    """Return the length of the longest proper prefix of `mark` that `text` ends with."""
    for length in range(min(len(mark) - 1, len(text)), 0, -1):
        if text.endswith(mark[:length]):
            return length
    return 0
