"""Whose asks are whose, over a real store."""

from __future__ import annotations

import itertools
from pathlib import Path

from tektrad.clock import SystemClock
from tektrad.events import Events
from tektrad.store.db import open_store
from tektrad.trust.act import Act
from tektrad.trust.alarms import Alarms
from tektrad.trust.ask import Request
from tektrad.trust.consent import Consent
from tektrad.trust.grants import Grants
from tektrad.trust.judge import Judge
from tektrad.trust.policy_changes import PolicyChanges
from tektrad.trust.policy_files import PolicyFiles
from tektrad.trust.users import Users
from tests.audit_logs import new_log

OWNER, ANNA, BEN = 1, 1001, 1002


class Numbered(SystemClock):
    """Gives ids that all begin alike."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"ask{next(self._numbers):03}"


async def test_a_beginning_means_ones_own_ask_however_many_others_begin_so(tmp_path: Path) -> None:
    clock = Numbered()
    async with open_store(tmp_path / "store.db") as store:
        audit = new_log(store, clock, tmp_path)
        users = Users(store, clock, audit, OWNER, shared=True)
        grants = Grants(store, clock, audit)
        judge = Judge(store, grants, clock, PolicyChanges(store, audit, PolicyFiles(tmp_path / "policies")), [], users)
        owner = judge.principal(OWNER)
        for uid in (ANNA, BEN):
            await users.add(uid, "user", owner)
        consent = Consent(store, clock, audit, Alarms(audit, clock), grants, judge, lambda thing: thing, Events(clock))
        for uid, count in ((BEN, 4), (ANNA, 1), (BEN, 1)):
            for number in range(count):
                act = Act(
                    principal=judge.principal(uid, "coder"), action="use", resource=f"thing{uid}-{number}-{count}"
                )
                await consent.seek(act, Request.of(act))
        anna = judge.principal(ANNA)
        (hers,) = await consent.all(anna, pending=True)
        assert hers.uid == ANNA
        assert await consent.find("ask", anna) == hers
        assert await consent.waiting(anna) == 1
        assert [await consent.waiting(judge.principal(BEN)), await consent.waiting(owner)] == [5, 6]
        assert await consent.all(judge.principal(ANNA, "coder"), pending=False) == []
