"""Consent: asks people, and keeps what they answered. The only reader and writer of the asks.

An answer holds for exactly what was asked; the first one counts; who says nothing in time has said no. All of it is
in the store, so that an ask outlives the daemon.
"""

from __future__ import annotations

import asyncio
import shlex
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import aiosqlite
import msgspec
import structlog

from tektrad.clock import Clock, later
from tektrad.errors import AlreadyAnswered, AskNotFound, Forbidden, InvalidRequest, StoreFailed
from tektrad.events import Events
from tektrad.events import Type as EventType
from tektrad.store.db import Row, Store
from tektrad.store.reference import by_reference
from tektrad.trust.act import Act, Principal
from tektrad.trust.alarms import Alarms
from tektrad.trust.ask import Ask, Request
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry, Outcome
from tektrad.trust.findings import findings
from tektrad.trust.grant import Pattern, Scope
from tektrad.trust.grants import Grants, Wish
from tektrad.trust.judge import Judge
from tektrad.trust.policy import DEFAULT, Decision

_SELECT = "SELECT * FROM asks"
_COUNT = "SELECT count(*) FROM asks"
Answer = Literal["allow", "deny"]
EVENTS: Mapping[str, EventType] = MappingProxyType(
    {"consent.ask": "ask.opened", "consent.answer": "ask.answered", "consent.expire": "ask.expired"}
)
"""What entries are told as, to those who may answer."""
MOST_TOLD = 200
"""Characters of what is asked, in an event; the ask itself has it all."""
LOOK_S = 60.0
"""Seconds after which it is looked again whether something expires: clocks are set, and machines sleep."""
USUAL_S = 3600.0
LONGEST_S = 30 * 24 * 3600.0
MOST_PENDING = 1000
"""Of one user; who asks more than anybody can answer is refused."""

RUN_ENDED = "the run that asked has ended"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Must:
    """Why a person is asked about what the policy allows; a grant that speaks of it is an answer, where that may be."""

    rule: str
    why: str
    unless_granted: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may become of an act: allow, deny, or (while nobody has answered) ask; and the ask, where there was one."""

    outcome: Literal["allow", "ask", "deny"]
    rule: str
    why: str
    ask: Ask | None = None


class Consent:
    """Decides about acts, with people where the policy wants them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audit: AuditLog,
        alarms: Alarms,
        grants: Grants,
        judge: Judge,
        redact: Callable[[Any], Any],
        events: Events,
    ) -> None:
        """`redact` takes the values of secrets out of what is kept and shown of a request."""
        self._redact = redact
        self._store = store
        self._alarms = alarms
        self._clock = clock
        self._audit = audit
        self._grants = grants
        self._judge = judge
        self._events = events
        self._answered: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._opened = asyncio.Event()

    async def seek(
        self,
        act: Act,
        request: Request,
        expires_s: float = USUAL_S,
        wait_s: float = 0.0,
        must: Must | None = None,
        opened: Callable[[Ask], Awaitable[None]] | None = None,
        begins: Entry | None = None,
        hosts: Collection[str] | None = None,
    ) -> Verdict:
        """Whether an act may be done now, once; where a person has to say so they are asked, and waited for.

        An allowing answer is used up by the one call that returns it. `opened` hears of what pends before it is waited
        for. `begins`: how the act begins, for the log, together with what allows it. `hosts`: those that the asker may
        reach, as findings tell of others.
        """
        deadline = self._clock.monotonic() + wait_s
        while True:
            decision = await self.decided(act, must, begins)
            if decision.outcome != "ask":
                return Verdict(decision.outcome, decision.rule, decision.why)
            ask = await self._asked(act, request, decision, expires_s, hosts)
            if ask.state == "pending":
                if opened is not None:
                    await opened(ask)
                ask = await self._awaited(ask, deadline - self._clock.monotonic())
            verdict = await self._verdict(ask, begins)
            if verdict is not None:
                return verdict

    async def answer(self, reference: str, answer: Answer, by: Principal, scope: Scope = "once", why: str = "") -> Ask:
        """Answer an ask; raises AskNotFound, AlreadyAnswered, or Forbidden for who may not."""
        ask = await self.find(reference, by)
        lasting = answer == "allow" and scope != "once"
        if lasting and ask.rule != DEFAULT:
            raise InvalidRequest(
                f"rule {ask.rule} asks every time, so this can only be allowed once",
                "Leave the scope out, or change the rule.",
                param="scope",
            )
        state: Literal["allowed", "denied"] = "allowed" if answer == "allow" else "denied"
        async with self._changing() as tx:
            now = self._clock.now()
            answered = list(
                await tx.execute_fetchall(
                    """UPDATE asks SET state = ?, answered_at = ?, answered_by = ?, scope = ?, reason = ?
                       WHERE id = ? AND state = 'pending' AND expires_at > ? RETURNING *""",
                    [state, now, by.uid, scope, why, ask.id, now],
                )
            )
            if answered:
                told = {"scope": scope, "reason": why}
                await self._told(tx, "consent.answer", ask, "ok" if answer == "allow" else "denied", by, told)
                if lasting:
                    await self._grants.grant_in(tx, _wish(ask, scope, why), by)
        if ask.id in self._answered:
            self._answered[ask.id].set()
        if not answered:
            raise _too_late(await self.find(ask.id, by))
        if lasting:
            self._grants.changed()
        return _ask(answered[0])

    async def find(self, reference: str, by: Principal) -> Ask:
        """By id or unique beginning of one; raises AskNotFound, also for those that somebody else has to answer."""
        async with self._changing():
            pass
        row = await by_reference(self._store, _SELECT, "id", reference, "ask", *_may_answer(by))
        if row is None:
            raise AskNotFound(f'nobody asks "{reference[:40]}"', "tektra approvals list shows what waits for you.")
        return _ask(row)

    async def all(self, by: Principal, *, pending: bool) -> list[Ask]:
        """What somebody may answer, or might have: the oldest first."""
        async with self._changing():
            pass
        theirs, values = _may_answer(by)
        wanted = "state = 'pending'" if pending else "1"
        rows = await self._store.rows(f"{_SELECT} WHERE {theirs} AND {wanted} ORDER BY asked_at, id", values)
        return [_ask(row) for row in rows]

    async def waiting(self, by: Principal) -> int:
        """How many asks wait for somebody's answer."""
        theirs, values = _may_answer(by)
        (row,) = await self._store.rows(
            f"{_COUNT} WHERE {theirs} AND state = 'pending' AND expires_at > ?", [*values, self._clock.now()]
        )
        return int(row[0])

    @asynccontextmanager
    async def expiring(self) -> AsyncIterator[None]:
        """Let asks expire in time inside the block, though nobody looks at them."""
        expiring = asyncio.create_task(self._expire())
        try:
            yield
        finally:
            expiring.cancel()
            await asyncio.wait([expiring])

    async def _expire(self) -> None:
        while True:
            self._opened.clear()
            try:
                left = await self._expired()
            except StoreFailed as error:
                log.error("asks that have expired could not be marked so", why=error.message)
                left = LOOK_S
            with suppress(TimeoutError):
                async with asyncio.timeout(None if left is None else min(left, LOOK_S)):
                    await self._opened.wait()

    async def _expired(self) -> float | None:
        """Mark what has expired; seconds until the next one will, None: none pends."""
        async with self._changing() as tx:
            ((first,),) = await tx.execute_fetchall("SELECT min(expires_at) FROM asks WHERE state = 'pending'")
        return None if first is None else self._left(first)

    async def withdraw(self, tx: aiosqlite.Connection, run: str) -> None:
        """Let nothing pend any more of a run that ends in this transaction."""
        rows = await tx.execute_fetchall(
            "SELECT * FROM asks WHERE state = 'pending' AND json_extract(request, '$.run') = ?", [run]
        )
        for row in rows:
            ask = _ask(row)
            await self._told(tx, "consent.expire", ask, "denied", None, {"why": RUN_ENDED})
            await tx.execute("UPDATE asks SET state = 'expired', reason = ? WHERE id = ?", [RUN_ENDED, ask.id])
            if ask.id in self._answered:
                self._store.once_committed(self._answered[ask.id].set)

    def _left(self, expires_at: str) -> float:
        """Seconds until then."""
        then, now = datetime.fromisoformat(expires_at), datetime.fromisoformat(self._clock.now())
        return (then - now).total_seconds()

    async def decided(self, act: Act, must: Must | None = None, begins: Entry | None = None) -> Decision:
        """What the policy says; an end of it is an entry in the transaction that spends a counted grant.

        `begins` comes behind that, where the act is allowed.
        """
        async with self._store.transaction() as tx:
            decision = await self._judge.decide(act, tx)
            is_granted = must is not None and must.unless_granted and (decision.grant or decision.granted)
            if must is not None and decision.outcome == "allow" and not is_granted:
                decision = Decision("ask", must.rule, must.why, must.rule)
            if decision.outcome != "ask":
                outcome: Outcome = "ok" if decision.outcome == "allow" else "denied"
                said = {"action": act.action, "resource": act.text, "rule": decision.rule, "why": decision.why}
                who = act.principal
                entry = Entry(kind="permission.decide", uid=who.uid, agent=who.agent, run=act.run, outcome=outcome)
                await self._audit.append(tx, msgspec.structs.replace(entry, details=said))
            if decision.outcome == "allow" and begins is not None:
                await self._audit.append(tx, begins)
        if decision.outcome == "deny":
            said = {"agent": act.principal.agent, "action": act.action, "rule": decision.rule}
            await self._alarms.sound("denied", act.principal.uid, said)
        return decision

    async def _asked(
        self, act: Act, request: Request, decision: Decision, expires_s: float, hosts: Collection[str] | None
    ) -> Ask:
        """The open or unused ask about exactly this, or a new one."""
        who = act.principal
        digest = request.digest(who.uid, who.agent)
        kept = msgspec.convert(self._redact(msgspec.to_builtins(request)), Request)
        found_out = await asyncio.to_thread(findings, kept, hosts)  # which takes a while for a long text
        async with self._changing() as tx:
            found = list(
                await tx.execute_fetchall(
                    """SELECT * FROM asks WHERE digest = ? AND (state = 'pending' OR (state = 'allowed'
                       AND used_at IS NULL AND scope = 'once')) ORDER BY asked_at, id LIMIT 1""",
                    [digest],
                )
            )
            if found:
                return _ask(found[0])
            ((pending,),) = await tx.execute_fetchall(f"{_COUNT} WHERE uid = ? AND state = 'pending'", [who.uid])
            if pending >= MOST_PENDING:
                raise Forbidden(f"{pending} asks wait for an answer already", "Answer some: tektra approvals list")
            now = self._clock.now()
            ask = Ask(
                id=self._clock.new_id(),
                uid=who.uid,
                agent=who.agent,
                request=kept,
                digest=digest,
                rule=decision.rule,
                why=decision.why,
                state="pending",
                asked_at=now,
                expires_at=later(now, expires_s),
                answered_at=None,
                answered_by=None,
                scope="",
                reason="",
                used_at=None,
                findings=found_out,
            )
            told = {"rule": ask.rule, "findings": [f"{each.level}: {each.what}" for each in found_out]}
            await self._told(tx, "consent.ask", ask, "begun", act.principal, told)
            values = msgspec.structs.asdict(ask) | {
                name: msgspec.json.encode(value).decode()
                for name, value in (("request", ask.request), ("findings", ask.findings))
            }
            await tx.execute(f"INSERT INTO asks ({', '.join(values)}) VALUES (:{', :'.join(values)})", values)  # noqa: S608
        return ask

    async def _awaited(self, ask: Ask, seconds: float) -> Ask:
        """Wait for an answer, for a time, and no longer than it is worth anything."""
        event = self._answered[ask.id]
        try:
            async with asyncio.timeout(max(0.0, min(seconds, self._left(ask.expires_at) + 0.001))):
                await event.wait()
        except TimeoutError:
            pass
        async with self._changing() as tx:
            (row,) = await tx.execute_fetchall("SELECT * FROM asks WHERE id = ?", [ask.id])
        if row["state"] != "pending":
            self._answered.pop(ask.id, None)
        return _ask(row)

    async def _verdict(self, ask: Ask, begins: Entry | None) -> Verdict | None:
        """What an ask comes to; None where its answer was used by another call, or is a grant by now: decide again."""
        rule = f"ask#{ask.id}"
        if ask.state == "pending":
            return Verdict("ask", ask.rule, ask.why, ask)
        if ask.state != "allowed":
            why = ask.reason or ("nobody answered in time" if ask.state == "expired" else "it was denied")
            return Verdict("deny", rule, why, ask)
        async with self._changing() as tx:
            cursor = await tx.execute(
                "UPDATE asks SET used_at = ? WHERE id = ? AND used_at IS NULL", [self._clock.now(), ask.id]
            )
            if cursor.rowcount:
                await self._told(tx, "consent.use", ask, "ok", Principal(ask.uid, ask.agent), {"rule": rule})
                if begins is not None:
                    await self._audit.append(tx, begins)
        return Verdict("allow", rule, ask.reason, ask) if cursor.rowcount else None

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[aiosqlite.Connection]:
        """A transaction in which nothing pends that has expired."""
        async with self._store.transaction() as tx:
            rows = await tx.execute_fetchall(
                "SELECT * FROM asks WHERE state = 'pending' AND expires_at <= ?", [self._clock.now()]
            )
            for row in rows:
                ask = _ask(row)
                await self._told(tx, "consent.expire", ask, "denied", None, {})
                await tx.execute("UPDATE asks SET state = 'expired' WHERE id = ?", [ask.id])
            yield tx

    async def _told(
        self,
        tx: aiosqlite.Connection,
        kind: str,
        ask: Ask,
        outcome: Outcome,
        by: Principal | None,
        more: dict[str, Any],
    ) -> None:
        request = ask.request
        what = request.resource if isinstance(request.resource, str) else list(request.resource)
        said = {"action": request.action, "resource": what, "digest": ask.digest, "asked_by": _name(ask)}
        uid, agent = (by.uid, by.agent) if by is not None else (None, "")
        await self._audit.append(
            tx,
            Entry(kind=kind, uid=uid, agent=agent, act=ask.id, run=request.run, outcome=outcome, details=said | more),
        )
        if kind in EVENTS:
            self._store.once_committed(partial(self._publish, EVENTS[kind], ask, outcome, uid))

    def _publish(self, type: EventType, ask: Ask, outcome: Outcome, by: int | None) -> None:
        self._opened.set()
        request = ask.request
        what = request.resource if isinstance(request.resource, str) else shlex.join(request.resource)
        told: dict[str, Any] = {
            "ask": ask.id,
            "agent": ask.agent,
            "action": request.action,
            "resource": what[:MOST_TOLD],
        }
        if type == "ask.opened":
            told |= {"rule": ask.rule, "why": ask.why[:MOST_TOLD], "expires_at": ask.expires_at}
        elif type == "ask.answered":
            told |= {"state": "allowed" if outcome == "ok" else "denied", "answered_by": by}
        self._events.publish(type, told, ask.uid)


def _wish(ask: Ask, scope: Scope, why: str) -> Wish:
    """The grant for exactly what was asked that an answer beyond this once makes."""
    request = ask.request
    bounds = {"run": request.run, "session": request.session}
    if scope in bounds and not bounds[scope]:
        raise InvalidRequest(f"this belongs to no {scope}", "Allow it once or always.", param="scope")
    pattern = Pattern.of(request.action, request.resource)
    return Wish(
        decision="allow",
        uid=ask.uid,
        agent=ask.agent,
        action=request.action,
        pattern=pattern,
        scope=scope,
        bound_to=bounds.get(scope, ""),
        why=why,
    )


def _may_answer(by: Principal) -> tuple[str, list[int]]:
    """In SQL: a person answers what their own agents ask, and the owner what anybody's do; no agent answers."""
    if by.agent:
        return "0", []
    return ("1", []) if "owner" in by.roles else ("uid = ?", [by.uid])


def may_answer(by: Principal, uid: int | None) -> bool:
    """Whether an ask of that user's agents is theirs to see and to answer, as `_may_answer` says in SQL."""
    return not by.agent and ("owner" in by.roles or by.uid == uid)


def _too_late(ask: Ask) -> AlreadyAnswered:
    if ask.state == "expired" and ask.reason:
        return AlreadyAnswered(f"ask {ask.id} is void: {ask.reason}")
    if ask.state == "expired":
        return AlreadyAnswered(f"ask {ask.id} expired at {ask.expires_at}, which means no", "It may be asked again.")
    return AlreadyAnswered(
        f"ask {ask.id} was {ask.state} by uid {ask.answered_by} at {ask.answered_at}", "The first answer counts."
    )


def _name(ask: Ask) -> str:
    return f"{ask.uid}/{ask.agent}" if ask.agent else str(ask.uid)


def _ask(row: Row) -> Ask:
    fields = dict(row)
    decoded = {name: msgspec.json.decode(row[name]) for name in ("request", "findings")}
    return msgspec.convert(fields | decoded, Ask)
