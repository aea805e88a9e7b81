"""The daemon's audit key: a secret in a file of its own, to sign and seal with; anybody may know the public half."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tektrad.errors import CannotStart
from tektrad.trust import own_file

SECRET_BYTES = 32
ID_LENGTH = 16

log = structlog.get_logger()


class UnsafeKey(Exception):
    """The key file cannot be trusted or read; the message says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What signatures are checked with, and how it is written down."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read 64 hexadecimal digits; raises ValueError."""
        raw = bytes.fromhex(text.strip())
        if len(raw) != SECRET_BYTES:
            raise ValueError("a public key is 64 hexadecimal digits")
        return cls(raw)

    @property
    def text(self) -> str:
        """64 hexadecimal digits."""
        return self.raw.hex()

    @property
    def id(self) -> str:
        """A short name for people: the beginning of its SHA-256."""
        return hashlib.sha256(self.raw).hexdigest()[:ID_LENGTH]

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the private half has signed exactly this (Ed25519, RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class AuditKey:
    """Signs checkpoints and seals entries."""

    def __init__(self, secret: bytes) -> None:
        self._signing = Ed25519PrivateKey.from_private_bytes(_derived(secret, b"tektra audit signature/1"))
        self.sealing = _derived(secret, b"tektra audit seal/1")
        self.public = PublicKey(self._signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature."""
        return self._signing.sign(message)


def opened_key(path: Path, public: Path, log_begun: bool) -> AuditKey:
    """The key of the audit log, made where there is none; it may be long in coming, so for threads.

    Raises CannotStart. A key that is gone though the log has begun is made anew, and missed aloud.
    """
    try:
        return read_key(path)
    except FileNotFoundError:
        if log_begun:
            log.error("the audit log's key is gone; what it sealed can no longer be proved", key=str(path))
    except UnsafeKey as error:
        raise CannotStart(f"the audit log's key cannot be used: {error}", "Put it right, then start again.") from error
    try:
        return make_key(path, public)
    except OSError as error:
        raise CannotStart(f"the audit log's key cannot be written: {error}", "Make room, or make it yours.") from error


def read_key(path: Path) -> AuditKey:
    """Read the key from its file; raises UnsafeKey, or FileNotFoundError."""
    try:
        with own_file.regular(path) as (file, info):
            if info.st_uid != os.getuid() or info.st_mode & 0o077:
                raise UnsafeKey(f"{path} has to be a file of yours that nobody else may read (mode 0600)")
            secret = file.read(SECRET_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnsafeKey(f"{path} cannot be read: {error.strerror or error}") from error
    if len(secret) != SECRET_BYTES:
        raise UnsafeKey(f"{path} does not hold a key of {SECRET_BYTES} bytes")
    return AuditKey(secret)


def make_key(path: Path, public: Path) -> AuditKey:
    """Make a key, durable on disk before it signs anything, with its public half beside it; raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = os.urandom(SECRET_BYTES)
    key = AuditKey(secret)
    _write(path, secret, 0o600)
    _write(public, f"{key.public.text}\n".encode(), 0o644)
    return key


def _write(path: Path, data: bytes, mode: int) -> None:
    """A whole file or none under this name."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    own_file.create(part, data, mode)
    part.replace(path)
    own_file.settle(path.parent)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    """A key for one purpose only (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=None, info=purpose).derive(secret)
