"""Pure: conversations, messages and figures as the chat says them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from textual.content import Content

from tektra_cli import wording
from tektra_cli.columns import shortened
from tektra_cli.terminal import clean_line
from tektra_cli.tui.widgets.cells import DIM

SPEAKERS = {"user": "You", "system": "System", "tool": "Tool"}
BAR = 10
"""Cells of the bar that shows how full the context is."""


def conversation_lines(
    conversation: Mapping[str, Any], width: int, now: datetime, *, is_open: bool, is_answering: bool
) -> Content:
    """Its title, and below when it was used last and who answers."""
    title = shortened(conversation["title"] or "untitled", width - 2)
    mark = "▌" if is_open else " "
    told = [wording.distance(conversation["updated_at"], now)]
    if is_answering:
        told = ["answering…"]
    if conversation["pinned"]:
        told.insert(0, "pinned")
    told.append(conversation["model"])
    return Content.assemble(
        (mark, "$primary"), (title, "bold" if is_open else ""), "\n",
        (mark, "$primary"), (shortened(" · ".join(told), width - 2), DIM),
    )  # fmt: skip


def hit_lines(hit: Mapping[str, Any], width: int, now: datetime) -> Content:
    """Where it was said and when, and below the words around it, those that were looked for marked."""
    said = f" · {wording.distance(hit['created_at'], now)}"
    title = shortened(hit["title"] or "untitled", max(width - len(said) - 1, 8))
    return Content.assemble(" ", title, (said, DIM), "\n ", snippet(hit["snippet"]))


def snippet(text: str) -> Content:
    """What stands between « and » is what was found."""
    line = clean_line(text)
    first = max(line.find("«") - 12, 0)
    if first:
        line = "…" + line[first:]
    parts: list[Content] = []
    for piece in line.split("«"):
        found, mark, rest = piece.partition("»")
        if mark:
            parts += [Content.styled(found, "bold $accent"), Content.styled(rest, DIM)]
        else:
            parts.append(Content.styled(piece, DIM))
    return Content.assemble(*parts)


def heading(message: Mapping[str, Any], now: datetime, speed: float | None = None) -> Content:
    """Who said it and when, and of an answer what it took."""
    is_question = message["role"] == "user"
    name = SPEAKERS.get(message["role"]) or clean_line(message["model"] or "Model")
    told: list[str] = []
    if message.get("created_at"):
        told.append(wording.distance(message["created_at"], now))
    tokens = (message.get("usage") or {}).get("completion_tokens")
    if not is_question and tokens:
        told.append(wording.plural(tokens, "token"))
    if speed:
        told.append(f"{speed:.1f} tokens/s")
    parts = [Content.styled(name, f"bold {'$secondary' if is_question else '$primary'}")]
    parts += [Content.styled(f" · {each}", DIM) for each in told]
    if message["status"] == "interrupted":
        parts.append(Content.styled(" · interrupted", "$warning"))
    if message["status"] == "generating":
        parts.append(Content.styled(" · being written", "$primary"))
    return Content.assemble(*parts)


def context_words(used: int, context: int, *, with_bar: bool = True) -> Content:
    """How much of what a model can look at is used; in words too, for who sees no colours."""
    if not context:
        return Content.styled(f"{used:,} tokens" if used else "", DIM)
    share = min(used / context, 1.0)
    colour = "$error" if share > 0.95 else "$warning" if share > 0.8 else "$primary"
    full = round(share * BAR)
    numbers = f"{used:,} / {context:,}"
    if not with_bar:
        return Content.styled(numbers, DIM)
    bar = [Content.styled("━" * full, colour), Content.styled("━" * (BAR - full), "$foreground 20%")]
    return Content.assemble(*bar, Content.styled(f" {numbers}", DIM))


def used_by(messages: Sequence[Mapping[str, Any]]) -> int:
    """The tokens of the last exchange that is told of: all that the model looked at, and wrote."""
    for message in reversed(messages):
        usage = message.get("usage") or {}
        if message["role"] == "assistant" and usage.get("prompt_tokens"):
            return int(usage["prompt_tokens"]) + int(usage["completion_tokens"])
    return 0


def folded(source: str, most: int = 12) -> str:
    """What a person sent, with the files in it cut to their first lines."""
    lines: list[str] = []
    fence, inside = "", 0
    for line in source.splitlines():
        mark = line.lstrip()[:1] in ("`", "~") and len(line) - len(line.lstrip("`~ ")) >= 3
        run = line.strip()[: len(line.strip()) - len(line.strip().lstrip("`~"))]
        if fence and mark and line.strip() == fence:
            if inside > most:
                lines.append(f"… {inside - most} more lines")
            fence = ""
        elif not fence and mark:
            fence, inside = run, 0
        elif fence:
            inside += 1
            if inside > most:
                continue
        lines.append(line)
    return "\n".join(lines)
