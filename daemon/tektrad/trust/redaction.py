"""The values of secrets, taken out of whatever is written down. Pure.

A value is found as it is, in base 64 (also in the middle of something longer, as in `Authorization: Basic`), in
hexadecimal, percent-encoded and escaped for JSON or by Python. All values are looked for at once, in time that grows
with the text alone.
"""

from __future__ import annotations

import base64
import codecs
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick

LEAST_BYTES = 6
"""Anything shorter stands in ordinary text by chance, and redaction would destroy that."""
HEAD = 16
"""So many bytes of a form are looked for; where they stand, the rest is compared."""
SCRIPTS_SAFE = "!'()*~"
"""What encodeURIComponent leaves as it is, and Python does not."""


def mark(name: str) -> str:
    """What stands in a secret's place."""
    return f"[secret {name}]"


def forms(value: bytes) -> set[bytes]:
    """Every way in which a value may be written."""
    found = {value, value.hex().encode(), value.hex().upper().encode()}
    found |= set(_in_base64(value))
    found.add(repr(value)[2:-1].encode())
    for percent in (quote(value), quote(value, safe=""), quote_plus(value), quote(value, safe=SCRIPTS_SAFE)):
        found |= {percent.encode(), _with_lower_hex(percent).encode()}
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return found
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]):
        found |= {escaped.encode(), escaped.replace("/", "\\/").encode()}
    return found


def _in_base64(value: bytes) -> Iterator[bytes]:
    """Whole, and the part that is the same whatever stands before and after it."""
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        yield encode(value)
        yield encode(value).rstrip(b"=")
        for before in range(3):
            first = -(-before * 8 // 6)
            whole = (before + len(value)) * 8 // 6
            yield encode(bytes(before) + value)[first:whole]


def _with_lower_hex(percent: str) -> str:
    first, *rest = percent.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


class Redaction:
    """Takes the values of some secrets out of texts, bytes and objects; made anew whenever a secret changes."""

    def __init__(self, secrets: Iterable[tuple[str, bytes]] = ()) -> None:
        self._marks: dict[bytes, bytes] = {}
        for name, value in secrets:
            for form in forms(value):
                self._marks.setdefault(form, mark(name).encode())
        by_head: dict[bytes, list[bytes]] = {}
        for form in self._marks:
            by_head.setdefault(form[:HEAD], []).append(form)
        self._by_head = list(by_head.values())
        self._beginnings = {head[:size] for head in by_head for size in range(1, len(head))}
        self._heads = BytesAhoCorasick(list(by_head)) if by_head else None

    def data(self, data: bytes) -> bytes:
        """`data` without any value."""
        return self._swept(data, self._candidates(data))[0]

    def text(self, text: str) -> str:
        """`text` without any value; text that holds none comes back as it is, whatever it is made of."""
        data = text.encode("utf-8", "surrogatepass")
        clean = self.data(data)
        if clean is data:
            return text
        try:
            return clean.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:  # a value that is no text began in the middle of a character
            return clean.decode("utf-8", "replace")

    def thing(self, thing: Any) -> Any:
        """Anything that is made of dicts, lists, texts and numbers, without any value in it.

        Of what is nothing of these, its representation takes its place where that shows a value.
        """
        if self._heads is None or thing is None or isinstance(thing, bool):
            return thing
        if isinstance(thing, str):
            return self.text(thing)
        if isinstance(thing, bytes | bytearray | memoryview):
            return self.data(bytes(thing))
        if isinstance(thing, Mapping):
            return {self.thing(key): self.thing(value) for key, value in thing.items()}
        if type(thing) in (list, tuple, set, frozenset):
            return type(thing)(self.thing(each) for each in thing)
        shown = repr(thing)
        clean = self.text(shown)
        return thing if clean == shown else clean

    def pieces(self, data: bytes) -> tuple[bytes, bytes]:
        """What of the beginning of a stream can be told already, without any value; and what has to wait for more.

        What waits begins where a form may have begun, and is shorter than that form.
        """
        found = self._candidates(data)
        begun = [
            start
            for start, form in found
            if form is not None and len(form) > len(data) - start and form.startswith(data[start:])
        ]
        tail = range(max(0, len(data) - HEAD + 1), len(data))
        begun += [start for start in tail if data[start:] in self._beginnings]
        return self._swept(data, [*found, *((start, None) for start in begun)])

    def _candidates(self, data: bytes) -> list[tuple[int, bytes | None]]:
        """Where forms may stand: their heads do."""
        if self._heads is None:
            return []
        found = self._heads.find_matches_as_indexes(data, overlapping=True)
        return [(start, form) for which, start, _ in found for form in self._by_head[which]]

    def _swept(self, data: bytes, candidates: list[tuple[int, bytes | None]]) -> tuple[bytes, bytes]:
        """From left to right, of several forms the longest; up to where one (None) may have begun."""
        parts: list[bytes] = []
        at, waits = 0, len(data)
        for start, form in sorted(candidates, key=_longest_first):
            if start < at:
                continue
            if form is None:
                waits = start
                break
            if data.startswith(form, start):
                parts += [data[at:start], self._marks[form]]
                at = start + len(form)
        if not parts and waits == len(data):
            return data, b""
        return b"".join([*parts, data[at:waits]]), data[waits:]


def _longest_first(candidate: tuple[int, bytes | None]) -> tuple[int, float]:
    start, form = candidate
    return start, -len(form) if form is not None else -math.inf


class Redactor:
    """Takes values out of a stream, wherever its pieces were cut."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._waiting = b""

    def feed(self, data: bytes) -> bytes:
        """What can be told now."""
        told, self._waiting = self._redaction.pieces(self._waiting + data)
        return told

    def end(self) -> bytes:
        """What waited for more that did not come."""
        rest, self._waiting = self._waiting, b""
        return self._redaction.data(rest)


class TextRedactor:
    """The same for a stream of text."""

    def __init__(self, redaction: Redaction) -> None:
        self._redactor = Redactor(redaction)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, text: str) -> str:
        """What can be told now."""
        return self._decoder.decode(self._redactor.feed(text.encode("utf-8", "replace")))

    def end(self) -> str:
        """What waited for more that did not come."""
        return self._decoder.decode(self._redactor.end(), final=True)
