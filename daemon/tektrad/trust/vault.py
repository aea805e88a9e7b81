"""The vault: seals values under one master key, and changes that key without losing a value.

Which key is current, and where it lies, stands in the store; the key itself never does. A key is noted as *coming*
before it is made, becomes *current* in the transaction that seals everything with it, and is *going* until it is
erased: wherever this is cut off, the store names the one key that opens everything, and that key is there.

What is sealed is sealed and opened inside a transaction of the store, where no change of the key can come between.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import aiosqlite
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tektrad.clock import Clock
from tektrad.errors import InvalidRequest, KeyUnusable, SecretDamaged, TektraError, VaultLocked, WrongPassphrase
from tektrad.store.db import Row, Store
from tektrad.trust import key_file, os_keyring, passphrase

Place = Literal["keyring", "file", "passphrase"]
Wanted = Literal["auto", "keyring", "file", "passphrase"]
State = Literal["empty", "open", "locked"]
About = tuple[str | int, ...]
"""What a sealed value belongs to, its kind first: it opens for nothing else."""

KEY_BYTES = 32
NONCE_BYTES = 12

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value that only the vault can read."""

    nonce: bytes
    ciphertext: bytes


Again = Callable[[Sealed, About], Sealed]
"""Seals something with the new key that was sealed with the old one."""


class Holder(Protocol):
    """Whoever keeps sealed values."""

    async def opened(self) -> None:
        """The vault has its key."""

    def closed(self) -> None:
        """The vault has forgotten its key."""

    async def is_empty(self) -> bool:
        """Whether nothing is sealed."""

    async def seal_again(self, tx: aiosqlite.Connection, again: Again) -> int:
        """Seal everything with the new key; how much that was."""


class _Key:
    """A master key in memory."""

    def __init__(self, identity: str, secret: bytes, clock: Clock) -> None:
        self.id = identity
        self._cipher = AESGCM(secret)
        self._clock = clock

    def seal(self, value: bytes, about: About) -> Sealed:
        nonce = self._clock.chance(NONCE_BYTES)
        return Sealed(nonce, self._cipher.encrypt(nonce, value, _encoded(about)))

    def open(self, sealed: Sealed, about: About) -> bytes:
        try:
            return self._cipher.decrypt(sealed.nonce, sealed.ciphertext, _encoded(about))
        except (InvalidTag, ValueError) as error:
            what = " ".join(map(str, about[:2]))
            raise SecretDamaged(
                f"what is kept as {what} was changed, or was sealed with another key",
                "Put the store back from a backup, or remove it and set it anew.",
            ) from error


def _encoded(about: About) -> bytes:
    return json.dumps(about, separators=(",", ":")).encode()


class Vault:
    """One master key, and where it lies; the only reader and writer of the table of keys."""

    def __init__(self, store: Store, clock: Clock, folder: Path, wanted: Wanted) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self._wanted = wanted
        self._key: _Key | None = None
        self._changing = asyncio.Lock()
        self._rotations: set[asyncio.Task[int]] = set()
        self._holders: list[Holder] = []
        self.state: State = "empty"
        self.place: Place | None = None

    @property
    def next_place(self) -> Place | None:
        """Where a new key would lie; None where that shows only then."""
        return self.place if self._wanted == "auto" else self._wanted

    def joined_by(self, holder: Holder) -> None:
        """Tell `holder` what becomes of the key, from now on."""
        self._holders.append(holder)

    async def recover(self) -> None:
        """At the start: finish a change that was cut off, and open what opens without a person. Raises StoreFailed."""
        patience = os_keyring.SECONDS_AT_START
        async with self._changing:
            await self._sweep(patience)
            row = await self._current()
            if row is None:
                self.place = "passphrase" if self._wanted == "passphrase" else None
                return
            self.state, self.place = "locked", row["place"]
            try:
                await self._open_alone(row, patience)
            except TektraError as error:
                log.error("the vault stays locked", code=error.code, why=error.message)

    async def ready(self) -> None:
        """Have a key: open the vault, or make its first key. Raises VaultLocked, KeyUnusable or KeyringFailed."""
        if self._key is not None:
            return
        async with self._changing:
            if self._key is not None:
                return
            row = await self._current()
            if row is not None:
                try:
                    await self._open_alone(row)
                except (KeyUnusable, SecretDamaged):
                    if not await self._is_empty():
                        raise
                    await self._give_up()
            if self._key is None and self.state == "empty" and self._wanted != "passphrase":
                await self._change(await self._wanted_place(), "")
        if self._key is None:
            raise self._locked()

    async def unlock(self, words: str) -> None:
        """Open the vault with its passphrase, or choose the first one. Raises WrongPassphrase or InvalidRequest."""
        async with self._changing:
            row = await self._current()
            if row is None and self._wanted == "passphrase":
                _check_new(words)
                await self._change("passphrase", words)
            elif row is None or row["place"] != "passphrase":
                raise InvalidRequest(
                    "the vault has no passphrase",
                    'Choose one: secrets_key = "passphrase" in the settings, then tektra secrets rotate',
                )
            else:
                key = await self._derived(row["id"], words, row["salt"])
                try:
                    _check(key, row)
                except SecretDamaged as error:
                    raise WrongPassphrase("this is not the vault's passphrase", "Nothing was changed.") from error
                await self._adopt(key, "passphrase")

    async def lock(self) -> None:
        """Forget the key; raises InvalidRequest where it could be read again at any moment."""
        async with self._changing:
            if self.place != "passphrase":
                raise InvalidRequest(
                    "only a passphrase can lock the vault: its key lies where the daemon can always read it",
                    'Choose one: secrets_key = "passphrase" in the settings, then tektra secrets rotate',
                )
            self._key = None
            if self.state == "open":
                self.state = "locked"
            for holder in self._holders:
                holder.closed()

    async def abandon_if_empty(self) -> None:
        """Give up a key that cannot be had and that nothing is sealed with any more; a new one takes its place."""
        async with self._changing:
            if self._key is None and await self._is_empty():
                await self._give_up()

    async def rotate(self, words: str) -> int:
        """Seal everything with a fresh key, in the place that the settings want; how much that was.

        Going away does not stop it. Raises VaultLocked, InvalidRequest, SecretDamaged, KeyUnusable or KeyringFailed.
        """
        await self.ready()
        rotation = asyncio.create_task(self._rotate(words))
        self._rotations.add(rotation)  # a loop holds its tasks weakly
        rotation.add_done_callback(self._rotations.discard)
        return await asyncio.shield(rotation)

    async def _rotate(self, words: str) -> int:
        async with self._changing:
            if self._key is None:
                raise self._locked()
            wanted = self.next_place
            assert wanted is not None
            if wanted == "passphrase":
                _check_new(words)
            elif words:
                raise InvalidRequest(f"a key in the {wanted} has no passphrase", param="passphrase")
            return await self._change(wanted, words)

    def seal(self, value: bytes, about: About) -> Sealed:
        """Seal a value, inside a transaction; raises VaultLocked."""
        if self._key is None:
            raise self._locked()
        return self._key.seal(value, about)

    def open(self, sealed: Sealed, about: About) -> bytes:
        """The value that was sealed, inside a transaction; raises SecretDamaged or VaultLocked."""
        if self._key is None:
            raise self._locked()
        return self._key.open(sealed, about)

    async def _change(self, place: Place, words: str) -> int:
        """Make a new key current; the old one goes only when everything is sealed with the new one, on the disk."""
        identity = self._clock.new_id()
        salt = self._clock.chance(passphrase.SALT_BYTES) if place == "passphrase" else None
        secret = b""
        if salt is not None:
            fresh = await self._derived(identity, words, salt)
        else:
            secret = self._clock.chance(KEY_BYTES)
            fresh = _Key(identity, secret, self._clock)
        proof = fresh.seal(b"", _proof(identity))
        async with self._store.transaction() as tx:
            await tx.execute(
                "INSERT INTO vault_keys VALUES (?, ?, 'coming', ?, ?, ?, ?)",
                [identity, place, salt, proof.nonce, proof.ciphertext, self._clock.now()],
            )
        try:
            await self._put(identity, place, secret)
            async with self._store.transaction(lasting=True) as tx:
                count = 0
                for holder in self._holders:
                    count += await holder.seal_again(tx, self._again(fresh))
                await tx.execute("UPDATE vault_keys SET state = 'going' WHERE state = 'current'")
                await tx.execute("UPDATE vault_keys SET state = 'current' WHERE id = ?", [identity])
            self._take(fresh, place)  # without a pause after the commit: what is sealed next is sealed with it
            for holder in self._holders:
                await holder.opened()
        except BaseException:
            await self._believe_the_store(fresh)
            raise
        finally:
            await self._sweep()
        return count

    async def _believe_the_store(self, fresh: _Key) -> None:
        """A commit that failed may still have been one: seal nothing until it is known which key is current."""
        old, self._key = self._key, None
        row = await self._current()
        for key in (old, fresh):
            if key is not None and row is not None and key.id == row["id"]:
                self._take(key, row["place"])

    def _again(self, fresh: _Key) -> Again:
        def again(sealed: Sealed, about: About) -> Sealed:
            if self._key is None:
                raise KeyUnusable("the store names no key for what is sealed in it", "Put it back from a backup.")
            return fresh.seal(self.open(sealed, about), about)

        return again

    async def _is_empty(self) -> bool:
        return all([await holder.is_empty() for holder in self._holders])

    async def _give_up(self) -> None:
        async with self._store.transaction() as tx:
            await tx.execute("UPDATE vault_keys SET state = 'going' WHERE state = 'current'")
        await self._sweep()
        self.state, self.place = "empty", "passphrase" if self._wanted == "passphrase" else None

    async def _sweep(self, patience: float = os_keyring.SECONDS) -> None:
        """Erase keys that nothing is sealed with; what cannot be erased now is when this is done again."""
        for row in await self._store.rows("SELECT * FROM vault_keys WHERE state <> 'current'"):
            try:
                await self._erase(row["id"], row["place"], patience)
                await self._store.write("DELETE FROM vault_keys WHERE id = ?", [row["id"]])
            except TektraError as error:
                log.warning("an old key could not be erased yet", key=row["id"], why=error.message)

    async def _current(self) -> Row | None:
        rows = await self._store.rows("SELECT * FROM vault_keys WHERE state = 'current'")
        return rows[0] if rows else None

    async def _open_alone(self, row: Row, patience: float = os_keyring.SECONDS) -> None:
        """Open with a key that lies where no person is needed; one made of a passphrase is left alone."""
        if row["place"] == "passphrase":
            return
        secret = await self._got(row["id"], row["place"], patience)
        key = _Key(row["id"], secret, self._clock)
        _check(key, row)
        await self._adopt(key, row["place"])

    async def _adopt(self, key: _Key, place: Place) -> None:
        self._take(key, place)
        for holder in self._holders:
            await holder.opened()

    def _take(self, key: _Key, place: Place) -> None:
        self._key, self.state, self.place = key, "open", place

    async def _wanted_place(self) -> Place:
        if self._wanted != "auto":
            return self._wanted
        return "keyring" if await os_keyring.is_there() else "file"

    async def _put(self, identity: str, place: Place, secret: bytes) -> None:
        if place == "keyring":
            await os_keyring.write(self._name(identity), secret)
            kept = await os_keyring.read(self._name(identity))
            if kept is None or not hmac.compare_digest(kept, secret):
                raise KeyUnusable("the system's keyring did not keep the key", "Look whether it is full or read-only.")
        elif place == "file":
            await asyncio.to_thread(key_file.write, self._file(identity), secret)

    async def _got(self, identity: str, place: Place, patience: float) -> bytes:
        if place == "file":
            return await asyncio.to_thread(key_file.read, self._file(identity), KEY_BYTES)
        kept = await os_keyring.read(self._name(identity), patience)
        if kept is None or len(kept) != KEY_BYTES:
            raise KeyUnusable(
                f'the system\'s keyring has no key "{self._name(identity)}"',
                "Put it back from a backup. Without it no secret can be read: remove those, and set them again.",
            )
        return kept

    async def _erase(self, identity: str, place: Place, patience: float) -> None:
        if place == "keyring":
            await os_keyring.erase(self._name(identity), patience)
        elif place == "file":
            await asyncio.to_thread(key_file.erase, self._file(identity))

    async def _derived(self, identity: str, words: str, salt: bytes) -> _Key:
        secret = await asyncio.to_thread(passphrase.key_of, words, salt, KEY_BYTES)
        return _Key(identity, secret, self._clock)

    def _file(self, identity: str) -> Path:
        return self._folder / f"secrets-{identity}.key"

    def _name(self, identity: str) -> str:
        return f"secrets {identity}"

    def _locked(self) -> VaultLocked:
        if self.state == "empty":
            return VaultLocked("the vault has no passphrase yet", "Choose one: tektra secrets unlock")
        return VaultLocked("the vault is locked", "Open it: tektra secrets unlock")


def _proof(identity: str) -> About:
    return ("key", identity)


def _check(key: _Key, row: Row) -> None:
    """Raise SecretDamaged unless this is the key that the store means."""
    try:
        key.open(Sealed(row["nonce"], row["ciphertext"]), _proof(row["id"]))
    except SecretDamaged as error:
        raise SecretDamaged(
            f"the master key in the {row['place']} is not the one that the secrets were sealed with",
            "Put the right one back from a backup. Without it they can only be removed, and set anew.",
        ) from error


def _check_new(words: str) -> None:
    if len(words) < passphrase.LEAST_CHARACTERS:
        raise InvalidRequest(
            f"a passphrase needs at least {passphrase.LEAST_CHARACTERS} characters",
            "Four or more words that nobody would put together make a good one.",
            param="passphrase",
        )
