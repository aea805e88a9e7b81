"""In which form a template takes what OpenAI's API writes in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Habits:
    """One template's habits; learned in learning.py."""

    arguments_as_text: bool = False
    empty_content: str | None = ""
    """What stands for the content of a message that has calls only."""
    ids: Literal["plain", "short", "named"] = "plain"
    """Ids as they come; as nine letters and digits; as functions.NAME:INDEX."""
    reasoning: str = "reasoning_content"
