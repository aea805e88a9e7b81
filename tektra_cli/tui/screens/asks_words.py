"""Pure: what waits for a word, as a row and as a card that shows exactly what would happen."""

from __future__ import annotations

import os
import shlex
import textwrap
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from textual.content import Content

from tektra_cli import finding_lines, wording
from tektra_cli.columns import shortened, width
from tektra_cli.commands.runs.asking import LASTS
from tektra_cli.terminal import clean_line
from tektra_cli.tui.widgets.cells import age, between, cell
from tektra_cli.tui.widgets.diff import coloured, is_diff, safe

Ask = Mapping[str, Any]
QUESTION = ("question", "call", "ask_user")
"""The rule, action and resource of what an agent asks in words, for words."""
DIM = "$foreground 60%"
SOON_S = 300.0
"""What expires sooner than this is said louder."""
LABEL = 11
"""Columns before what is known."""
EFFECTS = {"none": "nothing", "inside": "the workspace", "outside": "what lies outside of the workspace"}
VERBS = {
    "run": "wants to run",
    "write": "wants to write",
    "read": "wants to read",
    "fetch": "wants to fetch from",
    "call": "wants to call the tool",
    "generate": "wants to ask the model",
    "use": "wants to use the secret",
}
FOUND = {"danger": "bold $error", "caution": "$warning", "note": DIM}
LEVELS = {"none": "none: as you", "A": "A", "B": "B", "C": "C: none holds it"}


def is_question(ask: Ask) -> bool:
    """Whether words are wanted, and no yes or no."""
    request = ask["request"]
    return (ask["rule"], request["action"], request["resource"]) == QUESTION


def lasting(ask: Ask) -> tuple[str, ...]:
    """For how long a yes may hold: what a rule asks about every time can only be allowed once."""
    if is_question(ask) or ask["rule"] != LASTS:
        return ("once",)
    request = ask["request"]
    return ("once", *(name for name in ("run", "session") if request[name]), "always")


def what(ask: Ask) -> str:
    """What would be done, in one line; a command as a shell would need it."""
    if is_question(ask):
        return str(ask["request"]["preview"])
    return f"{ask['request']['action']} {resource(ask)}"


def resource(ask: Ask) -> str:
    """What it would be done to."""
    said = ask["request"]["resource"]
    return said if isinstance(said, str) else shlex.join(said)


def row(ask: Ask, space: int, now: datetime) -> Content:
    """An ask in a list."""
    worst = "danger" if finding_lines.worst(ask) == "danger" else "caution"
    sign = "?" if is_question(ask) else finding_lines.SIGNS[worst]
    who = ask["agent"] or "a script"
    left = space - 3 - 12 - 2 - 6
    return Content.assemble(
        Content.styled(f" {sign} ", f"bold {'$error' if worst == 'danger' else '$warning'}"),
        cell(who, 10, "bold"),
        "  ",
        cell(what(ask), max(8, left)),
        "  ",
        cell(age(ask["asked_at"], now), 4, DIM, right=True),
    )


def card(ask: Ask, now: datetime, space: int) -> Content:
    """Exactly what would happen, and what is known about it, so many columns wide."""
    preview = ask["request"]["preview"]
    if is_diff(preview):
        preview = "\n".join(preview.splitlines()[2:])  # what is above says which file it is
        more = [coloured(preview)]
    else:
        more = [] if is_question(ask) or not preview else [Content(safe(preview))]
    found = _findings(ask, space)
    return Content("\n\n").join([_would(ask), *([found] if found.plain else []), _facts(ask, now, space), *more])


def _would(ask: Ask) -> Content:
    request = ask["request"]
    who = clean_line(ask["agent"] or "a script")
    verb = VERBS.get(request["action"], f"wants to {clean_line(request['action'])}")
    mark = "$ " if request["action"] == "run" else ""
    said = request["preview"] if is_question(ask) else f"{mark}{resource(ask)}"
    head = f"{who} asks" if is_question(ask) else f"{who} {verb}"
    return Content.assemble(Content.styled(head, "bold $warning"), "\n\n", Content.styled(safe(said), "bold"))


def _findings(ask: Ask, space: int) -> Content:
    """What is worth a look before an answer, the worst first: a sign and a word for each, and in which part it is."""
    lines = []
    for level, what, part in finding_lines.told(ask):
        lead = f"{finding_lines.SIGNS.get(level, '?')} {level}".ljust(LABEL)
        told = _beside(what, space)
        fits = LABEL + width(what) + 3 + width(part) <= space
        gap = "   " if fits else f"\n{' ' * LABEL}"
        where = f"{gap}{shortened(part, max(20, space - LABEL))}" if part else ""
        style = FOUND.get(level, DIM)
        lines.append(Content.assemble(Content.styled(lead, style), told, Content.styled(where, DIM)))
    return Content("\n").join(lines)


def _facts(ask: Ask, now: datetime, space: int) -> Content:
    request = ask["request"]
    environment = " ".join(f"{name}={shlex.quote(value)}" for name, value in request["environment"].items())
    folder = request["folder"] or request["workspace"]
    rows = [
        ("why", f"rule {ask['rule']}" + (f": {ask['why']}" if ask["why"] else "")),
        ("for", "" if ask["uid"] in (None, os.getuid()) else wording.user(ask["uid"])),
        ("run", request["run"] and f"{request['run']}   enter goes there"),
        ("session", request["session"]),
        ("in", folder),
        ("workspace", request["workspace"] if request["workspace"] != folder else ""),
        ("changes", "" if is_question(ask) else EFFECTS.get(request["effect"], request["effect"])),
        ("confined", "" if is_question(ask) else LEVELS.get(request["confinement"], request["confinement"])),
        ("costs", f"at most {request['cost'] / 1e6:g} dollars" if request["cost"] else ""),
        ("with", environment),
        ("asked", wording.distance(ask["asked_at"], now)),
    ]
    lines = [
        Content.assemble(Content.styled(name.ljust(LABEL), DIM), _beside(str(value), space))
        for name, value in rows
        if value
    ]
    return Content("\n").join([*lines, Content.assemble(Content.styled("expires".ljust(LABEL), DIM), left(ask, now))])


def _beside(text: str, space: int) -> str:
    """Beside a label, all its lines."""
    lines = textwrap.wrap(safe(text), max(20, space - LABEL)) or [""]
    return f"\n{' ' * LABEL}".join(lines)


def left(ask: Ask, now: datetime) -> Content:
    """How long an answer is still worth anything."""
    seconds = -between(ask["expires_at"], now)
    if seconds <= 0:
        return Content.styled("it has expired, which means no", "$error")
    return Content.styled(f"in {wording.span(seconds)}; silence is a no", "$error" if seconds < SOON_S else "")


def gone(ask: Ask, data: Mapping[str, Any] | None) -> str:
    """What became of an ask that was answered elsewhere, or by nobody."""
    if data is None or "state" not in data:
        return f"expired, or its run has ended: {what(ask)}"
    return f"{data['state']} by {wording.user(data['answered_by'])}: {what(ask)}"
