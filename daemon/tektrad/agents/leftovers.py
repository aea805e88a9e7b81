"""What runs left: looking at it, writing it into the folders that they worked in, forgetting it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Literal
from weakref import WeakValueDictionary

import msgspec

from tektrad.agents.workspaces import Workspaces
from tektrad.clock import Clock
from tektrad.errors import Forbidden, InvalidRequest, RunNotEnded
from tektrad.runs.run import Run
from tektrad.runs.runs import Runs
from tektrad.sandbox.applying import Applied
from tektrad.sandbox.changes import Change, Changes
from tektrad.sandbox.plan import Choice, selected
from tektrad.sandbox.workspace import Workspace
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry

MOST_NAMED = 100
"""Paths in one audit entry and in one event; how many there are is said."""
APPLIED, DROPPED = "applied", "dropped"
"""Types of events of a run that has ended."""

Standing = Literal["", "yes", "applied", "dropped"]
"""Of what a run changed: there is nothing, it waits, all of it was applied, it was forgotten."""


class TakenOver(msgspec.Struct, frozen=True, kw_only=True):
    """What became of changes that somebody wanted applied, and what could still be."""

    applied: Applied
    left: list[Change]
    is_dropped: bool
    """Nothing was left, so that the copy is gone."""


class Leftovers:
    """All of one daemon's; what is done to one is done alone."""

    def __init__(self, workspaces: Workspaces, runs: Runs, audit: AuditLog, clock: Clock) -> None:
        self._workspaces = workspaces
        self._runs = runs
        self._audit = audit
        self._clock = clock
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def changes(self, run: Run) -> Changes:
        """What differs, also while the run is under way; raises NoWorkspace, and what Workspace.changes does."""
        async with self.turn(run):
            return await (await self._workspaces.of(run)).changes()

    async def written(self, run: Run, changes: Changes) -> list[str]:
        """Which of them lie in the folder as the run has them, where some were applied before."""
        if not any(each.run == run.id for each in await self._runs.last_events(run.uid, (APPLIED,))):
            return []
        async with self.turn(run):
            with contextlib.suppress(InvalidRequest, Forbidden):  # the folder is gone: nothing of it is there
                waiting = {each.path for each in await (await self._workspaces.of(run)).waiting()}
                return [each.path for each in changes.changes if not each.refused and each.path not in waiting]
        return []

    async def standing(self, uid: int, runs: Sequence[Run]) -> dict[str, Standing]:
        """What became of what each of somebody's runs changed, by their ids; no copy is looked through."""
        left = await self._workspaces.left(runs)
        told = {each.run: each.type for each in await self._runs.last_events(uid, (APPLIED, DROPPED))}
        found: dict[str, Standing] = {}
        for run in runs:
            last = told.get(run.id)
            found[run.id] = (
                "yes" if run.id in left else "applied" if last == APPLIED else "dropped" if last == DROPPED else ""
            )
        return found

    async def apply(
        self,
        run: Run,
        paths: Collection[str] | None = None,
        *,
        seen: str | None = None,
        choices: Mapping[str, Choice] | None = None,
        with_ignored: bool = False,
    ) -> TakenOver:
        """Write changes into the folder; where nothing is left that could be, the copy goes.

        Raises RunNotEnded, NoWorkspace, and what Workspace.apply does.
        """
        async with self._ended(run) as workspace:
            changes = await workspace.changes()
            wanted = selected(changes.changes, paths, with_ignored)
            async with self._audit.telling(self._entry("run.apply", run, workspace, changes, wanted)) as telling:
                applied = await workspace.apply(
                    paths, seen=seen or changes.digest, choices=choices, with_ignored=with_ignored
                )
                said = _counts(applied) | {"paths": applied.done[:MOST_NAMED]}
                if applied.failed:
                    said["failed"] = msgspec.to_builtins(applied.failed[:MOST_NAMED])
                telling.end(said, "failed" if applied.failed else "ok")
            kept = [path for path, choice in (choices or {}).items() if choice == "theirs"]
            left = [each for each in await workspace.waiting() if not _is_beneath(each.path, kept)]
            await self._tell(run, APPLIED, said | {"left": len(left)})
            if not left:
                await workspace.drop()
            return TakenOver(applied=applied, left=left, is_dropped=not left)

    async def drop(self, run: Run) -> Changes:
        """Forget what a run changed; that is what is returned. Raises RunNotEnded, NoWorkspace and OSError."""
        async with self._ended(run) as workspace:
            changes = await workspace.changes()
            async with self._audit.telling(self._entry("run.drop", run, workspace, changes, changes.changes)):
                await workspace.drop()
            await self._tell(run, DROPPED, {"changes": len(changes.changes)})
            return changes

    @contextlib.asynccontextmanager
    async def turn(self, run: Run) -> AsyncIterator[None]:
        """Inside the block nobody else applies or drops what that run changed."""
        lock = self._turns.setdefault(run.id, asyncio.Lock())
        async with lock:
            yield

    @contextlib.asynccontextmanager
    async def _ended(self, run: Run) -> AsyncIterator[Workspace]:
        """The copy, which nobody works in any more."""
        async with self.turn(run):
            now = await self._runs.get(run.id)
            if now.ended_at is None:
                raise RunNotEnded(
                    f"run {run.id} is {now.state}", f"Let it come to its end, or end it: tektra runs cancel {run.id}"
                )
            if self._workspaces.is_used(now):
                raise RunNotEnded(f"run {run.id} is just coming to its end", "Ask again in a moment.")
            yield await self._workspaces.of(now)

    async def _tell(self, run: Run, type: str, data: Mapping[str, Any]) -> None:
        await self._runs.tell(run.id, f"{type}/{self._clock.new_id()}", type, data)

    def _entry(self, kind: str, run: Run, workspace: Workspace, changes: Changes, wanted: Sequence[Change]) -> Entry:
        """What is meant to happen, with the hashes of what is to lie there then."""
        paths = {each.path: each.after.sha256 if each.after else "" for each in wanted[:MOST_NAMED]}
        details = {
            "folder": str(workspace.original),
            "digest": changes.digest,
            "count": len(wanted),
            "paths": paths,
        }
        agent = str(run.spec.get("agent", ""))
        return Entry(kind=kind, uid=run.uid, agent=agent, run=run.id, details=details)


def _counts(applied: Applied) -> dict[str, Any]:
    return {"applied": len(applied.done), "already": len(applied.already), "kept": len(applied.kept)}


def _is_beneath(path: str, folders: Sequence[str]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in folders)
