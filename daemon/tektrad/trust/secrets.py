"""Secrets by name: the only reader and writer of their table. Nobody sees those of another user."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import aiosqlite
import msgspec
import structlog

from tektrad.clock import Clock
from tektrad.errors import InvalidRequest, SecretDamaged, SecretNotFound
from tektrad.store.db import Row, Store
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.redaction import LEAST_BYTES, Redaction, Redactor, TextRedactor, mark
from tektrad.trust.vault import About, Again, Sealed, Vault

MOST_BYTES = 64 << 10
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""What can also be the name of an environment variable."""

log = structlog.get_logger()


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a secret but its value."""

    name: str
    version: int
    created_at: str
    updated_at: str
    last_used_at: str | None
    uses: int


class Secrets:
    """Sealed values; while the vault is open their plain ones are known here, to be taken out of what is written."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog, vault: Vault) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._vault = vault
        self._known: dict[tuple[int, str], bytes] = {}
        self._redaction = Redaction()
        vault.joined_by(self)

    async def all(self, uid: int) -> list[Secret]:
        """A user's secrets, by name."""
        rows = await self._store.rows("SELECT * FROM secrets WHERE uid = ? ORDER BY name", [uid])
        return [_secret(row) for row in rows]

    async def get(self, name: str, uid: int) -> Secret:
        """One secret; raises SecretNotFound."""
        rows = await self._store.rows("SELECT * FROM secrets WHERE uid = ? AND name = ?", [uid, name])
        if not rows:
            raise _missing(name)
        return _secret(rows[0])

    async def set(self, name: str, value: bytes, uid: int) -> Secret:
        """Keep a value, in the place of an earlier one. Raises InvalidRequest and what the vault raises."""
        _check_name(name)
        await self._vault.ready()
        self._check_value(name, value)
        now = self._clock.now()
        async with self._store.transaction() as tx:
            row = await _row(tx, name, uid)
            version = row["version"] + 1 if row is not None else 1
            sealed = self._vault.seal(value, _about(name, uid, version))
            await self._audit.append(tx, _entry("secret.set", name, uid, version))
            await tx.execute(
                "INSERT INTO secrets VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 0) ON CONFLICT DO UPDATE SET"
                " version = excluded.version, nonce = excluded.nonce, ciphertext = excluded.ciphertext,"
                " updated_at = excluded.updated_at",
                [uid, name, version, sealed.nonce, sealed.ciphertext, now, now],
            )
        if self._vault.state == "open":
            self._know({(uid, name): value})
        return await self.get(name, uid)

    async def use(self, name: str, uid: int) -> bytes:
        """The value, for code in the daemon that acts with it; counted. Raises as `reveal` does."""
        await self._vault.ready()
        async with self._store.transaction() as tx:
            value, version = await self._opened(tx, name, uid)
            await self._audit.append(tx, _entry("secret.use", name, uid, version))
            await tx.execute(
                "UPDATE secrets SET uses = uses + 1, last_used_at = ? WHERE uid = ? AND name = ?",
                [self._clock.now(), uid, name],
            )
        return value

    async def reveal(self, name: str, uid: int) -> bytes:
        """The value, for its owner to see. Raises SecretNotFound, SecretDamaged and what the vault raises."""
        await self._vault.ready()
        async with self._store.transaction() as tx:
            value, version = await self._opened(tx, name, uid)
            await self._audit.append(tx, _entry("secret.show", name, uid, version))
        return value

    async def remove(self, name: str, uid: int) -> None:
        """Delete a secret, also one that can no longer be read; raises SecretNotFound."""
        async with self._store.transaction() as tx:
            await self._audit.append(tx, _entry("secret.remove", name, uid, None))
            cursor = await tx.execute("DELETE FROM secrets WHERE uid = ? AND name = ?", [uid, name])
            if cursor.rowcount == 0:
                raise _missing(name)
        self._known.pop((uid, name), None)
        self._know({})
        await self._vault.abandon_if_empty()

    def redact(self, thing: Any) -> Any:
        """An object as it may be written down: without any value that is known."""
        return self._redaction.thing(thing)

    def redact_text(self, text: str) -> str:
        """A text as it may be written down."""
        return self._redaction.text(text)

    def redactor(self) -> Redactor:
        """Takes the values that are known now out of a stream of bytes."""
        return Redactor(self._redaction)

    def text_redactor(self) -> TextRedactor:
        """Takes the values that are known now out of a stream of text."""
        return TextRedactor(self._redaction)

    async def opened(self) -> None:
        """Learn all values, to recognize them; one that was damaged is left out."""
        known: dict[tuple[int, str], bytes] = {}
        async with self._store.transaction() as tx:
            for row in await _rows(tx):
                try:
                    known[row["uid"], row["name"]] = self._vault.open(_sealed(row), _about_row(row))
                except SecretDamaged as error:
                    log.error("a secret cannot be read", secret=row["name"], why=error.message)
        self._known = known
        self._know({})

    def closed(self) -> None:
        """Forget all values; from now on none is recognized."""
        self._known.clear()
        self._know({})

    async def is_empty(self) -> bool:
        """Whether there is none."""
        return not await self._store.rows("SELECT 1 FROM secrets LIMIT 1")

    async def seal_again(self, tx: aiosqlite.Connection, again: Again) -> int:
        """Seal every secret with the vault's new key."""
        rows = await _rows(tx)
        for row in rows:
            sealed = again(_sealed(row), _about_row(row))
            await tx.execute(
                "UPDATE secrets SET nonce = ?, ciphertext = ? WHERE uid = ? AND name = ?",
                [sealed.nonce, sealed.ciphertext, row["uid"], row["name"]],
            )
        return len(rows)

    async def _opened(self, tx: aiosqlite.Connection, name: str, uid: int) -> tuple[bytes, int]:
        """The value and its version."""
        row = await _row(tx, name, uid)
        if row is None:
            raise _missing(name)
        return self._vault.open(_sealed(row), _about_row(row)), row["version"]

    def _know(self, more: dict[tuple[int, str], bytes]) -> None:
        self._known |= more
        self._redaction = Redaction((name, value) for (_, name), value in self._known.items())

    def _check_value(self, name: str, value: bytes) -> None:
        if len(value) > MOST_BYTES:
            raise InvalidRequest(f"the value is larger than {MOST_BYTES >> 10} KiB", param="value")
        if len(value) < LEAST_BYTES:
            raise InvalidRequest(
                f"the value is shorter than {LEAST_BYTES} bytes: taking it out of logs and conversations"
                " would destroy ordinary text",
                "Use a longer one.",
                param="value",
            )
        names = {name, *(each for _, each in self._known)}
        if any(value in mark(each).encode() for each in names) or _shows_one(mark(name), self._known.values()):
            raise InvalidRequest(
                "the value is part of a secret's name, or of what stands in its place where values are taken out",
                "Choose another name.",
                param="value",
            )


def _entry(kind: str, name: str, uid: int, version: int | None) -> Entry:
    return Entry(kind=kind, uid=uid, details={"name": name, "version": version})


def _shows_one(text: str, values: Iterable[bytes]) -> bool:
    return any(value in text.encode() for value in values)


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidRequest(
            "a secret's name is made of letters, digits and _, up to 64, and begins with no digit", param="name"
        )


def _missing(name: str) -> SecretNotFound:
    shown = f'"{name}"' if NAME.fullmatch(name) else "of that name"
    return SecretNotFound(f"no secret {shown}", "tektra secrets list shows them.")


def _about(name: str, uid: int, version: int) -> About:
    return ("secret", name, uid, version)


def _about_row(row: Row) -> About:
    return _about(row["name"], row["uid"], row["version"])


def _sealed(row: Row) -> Sealed:
    return Sealed(row["nonce"], row["ciphertext"])


async def _rows(tx: aiosqlite.Connection) -> list[Row]:
    return list(await tx.execute_fetchall("SELECT * FROM secrets"))


async def _row(tx: aiosqlite.Connection, name: str, uid: int) -> Row | None:
    rows = list(await tx.execute_fetchall("SELECT * FROM secrets WHERE uid = ? AND name = ?", [uid, name]))
    return rows[0] if rows else None


def _secret(row: Row) -> Secret:
    return Secret(
        name=row["name"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        last_used_at=row["last_used_at"],
        uses=row["uses"],
    )
