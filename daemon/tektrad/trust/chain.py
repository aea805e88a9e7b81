"""Pure: follows entries from one head to the next, and stops at the first that is not as it was written."""

from __future__ import annotations

import hmac
from typing import Any

import msgspec

from tektrad.trust.entry import CHECKPOINT, UNREADABLE, hash_of, seal_of
from tektrad.trust.keys import PublicKey
from tektrad.trust.statements import Head, stated

_MARK = f'"kind":"{CHECKPOINT}"'.encode()


class _Checkpoint(msgspec.Struct):
    kind: str
    details: dict[str, Any]


class Broken(Exception):
    """The log is not as it was written; `number` is the first entry that shows it, `why` says how."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"entry {number}: {why}")
        self.number = number
        self.why = why


class Chain:
    """Entries followed so far; `sealing`, the daemon's own secret, also proves those that no checkpoint signed yet."""

    def __init__(
        self, after: Head, trusted: PublicKey, sealing: bytes | None = None, known: Head | None = None
    ) -> None:
        """`after`: the head before the first entry; `known`: one that the log must reach or go through."""
        self._number, self._hash = after.number, after.hash
        self.entries = 0
        self.checkpoints = 0
        self.signed: Head | None = None
        self._trusted = trusted
        self._sealing = sealing
        self._known = known
        self._compare()

    @property
    def head(self) -> Head:
        """The last entry that was followed."""
        return Head(self._number, self._hash)

    def follow(self, number: int, body: bytes, hashed: bytes, seal: bytes | None = None) -> None:
        """Take the next entry; raises Broken."""
        if number != self._number + 1:
            missing = self._number + 1
            raise Broken(missing, f"it is missing, or out of its place: the next one is number {number}")
        if hash_of(self._hash, number, body) != hashed:
            raise Broken(number, "its text, or its place, is not what its hash says")
        if self._sealing is not None and not hmac.compare_digest(seal_of(self._sealing, hashed), seal or b""):
            raise Broken(number, "its seal was not made with this daemon's key")
        if _MARK in body:
            self._checkpoint(number, body)
        self._number, self._hash = number, hashed
        self.entries += 1
        self._compare()

    def end(self) -> None:
        """No more entries come; raises Broken when the known head was not reached."""
        if self._known is not None and self._known.number > self.head.number:
            raise Broken(
                self.head.number + 1, f"the log ends before it, but is known to have reached {self._known.number}"
            )

    def _checkpoint(self, number: int, body: bytes) -> None:
        try:
            entry = msgspec.json.decode(body, type=_Checkpoint)
        except UNREADABLE as error:
            raise Broken(number, f"it is no entry: {error}") from error
        if entry.kind != CHECKPOINT:
            return
        if stated("checkpoint", entry.details, self._trusted) != self.head:
            raise Broken(number, "its signature is not this key's, or not over what was written before it")
        self.checkpoints += 1
        self.signed = self.head

    def _compare(self) -> None:
        if self._known is not None and self._known.number == self._number and self._known != self.head:
            raise Broken(self._number, "its hash is not that of the known head")
