"""Pure: from the changes that were chosen, and what the original is now, to what is done to it; or to conflicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from tektrad.errors import InvalidRequest, WorkspaceConflict
from tektrad.sandbox.changes import Change
from tektrad.sandbox.snapshot import Side

Choice = Literal["ours", "theirs"]
"""ours: what the workspace holds; theirs: what the original has become meanwhile."""
WORDS = {"file": "a file", "folder": "a folder", "link": "a link", "other": "neither a file, a folder nor a link"}


class Conflict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A path that is not in the original as it was at the start: three sides, and what each did."""

    path: str
    why: str
    base: Side | None
    original: Side | None
    workspace: Side | None
    theirs: str = ""
    """The diff from the start to what the original has become."""
    ours: str = ""
    """The diff from the start to what the workspace holds."""
    can_take: tuple[Choice, ...] = ("ours", "theirs")


class Conflicting(WorkspaceConflict):
    """Nothing was applied: the original has changed meanwhile."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        first = conflicts[0]
        more = f", and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
        super().__init__(
            f"nothing was applied, since the original has changed meanwhile: {first.path}: {first.why}{more}",
            "Say for each whether to take ours (the workspace's) or theirs (the original's), or leave it out.",
        )
        self.conflicts = tuple(conflicts)
        self.details = {"conflicts": self.conflicts}


class Operation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing to do at one path. `before` is what must still lie there, `after` what lies there then."""

    do: Literal["clear", "make", "put", "mode", "remove"]
    path: str
    before: Side | None = None
    after: Side | None = None
    temporary: str = ""
    """Where what is put waits: a name in the folder `beside`."""
    beside: str = ""


ORDER = ("clear", "make", "put", "mode", "remove")


@dataclass(slots=True)
class Plan:
    """What is to be done, in order; what is so already; and what stays as the original has it."""

    operations: list[Operation] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    theirs: list[str] = field(default_factory=list)


def selected(changes: Sequence[Change], paths: Collection[str] | None, with_ignored: bool) -> list[Change]:
    """The changes that a choice of paths means: with what lies in a folder, and with the folders that it needs.

    None is all that may be applied. Raises InvalidRequest for a path that has not changed, or must not be applied.
    """
    by_path = {each.path: each for each in changes}
    if paths is None:
        wanted = {each.path for each in changes if not each.is_ignored or with_ignored}
    else:
        for path in paths:
            if path not in by_path:
                raise InvalidRequest(f"{path} has not changed", "Look at what has: the diff names it.", param="paths")
            if by_path[path].refused:
                raise InvalidRequest(
                    f"{path} is never applied: {by_path[path].refused}", "Leave it out.", param="paths"
                )
        wanted = set(paths)
        for each in changes:
            above = _above(each.path)
            if any(path in wanted for path in above) and (with_ignored or not each.is_ignored):
                wanted.add(each.path)
        needed = {each.path for each in changes if each.after and each.after.kind == "folder"}
        for path in list(wanted):
            wanted.update(above for above in _above(path) if above in needed)
    return [each for each in changes if each.path in wanted and not each.refused]


def is_there(change: Change, now: Side | None) -> bool:
    """Whether what lies at its path of the original is what the workspace has there."""
    return now == _wanted(change, now)


def plan(
    chosen: Iterable[Change],
    now: Callable[[str], Side | None],
    unknown: Callable[[str, Collection[str]], str],
    choices: Mapping[str, Choice],
) -> tuple[Plan, list[Conflict]]:
    """What is to be done for these changes, and what has to be decided before.

    `now` says what lies at a path of the original, `unknown` names something in a folder there beside these paths.
    """
    return _Planning(list(chosen), now, unknown, choices).plan()


class _Planning:
    def __init__(
        self,
        chosen: list[Change],
        now: Callable[[str], Side | None],
        unknown: Callable[[str, Collection[str]], str],
        choices: Mapping[str, Choice],
    ) -> None:
        self._chosen = chosen
        self._now = now
        self._unknown = unknown
        self._choices = choices
        self._plan = Plan()
        self._conflicts: list[Conflict] = []
        self._folders: set[str] = set()
        self._replaced: set[str] = set()
        self._kept: set[str] = set()

    def plan(self) -> tuple[Plan, list[Conflict]]:
        """Folders come before what lies in them."""
        for change in sorted(self._chosen, key=lambda each: each.path.split("/")):
            self._consider(change)
        for path in self._plan.theirs:
            if top := self._replacing(path):
                raise InvalidRequest(f"{top} cannot be replaced while {path} stays", f"Take theirs for {top} too.")
        operations = self._plan.operations
        operations.sort(key=lambda each: (ORDER.index(each.do), _rank(each)))
        return self._plan, self._conflicts

    def _consider(self, change: Change) -> None:
        above = _above(change.path)
        if self._choices.get(change.path) == "theirs" or any(path in self._kept for path in above):
            self._keep(change)
            return
        way = self._way(change, above)
        if way == "gone":
            self._plan.already.append(change.path)
        if way != "there":
            return
        now, after = self._now(change.path), _wanted(change, self._now(change.path))
        if now == after:
            self._plan.already.append(change.path)
            if now and now.kind == "folder":
                self._folders.add(change.path)
            return
        why, blocked = self._changed_meanwhile(change, now), self._blocked(change, now)
        if not (why or blocked) or self._decided(change, now, blocked or why, not blocked):
            self._do(change, now, after)

    def _way(self, change: Change, above: Sequence[str]) -> Literal["there", "gone", "kept"]:
        """Whether the folders that lead to it are there, or will be."""
        for path in above:
            if path in self._folders:
                continue
            side = self._now(path)
            if side is not None and side.kind == "folder":
                continue
            if change.after is None:
                return "gone"
            if side is None:
                if not self._decided(change, None, f"the folder {path} is not there any more", True):
                    return "kept"
                self._make(path)
                continue
            why = f"{path} is {WORDS[side.kind]} now, and nothing is written through it"
            self._decided(change, None, why, False)
            return "kept"
        return "there"

    def _changed_meanwhile(self, change: Change, now: Side | None) -> str:
        if now is None:
            return "it is not there any more" if change.before else ""
        if now.is_like(change.before) or now.is_like(change.after):
            return ""
        if change.before is None:
            return f"{WORDS[now.kind]} with that name came meanwhile, and is not the same"
        if now.kind != change.before.kind:
            return f"it was {WORDS[change.before.kind]}, and is {WORDS[now.kind]} now"
        return "it leads elsewhere now" if now.kind == "link" else "its content is not what it was"

    def _blocked(self, change: Change, now: Side | None) -> str:
        """Why the workspace's side cannot be taken, whoever wishes it."""
        if now is None:
            return ""
        if now.kind == "other":
            return "it is neither a file, a folder nor a link now"
        if now.kind == "folder" and (change.after is None or change.after.kind != "folder"):
            if change.before is None or change.before.kind != "folder":
                return "it is a folder now, which would have to be removed with all that it holds"
            if change.after is not None:
                beneath = {each.path for each in self._chosen if each.path.startswith(change.path + "/")}
                other = self._unknown(change.path, beneath)
                return f"it holds {other}, which would have to be removed" if other else ""
        return ""

    def _decided(self, change: Change, now: Side | None, why: str, can_be_ours: bool) -> bool:
        """Whether the workspace's side is taken; without a choice it is a conflict."""
        if self._choices.get(change.path) == "ours" and can_be_ours:
            return True
        self._conflicts.append(
            Conflict(
                path=change.path,
                why=why,
                base=change.before,
                original=now,
                workspace=change.after,
                ours=change.diff,
                can_take=("ours", "theirs") if can_be_ours else ("theirs",),
            )
        )
        self._keep(change)
        return False

    def _keep(self, change: Change) -> None:
        self._kept.add(change.path)
        self._plan.theirs.append(change.path)

    def _make(self, path: str) -> None:
        self._folders.add(path)
        self._plan.operations.append(Operation(do="make", path=path, after=Side("folder")))

    def _do(self, change: Change, now: Side | None, after: Side | None) -> None:
        add = self._plan.operations.append
        if after is None:
            do: Literal["clear", "remove"] = "clear" if self._replacing(change.path) else "remove"
            add(Operation(do=do, path=change.path, before=now))
            return
        if now is not None and (now.kind == "folder") != (after.kind == "folder"):
            add(Operation(do="clear", path=change.path, before=now))
            self._replaced.add(change.path)
            now = None
        if after.kind == "folder":
            self._make(change.path)
        elif now is not None and now.is_like(after):
            add(Operation(do="mode", path=change.path, before=now, after=after))
        else:
            add(Operation(do="put", path=change.path, before=now, after=after))

    def _replacing(self, path: str) -> str:
        """The folder above that something else takes the place of, if there is one."""
        return next((above for above in _above(path) if above in self._replaced), "")


def _wanted(change: Change, now: Side | None) -> Side | None:
    """What is to lie there: who may execute it is only changed where the workspace changed that."""
    before, after = change.before, change.after
    if now is None or before is None or after is None or {now.kind, before.kind, after.kind} != {"file"}:
        return after
    if before.executable != after.executable:
        return after
    return msgspec.structs.replace(after, executable=now.executable)


def _above(path: str) -> list[str]:
    """The folders that lead to a path, from above."""
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(1, len(names))]


def _rank(operation: Operation) -> tuple[int, str]:
    depth = operation.path.count("/")
    return (-depth if operation.do in ("clear", "remove") else depth), operation.path
