"""Results that are kept to be read on: by their numbers, within bounds, each for its own run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tektrad.agents.results import Results, kept_number
from tektrad.agents.tool import ToolFailed
from tektrad.store.db import Store, open_store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "store.db") as found:
        for run in ("one", "other"):
            await found.write(
                "INSERT INTO runs (id, uid, kind, title, spec, state, created_at) "
                "VALUES (?, 1, 'agent', '', '{}', 'running', '')",
                [run],
            )
        yield found


async def test_they_are_numbered_in_each_run_and_one_of_the_same_call_is_the_same(store: Store) -> None:
    results = Results(store)
    assert [await results.keep("one", key, key) for key in ("1", "5", "1")] == [1, 2, 1]
    assert await results.keep("other", "9", "theirs") == 1
    assert await results.read("one", 2, 1, 10, 100) == "result:2: 1 lines, here 1 to 1\n5"
    with pytest.raises(ToolFailed, match="no result:2"):
        await results.read("other", 2, 1, 10, 100)
    await store.write("DELETE FROM runs WHERE id = 'other'")
    with pytest.raises(ToolFailed, match="no result:1"):
        await results.read("other", 1, 1, 10, 100)


async def test_what_stands_in_one_line_is_read_piece_by_piece_and_never_more_than_asked_for(store: Store) -> None:
    results = Results(store)
    await results.keep("one", "1", "a" * 1000 + "b" * 1000 + "c\nd")
    first = await results.read("one", 1, 1, 10, 2002)
    assert first == f"result:1: 4 lines, here 1 to 2; go on with first=3\n{'a' * 1000}\n{'b' * 1000}"
    assert await results.read("one", 1, 3, 10, 2002) == "result:1: 4 lines, here 3 to 4\nc\nd"
    assert (await results.read("one", 1, -5, 1, 2002)).splitlines()[1] == "a" * 1000
    with pytest.raises(ToolFailed, match="4 lines, none from 5 on"):
        await results.read("one", 1, 5, 1, 2002)


async def test_one_is_bounded_and_of_a_run_the_oldest_make_way(store: Store) -> None:
    results = Results(store, most_bytes=11, most_of_a_run=25)
    for key in "123":
        await results.keep("one", key, "é" * 10)
    with pytest.raises(ToolFailed, match="none any more"):
        await results.read("one", 1, 1, 1, 100)
    assert (await results.read("one", 2, 1, 1, 100)).splitlines()[1] == "é" * 5
    assert await results.keep("one", "4", "x") == 4


@pytest.mark.parametrize("path", ["result:0", "result:01", "results:1", "./result:1", "result:1/x", "result:", None, 1])
async def test_other_paths_are_none_of_theirs(path: object) -> None:
    assert kept_number(path) is None
    assert kept_number("result:12") == 12
