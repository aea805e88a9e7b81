"""Pure: a diff, or any text of somebody else's, in colours and without anything that a terminal would obey."""

from __future__ import annotations

from textual.content import Content

from tektra_cli import terminal

MOST = 200_000
"""Characters that are shown of one text."""
_STYLES = {"+": "$success", "-": "$error", "@": "$secondary"}


def coloured(text: str) -> Content:
    """A unified diff, by its lines."""
    return Content("\n").join(_line(line) for line in safe(text).splitlines())


def is_diff(text: str) -> bool:
    """Whether a text reads as a unified diff."""
    return text.startswith("--- ") and "\n+++ " in text


def shown(text: str) -> Content:
    """A diff in colours, anything else as it is."""
    return coloured(text) if is_diff(text) else Content(safe(text))


def safe(text: str) -> str:
    """What a terminal may be sent of it, and no more than anybody reads."""
    clean = terminal.clean(text[:MOST]).expandtabs(4)
    return f"{clean}\n… and {len(text) - MOST:,} more characters" if len(text) > MOST else clean


def _line(line: str) -> Content:
    if line.startswith(("+++", "---")):
        return Content.styled(line, "bold")
    return Content.styled(line, _STYLES.get(line[:1], ""))
