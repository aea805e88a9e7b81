"""Pure: findings about what is asked, as lines: a sign, how bad it may be, what it is, and in which part."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tektra_cli import terminal

SIGNS = {"danger": "‼", "caution": "!", "note": "·"}
"""For those who see no colours, and at a glance."""
STYLES = {"danger": terminal.RED, "caution": terminal.YELLOW, "note": terminal.DIM}
WIDTH = max(map(len, SIGNS))


def told(ask: Mapping[str, Any]) -> Sequence[tuple[str, str, str]]:
    """Level, what, and the part where it is not all that is asked anyway; nothing of a daemon that tells none."""
    said = ask["request"]["resource"]
    whole = {said} if isinstance(said, str) else {shlex.join(said), said[-1]}
    return [
        (each["level"], terminal.clean_line(each["what"]), _part(each, whole)) for each in ask.get("findings") or ()
    ]


def _part(finding: Mapping[str, Any], whole: set[str]) -> str:
    part = terminal.clean_line(finding["part"])
    return "" if part in whole or part in finding["what"] else part


def line(level: str, what: str, part: str) -> str:
    """One of them on one line."""
    where = f"   ({part})" if part else ""
    return f"{SIGNS.get(level, '?')} {level.ljust(WIDTH)}  {what}{where}"


def worst(ask: Mapping[str, Any]) -> str:
    """The level of the first, which is the worst; nothing where nothing was found."""
    found = ask.get("findings") or ()
    return str(found[0]["level"]) if found else ""
