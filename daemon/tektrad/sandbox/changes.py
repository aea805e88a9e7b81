"""What a program changed in its copy of a folder: each change by itself, with its sizes and its diff."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from tektrad.sandbox.descent import Descent, beneath
from tektrad.sandbox.diffs import TEXT_BYTES, Diff, Differ
from tektrad.sandbox.extent import Extent, LeftOut, Said
from tektrad.sandbox.ignored import rules
from tektrad.sandbox.naming import shown
from tektrad.sandbox.snapshot import Item, Side, digest, is_same, seen

GIT = ".git"
MOST_HOPS = 40
"""Links that lead to each other: as many as Linux follows."""
STAYS = "what took the place of its folder is never applied"
ODD_BITS = "its set-uid or set-gid bit is left out"


class Change(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How one path differs from what it was at the start. Paths are as `naming.shown` writes them."""

    path: str
    change: Literal["added", "removed", "changed"]
    before: Side | None = None
    after: Side | None = None
    is_text: bool = False
    lines_added: int = 0
    lines_removed: int = 0
    diff: str = ""
    is_cut: bool = False
    """Whether the diff goes on."""
    is_ignored: bool = False
    """Whether git ignored it by the rules that lay there at the start; applied only when that is asked for."""
    refused: str = ""
    """Why it is never applied."""
    note: str = ""
    moved_from: str = ""
    """A path that is gone and held the same."""


class Changes(msgspec.Struct, frozen=True):
    """All changes, by path; what is not looked at; and a digest that tells whether they are still the same."""

    changes: list[Change]
    left_out: list[LeftOut]
    digest: str

    @property
    def lines_added(self) -> int:
        """In all texts together."""
        return sum(each.lines_added for each in self.changes)

    @property
    def lines_removed(self) -> int:
        """In all texts together."""
        return sum(each.lines_removed for each in self.changes)


def is_git(path: str) -> bool:
    """Whether a path is a repository's own, or lies in one; in any letters, since some disks do not tell them apart."""
    return any(name.casefold() == GIT for name in path.split("/"))


def leads_out(path: str, links: Mapping[str, str]) -> str:
    """Why a link at this path must not be made, if it must not; `links` are all links there, and where they lead.

    Steps up are followed only at the beginning, where the folders are real ones: behind a name the original may have
    links by now that are not known here.
    """
    if links[path].startswith("/"):
        return "it is a link to an absolute path"
    target = links[path].split("/")
    up = next((number for number, name in enumerate(target) if name != ".."), len(target))
    if ".." in target[up:]:
        return "it is a link that goes down and up again, which could lead out of the folder"
    here, left = path.split("/")[:-1], list(target)
    for _ in range(MOST_HOPS):
        while left:
            name = left.pop(0)
            if name == "..":
                if not here:
                    return "it is a link that leads out of the folder"
                here.pop()
            elif name not in ("", "."):
                here.append(name)
                if "/".join(here) in links:
                    break
        else:
            return ""
        further = links["/".join(here)]
        if further.startswith("/"):
            return "it leads to another link, which leads out of the folder"
        here.pop()
        left = further.split("/") + left
    return "it leads from link to link without an end"


def refusal(path: str, before: Item | None, after: Item | None, links: Mapping[str, str]) -> str:
    """Why a change is never applied, if it is not."""
    if is_git(path):
        return "what lies in .git is left out"
    if "other" in (before and before.kind, after and after.kind):
        return "it is neither a file, a folder nor a link"
    return leads_out(path, links) if after and after.kind == "link" else ""


def compared(base: Path, work: Path, extent: Extent, go_on: Callable[[], None]) -> Changes:
    """What differs between the two; raises OSError, WorkspaceTooLarge, and what `go_on` does. It reads: for threads."""
    said = Said()
    before, after = seen(base, extent, said, opening=False), seen(work, extent, said, opening=True)
    links = {path: item.target for path, item in after.items() if item.kind == "link"}
    with beneath(base) as old, beneath(work) as new, beneath(base) as rooted:
        comparison = _Comparison(old, new, links, go_on)
        ignored = rules(rooted)
        changes: list[Change] = []
        stays = ""
        for path in sorted(before.keys() | after.keys(), key=lambda path: path.split("/")):
            go_on()
            change = comparison.change(path, before.get(path), after.get(path))
            if change is None:
                continue
            kinds = [each.kind for each in (before.get(path), after.get(path)) if each]
            is_ignored = not is_git(path) and ignored.is_ignored(tuple(path.split("/")), kinds[-1] == "folder")
            change = msgspec.structs.replace(change, is_ignored=is_ignored)
            if stays and path.startswith(stays) and not change.refused:
                change = msgspec.structs.replace(change, refused=STAYS)
            elif change.refused and change.before and change.before.kind == "folder" and change.after:
                stays = f"{path}/"
            changes.append(change)
    changes = _moves(changes)
    return Changes(changes, said.told(), _digest(changes))


class _Comparison:
    def __init__(self, old: Descent, new: Descent, links: Mapping[str, str], go_on: Callable[[], None]) -> None:
        self._old = old
        self._new = new
        self._links = links
        self._go_on = go_on
        self._differ = Differ()

    def change(self, path: str, before: Item | None, after: Item | None) -> Change | None:
        """How a path differs, or None."""
        if before == after and (before is None or before.kind != "file" or self._same(path)):
            return None
        sides: dict[str, Side | None] = {}
        texts: dict[str, str | None] = {}
        for name, folder, item in (("before", self._old, before), ("after", self._new, after)):
            sides[name], texts[name] = self._read(folder, path, item, name == "after")
        diff = self._diff(path, before, after, texts)
        return Change(
            path=shown(path),
            change="added" if before is None else "removed" if after is None else "changed",
            before=sides["before"],
            after=sides["after"],
            is_text=diff is not None,
            lines_added=diff.lines_added if diff else 0,
            lines_removed=diff.lines_removed if diff else 0,
            diff=diff.text if diff else "",
            is_cut=bool(diff and diff.is_cut),
            refused=refusal(path, before, after, self._links) or self._unread(sides, before, after),
            note=ODD_BITS if after and after.odd_bits else "",
        )

    def _same(self, path: str) -> bool:
        try:
            with self._old.file(path) as one, self._new.file(path, opening=True) as other:
                return is_same(one, other, self._go_on)
        except OSError:
            return False  # which is looked at again, and told

    def _read(self, folder: Descent, path: str, item: Item | None, opening: bool) -> tuple[Side | None, str | None]:
        if item is None:
            return None, None
        if item.kind != "file":
            return Side(item.kind, target=shown(item.target)), None
        try:
            with folder.file(path, opening) as file:
                sha256, size = digest(file, self._go_on)
                text = None
                if size <= TEXT_BYTES:
                    with contextlib.suppress(UnicodeDecodeError):
                        text = os.pread(file, size, 0).decode()
                return Side("file", size, sha256, item.executable), None if text is None or "\0" in text else text
        except OSError:
            return Side("file", item.size, "", item.executable), None

    def _unread(self, sides: dict[str, Side | None], before: Item | None, after: Item | None) -> str:
        if any(side and side.kind == "file" and not side.sha256 for side in sides.values()):
            return "it cannot be read, or changed while it was looked at"
        if before and after and before.kind == after.kind == "file" and after.odd_bits:
            old, new = sides["before"], sides["after"]
            if old and new and old.sha256 == new.sha256 and old.executable == new.executable:
                return ODD_BITS
        return ""

    def _diff(self, path: str, before: Item | None, after: Item | None, texts: dict[str, str | None]) -> Diff | None:
        files = [(item, texts[name]) for name, item in (("before", before), ("after", after)) if item]
        if not any(item.kind == "file" for item, _ in files):
            return None
        if any(item.kind == "file" and text is None for item, text in files):
            return None
        return self._differ.diff(shown(path), texts["before"], texts["after"])


def _moves(changes: Iterable[Change]) -> list[Change]:
    """The same, with where a file that came has gone from."""
    gone = {each.before.sha256: each.path for each in changes
            if each.change == "removed" and each.before and each.before.size}  # fmt: skip
    return [
        msgspec.structs.replace(each, moved_from=gone[each.after.sha256])
        if each.change == "added" and each.after and each.after.size and each.after.sha256 in gone
        else each
        for each in changes
    ]


def _digest(changes: Iterable[Change]) -> str:
    """Of all that could be applied."""
    sha256 = hashlib.sha256()
    for each in changes:
        sha256.update(msgspec.json.encode((each.path, each.before, each.after)) + b"\n")
    return sha256.hexdigest()
