"""Pure: agents and their versions → cells, facts and coloured lines."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from textual.content import Content

from tektra_cli import wording
from tektra_cli.terminal import clean, clean_line
from tektra_cli.tui.widgets.cells import DIM, holds
from tektra_cli.tui.widgets.diff import coloured
from tektra_cli.tui.widgets.facts import Row

SHORT = 12
"""Characters of a version that are shown."""
FROM = {"own": "you", "shipped": "shipped"}
KINDS = {"tools": "its model calls tools", "code": "its model writes Python"}
HUMAN = {
    "ask": "asked where the policy says so",
    "always": "asked about every effect",
    "never": "what would be asked is denied",
}
WHAT = {
    "create": "created",
    "copy": "copied from the shipped one",
    "edit": "edited",
    "rollback": "rolled back",
    "remove": "removed",
    "shipped": "comes with Tektra",
}
Document = Mapping[str, Any]
Who = Callable[[int | None], str]
"""What a user is called."""

COLUMNS: tuple[tuple[str, int, int], ...] = (
    ("NAME", 8, 0), ("KIND", 5, 0), ("MODEL", 7, 0), ("HUMAN", 6, 60), ("FROM", 7, 0),
    ("VERSION", 12, 76), ("TOOLS", 0, 60),
)  # fmt: skip
"""Of the list: a column, its least width (0: all that is left), and the room from which on it is shown."""


def columns(space: int) -> dict[str, int]:
    """Those that there is room for, with their least widths."""
    return {name: width for name, width, least in COLUMNS if space >= least}


def cells(found: Document, space: int) -> list[Content]:
    """One agent, a cell a column."""
    agent = found["agent"]
    own = found["source"] == "own"
    said = {
        "NAME": Content.styled(clean_line(agent["name"]), "bold" if own else ""),
        "KIND": Content(agent["kind"]),
        "MODEL": Content.styled(clean_line(agent["model"]) or "default", "" if agent["model"] else "dim"),
        "HUMAN": Content.styled(agent["human"], "$warning" if agent["human"] == "never" else ""),
        "FROM": Content.styled(FROM[found["source"]], "$primary" if own else "dim"),
        "TOOLS": Content.styled(clean_line(" ".join(agent["tools"])) or "-", "dim"),
        "VERSION": Content.styled(found["version"][:SHORT], "dim"),
    }
    return [said[name] for name in columns(space)]


def facts(found: Document, now: datetime, who: Who) -> list[Row]:
    """What an agent is, but for its instructions."""
    agent, limits = found["agent"], found["agent"]["limits"]
    made = "comes with Tektra" if found["made_at"] is None else f"made {wording.distance(found['made_at'], now)}"
    by = "" if found["made_by"] is None else f" by {who(found['made_by'])}"
    return [
        ("version", f"{found['version'][:SHORT]}, {made}{by}", ""),
        ("kind", f"{agent['kind']}: {KINDS[agent['kind']]}", ""),
        ("model", agent["model"] or "the default one", "$primary" if agent["model"] else ""),
        ("tools", "  ".join(agent["tools"]) or "none", ""),
        ("network", "  ".join(limits["network"]) or "none", "$warning" if limits["network"] else ""),
        ("human", f"{agent['human']}: {HUMAN[agent['human']]}", "$warning" if agent["human"] == "never" else ""),
        ("memory", _switch(agent["memory"], "keeps notes from one run to the next", "keeps no notes"), ""),
        ("thinking", _switch(agent["thinking"], "thinks before it answers", "answers at once"), ""),
        ("limits", f"{limits['steps']:,} steps, {limits['tokens']:,} tokens, {wording.span(limits['seconds'])}", ""),
        ("machine", f"{wording.size(limits['memory_bytes'])}, {wording.plural(limits['cpus'], 'processor')}", ""),
    ]


def matches(found: Document, words: str) -> bool:
    """Whether all words are in its name, description, model or tools."""
    agent = found["agent"]
    said = " ".join([agent["name"], agent["description"], agent["model"], *agent["tools"], FROM[found["source"]]])
    return holds(said, words)


def change_cells(change: Document, now: datetime, marked: str | None, who: Who) -> list[Content]:
    """What became of an agent at one time."""
    changed = ", ".join(change["changed"])
    words = WHAT[change["what"]] + (f": {changed}" if changed else "")
    when = "-" if change["made_at"] is None else wording.distance(change["made_at"], now)
    return [
        Content.assemble(
            ("●" if change["current"] else " ", "$success"), ("◆" if change["version"] == marked else " ", "$accent")
        ),
        Content(change["version"][:SHORT]),
        Content.styled(when, "dim"),
        Content.styled(who(change["made_by"]), "$secondary"),
        Content.styled(clean_line(words), "$error" if change["what"] == "remove" else ""),
    ]


def differing(before: Document, after: Document) -> Content:
    """What differs between two versions, as lines of their files."""
    texts = [document["file"].splitlines() for document in (before, after)]
    names = [f"{document['agent']['name']} {document['version'][:SHORT]}" for document in (before, after)]
    lines = list(difflib.unified_diff(texts[0], texts[1], names[0], names[1], lineterm=""))
    if not lines:
        return Content.styled("Nothing differs between these two.", DIM)
    return coloured("\n".join(lines))


def as_file(text: str) -> Content:
    """A TOML file, its names apart from what they say."""
    lines: list[Content] = []
    within = False
    for line in clean(text).splitlines():
        name, equals, value = line.partition(" = ")
        if within or not equals:
            lines.append(Content.styled(line, "$secondary" if line.startswith("[") and not within else ""))
        else:
            lines.append(Content.assemble((name, "$primary"), (" = ", DIM), value))
        if line.count('"""') % 2:
            within = not within
    return Content("\n").join(lines)


def _switch(on: bool, yes: str, no: str) -> str:
    return f"on: {yes}" if on else f"off: {no}"
