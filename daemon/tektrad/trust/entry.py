"""Pure: what an audit entry is, its one form in bytes, and how entries are chained.

An entry is canonical JSON (RFC 8785, of which it uses objects, arrays, strings, integers, true, false and null; numbers
with fractions are written as text). Its hash is SHA-256 over the hash before it, its number and its bytes; its seal is
an HMAC of the hash under the daemon's own key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Outcome = Literal["begun", "ok", "failed", "cancelled", "interrupted", "denied"]
"""`begun` is written before an act that takes time; the others say what became of it."""
Confinement = Literal["none", "A", "B"]
"""What held the act: nothing, or a level of the sandbox."""

NOTHING_BEFORE = bytes(32)
"""The hash before the first entry."""
MAX_BODY = 64 * 1024
MAX_TEXT = 2000
"""Characters of one text in an entry; of a longer one its beginning and digest are kept."""
CHECKPOINT = "audit.checkpoint"
SECURITY = "security."
"""Kinds that raise an alert begin so."""
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What bytes that are no JSON of the wanted shape raise."""
_HASHED = b"tektra audit entry/1\0"
_SURROGATES = re.compile("[\ud800-\udfff]")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, or is about to: who did it, of which kind, with which facts; `act` ties the entries of one act."""

    kind: str
    uid: int | None
    outcome: Outcome = "ok"
    agent: str = ""
    run: str = ""
    act: str = ""
    confinement: Confinement = "none"
    details: Mapping[str, Any] = {}


def body_of(entry: Entry, time: str) -> bytes:
    """The canonical bytes of an entry, with a digest for too many details; raises TypeError for what is no JSON."""
    fields = {"time": time} | msgspec.structs.asdict(entry)
    body = _encoded(fields)
    if len(body) <= MAX_BODY:
        return body
    details = _encoded(entry.details)
    told = {"bytes": len(details), "sha256": hashlib.sha256(details).hexdigest(), "beginning": details.decode()}
    return _encoded(fields | {"details": {"too_long": told}})


def _encoded(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(_plain(value), order="deterministic")


def hash_of(before: bytes, number: int, body: bytes) -> bytes:
    """The hash of entry `number`, which also covers all entries before it."""
    return hashlib.sha256(_HASHED + before + number.to_bytes(8, "big") + body).digest()


def seal_of(key: bytes, hashed: bytes) -> bytes:
    """What only the holder of the daemon's key can compute of a hash."""
    return hmac.digest(key, hashed, "sha256")


def _plain(value: Any) -> Any:
    """A value as JSON that has one form only."""
    match value:
        case str():
            return _short(_SURROGATES.sub("\ufffd", value))
        case None | bool() | int():
            return value
        case float():
            return repr(value)
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            raise TypeError(f"an audit entry cannot hold a {type(value).__name__}")


def _short(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}… ({len(text)} characters, sha256:{hashlib.sha256(text.encode()).hexdigest()})"
