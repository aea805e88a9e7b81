"""Durable runs: what was finished is never done again, and what was begun comes to its end."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tektrad.runs.engine import Cancelled, Steps, durable

pytestmark = pytest.mark.anyio


async def test_a_run_rests_when_the_engine_stops_and_goes_on_where_it_was(tmp_path: Path) -> None:
    done: list[str] = []
    waiting, let_go = asyncio.Event(), asyncio.Event()

    async def body(run: str, steps: Steps) -> Any:
        async def first() -> str:
            done.append("first")
            return "first"

        async def second() -> str:
            waiting.set()
            await let_go.wait()
            done.append("second")
            return "second"

        return [await steps.step("/first", first), await steps.step("/second", second)]

    async with durable(tmp_path / "runs.db", {"two": body}) as engine:
        await engine.start("two", "r")
        await waiting.wait()
    assert done == ["first"]
    let_go.set()
    async with durable(tmp_path / "runs.db", {"two": body}) as engine:
        assert await engine.outcome("r") == ["first", "second"]
        assert await engine.unfinished() == []
    assert done == ["first", "second"]


async def test_what_goes_wrong_in_a_step_is_the_body_s_to_deal_with_and_is_remembered(tmp_path: Path) -> None:
    tried: list[str] = []

    async def body(run: str, steps: Steps) -> Any:
        async def fails() -> None:
            tried.append("fails")
            raise ValueError("no such file")

        try:
            await steps.step("/fails", fails)
        except Exception as error:  # noqa: BLE001  of another type when it comes from the journal
            told = str(error)

        async def tells() -> str:
            return f"told: {told}"

        return await steps.step("/tells", tells)

    async with durable(tmp_path / "runs.db", {"one": body}) as engine:
        await engine.start("one", "r")
        assert await engine.outcome("r") == "told: no such file"
        await engine.start("one", "r")  # there is one already
        assert await engine.outcome("r") == "told: no such file"
    assert tried == ["fails"]


async def test_a_cancelled_run_ends_in_the_middle_of_its_step_and_begins_no_other(tmp_path: Path) -> None:
    begun = asyncio.Event()
    seen: list[str] = []

    async def body(run: str, steps: Steps) -> Any:
        async def endless() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        async def never() -> None:
            seen.append("never")

        await steps.step("/endless", endless)
        await steps.step("/never", never)

    async with durable(tmp_path / "runs.db", {"one": body}) as engine:
        await engine.start("one", "r")
        await begun.wait()
        await engine.cancel("r")
        with pytest.raises(Exception, match=r"[Cc]ancel"):
            await engine.outcome("r")
        assert await engine.unfinished() == []
    assert seen == ["cancelled"]
    assert issubclass(Cancelled, Exception)


async def test_many_runs_at_once_do_not_mind_each_other(tmp_path: Path) -> None:
    async def body(run: str, steps: Steps) -> Any:
        async def work(number: int) -> str:
            await asyncio.sleep(0)
            return f"{run}/{number}"

        return [await steps.step(f"/{number}", partial(work, number)) for number in range(5)]

    async with durable(tmp_path / "runs.db", {"some": body}) as engine:
        await asyncio.gather(*(engine.start("some", f"r{n}") for n in range(30)))
        said = await asyncio.gather(*(engine.outcome(f"r{n}") for n in range(30)))
    assert said == [[f"r{n}/{number}" for number in range(5)] for n in range(30)]


async def test_what_the_engine_had_open_it_closes(tmp_path: Path) -> None:
    async def body(run: str, steps: Steps) -> Any:
        async def work() -> int:
            return 1

        return await steps.step("/work", work)

    def files() -> list[str]:
        return [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]

    async with durable(tmp_path / "runs.db", {"one": body}) as engine:
        await engine.start("one", "r")
        assert await engine.outcome("r") == 1
        assert any("runs.db" in name for name in files())
    assert not any("runs.db" in name for name in files())
