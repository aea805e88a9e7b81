"""Pure: the log as a file that can be checked anywhere: where it begins, entries, and a signed last line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from tektrad.trust.chain import Broken, Chain
from tektrad.trust.entry import UNREADABLE
from tektrad.trust.keys import AuditKey, PublicKey
from tektrad.trust.statements import Head, stated, statement

SCHEMA = "tektra.audit-log/1"
MAX_LINE = 1 << 20
COLUMNS = ("number", "time", "kind", "outcome", "uid", "agent", "run", "act", "confinement", "details")


class NotALog(Exception):
    """The file is not an exported log; the message says why."""


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: int
    hash: str
    entry: msgspec.Raw


class _First(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    after: str
    public_key: str
    exported_at: str


class _Last(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    through: str
    public_key: str
    signature: str


_line = msgspec.json.Decoder(_Line)
_encoder = msgspec.json.Encoder()


class Export:
    """Writes such a file, line by line."""

    def __init__(self, key: AuditKey, after: Head, now: str) -> None:
        """`after`: the head before the first entry of the file."""
        self._key = key
        self._head = after
        self.first = _encoder.encode(_First(SCHEMA, str(after), key.public.text, now)) + b"\n"

    def line(self, number: int, body: bytes, hashed: bytes) -> bytes:
        """One entry."""
        self._head = Head(number, hashed)
        return entry_line(number, body, hashed)

    def last(self) -> bytes:
        """The signature over where the file begins and ends."""
        return _encoder.encode(_Last(**statement("export", self._key, self._head, self.first.decode()))) + b"\n"


def entry_line(number: int, body: bytes, hashed: bytes) -> bytes:
    """An entry as the file holds it."""
    return _encoder.encode(_Line(number, hashed.hex(), msgspec.Raw(body))) + b"\n"


class Reader:
    """Checks an exported file line by line; raises Broken or NotALog."""

    def __init__(self, first: bytes, trusted: PublicKey | None, known: Head | None = None) -> None:
        """`trusted` None: the key that the file itself names, which proves less."""
        try:
            said = msgspec.json.decode(first, type=_First)
            after, named = Head.parse(said.after), PublicKey.parse(said.public_key)
        except (*UNREADABLE, ValueError) as error:
            raise NotALog(f"its first line is not that of an exported log: {error}") from error
        if said.schema != SCHEMA or _encoder.encode(said) + b"\n" != first:
            raise NotALog("its first line is not that of an exported log")
        if trusted is not None and trusted != named:
            raise Broken(after.number + 1, f"it is signed with another key ({named.id}) than the one given")
        self._first = first
        self._after = after
        self.public = named
        self.chain = Chain(after, named, known=known)
        self.complete = False

    def read(self, line: bytes) -> None:
        """Take the next line."""
        number = self.chain.head.number + 1
        if self.complete:
            raise Broken(number, "something follows the signed last line")
        if not line.startswith(b'{"number":'):
            self._end(line, number)
            return
        try:
            found = _line.decode(line)
            hashed = bytes.fromhex(found.hash)
        except (*UNREADABLE, ValueError) as error:
            raise Broken(number, f"its line cannot be read: {error}") from error
        if entry_line(found.number, bytes(found.entry), hashed) != line:
            raise Broken(number, "its line is not written as the export writes it")
        self.chain.follow(found.number, bytes(found.entry), hashed)

    def end(self) -> None:
        """No more lines come."""
        if not self.complete:
            raise Broken(self.chain.head.number + 1, "the file ends before its signed last line")
        self.chain.end()

    def _end(self, line: bytes, number: int) -> None:
        try:
            last = msgspec.json.decode(line, type=_Last)
        except UNREADABLE as error:
            raise Broken(number, f"its line cannot be read: {error}") from error
        said = msgspec.structs.asdict(last)
        if _encoder.encode(last) + b"\n" != line:
            raise Broken(number, "the last line is not written as the export writes it")
        if stated("export", said, self.public, self._first.decode()) != self.chain.head:
            raise Broken(number, "the last line's signature is not over this file's beginning and end")
        self.complete = True


def csv_row(entry: Mapping[str, Any] | None) -> bytes:
    """An entry for a spreadsheet, or (without one) the columns' names; no cell begins as a formula would."""
    cells = COLUMNS if entry is None else [_cell(entry[name]) for name in COLUMNS]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
