"""Who hears of entries and alarms, over a real store: each once it is there for good, and no alarm of alarms."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tektrad.clock import SystemClock
from tektrad.events import Events
from tektrad.store.db import Store, open_store
from tektrad.trust.alarms import Alarms
from tektrad.trust.audit import AuditLog, Written
from tektrad.trust.entry import Entry
from tektrad.trust.lookout import Lookout
from tektrad.trust.news import news
from tektrad.trust.rates import BOUNDS
from tektrad.trust.reading import AuditReader, Filter
from tests.audit_logs import new_log

ANNA = 1001
REMOVED = Entry(kind="model.remove", uid=ANNA)


@dataclass(frozen=True)
class House:
    """A log with those who listen to it."""

    store: Store
    audit: AuditLog
    alarms: Alarms
    heard: list[Written]

    async def kinds(self, kind: str) -> list[str]:
        """Entries of a kind, the oldest first."""
        found, _ = await AuditReader(self.store).page(Filter(kind=kind), 1000, None)
        return [entry["kind"] for entry in reversed(found)]


@contextlib.asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[House]:
    clock = SystemClock()
    async with open_store(folder / "store.db") as store:
        audit = new_log(store, clock, folder)
        alarms = Alarms(audit, clock)
        lookout = Lookout(alarms, clock)
        house = House(store, audit, alarms, [])
        audit.told_to(house.heard.append)
        audit.told_to(lookout.written)
        alarms.heard_by(lookout.sounded)
        async with lookout.watching():
            yield house


async def alarms_after(folder: Path, *entries: Entry, refusals: int = 0) -> list[str]:
    """Alarms that stand in the log when all this has happened."""
    async with watched(folder) as house:
        for entry in entries:
            await house.audit.record(entry)
        for _ in range(refusals):
            await house.alarms.sound("refused", ANNA, {"what": "audit log"})
    async with open_store(folder / "store.db") as store:
        found, _ = await AuditReader(store).page(Filter(kind="security"), 1000, None)
    return [f"{entry['kind']} {entry['details'].get('of', '')}".strip() for entry in reversed(found)]


async def test_nobody_hears_of_an_entry_before_it_is_committed_nor_of_one_that_came_to_nothing(tmp_path: Path) -> None:
    async with watched(tmp_path) as house:
        async with house.store.transaction() as tx:
            await house.audit.append(tx, REMOVED)
            assert house.heard == []
        assert [(told.number, told.entry) for told in house.heard] == [(1, REMOVED)]
        with contextlib.suppress(ZeroDivisionError):
            async with house.store.transaction() as tx:
                await house.audit.append(tx, REMOVED)
                raise ZeroDivisionError
        await house.audit.record(REMOVED, REMOVED)
        assert [told.number for told in house.heard] == [1, 2, 3]


async def test_what_is_told_is_what_is_written_wherever_the_writer_is_cancelled(tmp_path: Path) -> None:
    async with watched(tmp_path) as house:
        for turns in range(0, 200, 2):
            writing = asyncio.create_task(house.audit.record(REMOVED))
            for _ in range(turns):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.wait([writing])
        await house.audit.record(REMOVED)
        written = await house.kinds("model.remove")
        assert [told.number for told in house.heard] == list(range(1, len(written) + 1))


async def test_a_security_event_is_an_alert_with_its_details_and_a_very_long_one_without(tmp_path: Path) -> None:
    clock = SystemClock()
    async with open_store(tmp_path / "store.db") as store:
        audit, events = new_log(store, clock, tmp_path), Events(clock)
        audit.told_to(news(events))
        follower = events.follow()
        for words in (1, 10_000):
            await audit.record(Entry(kind="security.refused", uid=ANNA, details={"what": ["word"] * words}))
        short, long = await follower.more(2)
    assert (short.type, short.uid, short.data["details"]) == ("alert", ANNA, {"what": ["word"]})
    assert set(long.data["details"]) == {"too_long"}


async def test_an_act_with_two_entries_is_done_once(tmp_path: Path) -> None:
    most = BOUNDS["audit.export"].most
    both = [Entry(kind="audit.export", uid=ANNA, act="a", outcome=outcome) for outcome in ("begun", "ok")]
    assert await alarms_after(tmp_path, *(both * most)) == []
    assert await alarms_after(tmp_path, *(both * (most + 1))) == ["security.unusual_rate audit.export"]


async def test_what_the_daemon_does_itself_is_never_unusual(tmp_path: Path) -> None:
    own = Entry(kind="audit.export", uid=None)
    assert await alarms_after(tmp_path, *([own] * 100)) == []


async def test_two_unusual_things_at_once_are_two_alarms(tmp_path: Path) -> None:
    exports = [Entry(kind="audit.export", uid=ANNA)] * 30
    removed = [Entry(kind="model.remove", uid=ANNA, outcome="failed")] * 10
    repeated = [Entry(kind="model.load", uid=ANNA, outcome="failed")] * 10
    assert await alarms_after(tmp_path, *exports, *removed, *repeated) == [
        "security.unusual_rate audit.export",
        "security.repeated_failures model.remove",
        "security.repeated_failures model.load",
    ]


async def test_refusals_are_counted_though_few_of_them_are_written_and_lead_to_one_alarm(tmp_path: Path) -> None:
    assert await alarms_after(tmp_path, refusals=200) == ["security.refused", "security.unusual_rate denied"]


async def test_a_person_who_says_no_has_not_failed(tmp_path: Path) -> None:
    answers = [Entry(kind="consent.answer", uid=ANNA, outcome="denied", act="x")] * 50
    assert await alarms_after(tmp_path, *answers) == []
