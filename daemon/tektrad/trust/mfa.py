"""Second factors: codes of an authenticator, recovery codes, and how often somebody may be wrong.

Every check is one transaction, so that two requests at once can neither use one code twice nor have more tries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal

import aiosqlite
import pyotp

from tektrad.clock import Clock
from tektrad.errors import (
    CodeNeeded,
    InvalidRequest,
    KeyUnusable,
    NotFound,
    SecretDamaged,
    TektraError,
    TooManyTries,
    WrongCode,
)
from tektrad.store.db import Row, Store
from tektrad.trust.alarms import Alarms
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.vault import About, Again, Sealed, Vault

STEP_S = 30
STEPS_ASIDE = 1
"""How many steps a clock may be wrong, either way."""
SECRET_BYTES = 20
TRIES = 5
WINDOW_S = 15 * 60
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
REMEMBERED_STEPS = 24 * 3600 // STEP_S
"""Steps older than a day are forgotten: only a clock that is a day late would take their codes."""
CODE = re.compile(r"[0-9]{6}")
RECOVERY_CODE = re.compile(r"[a-z2-7]{16}")
ISSUER = "Tektra"

Verdict = Literal["right", "wrong", "used"]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator has to know."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a user stands with second factors."""

    state: Literal["off", "pending", "on"]
    enrolled_at: str | None
    recovery_codes_left: int
    locked_for_s: int


class Mfa:
    """The only reader and writer of the tables of second factors."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog, alarms: Alarms, vault: Vault) -> None:
        self._store = store
        self._audit = audit
        self._alarms = alarms
        self._clock = clock
        self._vault = vault
        vault.joined_by(self)

    async def standing(self, uid: int) -> Standing:
        """Whether codes are asked for, and what is left."""
        async with self._store.transaction() as tx:
            row = await _row(tx, uid)
            (left,) = await tx.execute_fetchall(
                "SELECT count(*) FROM mfa_recovery WHERE uid = ? AND used_at IS NULL", [uid]
            )
            locked = await self._locked_for(tx, uid)
        state: Literal["off", "pending", "on"] = "off" if row is None else "on" if row["enrolled_at"] else "pending"
        return Standing(state, row["enrolled_at"] if row is not None else None, left[0], locked)

    async def enroll(self, uid: int, account: str) -> Enrolment:
        """Begin: a new secret, which counts once `confirm` has seen a code of it. Raises InvalidRequest."""
        await self._vault.ready()
        key = self._clock.chance(SECRET_BYTES)
        identity = self._clock.new_id()
        async with self._store.transaction() as tx:
            row = await _row(tx, uid)
            if row is not None and row["enrolled_at"]:
                raise InvalidRequest(
                    "codes are asked for already", "To enroll another device, first: tektra mfa disable"
                )
            sealed = self._vault.seal(key, _about(uid, identity))
            await self._audit.append(tx, Entry(kind="mfa.enroll", uid=uid))
            await tx.execute(
                "INSERT OR REPLACE INTO mfa VALUES (?, ?, ?, ?, ?, NULL)",
                [uid, identity, sealed.nonce, sealed.ciphertext, self._clock.now()],
            )
        secret = base64.b32encode(key).decode()
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER))

    async def confirm(self, uid: int, code: str) -> list[str]:
        """End the enrolment with a first code: the recovery codes, which are told this once."""
        await self._vault.ready()
        codes = [base64.b32encode(self._clock.chance(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
        async with self._store.transaction() as tx:
            row = await _row(tx, uid)
            if row is None or row["enrolled_at"]:
                raise InvalidRequest("no enrolment waits for its first code", "Begin one: tektra mfa enroll")
            refusal = await self._refusal(tx, row, code)
            await self._told(tx, "mfa.confirm", uid, refusal)
            if refusal is None:
                await tx.execute("UPDATE mfa SET enrolled_at = ? WHERE uid = ?", [self._clock.now(), uid])
                await tx.executemany(
                    "INSERT INTO mfa_recovery VALUES (?, ?, NULL)", [(uid, _digest(row["id"], code)) for code in codes]
                )
        await self._raised(uid, refusal)
        return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]

    async def require(self, uid: int, code: str | None) -> None:
        """Return where no code is asked for, or this is one. Raises CodeNeeded, WrongCode or TooManyTries."""
        await self._raised(uid, await self._checked(uid, code, ending=False))

    async def disable(self, uid: int, code: str | None) -> None:
        """Ask for codes no more; needs one. Raises as `require` does, and NotFound."""
        await self._raised(uid, await self._checked(uid, code, ending=True))
        await self._vault.abandon_if_empty()

    async def opened(self) -> None:
        """Codes are made of what is read when they are checked: there is nothing to learn."""

    def closed(self) -> None:
        """There is nothing to forget."""

    async def is_empty(self) -> bool:
        """Whether nobody has one; an enrolment that waits for its first code is lost easily."""
        return not await self._store.rows("SELECT 1 FROM mfa WHERE enrolled_at IS NOT NULL LIMIT 1")

    async def seal_again(self, tx: aiosqlite.Connection, again: Again) -> int:
        """Seal every user's secret with the vault's new key."""
        rows = list(await tx.execute_fetchall("SELECT * FROM mfa"))
        for row in rows:
            try:
                sealed = again(_sealed(row), _about(row["uid"], row["id"]))
            except (SecretDamaged, KeyUnusable):
                if row["enrolled_at"]:
                    raise
                await tx.execute("DELETE FROM mfa WHERE uid = ?", [row["uid"]])
                continue
            await tx.execute(
                "UPDATE mfa SET nonce = ?, ciphertext = ? WHERE uid = ?", [sealed.nonce, sealed.ciphertext, row["uid"]]
            )
        return len(rows)

    async def _checked(self, uid: int, code: str | None, *, ending: bool) -> TektraError | None:
        """Check a code and note how that went; a refusal is returned, for raising it here would undo the note."""
        enrolled = await self._store.rows("SELECT 1 FROM mfa WHERE uid = ? AND enrolled_at IS NOT NULL", [uid])
        if enrolled and code is not None and not RECOVERY_CODE.fullmatch(_plain(code)):
            await self._vault.ready()  # a recovery code helps also where the key is lost
        async with self._store.transaction() as tx:
            row = await _row(tx, uid)
            if row is None or not row["enrolled_at"]:
                return NotFound("no codes are asked for", "tektra mfa enroll begins that.") if ending else None
            if code is None:
                return CodeNeeded("this needs a code of your authenticator", "Add --code CODE.")
            refusal = await self._refusal(tx, row, code)
            await self._told(tx, "mfa.disable" if ending else "mfa.check", uid, refusal)
            if refusal is None and ending:
                for table in ("mfa", "mfa_steps", "mfa_recovery"):
                    await tx.execute(f"DELETE FROM {table} WHERE uid = ?", [uid])  # noqa: S608  names of ours
            return refusal

    async def _told(self, tx: aiosqlite.Connection, kind: str, uid: int, refusal: TektraError | None) -> None:
        """What became of a code, in the transaction that notes it."""
        said = {"error": refusal.code, "why": refusal.message} if refusal is not None else {}
        entry = Entry(kind=kind, uid=uid, outcome="denied" if refusal is not None else "ok", details=said)
        await self._audit.append(tx, entry)

    async def _raised(self, uid: int, refusal: TektraError | None) -> None:
        """Raise a refusal; one of a code that was given is a security event."""
        if refusal is None:
            return
        if isinstance(refusal, WrongCode | TooManyTries):
            await self._alarms.sound("code_refused", uid, {"why": refusal.message})
        raise refusal

    async def _refusal(self, tx: aiosqlite.Connection, row: Row, code: str) -> TektraError | None:
        uid = row["uid"]
        locked = await self._locked_for(tx, uid)
        if locked:
            return TooManyTries(
                f"{TRIES} wrong codes in {WINDOW_S // 60} minutes: no code is taken now",
                f"Try again in {-(-locked // 60)} min.",
                retry_after=locked,
            )
        verdict = await self._verdict(tx, row, _plain(code))
        if verdict == "right":
            return None
        await tx.execute("INSERT INTO mfa_failures (uid, at) VALUES (?, ?)", [uid, self._clock.wall()])
        if verdict == "used":
            return WrongCode("this code was used already", "Wait for the next one.")
        return WrongCode("this is not the code", "Look whether the clocks of both devices are right.")

    async def _verdict(self, tx: aiosqlite.Connection, row: Row, code: str) -> Verdict:
        if RECOVERY_CODE.fullmatch(code):
            cursor = await tx.execute(
                "UPDATE mfa_recovery SET used_at = ? WHERE uid = ? AND digest = ? AND used_at IS NULL",
                [self._clock.now(), row["uid"], _digest(row["id"], code)],
            )
            return "right" if cursor.rowcount == 1 else "wrong"
        if not CODE.fullmatch(code):
            return "wrong"
        totp = pyotp.TOTP(base64.b32encode(self._vault.open(_sealed(row), _about(row["uid"], row["id"]))).decode())
        now = int(self._clock.wall()) // STEP_S
        around = range(now - STEPS_ASIDE, now + STEPS_ASIDE + 1)
        # All are compared, each in constant time: how long this takes says nothing about any of them.
        fitting = [step for step in around if hmac.compare_digest(totp.generate_otp(step), code)]
        for step in fitting:
            cursor = await tx.execute("INSERT OR IGNORE INTO mfa_steps VALUES (?, ?)", [row["uid"], step])
            if cursor.rowcount == 1:
                await tx.execute(
                    "DELETE FROM mfa_steps WHERE uid = ? AND step < ?", [row["uid"], step - REMEMBERED_STEPS]
                )
                return "right"
        return "used" if fitting else "wrong"

    async def _locked_for(self, tx: aiosqlite.Connection, uid: int) -> int:
        """Seconds until codes are taken again; 0 when they are. What a later clock noted counts too."""
        now = self._clock.wall()
        await tx.execute("DELETE FROM mfa_failures WHERE uid = ? AND at <= ?", [uid, now - WINDOW_S])
        rows = list(
            await tx.execute_fetchall(
                "SELECT at FROM mfa_failures WHERE uid = ? ORDER BY at DESC LIMIT ?", [uid, TRIES]
            )
        )
        return max(1, round(rows[-1]["at"] + WINDOW_S - now)) if len(rows) == TRIES else 0


def _plain(code: str) -> str:
    """A code as it is compared: people leave gaps where their authenticator shows them."""
    return re.sub(r"[\s-]", "", code).lower()


def _digest(identity: str, code: str) -> bytes:
    """One round of SHA-256: eighty bits of chance cannot be searched, so that a slow hash would only cost us time."""
    return hashlib.sha256(f"{identity}:{code}".encode()).digest()


def _about(uid: int, identity: str) -> About:
    return ("second factor", uid, identity)


def _sealed(row: Row) -> Sealed:
    return Sealed(row["nonce"], row["ciphertext"])


async def _row(tx: aiosqlite.Connection, uid: int) -> Row | None:
    rows = list(await tx.execute_fetchall("SELECT * FROM mfa WHERE uid = ?", [uid]))
    return rows[0] if rows else None
