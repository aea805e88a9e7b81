"""What of a folder is left out of its copy, so that the rest fits."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tektrad.errors import WorkspaceTooLarge
from tektrad.sandbox.descent import HERE, Descent
from tektrad.sandbox.extent import GIB, Extent, Said
from tektrad.sandbox.ignored import Ignored, rules
from tektrad.sandbox.naming import shown
from tektrad.sandbox.tree import Entry, entries

LOOKS = 10
"""So many times the names of an extent are looked at before it is said that there are too many."""


@dataclass(slots=True)
class Share:
    """What something takes."""

    bytes: int = 0
    names: int = 0

    def add(self, found: os.stat_result) -> None:
        """One more name."""
        self.bytes += found.st_size if stat.S_ISREG(found.st_mode) else 0
        self.names += 1


def chosen(original: Path, folder: Descent, extent: Extent, said: Said) -> frozenset[tuple[str, ...]]:
    """What of a folder stays out so that the rest fits: what git ignores, the largest first; or WorkspaceTooLarge."""
    ignored = rules(folder)
    total = Share()
    tops: dict[tuple[str, ...], Share] = {}
    beneath_ignored: dict[tuple[str, ...], Share] = {}
    for entry in entries(HERE, lambda *_: None, at=folder.at(())):
        _check(original, entry, total, extent)
        total.add(entry.found)
        tops.setdefault(entry.path[:1], Share()).add(entry.found)
        top = _ignored_top(ignored, entry)
        if top:
            beneath_ignored.setdefault(top, Share()).add(entry.found)
    for file, why in ignored.unread.items():
        said.leave_out(file, f"of what is to be ignored: {why}")
    out = set()
    by_size = sorted(beneath_ignored, key=lambda path: _part(beneath_ignored[path], extent), reverse=True)
    for path in by_size:
        if _fits(total, extent):
            break
        out.add(path)
        share = beneath_ignored[path]
        total.bytes -= share.bytes
        total.names -= share.names
        said.leave_out(path, f"git ignores it, and all did not fit ({_gib(share.bytes)} in {share.names} names)")
    if not _fits(total, extent):
        largest = sorted((path for path in tops if path not in out), key=lambda path: -_part(tops[path], extent))[:3]
        named = ", ".join(f"{shown(path[0])} ({_gib(tops[path].bytes)}, {tops[path].names} names)" for path in largest)
        raise WorkspaceTooLarge(
            f"{original} holds {_gib(total.bytes)} in {total.names} names that git does not ignore, and a workspace "
            f"may hold {_gib(extent.bytes)} in {extent.names}",
            f"The largest in it: {named}. Name these in .gitignore if they are no sources, or choose a smaller folder.",
        )
    return frozenset(out)


def _check(original: Path, entry: Entry, total: Share, extent: Extent) -> None:
    if len(entry.path) > extent.levels:
        raise WorkspaceTooLarge(
            f"{shown('/'.join(entry.path[:10]))}… lies more than {extent.levels} folders deep in {original}",
            "Choose a folder further down, or move it out.",
        )
    if total.names >= extent.names * LOOKS:
        raise WorkspaceTooLarge(
            f"{original} holds more than {extent.names * LOOKS} names, and a workspace may hold {extent.names}",
            "Choose a smaller folder.",
        )


def _ignored_top(ignored: Ignored, entry: Entry) -> tuple[str, ...]:
    """The topmost thing that git ignores and that this is, or lies in."""
    if not ignored.is_ignored(entry.path, entry.is_folder):
        return ()
    depth = len(entry.path) - 1
    while depth and ignored.is_ignored(entry.path[:depth], True):
        depth -= 1
    return entry.path[: depth + 1]


def _fits(total: Share, extent: Extent) -> bool:
    return total.bytes <= extent.bytes and total.names <= extent.names


def _part(share: Share, extent: Extent) -> float:
    return max(share.bytes / max(extent.bytes, 1), share.names / max(extent.names, 1))


def _gib(count: int) -> str:
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / (1 << 20):.1f} MiB"
