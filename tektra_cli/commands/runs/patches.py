"""Pure: what a run changed, as a patch, as a table, and in words."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from tektra_cli import terminal, wording
from tektra_cli.commands.runs.fields import Event

STYLES = {"+": terminal.GREEN, "-": terminal.RED, "@": terminal.DIM}
MARKS = {"added": "A", "removed": "D", "changed": "M"}


@dataclass
class Choice:
    """Changes by what can be done with them: those that are applied, and those that stay away, and why."""

    wanted: list[Event] = field(default_factory=list)
    ignored: list[Event] = field(default_factory=list)
    refused: list[Event] = field(default_factory=list)
    written: list[Event] = field(default_factory=list)
    """What lies in the folder already, since it was applied before."""
    unknown: list[str] = field(default_factory=list)
    """Paths that somebody named and that have not changed."""


def chosen(
    changes: Sequence[Event], paths: Sequence[str], *, with_ignored: bool, written: Collection[str] = ()
) -> Choice:
    """The changes at these paths and beneath them, or all.

    What git ignores only where it is named or wanted; what was written before only where it is named.
    """
    names = [_name(path) for path in paths]
    found = Choice(unknown=[name for name in names if not any(_is_at(each["path"], name) for each in changes)])
    for each in changes:
        if names and not any(_is_at(each["path"], name) for name in names):
            continue
        if each.get("refused"):
            found.refused.append(each)
        elif each["path"] in written and each["path"] not in names:
            found.written.append(each)
        elif each.get("is_ignored") and not with_ignored and each["path"] not in names:
            found.ignored.append(each)
        else:
            found.wanted.append(each)
    return found


def _name(path: str) -> str:
    return posixpath.normpath(path)


def _is_at(path: str, name: str) -> bool:
    return name == "." or path == name or path.startswith(f"{name}/")


def patch(change: Event) -> str:
    """A change as `patch -p1` and `git apply` take it; empty where it cannot be said so."""
    path, before, after = change["path"], change.get("before"), change.get("after")
    if why_not(change) or "folder" in (_kind(before), _kind(after)):
        return ""
    lines = [f"diff --git a/{path} b/{path}"]
    if before is None:
        lines.append(f"new file mode {_mode(after)}")
    elif after is None:
        lines.append(f"deleted file mode {_mode(before)}")
    elif _mode(before) != _mode(after):
        lines += [f"old mode {_mode(before)}", f"new mode {_mode(after)}"]
    head, rest = _split(change.get("diff", ""))
    if any(character.isspace() for character in path):
        head = [f"{line}\t" for line in head]  # else the name would end at its first space
    return "\n".join([*lines, *head]) + "\n" + rest


def _split(diff: str) -> tuple[list[str], str]:
    """The two lines that name the file, and the rest."""
    if not diff:
        return [], ""
    first, second, rest = diff.split("\n", 2)
    return [first, second], rest


def why_not(change: Event) -> str:
    """Why a change is in no patch, if it is not."""
    kinds = {_kind(change.get("before")), _kind(change.get("after"))} - {"", "folder"}
    if change.get("is_cut"):
        return "its diff is too long"
    if "link" in kinds:
        return f"it is a link to {_target(change)}" if change.get("after") else "it was a link"
    if kinds == {"file"} and not change.get("is_text"):
        return f"it is no text ({_sizes(change)})"
    return ""


def _target(change: Event) -> str:
    after = change["after"]
    return str(after.get("target", "")) if after["kind"] == "link" else "nothing any more"


def _sizes(change: Event) -> str:
    sizes = [wording.size(side.get("size", 0)) for side in (change.get("before"), change.get("after")) if side]
    return " → ".join(dict.fromkeys(sizes))


def _kind(side: Event | None) -> str:
    return "" if side is None else str(side["kind"])


def _mode(side: Event | None) -> str:
    return "100755" if side and side.get("executable") else "100644"


def side(side: Event | None) -> str:
    """What lies at a place, in words."""
    if side is None:
        return "nothing"
    match side["kind"]:
        case "file":
            return f"a file of {wording.size(side.get('size', 0))}" + (", executable" if side.get("executable") else "")
        case "link":
            return f"a link to {side.get('target', '')}"
        case "folder":
            return "a folder"
        case _:
            return "something else"


def stat(changes: Sequence[Event]) -> Iterator[tuple[str, ...]]:
    """A row for each change: what happened, to what, and how much of it."""
    for each in changes:
        moved = f" (from {each['moved_from']})" if each.get("moved_from") else ""
        yield MARKS[each["change"]], f"{each['path']}{_suffix(each)}{moved}", _lines(each)


def _suffix(change: Event) -> str:
    return "/" if _kind(change.get("after") or change.get("before")) == "folder" else ""


def _lines(change: Event) -> str:
    if change.get("is_text"):
        return f"+{change.get('lines_added', 0)} -{change.get('lines_removed', 0)}"
    return _sizes(change) if _kind(change.get("after") or change.get("before")) == "file" else ""


def total(changes: Sequence[Event]) -> str:
    """`3 changes, +12 -4`."""
    added = sum(each.get("lines_added", 0) for each in changes)
    removed = sum(each.get("lines_removed", 0) for each in changes)
    return f"{wording.plural(len(changes), 'change')}, +{added} -{removed}"


def painted(line: str, stream: TextIO, *, forced: bool = False) -> str:
    """A line of a diff, safe for a terminal, in its colour where the stream has colour or it is forced."""
    text, style = terminal.clean(line), STYLES.get(line[:1])
    if not (style and text):
        return text
    return f"\x1b[{style}m{text}\x1b[0m" if forced else terminal.paint(text, style, stream)
