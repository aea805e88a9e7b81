"""Pure: what the daemon signs about its log, word for word, and whether such a signature is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tektrad.trust.entry import NOTHING_BEFORE
from tektrad.trust.keys import AuditKey, PublicKey

HASH_BYTES = len(NOTHING_BEFORE)


@dataclass(frozen=True, slots=True)
class Head:
    """The last of a row of entries: its number and hash, which stand for all before it."""

    number: int = 0
    hash: bytes = NOTHING_BEFORE

    def __str__(self) -> str:
        return f"{self.number}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read `number:hash`; raises ValueError."""
        number, colon, digits = text.strip().partition(":")
        hashed = bytes.fromhex(digits)
        if not colon or len(hashed) != HASH_BYTES or not number.isdecimal():
            raise ValueError("a head is a number, a colon and 64 hexadecimal digits")
        return cls(int(number), hashed)


def statement(what: str, key: AuditKey, head: Head, more: str = "") -> dict[str, Any]:
    """Details that say and sign that the log reaches `head`; `what` is the purpose, `more` is signed too."""
    signature = key.sign(_message(what, head, more)).hex()
    return {"through": str(head), "public_key": key.public.text, "signature": signature}


def stated(what: str, said: Mapping[str, Any], trusted: PublicKey, more: str = "") -> Head | None:
    """The head that a statement vouches for under a trusted key; None when it does not hold."""
    try:
        head, signature = Head.parse(said["through"]), bytes.fromhex(said["signature"])
        exact = (str(head), signature.hex(), trusted.text)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    if exact != (said["through"], said["signature"], said.get("public_key")):
        return None
    return head if trusted.verifies(signature, _message(what, head, more)) else None


def _message(what: str, head: Head, more: str) -> bytes:
    return f"tektra audit {what}/1\n{head}\n{more}".encode()
