"""The dashboard's colours: dark, light, and for those who need more contrast."""

from __future__ import annotations

import contextlib
from pathlib import Path

from textual.theme import Theme


def _variables(key: str, footer: str, *, cursor: str, on_cursor: str, border: str) -> dict[str, str]:
    return {
        "footer-key-foreground": key,
        "footer-background": footer,
        "block-cursor-background": cursor,
        "block-cursor-foreground": on_cursor,
        "border": border,
        "border-blurred": border,
    }


THEMES = (
    Theme(
        name="tektra-dark",
        primary="#6fb3b8",
        secondary="#8aa4c8",
        accent="#e0a458",
        foreground="#d6d9de",
        background="#101317",
        surface="#171b21",
        panel="#1f252d",
        success="#8fbf7f",
        warning="#e0a458",
        error="#e0736d",
        dark=True,
        variables=_variables("#e0a458", "#171b21", cursor="#2b4a52", on_cursor="#f2f4f7", border="#2f3843"),
    ),
    Theme(
        name="tektra-light",
        primary="#1f6f78",
        secondary="#44638c",
        accent="#a35f00",
        foreground="#20242a",
        background="#fbfaf7",
        surface="#f2f0eb",
        panel="#e7e4dc",
        success="#3c7a2e",
        warning="#a35f00",
        error="#b3332c",
        dark=False,
        variables=_variables("#a35f00", "#f2f0eb", cursor="#cfe3e4", on_cursor="#14181c", border="#c9c4b8"),
    ),
    Theme(
        name="tektra-contrast",
        primary="#ffff00",
        secondary="#00ffff",
        accent="#ffff00",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
        success="#00ff00",
        warning="#ffff00",
        error="#ff6060",
        dark=True,
        variables=_variables("#ffff00", "#000000", cursor="#ffffff", on_cursor="#000000", border="#ffffff"),
    ),
)


def remembered(file: Path) -> str:
    """The name of the theme that was chosen last; nothing where none was."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return file.read_text().strip()
    return ""


def remember(file: Path, name: str) -> None:
    """Keep the choice; where it cannot be written it holds until the end."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{name}\n")
