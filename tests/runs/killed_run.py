"""A program: does a run of so many steps, each of which writes a line, or goes on with it; prints how it stands."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tektrad.clock import SystemClock
from tektrad.events import Events
from tektrad.runs.runner import Doing, Runner
from tektrad.runs.runs import Runs
from tektrad.store.db import open_store
from tests.audit_logs import new_log

UID = 7


async def main(folder: Path, count: int) -> None:
    async def counting(doing: Doing) -> Any:
        said = 0
        for number in range(count):

            async def work(number: int = number) -> int:
                with (folder / "effects").open("a") as file:
                    file.write(f"{number}\n")
                    file.flush()
                    os.fsync(file.fileno())
                return number * number

            said += await doing.step(f"/{number}", work)
            await doing.tell(f"step/{number}", "step", {"number": number})
            sys.stdout.write(f"step {number}\n")
            sys.stdout.flush()
        return said

    async with AsyncExitStack() as stairs:
        clock = SystemClock()
        store = await stairs.enter_async_context(open_store(folder / "tektra.db"))
        runs = Runs(store, clock, new_log(store, clock, folder), Events(clock))
        runner = Runner(runs, folder / "runs.db", {"count": counting})
        await stairs.enter_async_context(runner.running())
        (run,) = await runs.all(UID) or [await runner.start(UID, "count", "count", {})]
        told = [event.number async for event in runs.follow(run.id)]
        ended = await runs.get(run.id)
        sys.stdout.write(f"ended {ended.state} {ended.result} {told[-1]}\n")


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
