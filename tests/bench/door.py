"""What the door adds to a call of a tool: deciding, telling the audit log, remembering; beside the bare work."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvloop

from tektrad.agents.agent import Agent, Limits
from tektrad.agents.allowance import Allowance
from tektrad.agents.answering import Answering
from tektrad.agents.door import Door
from tektrad.agents.knocks import ToolKnock
from tektrad.agents.results import Results
from tektrad.agents.toolbox import Toolbox
from tektrad.agents.tools import look
from tektrad.agents.visitor import Visitor
from tektrad.agents.working_folder import WorkingFolder
from tektrad.clock import SystemClock
from tektrad.events import Events
from tektrad.runs.runner import Doing, Runner
from tektrad.runs.runs import Runs
from tektrad.sandbox.extent import Extent
from tektrad.store.db import open_store
from tektrad.trust.act import Act
from tektrad.trust.alarms import Alarms
from tektrad.trust.audit import AuditLog
from tektrad.trust.consent import Consent
from tektrad.trust.entry import Entry
from tektrad.trust.grants import Grants
from tektrad.trust.judge import Judge
from tektrad.trust.keys import make_key
from tektrad.trust.policy_changes import PolicyChanges
from tektrad.trust.policy_files import PolicyFiles
from tektrad.trust.users import Users

UID = 1000
AGENT = Agent(name="bench", tools=("list",), limits=Limits())


@dataclass(frozen=True, slots=True)
class _Rooms:
    clock: SystemClock
    audit: AuditLog
    consent: Consent
    judge: Judge
    door: Door
    runs: Runs


def measure_door(rounds: int) -> dict[str, Any]:
    """Milliseconds of a call of `list`: bare, at the door, and as a step of a run; of the parts of that; and a floor.

    The floor is one commit that waits for the disk, which is what remembering cannot do without.
    """
    return uvloop.run(_measured(rounds))


async def _measured(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "folder"
        folder.mkdir()
        (folder / "one.txt").write_text("one")
        async with _rooms(Path(scratch)) as rooms:
            found: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

            async def kind(doing: Doing) -> None:
                found.set_result(await _run(doing, rooms, folder, rounds))

            runner = Runner(rooms.runs, Path(scratch) / "runs.db", {"bench": kind})
            async with runner.running():
                await runner.start(UID, "bench", "bench", {})
                return {"rounds": rounds} | await found


async def _run(doing: Doing, rooms: _Rooms, folder: Path, rounds: int) -> dict[str, Any]:
    tools, _ = await Toolbox(look.TOOLS).given(UID, AGENT)
    working = WorkingFolder(folder, folder.parent / "workspace", rooms.clock, Extent())
    visitor = Visitor(doing, AGENT, folder, working, tools, "A", Allowance(AGENT.limits, rooms.clock))
    nobody = cast(Any, None)
    answering = Answering(rooms.door, visitor, nobody, None, nobody)
    act = Act(
        principal=rooms.judge.principal(UID, AGENT.name),
        action="read",
        resource=str(folder),
        workspace=str(folder),
        run=doing.run.id,
    )

    def knock(number: int) -> ToolKnock:
        return ToolKnock(number=number, name="list", arguments={"path": "."})

    async def bare(number: int) -> None:
        here = visitor.here(f"/{number}")
        await tools[0].work(here, (await asyncio.to_thread(tools[0].wish, here, {"path": "."})).said)

    async def at_the_door(number: int) -> None:
        assert "one.txt" in (await rooms.door.tool(visitor, knock(number), f"/{number}"))["result"]

    async def as_a_step(number: int) -> None:
        asked, key = knock(number), f"/{number}"
        said = await answering._once(key, asked, partial(rooms.door.tool, visitor, asked, key))
        assert "one.txt" in said["result"]

    disk = sqlite3.connect(folder.parent / "floor.db")
    disk.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE floor (number)")

    async def commit(number: int) -> None:
        disk.execute("INSERT INTO floor VALUES (?)", [number])
        disk.commit()

    async def nothing() -> dict[str, Any]:
        return {}

    async def telling(_: int) -> None:
        async with rooms.audit.telling(Entry(kind="tool.call", uid=UID, run=doing.run.id)) as told:
            told.end({}, "ok")

    steps: dict[str, Callable[[int], Awaitable[Any]]] = {
        "floor_commit": commit,
        "bare": bare,
        "decide": lambda _: rooms.consent.decided(act),
        "tell_of_beginning_and_end": telling,
        "remember": lambda number: doing.step(f"/empty/{number}", nothing),
        "at_the_door": at_the_door,
        "as_a_step_of_a_run": as_a_step,
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds):
        for name, step in steps.items():
            begun = time.perf_counter()
            await step(number)
            taken[name].append(time.perf_counter() - begun)
    disk.close()
    return {
        f"{name}_ms": {
            "median": round(statistics.median(each) * 1000, 3),
            "p99": round(statistics.quantiles(each, n=100)[98] * 1000, 3),
        }
        for name, each in taken.items()
    }


@contextlib.asynccontextmanager
async def _rooms(scratch: Path) -> AsyncIterator[_Rooms]:
    clock = SystemClock()
    async with open_store(scratch / "store.db") as store:
        audit = AuditLog(store, clock, make_key(scratch / "audit.key", scratch / "audit.pub"))
        grants, users = Grants(store, clock, audit), Users(store, clock, audit, UID, shared=False)
        policies = PolicyChanges(store, audit, PolicyFiles(scratch / "policies"))
        judge = Judge(store, grants, clock, policies, [scratch / "data"], users)
        alarms, events = Alarms(audit, clock), Events(clock)
        consent = Consent(store, clock, audit, alarms, grants, judge, lambda value: value, events)
        door = Door(cast(Any, None), judge, consent, audit, Results(store), cast(Any, None), "", 1.0)
        yield _Rooms(clock, audit, consent, judge, door, Runs(store, clock, audit, events))
