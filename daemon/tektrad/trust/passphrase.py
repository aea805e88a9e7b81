"""Keys made of passphrases: Argon2id, with what RFC 9106 recommends where two gigabytes would be too much."""

from __future__ import annotations

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SALT_BYTES = 16
LEAST_CHARACTERS = 8
_PASSES = 3
_LANES = 4
_KIBIBYTES = 64 << 10


def key_of(passphrase: str, salt: bytes, length: int) -> bytes:
    """The key; slow and large on purpose, so not for the event loop."""
    argon = Argon2id(salt=salt, length=length, iterations=_PASSES, lanes=_LANES, memory_cost=_KIBIBYTES)
    return argon.derive(passphrase.encode("utf-8", "surrogatepass"))
