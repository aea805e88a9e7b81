"""What a run's model was asked in one step, and what it answered, for people: `tektra runs show ID --step N`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tektra_cli import errors, output, terminal, wording
from tektra_cli.client import Client, segment
from tektra_cli.commands.runs.fields import Event
from tektra_cli.commands.runs.lines import left_out


def whole(client: Client, reference: str, step: str) -> dict[str, Any]:
    """All of it, in as many answers as that takes."""
    place = f"/api/runs/{segment(reference)}/prompt"
    document = client.get(place, {"step": step})
    messages, following = document["messages"], document["next"]
    while following is not None:
        more = client.get(place, {"step": document["at"], "begin": following})
        following = more["next"]
        for piece in more["messages"]:
            if messages and messages[-1]["number"] == piece["number"]:
                messages[-1]["text"] += piece["text"]
            else:
                messages.append(piece)
    return {**document, "messages": messages, "next": None}


def head(document: Event) -> str:
    """Which prompt it is, in one line."""
    which = f"step {document['step']}" if document["step"] is not None else f"at {document['at']}"
    tokens = document["answer"].get("prompt_tokens")
    read = f"{tokens:,} tokens read" if tokens else ""
    words = (document["model"], wording.plural(document["count"], "message"), read, f"at {document['at']}")
    return ", ".join(word for word in (which, *words[: 3 if document["step"] is None else 4]) if word)


def gone(document: Event) -> str:
    """What was left out of it, so that the rest fitted; nothing where nothing was."""
    cut = document["left_out"]
    return left_out(cut) if cut["results"] or cut["steps"] or cut["longest"] else ""


def answer(document: Event) -> Iterator[str]:
    """What the model said: its words, and the calls that it made."""
    said: Mapping[str, Any] = document["answer"]
    if said.get("content"):
        yield str(said["content"])
    calls: Sequence[Mapping[str, Any]] = said.get("calls") or ()
    for made in calls:
        yield f"{made.get('name', '')}({json.dumps(made.get('arguments'), ensure_ascii=False)})"


def draw(document: Event) -> None:
    """Each message under its role, then what was answered."""
    errors.note(head(document))
    if said := gone(document):
        errors.note(said)
    for message in document["messages"]:
        _part(f"{message['number']}  {terminal.clean_line(message['role'])}", message["text"])
    _part("answer", document["error"] or "\n".join(answer(document)))
    if document["tools"]:
        errors.note(f"it could call {', '.join(document['tools'])}")


def _part(label: str, text: str) -> None:
    output.drawn(f"{terminal.paint(label, terminal.BOLD, sys.stdout)}\n")
    output.text(f"{text}\n" if text else "")
    output.drawn("\n")
