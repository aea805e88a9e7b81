"""Whatever a folder holds, and whatever is done in its copy: applied it is there too, and restored it is as it was."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tektrad.clock import SystemClock
from tektrad.errors import InvalidRequest
from tektrad.sandbox.changes import Changes
from tektrad.sandbox.extent import Extent
from tektrad.sandbox.naming import meant
from tektrad.sandbox.plan import Choice, Conflicting
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


@settings(max_examples=80)
@given(edits, edits, edits, st.sampled_from(["ours", "theirs"]))
def test_what_changed_on_both_sides_is_written_only_where_somebody_chose_so(
    start: list[tuple[str, Node | None]],
    work: list[tuple[str, Node | None]],
    theirs: list[tuple[str, Node | None]],
    choice: Choice,
) -> None:
    async def scenario(room: Path) -> None:
        original = make(room / "original", {})
        for path, node in start:
            put(original, path, node)
        workspace = await opened(room)
        for folder, changed in ((workspace.work, work), (original, theirs)):
            for path, node in changed:
                put(folder, path, node)
        before, wanted = look(original), look(workspace.work)
        changes = (await workspace.changes()).changes
        choices: dict[str, Choice] = {}
        while True:  # each round of choices may show more that has to be chosen
            try:
                applied = await workspace.apply(choices=choices, with_ignored=True)
                break
            except Conflicting as error:
                assert look(original) == before
                choices |= {each.path: choice if choice in each.can_take else "theirs" for each in error.conflicts}
            except InvalidRequest as error:
                if "cannot be replaced" not in error.message:
                    raise
                assert look(original) == before
                return
        after = look(original)
        for each in changes:
            path = meant(each.path)
            if each.path in applied.done or each.path in applied.already:
                assert after.get(path) == wanted.get(path) or _same_but_for_the_right(after, wanted, path)
            elif choices.get(each.path) == "theirs" and not any(path in each.path for path in applied.done):
                assert after.get(path) == before.get(path)
        touched = {meant(path) for path in applied.done}
        for path in before.keys() - touched:
            assert after.get(path) == before[path]
        assert not any(".tektra-" in path for path in after)

    with tempfile.TemporaryDirectory(dir=MEMORY) as room:
        asyncio.run(scenario(Path(room)))


def _same_but_for_the_right(one: dict[str, Node], other: dict[str, Node], path: str) -> bool:
    """Whether both hold the same, and only who may execute it differs."""
    nodes = (one.get(path, ()), other.get(path, ()))
    return all(node[:1] == ("file",) for node in nodes) and nodes[0][:2] == nodes[1][:2]
