"""Runs from beginning to end: their states, what they tell, and a process that is killed in the middle."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tektrad.clock import SystemClock
from tektrad.errors import InvalidRequest, NoMemory, RunNotFound
from tektrad.events import Events
from tektrad.runs.run import Run
from tektrad.runs.runner import Doing, Kind, Runner
from tektrad.runs.runs import Runs
from tektrad.store.db import Store, open_store
from tests.audit_logs import new_log

pytestmark = pytest.mark.anyio
STEPS = 20
KILLS = int(os.environ.get("TEKTRA_KILLS", "8"))
ANNA, BEN = 7, 8


@dataclass
class House:
    """Runs and their runner."""

    store: Store
    runs: Runs
    runner: Runner

    async def ended(self, run: Run) -> Run:
        async for _ in self.runs.follow(run.id):
            pass
        return await self.runs.get(run.id)

    async def entries(self) -> list[tuple[str, str]]:
        rows = await self.store.rows("SELECT body FROM audit WHERE kind = 'run.state' ORDER BY number")
        import msgspec

        bodies = [msgspec.json.decode(row["body"]) for row in rows]
        return [(body["details"]["state"], body["outcome"]) for body in bodies]


@asynccontextmanager
async def opened(folder: Path, kinds: Mapping[str, Kind]) -> AsyncIterator[House]:
    clock = SystemClock()
    async with open_store(folder / "tektra.db") as store:
        runs = Runs(store, clock, new_log(store, clock, folder), Events(clock))
        runner = Runner(runs, folder / "runs.db", kinds)
        async with runner.running():
            yield House(store, runs, runner)


def test_a_run_whose_process_is_killed_again_and_again_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    chance = random.Random(7)
    program = [sys.executable, "-m", "tests.runs.killed_run", str(tmp_path), str(STEPS)]
    for _ in range(KILLS):
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            after = chance.randrange(0, 4)
            for _ in zip(process.stdout, range(after), strict=False):
                pass
            os.kill(process.pid, signal.SIGKILL)
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    told = STEPS + len(["running", "succeeded"])
    assert done.stdout.splitlines()[-1] == f"ended succeeded {sum(n * n for n in range(STEPS))} {told}"
    counts = Counter(map(int, (tmp_path / "effects").read_text().split()))
    assert sorted(counts) == list(range(STEPS))
    # Only a step that was under way when the process was killed is done again.
    assert sum(counts.values()) - STEPS <= KILLS


async def test_a_run_tells_its_states_and_steps_in_order_and_the_log_its_states(tmp_path: Path) -> None:
    async def two(doing: Doing) -> Any:
        async def add() -> int:
            return doing.run.spec["a"] + 1

        said = await doing.step("/add", add)
        await doing.tell("added", "step", {"said": said})
        async with doing.waiting():
            await doing.tell("asked", "ask", {})
        return {"sum": said}

    async with opened(tmp_path, {"two": two}) as house:
        run = await house.runner.start(ANNA, "two", "add one", {"a": 1})
        done = await house.ended(run)
        assert (done.state, done.result, done.error) == ("succeeded", {"sum": 2}, "")
        events = await house.runs.events(run.id)
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        assert [event.data.get("state", event.type) for event in events] == [
            "running", "step", "waiting", "ask", "running", "succeeded",
        ]  # fmt: skip
        assert [event.type for event in await house.runs.events(run.id, after=4)] == ["state", "state"]
        assert await house.entries() == [
            ("queued", "ok"), ("running", "ok"), ("waiting", "ok"), ("running", "ok"), ("succeeded", "ok"),
        ]  # fmt: skip
        assert await house.runs.tell(run.id, "added", "step", {"said": "again"}) is False


async def test_a_step_is_done_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    async def twice(doing: Doing) -> Any:
        return [await doing.step("/count", counted), await doing.step("/count", counted)]

    async def counted() -> int:
        done.append("counted")
        return len(done)

    done: list[str] = []
    async with opened(tmp_path, {"twice": twice}) as house:
        ended = await house.ended(await house.runner.start(ANNA, "twice", "twice", {}))
        assert (ended.result, await house.runner.steps(ended)) == ([1, 1], ["/count"])


async def test_a_run_of_a_version_with_other_steps_goes_on_by_the_names_of_those_that_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    done: list[str] = []

    async def first() -> str:
        done.append("first")
        return "first"

    async def forever() -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    async def second() -> str:
        return "second"

    async def before(doing: Doing) -> Any:
        await doing.step("/first", first)
        return await doing.step("/forever", forever)

    async def after(doing: Doing) -> Any:
        return [await doing.step("/new", second), await doing.step("/first", first)]

    with monkeypatch.context() as patched:
        patched.setattr("tektrad.runs.engine.VERSION", "before")
        async with opened(tmp_path, {"two": before}) as house:
            run = await house.runner.start(ANNA, "two", "two", {})
            await begun.wait()
    async with opened(tmp_path, {"two": after}) as house:
        ended = await house.ended(run)
        assert (ended.state, ended.result) == ("succeeded", ["second", "first"])
    assert done == ["first"]


async def test_what_goes_wrong_ends_a_run_with_its_words(tmp_path: Path) -> None:
    async def refused(doing: Doing) -> Any:
        raise NoMemory("there is too little memory", "Stop a model.")

    async def broken(doing: Doing) -> Any:
        return {}["nothing"]

    async with opened(tmp_path, {"refused": refused, "broken": broken}) as house:
        ends = [await house.ended(await house.runner.start(ANNA, kind, kind, {})) for kind in ("refused", "broken")]
        assert [(end.state, end.error) for end in ends] == [
            ("failed", "there is too little memory"),
            ("failed", "KeyError: 'nothing'"),
        ]
        with pytest.raises(InvalidRequest, match="unknown"):
            await house.runner.start(ANNA, "unknown", "unknown", {})


async def test_a_cancelled_run_ends_at_once_and_once(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def endless(doing: Doing) -> Any:
        async def forever() -> None:
            begun.set()
            await asyncio.Event().wait()

        await doing.step("/forever", forever)

    async with opened(tmp_path, {"endless": endless}) as house:
        run = await house.runner.start(ANNA, "endless", "endless", {})
        await begun.wait()
        assert await house.runner.cancel(run)
        assert not await house.runner.cancel(run)
        assert (await house.ended(run)).state == "cancelled"
    async with opened(tmp_path, {"endless": endless}) as house:
        assert await house.runs.unfinished() == []
        assert (await house.entries())[-1] == ("cancelled", "cancelled")


async def test_a_run_that_waited_when_the_daemon_stopped_goes_on_when_it_starts(tmp_path: Path) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def asking(doing: Doing) -> Any:
        async def answer() -> str:
            asked.set()
            await answered.wait()
            return "yes"

        async with doing.waiting():
            return await doing.step("/ask", answer)

    async with opened(tmp_path, {"asking": asking}) as house:
        run = await house.runner.start(ANNA, "asking", "asking", {})
        await asked.wait()
        assert [each.state for each in await house.runs.all(ANNA)] == ["waiting"]
    answered.set()
    async with opened(tmp_path, {"asking": asking}) as house:
        assert (await house.ended(run)).result == "yes"


async def test_nobody_sees_another_s_runs(tmp_path: Path) -> None:
    async def nothing(doing: Doing) -> Any:
        return None

    async with opened(tmp_path, {"nothing": nothing}) as house:
        run = await house.ended(await house.runner.start(ANNA, "nothing", "nothing", {}))
        assert await house.runs.find(run.id[:6], ANNA) == run
        assert await house.runs.all(BEN) == []
        with pytest.raises(RunNotFound):
            await house.runs.find(run.id, BEN)


async def test_runs_that_nobody_does_are_taken_up_again_and_one_of_an_unknown_kind_is_ended(tmp_path: Path) -> None:
    async def quick(doing: Doing) -> Any:
        async def work() -> str:
            return "done"

        return await doing.step("/1", work)

    async with opened(tmp_path, {"quick": quick}) as house:
        stuck = await house.runs.create(ANNA, "quick", "never begun", {})
        odd = await house.runs.create(ANNA, "odd", "of no kind", {})
        others = await house.runs.create(BEN, "quick", "somebody else's", {})
        found = {run.id: why for run, why in await house.runner.unstick(ANNA)}
        assert set(found) == {stuck.id, odd.id}
        assert "taken up again" in found[stuck.id]
        assert (await house.ended(stuck)).result == "done"
        assert "no runs of kind" in (await house.ended(odd)).error
        assert (await house.runs.get(others.id)).state == "queued"
        assert await house.runner.unstick(ANNA) == []


async def test_a_run_whose_end_could_not_be_kept_is_done_to_its_end_by_the_next_daemon(tmp_path: Path) -> None:
    done: list[str] = []

    async def two(doing: Doing) -> Any:
        async def work() -> str:
            done.append("first")
            return "first"

        return [await doing.step("/1", work), len(done)]

    async with opened(tmp_path, {"two": two}) as house:
        run = await house.runner.start(ANNA, "two", "two", {})
        assert (await house.ended(run)).result == ["first", 1]
        async with house.store.transaction() as tx:  # as a full disk would have left it
            await tx.execute("UPDATE runs SET state = 'running', ended_at = NULL, result = NULL WHERE id = ?", [run.id])
    async with opened(tmp_path, {"two": two}) as house:
        again = await house.ended(run)
        assert (again.state, again.result, again.attempt) == ("succeeded", ["first", 1], 1)
    assert done == ["first"], "what was finished is not done again"
