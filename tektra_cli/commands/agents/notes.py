"""`tektra agents notes` and `forget`: what an agent keeps from one run to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, terminal, wording
from tektra_cli.client import segment
from tektra_cli.commands.agents.fields import Name
from tektra_cli.confirm import confirm
from tektra_cli.errors import UsageError
from tektra_cli.flags import Json, NoInput, Yes


def notes(
    name: Name,
    search: Annotated[
        str | None, typer.Option("--search", help="Those with any of these words, the best first.", metavar="TEXT")
    ] = None,
    json: Json = False,
) -> None:
    """Show what an agent with memory has noted in its runs."""
    document = launch.ensured().get(f"/api/agents/{segment(name)}/notes", {} if search is None else {"q": search})
    output.show(document, json, _table)
    if not json:
        _say(document)


def _table(document: Mapping[str, Any]) -> None:
    output.table(("ID", "WHEN", "RUN", "NOTE"), [_row(note) for note in document["notes"]])


def _row(note: Mapping[str, Any]) -> tuple[str, ...]:
    return str(note["id"]), wording.when(note["made_at"]), note["run"], " ".join(note["text"].split())


def _say(document: Mapping[str, Any]) -> None:
    """What an empty table leaves open."""
    name, count = document["name"], document["count"]
    if count and not document["notes"]:
        errors.note(f"none of the {wording.plural(count, 'note')} of {name} holds any of these words")
    elif not count:
        errors.note(f"{name} has no notes")
    if not document["memory"]:
        errors.note(f"its memory is off: tektra agents edit {name} --remember")


def forget(
    name: Name,
    ids: Annotated[list[int] | None, typer.Argument(help="The numbers of notes.", metavar="[ID]...")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of its notes.")] = False,
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Take notes of an agent away."""
    if every == bool(ids):
        raise UsageError("it is not clear which notes", "Name them by their numbers, or all of them by --all.")
    client, path = launch.ensured(), f"/api/agents/{segment(name)}/notes"
    if every:
        count = client.get(path, {"limit": 1})["count"]
        question = f"Take all notes of {terminal.clean_line(name)} away? It has {count}."
        confirm(question, yes, no_input or json)
    gone = client.post(f"{path}/forget", {"all": True} if every else {"ids": ids})
    output.show(gone, json, lambda found: output.text(f"forgot {wording.plural(len(found['forgotten']), 'note')}"))
