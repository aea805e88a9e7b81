"""Pure: what an audit entry tells, on one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

WHAT = (
    "what", "decision", "action", "resource", "rule", "model", "arguments", "source", "path", "conversation", "limit",
    "calls", "by_hand", "changed", "of", "count", "in_a_row", "minutes", "entries", "first_bad", "error", "why",
    "ended_by", "code", "finish_reason", "prompt_tokens", "completion_tokens", "uid", "through",
)  # fmt: skip
"""The details that a line of a table shows, in this order, where an entry has them."""


def details_line(details: Mapping[str, Any]) -> str:
    """The telling details on one line."""
    told = [(name, details[name]) for name in WHAT if details.get(name) not in (None, "", [])]
    told = told or [(name, value) for name, value in details.items() if isinstance(value, str | int)]
    told = told or [(name, value) for name, value in details.items() if isinstance(value, list)]
    return " ".join(f"{name}={shown(value)}" for name, value in told)


def shown(value: object) -> str:
    """One detail as people read it."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
