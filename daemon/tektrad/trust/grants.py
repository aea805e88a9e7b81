"""Grants in the store: the only reader and writer of that table."""

from __future__ import annotations

from dataclasses import dataclass

import aiosqlite
import msgspec

from tektrad.clock import Clock, later
from tektrad.errors import GrantNotFound, InvalidRequest, StoreFailed
from tektrad.store.db import Row, Store
from tektrad.store.reference import by_reference
from tektrad.trust.act import Principal, checked_agent, checked_id
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.grant import Conditions, Grant, Outcome, Pattern, Scope
from tektrad.trust.resource import shown

LONGEST_S = 10 * 366 * 24 * 3600.0
UNGRANTABLE = "configure"
"""A grant about settings could take away the right to revoke it."""
UNCONDITIONAL = Conditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A grant that somebody wants to make. `bound_to` is the run or the session where the scope is one."""

    decision: Outcome
    uid: int
    agent: str = ""
    action: str
    pattern: Pattern
    conditions: Conditions = UNCONDITIONAL
    scope: Scope = "always"
    bound_to: str = ""
    seconds: float | None = None
    uses: int | None = None
    why: str = ""

    def __post_init__(self) -> None:
        if self.agent:
            checked_agent(self.agent)
        if self.action == UNGRANTABLE:
            raise InvalidRequest(
                "settings are not for grants", "Say it in a policy file (docs/design/trust.md).", param="action"
            )
        if self.scope in ("run", "session"):
            checked_id(self.bound_to, self.scope, "bound_to")
        elif self.bound_to:
            raise InvalidRequest(f"a grant for {self.scope} belongs to no run and no session", param="scope")
        if self.uses is not None and self.uses < 1:
            raise InvalidRequest("a grant can be used once at least", param="uses")
        if self.uses is not None and self.scope == "once":
            raise InvalidRequest("a grant for once is used once: leave the uses out", param="uses")
        if self.decision != "allow" and (self.uses is not None or self.scope == "once"):
            raise InvalidRequest("only what allows can be used up", "Let it expire instead.", param="uses")
        if self.seconds is not None and not 0 < self.seconds <= LONGEST_S:
            raise InvalidRequest("a grant expires after a moment at least and ten years at most", param="expires_s")

    @property
    def uses_left(self) -> int | None:
        """How often it may be used; None: as often as wanted."""
        return 1 if self.scope == "once" else self.uses


class Grants:
    """Everything that was granted. `revision` changes whenever what holds may have."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self.revision = 0

    async def grant(self, wish: Wish, by: Principal) -> Grant:
        """Make a grant; `by` is who makes it."""
        async with self._store.transaction() as tx:
            made = await self.grant_in(tx, wish, by)
        self.changed()
        return made

    def changed(self) -> None:
        """What holds has changed, and is committed: whoever decides by it reads it anew."""
        self.revision += 1

    async def grant_in(self, tx: aiosqlite.Connection, wish: Wish, by: Principal) -> Grant:
        """The same in a transaction of the caller, who says `changed` when it is committed."""
        now = self._clock.now()
        made = Grant(
            id=self._clock.new_id(),
            decision=wish.decision,
            uid=wish.uid,
            agent=wish.agent,
            action=wish.action,
            kind=wish.pattern.kind,
            resource=wish.pattern.text,
            conditions=wish.conditions,
            scope=wish.scope,
            bound_to=wish.bound_to,
            expires_at=None if wish.seconds is None else later(now, wish.seconds),
            uses_left=wish.uses_left,
            created_at=now,
            created_by=by.key,
            revoked_at=None,
            why=wish.why,
        )
        values = msgspec.structs.asdict(made) | {"conditions": msgspec.json.encode(made.conditions).decode()}
        await self._audit.append(tx, _entry("permission.grant", made, by))
        await tx.execute(f"INSERT INTO grants ({', '.join(values)}) VALUES (:{', :'.join(values)})", values)  # noqa: S608
        return made

    async def revoke(self, reference: str, by: Principal) -> Grant:
        """End a grant, by its id or a unique beginning of it; one that was revoked before stays as it is."""
        found = await self.find(reference)
        async with self._store.transaction() as tx:
            await self._audit.append(tx, _entry("permission.revoke", found, by))
            await tx.execute(
                "UPDATE grants SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", [self._clock.now(), found.id]
            )
        self.revision += 1
        return await self.find(found.id)

    async def spend(self, tx: aiosqlite.Connection, ident: str) -> bool:
        """Take one of a grant's counted uses, in the transaction of what it is used for; False: there is none left."""
        rows = list(
            await tx.execute_fetchall(
                """UPDATE grants SET uses_left = uses_left - 1
                   WHERE id = ?1 AND uses_left > 0 AND revoked_at IS NULL AND (expires_at IS NULL OR ?2 < expires_at)
                   RETURNING uses_left""",
                [ident, self._clock.now()],
            )
        )
        if not rows or rows[0][0] == 0:
            self.revision += 1
        return bool(rows)

    async def find(self, reference: str) -> Grant:
        """By id or by unique beginning of an id; raises GrantNotFound or InvalidRequest."""
        row = await by_reference(self._store, "SELECT * FROM grants", "id", reference, "grant")
        if row is None:
            raise GrantNotFound(f'no grant "{shown(reference)}"', "tektra permissions list --all shows them.")
        return _grant(row)

    async def holding(self) -> list[Grant]:
        """Those that are neither revoked nor expired nor used up, the oldest first."""
        rows = await self._store.rows(
            """SELECT * FROM grants WHERE revoked_at IS NULL AND (uses_left IS NULL OR uses_left > 0)
               AND (expires_at IS NULL OR ? < expires_at) ORDER BY created_at, id""",
            [self._clock.now()],
        )
        return [_grant(row) for row in rows]

    async def all(self) -> list[Grant]:
        """All that ever were, the oldest first."""
        return [_grant(row) for row in await self._store.rows("SELECT * FROM grants ORDER BY created_at, id")]


def _entry(kind: str, grant: Grant, by: Principal) -> Entry:
    told = msgspec.to_builtins(grant)
    kept = ("id", "decision", "uid", "agent", "action", "kind", "resource", "conditions", "scope", "bound_to")
    more = ("expires_at", "uses_left", "why")
    return Entry(kind=kind, uid=by.uid, agent=by.agent, details={name: told[name] for name in (*kept, *more)})


def _grant(row: Row) -> Grant:
    """A row as a value; what cannot be understood could be a prohibition, so that nothing goes on without it."""
    try:
        fields = dict(row) | {"conditions": msgspec.json.decode(row["conditions"], type=Conditions)}
        return msgspec.convert(fields, Grant)
    except (msgspec.MsgspecError, InvalidRequest) as error:
        raise StoreFailed(f"the grant {row['id']} in the store cannot be understood: {error}") from error
