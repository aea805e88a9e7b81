"""`tektra conversations …`: what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, new_file, output, transcript, wording
from tektra_cli.client import Client, segment
from tektra_cli.columns import shortened
from tektra_cli.confirm import confirm
from tektra_cli.flags import Json, NoInput, Yes
from tektra_cli.transcript import Format

Id = Annotated[str, typer.Argument(help="An id, the beginning of one, or latest.", metavar="ID")]
Limit = Annotated[int, typer.Option("--limit", help="At most so many.", metavar="N", min=1)]
PAGE = 1000
"""What the daemon gives in one answer."""
HitLimit = Annotated[int, typer.Option("--limit", help="At most so many.", metavar="N", min=1, max=PAGE)]


def list_conversations(limit: Limit = 20, json: Json = False) -> None:
    """List conversations, newest first."""
    output.show(_pages(launch.ensured(), limit), json, _table)


def _pages(client: Client, limit: int) -> dict[str, Any]:
    """As many pages as it takes, as one document; its `next` is the last page's."""
    document = client.get("/api/conversations", {"limit": min(limit, PAGE)})
    found = document["conversations"]
    while document["next"] and len(found) < limit:
        query = {"limit": min(limit - len(found), PAGE), "before": document["next"]}
        document = client.get("/api/conversations", query)
        found += document["conversations"]
    return document | {"conversations": found}


def _table(document: Mapping[str, Any]) -> None:
    headers = ("ID", "UPDATED", "MESSAGES", "MODEL", "TITLE")
    output.table(headers, [_row(conversation) for conversation in document["conversations"]])
    if document["next"]:
        shown = len(document["conversations"])
        errors.note(f"these are the newest {shown}; --limit {10 * shown} shows more")


def _row(conversation: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        conversation["id"],
        wording.when(conversation["updated_at"]),
        str(conversation["messages"]),
        conversation["model"] or "-",
        shortened(conversation["title"] or "", 50) + (" (pinned)" if conversation["pinned"] else ""),
    )


def show(conversation: Id, json: Json = False) -> None:
    """Print one conversation."""
    document = _fetched(conversation)
    output.show(document, json, lambda found: output.text(transcript.written(found, Format.markdown)))


def _fetched(conversation: str) -> dict[str, Any]:
    return launch.ensured().get(f"/api/conversations/{segment(conversation)}")


def search(
    words: Annotated[list[str], typer.Argument(help="Words that a message must hold.", metavar="WORDS...")],
    limit: HitLimit = 20,
    json: Json = False,
) -> None:
    """Search the text of all conversations."""
    query = {"q": " ".join(words), "limit": limit}
    output.show(launch.ensured().get("/api/conversations/search", query), json, _hits)


def _hits(document: Mapping[str, Any]) -> None:
    if not document["hits"]:
        errors.note("no message holds these words")
    output.table(("CONVERSATION", "WHEN", "WHO", "TEXT"), [_hit(hit) for hit in document["hits"]])


def _hit(hit: Mapping[str, Any]) -> tuple[str, ...]:
    return hit["conversation_id"], wording.when(hit["created_at"]), hit["role"], hit["snippet"]


def export(
    conversation: Id,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.markdown,
    to: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of stdout.", metavar="PATH")] = None,
    json: Json = False,
) -> None:
    """Write one conversation as Markdown, JSON or text."""
    document = _fetched(conversation)
    if to is None:
        output.show(document, json, lambda found: output.raw(transcript.written(found, form)))
        return
    saved = {"schema": "tektra.export/1", "id": document["conversation"]["id"], "path": str(to.absolute())}
    save(document, form, to)
    output.show(saved, json, lambda _: output.text(f"saved {to}"))


def save(document: Mapping[str, Any], form: Format, path: Path) -> None:
    """Write a conversation to a file that does not exist yet."""
    new_file.write(path, transcript.written(document, form))


def rename(
    conversation: Id,
    title: Annotated[str, typer.Argument(help="What to call it.", metavar="TITLE")],
    json: Json = False,
) -> None:
    """Give a conversation another title."""
    output.show(_changed(conversation, {"title": title}), json, lambda now: _said("renamed", now))


def pin(conversation: Id, json: Json = False) -> None:
    """Keep a conversation above all others in lists."""
    output.show(_changed(conversation, {"pinned": True}), json, lambda now: _said("pinned", now))


def unpin(conversation: Id, json: Json = False) -> None:
    """List a conversation by its age again."""
    output.show(_changed(conversation, {"pinned": False}), json, lambda now: _said("unpinned", now))


def _changed(conversation: str, change: Mapping[str, Any]) -> dict[str, Any]:
    return launch.ensured().post(f"/api/conversations/{segment(conversation)}", change)


def _said(what: str, document: Mapping[str, Any]) -> None:
    output.text(f"{what} {document['conversation']['id']}")


def branch(
    conversation: Id,
    at: Annotated[
        str | None, typer.Option("--at", help="The last message to take over, by its id.", metavar="MESSAGE")
    ] = None,
    json: Json = False,
) -> None:
    """Begin a new conversation with what was said in this one."""
    body = {} if at is None else {"message_id": at}
    document = launch.ensured().post(f"/api/conversations/{segment(conversation)}/branch", body)
    output.show(document, json, _branch)


def _branch(document: Mapping[str, Any]) -> None:
    made = document["conversation"]
    output.text(f"{made['id']}, with {wording.plural(made['messages'], 'message')}")


def remove(conversation: Id, yes: Yes = False, no_input: NoInput = False, json: Json = False) -> None:
    """Remove a conversation."""
    client = launch.ensured()
    found = client.get(f"/api/conversations/{segment(conversation)}")["conversation"]
    title = shortened(found["title"] or "", 40)
    question = f'Remove the conversation {found["id"]} "{title}" with {wording.plural(found["messages"], "message")}?'
    confirm(question, yes, no_input or json)
    document = client.delete(f"/api/conversations/{segment(found['id'])}")
    output.show(document, json, lambda gone: output.text(f"removed {gone['id']}"))
