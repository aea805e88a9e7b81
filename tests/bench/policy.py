"""What a decision costs with few and with many grants, beside the floor: Cedar asked once about the shipped rules."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cedarpy import PolicySet, Schema, is_authorized

from tektrad.clock import SystemClock
from tektrad.store.db import open_store
from tektrad.trust import cedar
from tektrad.trust.act import Act, Principal
from tektrad.trust.audit import AuditLog
from tektrad.trust.grant import Grant, Pattern
from tektrad.trust.grants import Grants, Wish
from tektrad.trust.judge import Judge
from tektrad.trust.keys import make_key
from tektrad.trust.policy import Rulebook
from tektrad.trust.policy_changes import PolicyChanges
from tektrad.trust.policy_files import PolicyFiles, shipped
from tektrad.trust.users import Users

COUNTS = (10, 100, 1000)
ROUNDS = 500
UID = 1000


def measure_policy() -> dict[str, Any]:
    """Milliseconds a decision, median and worst of a hundred, and decisions a second."""
    return {"floor": _floor(), "with_grants": asyncio.run(_judged())}


def _floor() -> dict[str, float]:
    """Cedar's own call with everything parsed before, as little as a decision could be made of."""
    schema = Schema.from_str(shipped("schema.cedarschema"))
    policies = PolicySet.from_str(shipped("base.cedar"))
    known = cedar.entities(_coder(), schema)
    request = cedar.request(_act(0), SystemClock().now(), protected=False)
    return _timed(lambda _: is_authorized(request, policies, known, schema))


async def _judged() -> list[dict[str, Any]]:
    """A judge over a real store: grants for folders, all of one action, one of which is the act's."""
    found = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            clock = SystemClock()
            async with open_store(Path(folder) / "store.db") as store:
                audit = AuditLog(store, clock, make_key(Path(folder) / "audit.key", Path(folder) / "audit.pub"))
                grants = Grants(store, clock, audit)
                users = Users(store, clock, audit, UID, shared=False)
                policies = PolicyChanges(store, audit, PolicyFiles(Path(folder) / "policies"))
                judge = Judge(store, grants, clock, policies, [Path(folder)], users)
                for number in range(count):
                    await grants.grant(_wish(number), Principal(UID))
                began = time.perf_counter()
                await judge.decide(_act(0))
                made = time.perf_counter() - began
                first, again = [await _asked(judge, count) for _ in range(2)]
                found.append(
                    {
                        "grants": count,
                        "after_a_change_ms": round(made * 1000, 3),
                        "first": _figures(first),
                        "again": _figures(again),
                        "all_shown_to_cedar": _unfiltered(await grants.holding()),
                    }
                )
    return found


async def _asked(judge: Judge, count: int) -> list[float]:
    """Seconds of each decision, about different folders; what is asked again finds its grants parsed."""
    times = []
    for number in range(min(count, ROUNDS)):
        began = time.perf_counter()
        decision = await judge.decide(_act(number))
        times.append(time.perf_counter() - began)
        assert decision.outcome == "allow"
    return times


def _unfiltered(grants: list[Grant]) -> dict[str, float]:
    """Cedar given the rules and every grant, which is what finding the few beforehand saves."""
    book = Rulebook(shipped("schema.cedarschema"), PolicyFiles(Path("/nonexistent")).sources())
    policies = cedar.granted(grants)
    known = cedar.entities(_coder(), book.schema)
    asked = cedar.request(_act(0), SystemClock().now(), protected=False)

    def both(_: int) -> None:
        is_authorized(asked, book.policies, known, book.schema)
        is_authorized(asked, policies, known, book.schema)

    return _timed(both, ROUNDS // 10)


def _timed(call: Callable[[int], object], rounds: int = ROUNDS) -> dict[str, float]:
    times = []
    for number in range(rounds):
        began = time.perf_counter()
        call(number)
        times.append(time.perf_counter() - began)
    return _figures(times)


def _figures(seconds: list[float]) -> dict[str, float]:
    median = statistics.median(seconds)
    return {
        "median_ms": round(median * 1000, 3),
        "p99_ms": round(sorted(seconds)[len(seconds) * 99 // 100] * 1000, 3),
        "per_s": round(1 / median),
    }


def _coder() -> Principal:
    return Principal(UID, "coder", frozenset({"owner"}))


def _act(number: int) -> Act:
    return Act(principal=_coder(), action="write", resource=f"/home/me/project-{number}/src/main.py")


def _wish(number: int) -> Wish:
    pattern = Pattern.of("write", f"/home/me/project-{number}")
    return Wish(decision="allow", uid=UID, agent="coder", action="write", pattern=pattern)
