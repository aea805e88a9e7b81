"""Users: who may connect beside the owner, and as what; the only reader and writer of that table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from tektrad.clock import Clock
from tektrad.errors import InvalidRequest, StoreFailed, UserNotFound
from tektrad.store.db import Store
from tektrad.trust.act import Principal, Role
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry

Given = Literal["operator", "user", "auditor"]
"""The roles that can be given; the owner is whose daemon it is."""
MOST_UID = 2**32 - 2
OVERFLOW_FILE = Path("/proc/sys/kernel/overflowuid")


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may connect."""

    uid: int
    role: Given
    added_at: str
    added_by: int


class Users:
    """Who may connect, kept in memory, since every request asks; without `shared` that is the owner alone."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog, owner: int, *, shared: bool) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._known: dict[int, User] = {}
        self._came: set[int] = set()
        self.owner = owner
        self.shared = shared

    async def recall(self) -> None:
        """Read who was added; called once at the start."""
        try:
            rows = [dict(row) for row in await self._store.rows("SELECT * FROM users")]
            self._known = {user.uid: user for user in msgspec.convert(rows, list[User])}
        except msgspec.ValidationError as error:
            raise StoreFailed(f"the users in the store cannot be understood: {error}") from error

    def role(self, uid: int | None) -> Role | None:
        """As what somebody may connect; None: not at all."""
        if uid == self.owner:
            return "owner"
        found = self._known.get(uid) if uid is not None and self.shared else None
        return None if found is None else found.role

    async def welcome(self, uid: int | None) -> Role | None:
        """As `role`; who comes for the first time since the daemon started is told to the log, save for the owner.

        Raises StoreFailed: nobody comes in unseen.
        """
        role = self.role(uid)
        if role is not None and uid is not None and uid != self.owner and uid not in self._came:
            await self._audit.record(Entry(kind="user.login", uid=uid, details={"role": role}))
            self._came.add(uid)
        return role

    def all(self) -> list[User]:
        """All who were added, by uid."""
        return sorted(self._known.values(), key=lambda user: user.uid)

    async def add(self, uid: int, role: Given, by: Principal) -> User:
        """Let somebody connect from now on, or in another role than before; raises InvalidRequest."""
        if uid == self.owner:
            raise InvalidRequest(f"uid {uid} owns this daemon", "There is nothing to add.", param="uid")
        if not 0 <= uid <= MOST_UID:
            raise InvalidRequest(f"{uid} is no uid", param="uid")
        if uid == overflow_uid():
            hint = "Give the program a user of its own."
            raise InvalidRequest(f"uid {uid} stands for everybody whom the kernel cannot name", hint, param="uid")
        user = User(uid=uid, role=role, added_at=self._clock.now(), added_by=by.uid)
        async with self._store.transaction() as tx:
            await self._audit.append(tx, _entry("user.add", user, by))
            await tx.execute(
                """INSERT INTO users (uid, role, added_at, added_by) VALUES (:uid, :role, :added_at, :added_by)
                   ON CONFLICT (uid) DO UPDATE SET role = :role, added_at = :added_at, added_by = :added_by""",
                msgspec.structs.asdict(user),
            )
        self._known[uid] = user
        return user

    async def remove(self, uid: int, by: Principal) -> User:
        """Let somebody connect no more; what they said stays theirs. Raises UserNotFound."""
        user = self._known.get(uid)
        if user is None:
            raise UserNotFound(f"uid {uid} was not added", "tektra users list shows who was.")
        async with self._store.transaction() as tx:
            await self._audit.append(tx, _entry("user.remove", user, by))
            await tx.execute("DELETE FROM users WHERE uid = ?", [uid])
        self._known.pop(uid, None)
        self._came.discard(uid)
        return user


def overflow_uid() -> int:
    """The uid that the kernel tells of a peer whose own has none here (from another user namespace): nobody's."""
    try:
        return int(OVERFLOW_FILE.read_text())
    except (OSError, ValueError):
        return 65534


def _entry(kind: str, user: User, by: Principal) -> Entry:
    return Entry(kind=kind, uid=by.uid, agent=by.agent, details={"uid": user.uid, "role": user.role})
