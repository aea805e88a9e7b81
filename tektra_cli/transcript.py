"""A conversation as a text of its own: Markdown, JSON or plain text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Format(StrEnum):
    """How a conversation is written down."""

    markdown = "markdown"
    json = "json"
    text = "text"


_SPEAKERS = {"user": "You", "assistant": "Model", "system": "System", "tool": "Tool"}


def written(document: Mapping[str, Any], form: Format) -> str:
    """A `tektra.conversation` document in the given form, ending with one newline."""
    if form is Format.json:
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return _markdown(document) if form is Format.markdown else _text(document)


def form_of(file_name: str) -> Format:
    """The form that a file's name asks for; Markdown unless it says otherwise."""
    endings = {".json": Format.json, ".txt": Format.text}
    return next((form for ending, form in endings.items() if file_name.endswith(ending)), Format.markdown)


def _markdown(document: Mapping[str, Any]) -> str:
    head = document["conversation"]
    parts = [f"# {head['title'] or head['id']}", f"*{head['model']} · {head['created_at']} · {head['id']}*"]
    for message in document["messages"]:
        parts += [f"## {_speaker(message)}", message["content"].strip()]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text(document: Mapping[str, Any]) -> str:
    parts = [f"{_speaker(message)}:\n{message['content'].strip()}" for message in document["messages"]]
    return "\n\n".join(parts) + "\n" if parts else ""


def _speaker(message: Mapping[str, Any]) -> str:
    name = _SPEAKERS.get(message["role"], message["role"])
    return f"{name} (interrupted)" if message["status"] == "interrupted" else name
