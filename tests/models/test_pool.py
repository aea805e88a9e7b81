"""The pool with real workers: what cannot be tried through the socket, since a daemon serves one user still."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tektra_models.catalog import Catalog
from tektrad.clock import SystemClock
from tektrad.config import Settings
from tektrad.events import Events
from tektrad.pool.devices import Devices
from tektrad.pool.measured import Measured
from tektrad.pool.party import Party
from tektrad.pool.place import Notice
from tektrad.pool.pool import Pool
from tektrad.pool.tuned import Tuned
from tektrad.store.db import open_store

pytestmark = pytest.mark.anyio
ANNA, BERT, AGENT = Party(1000), Party(1001), Party(1000, "run-1")


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[Pool]:
    """A pool with memory for one model, and four models."""
    catalog = Catalog(tmp_path / "models")
    for name in "abcd":
        path = tmp_path / f"{name}.scripted.json"
        path.write_text(json.dumps({"schema": "tektra.scripted/1", "replies": [{"say": "x"}]}))
        catalog.add_link(path, name)
    clock = SystemClock()
    settings = Settings(memory_budget=100 << 20, states_bytes=0, residence=0, slots=1)
    async with open_store(tmp_path / "store.db") as store:
        measured, tuned = Measured(store, clock), Tuned(store, clock)
        pool = Pool(catalog, settings, clock, tmp_path / "states", measured, tuned, Devices(""), Events(clock))
        yield pool
        await pool.close()


class Visit:
    """A request of a party for a model: begun, and in line."""

    def __init__(self, pool: Pool, model: str, party: Party, served: list[str], *, batch: bool = False) -> None:
        self._args = pool, model, party, served, batch
        self.leave = asyncio.Event()
        self.notices: asyncio.Queue[Notice] = asyncio.Queue()
        self.task = asyncio.create_task(self._use())

    async def _use(self) -> None:
        pool, model, party, served, batch = self._args
        async with pool.lease(model, party, batch=batch, notify=self.notices.put_nowait) as lease:
            served.append(f"{lease.model.name} {party.key}")
            await self.leave.wait()

    async def heard(self, state: str) -> Notice:
        while (notice := await self.notices.get()).state != state:
            pass
        return notice


async def in_line(pool: Pool, model: str, party: Party, served: list[str], *, batch: bool = False) -> Visit:
    visit = Visit(pool, model, party, served, batch=batch)
    await visit.heard("queued")
    visit.leave.set()
    return visit


async def test_who_has_had_less_is_next_though_others_came_before(pool: Pool) -> None:
    served: list[str] = []
    first = Visit(pool, "a", ANNA, served)
    await first.heard("loading")
    waiting = [await in_line(pool, model, ANNA, served) for model in "bc"]
    waiting.append(await in_line(pool, "d", BERT, served))
    assert [(each["model"], each["uid"]) for each in pool.queue()] == [("d", 1001), ("b", 1000), ("c", 1000)]
    first.leave.set()
    await asyncio.gather(first.task, *(visit.task for visit in waiting))
    assert served == ["a 1000", "d 1001", "b 1000", "c 1000"]


async def test_an_agent_is_a_party_of_its_own(pool: Pool) -> None:
    served: list[str] = []
    first = Visit(pool, "a", AGENT, served)
    await first.heard("loading")
    waiting = [await in_line(pool, "b", AGENT, served), await in_line(pool, "c", ANNA, served)]
    first.leave.set()
    await asyncio.gather(first.task, *(visit.task for visit in waiting))
    assert served == ["a 1000/run-1", "c 1000", "b 1000/run-1"]


async def test_who_has_time_waits_for_those_who_have_not(pool: Pool) -> None:
    served: list[str] = []
    first = Visit(pool, "a", ANNA, served)
    await first.heard("loading")
    waiting = [await in_line(pool, "b", BERT, served, batch=True), await in_line(pool, "c", ANNA, served)]
    first.leave.set()
    await asyncio.gather(first.task, *(visit.task for visit in waiting))
    assert served == ["a 1000", "c 1000", "b 1001"]


async def test_all_who_want_the_same_model_are_served_with_the_first_of_them(pool: Pool) -> None:
    served: list[str] = []
    first = Visit(pool, "a", ANNA, served)
    await first.heard("loading")
    waiting = [await in_line(pool, model, ANNA, served) for model in "bcb"]
    first.leave.set()
    await asyncio.gather(first.task, *(visit.task for visit in waiting))
    assert served == ["a 1000", "b 1000", "b 1000", "c 1000"]


async def test_one_party_holds_a_few_leases_and_another_gets_its_own(pool: Pool) -> None:
    served: list[str] = []
    held = [Visit(pool, "a", ANNA, served) for _ in range(2)]
    for visit in held:
        await visit.heard("loading")
    third = await in_line(pool, "a", ANNA, served)
    assert pool.queue()[0]["waits_for"] == "a slot"
    other = Visit(pool, "a", BERT, served)
    other.leave.set()
    await other.task
    assert not third.task.done()
    for visit in held:
        visit.leave.set()
    await asyncio.gather(third.task, *(visit.task for visit in held))
    assert served == ["a 1000", "a 1000", "a 1001", "a 1000"]


async def test_who_is_cancelled_in_line_or_with_a_lease_leaves_nothing_behind(pool: Pool) -> None:
    served: list[str] = []
    first = Visit(pool, "a", ANNA, served)
    await first.heard("loading")
    waiting = await in_line(pool, "b", BERT, served)
    waiting.task.cancel()
    first.task.cancel()
    await asyncio.wait([first.task, waiting.task])
    assert pool.queue() == []
    assert [entry["leases"] for entry in pool.view()] in ([], [0])
    last = Visit(pool, "c", BERT, served)
    last.leave.set()
    await last.task
    assert served[-1] == "c 1001"


async def test_whoever_comes_and_goes_in_whatever_order_the_books_are_right_in_the_end(pool: Pool) -> None:
    chance, served, visits = random.Random(7), list[str](), []
    for number in range(40):
        party = chance.choice((ANNA, BERT, AGENT))
        visits.append(Visit(pool, chance.choice("abc"), party, served, batch=chance.random() < 0.3))
        visits[-1].leave.set()
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        if number % 3 == 0:
            chance.choice(visits).task.cancel()
    done = await asyncio.gather(*(visit.task for visit in visits), return_exceptions=True)
    assert {type(end) for end in done} == {type(None), asyncio.CancelledError}
    assert len(served) >= sum(end is None for end in done) > 20
    assert pool.queue() == []
    assert not any(entry["leases"] for entry in pool.view())
    assert not pool._line._shares._wants
