"""What a tool of an MCP server answers, as text and JSON; pictures and files are named, never carried along. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

MOST_CHARACTERS = 256 << 10
MOST_DATA_BYTES = 64 << 10
MOST_PARTS = 256


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call; `ok` false: the server says that it went wrong."""

    text: str
    ok: bool = True
    data: Any = None


def answer(content: Sequence[Mapping[str, Any]], structured: Any, is_error: bool) -> Answer:
    """The parts that a server gave as one text; what it structured is the data, where it is not too much."""
    parts = [_part(each) for each in content[:MOST_PARTS]]
    if len(content) > MOST_PARTS:
        parts.append(f"[{len(content) - MOST_PARTS} more parts are left out]")
    data = structured if structured is not None and _size(structured) <= MOST_DATA_BYTES else None
    text = "\n".join(parts)
    if not text and data is not None:
        text = json.dumps(data, ensure_ascii=False)
    if len(text) > MOST_CHARACTERS:
        text = f"{text[:MOST_CHARACTERS]}\n[{len(text) - MOST_CHARACTERS} characters are left out]"
    return Answer(text=text or ("it failed without a word" if is_error else "done"), ok=not is_error, data=data)


def _part(said: Mapping[str, Any]) -> str:
    match said.get("type"):
        case "text":
            return str(said.get("text", ""))
        case "image" | "audio" as kind:
            return _blob(str(kind), said.get("mimeType"), said.get("data"))
        case "resource":
            inner = said.get("resource")
            found: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
            if isinstance(found.get("text"), str):
                return str(found["text"])
            return _blob(f"file {_short(found.get('uri'))}", found.get("mimeType"), found.get("blob"))
        case "resource_link":
            return f"[a link: {_short(said.get('uri'))}]"
        case kind:
            return f"[something of the kind {_short(kind)}]"


def _blob(what: str, kind: Any, data: Any) -> str:
    try:
        size = len(base64.b64decode(data, validate=True)) if isinstance(data, str) else 0
    except (binascii.Error, ValueError):
        size = 0
    return f"[{what}, {_short(kind)}, {size} bytes]"


def _short(said: Any) -> str:
    return str(said)[:200]


def _size(value: Any) -> int:
    try:
        return len(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError):
        return MOST_DATA_BYTES + 1
