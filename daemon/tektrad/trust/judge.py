"""The judge: decides about every act by the policy that is in force now, and counts the uses of grants."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import aiosqlite
import structlog

from tektrad.clock import Clock
from tektrad.errors import Forbidden
from tektrad.store.db import Store
from tektrad.trust.act import Act, Principal
from tektrad.trust.grants import Grants
from tektrad.trust.policy import Decision, Policy, Rulebook
from tektrad.trust.policy_changes import PolicyChanges
from tektrad.trust.policy_files import Signature, shipped
from tektrad.trust.users import Users

log = structlog.get_logger()


class Judge:
    """Owns the policy: made anew whenever a policy file or a grant has changed, looked for before every decision."""

    def __init__(
        self,
        store: Store,
        grants: Grants,
        clock: Clock,
        policies: PolicyChanges,
        protected: Sequence[Path],
        users: Users,
    ) -> None:
        self._store = store
        self._grants = grants
        self._clock = clock
        self._policies = policies
        # Paths of acts come with their links followed, and so are these.
        self._protected = [str(folder.resolve()) for folder in protected]
        self._users = users
        self._making = asyncio.Lock()
        self._book: Rulebook | None = None
        self._policy: Policy | None = None
        self._signature: Signature | None = None
        self._revision: int | None = None
        self._unsure = False
        """Whether a change of files was recorded in a transaction that may have come to nothing."""

    def principal(self, uid: int, agent: str = "") -> Principal:
        """Somebody with their role, which only Users knows; who may not connect has none."""
        role = self._users.role(uid)
        return Principal(uid, agent, frozenset() if role is None else frozenset({role}))

    async def decide(self, act: Act, tx: aiosqlite.Connection | None = None) -> Decision:
        """Decide about an act; a counted use of the grant that allows it is spent, in `tx` if there is one.

        Whoever passes a transaction holds the writer: the use comes back if that is rolled back.
        """
        spent: frozenset[str] = frozenset()
        while True:
            decision = (await self._current(tx)).decide(act, self._clock.now(), spent)
            if not decision.counted or await self._spend(decision.grant, tx):
                return decision
            spent |= {decision.grant}  # somebody else had its last use

    async def test(self, act: Act) -> Decision:
        """What `decide` would say, with no use spent."""
        self._revision = None  # uses may have been spent in a transaction of somebody else's
        return (await self._current()).decide(act, self._clock.now())

    async def allows(self, act: Act) -> bool:
        """Whether an act is allowed, with no use spent: for what is only shown."""
        return (await self._current()).decide(act, self._clock.now()).outcome == "allow"

    async def require(self, act: Act) -> None:
        """Raise Forbidden, naming the rule, unless the act is allowed."""
        decision = await self.decide(act)
        if decision.outcome != "allow":
            raise Forbidden(decision.refusal(act), "tektra permissions list --rules shows what holds.")

    async def rulebook(self) -> Rulebook:
        """The rules of all texts, as they are now."""
        await self._current()
        assert self._book is not None
        return self._book

    async def _spend(self, grant: str, tx: aiosqlite.Connection | None) -> bool:
        if tx is not None:
            return await self._grants.spend(tx, grant)
        async with self._store.transaction() as own:
            return await self._grants.spend(own, grant)

    async def _current(self, tx: aiosqlite.Connection | None = None) -> Policy:
        if tx is None and self._unsure:
            self._unsure, self._signature = False, None
        if not self._fresh():
            async with self._making:
                while not self._fresh():
                    await self._make(tx)
        assert self._policy is not None
        return self._policy

    def _fresh(self) -> bool:
        return self._revision == self._grants.revision and self._signature == self._policies.files.signature()

    async def _make(self, tx: aiosqlite.Connection | None) -> None:
        """Read what has changed; what changes meanwhile is noticed afterwards."""
        signature, revision = self._policies.files.signature(), self._grants.revision
        if self._book is None or signature != self._signature:
            self._signature = None  # should reading fail, nothing is decided by what held before
            sources = await asyncio.to_thread(self._policies.files.sources)
            book = await asyncio.to_thread(Rulebook, shipped("schema.cedarschema"), sources)
            await self._policies.notice(sources, book, tx)
            self._book, self._unsure = book, tx is not None
            if book.problem is not None:
                log.error("every act is denied", rule=book.problem.rule, why=book.problem.message)
        self._policy = Policy(self._book, await self._grants.holding(), self._protected)
        self._signature, self._revision = signature, revision
