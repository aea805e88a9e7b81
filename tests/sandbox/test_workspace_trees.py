"""Whatever a folder holds, and whatever is done in its copy: applied it is there too, and restored it is as it was."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from hypothesis import given, settings

from tektrad.clock import SystemClock
from tektrad.sandbox.changes import Changes
from tektrad.sandbox.extent import Extent
from tektrad.sandbox.naming import meant
from tektrad.sandbox.workspace import Workspace
from tests.sandbox.trees import MEMORY, Node, edits, look, make, put


async def opened(room: Path) -> Workspace:
    return await Workspace.open(room / "original", room / "place", Extent(), SystemClock())


def expected(before: dict[str, Node], work: dict[str, Node], changes: Changes) -> dict[str, Node]:
    """The start, with all changes but those that are refused."""
    tree = dict(before)
    for each in changes.changes:
        path = meant(each.path)
        if not each.refused:
            if path in work:
                tree[path] = work[path]
            else:
                tree.pop(path)
    return tree


@settings(max_examples=80)
@given(edits, edits)
def test_what_was_changed_in_the_copy_is_applied_and_what_was_refused_is_not(
    start: list[tuple[str, Node | None]], work: list[tuple[str, Node | None]]
) -> None:
    async def scenario(room: Path) -> None:
        original = make(room / "original", {})
        for path, node in start:
            put(original, path, node)
        before = look(original)
        workspace = await opened(room)
        assert look(workspace.work) == before
        for path, node in work:
            put(workspace.work, path, node)
        after = look(workspace.work)
        changes = await workspace.changes()
        assert {meant(each.path) for each in changes.changes} == {
            path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
        }
        assert look(original) == before
        applied = await workspace.apply(seen=changes.digest, with_ignored=True)
        assert look(original) == expected(before, after, changes)
        assert applied.kept == []
        if not any(each.refused for each in changes.changes):
            assert look(original) == after
        again = await workspace.apply(with_ignored=True)
        assert again.done == []
        await workspace.restore()
        assert look(workspace.work) == before
        assert (await workspace.changes()).changes == []
        await workspace.drop()
        assert os.listdir(room) == ["original"]  # noqa: PTH208

    with tempfile.TemporaryDirectory(dir=MEMORY) as room:
        asyncio.run(scenario(Path(room)))
