"""`tektra agents versions`, `diff` and `rollback`: what an agent was."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, terminal, wording
from tektra_cli.client import Client, segment
from tektra_cli.columns import shortened
from tektra_cli.commands.agents.fields import Name
from tektra_cli.commands.agents.look import SHORT
from tektra_cli.errors import CliError
from tektra_cli.flags import Json

PAGE = 1000
"""What the daemon gives in one answer."""
WORDS = {
    "create": "created",
    "copy": "copied from the shipped one",
    "rollback": "rolled back",
    "remove": "removed",
    "shipped": "comes with Tektra",
}
COLOURS = {"+": terminal.GREEN, "-": terminal.RED, "@": terminal.DIM}


def versions(
    name: Name,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", metavar="N", min=1, max=PAGE)] = 50,
    json: Json = False,
) -> None:
    """List the versions of an agent, the newest first."""
    document = launch.ensured().get(f"/api/agents/{segment(name)}/versions", {"limit": limit})
    output.show(document, json, _table)


def _table(document: Mapping[str, Any]) -> None:
    headers = ("VERSION", "WHEN", "WHO", "CURRENT", "WHAT")
    output.table(headers, [_row(change) for change in document["changes"]])
    if document["next"]:
        shown = len(document["changes"])
        errors.note(f"these are the newest {shown}; --limit {min(10 * shown, PAGE)} shows more")


def _row(change: Mapping[str, Any]) -> tuple[str, ...]:
    who = "-" if change["made_by"] is None else wording.user(change["made_by"])
    what = [WORDS[change["what"]]] if change["what"] in WORDS else []
    words = shortened(": ".join([*what, *([", ".join(change["changed"])] if change["changed"] else [])]), 60)
    return change["version"][:SHORT], wording.when(change["made_at"]), who, "*" if change["current"] else "", words


def diff(
    name: Name,
    first: Annotated[
        str | None, typer.Argument(help="A version; the one before the current one by itself.", metavar="[A]")
    ] = None,
    second: Annotated[str | None, typer.Argument(help="Another; the current one by itself.", metavar="[B]")] = None,
    json: Json = False,
) -> None:
    """Show what differs between two versions of an agent.

    Nothing is printed where nothing differs.
    """
    client, path = launch.ensured(), f"/api/agents/{segment(name)}"
    after = client.get(f"{path}/versions/{segment(second)}") if second else client.get(path)
    before = client.get(f"{path}/versions/{segment(first or _before(client, path, after))}")
    lines = list(_differing(before, after))
    document = {
        "schema": "tektra.agent-diff/1",
        "name": name,
        "from": before["version"],
        "to": after["version"],
        "diff": "".join(lines),
    }
    output.show(document, json, lambda _: output.drawn("".join(map(_painted, lines))))


def _before(client: Client, path: str, now: Mapping[str, Any]) -> str:
    """The version that was current before the current one."""
    changes = client.get(f"{path}/versions", {"limit": PAGE})["changes"]
    earlier = [change["version"] for change in changes if change["version"] != now["version"]]
    if not earlier:
        name = now["agent"]["name"]
        raise CliError("not_found", f"{name} has one version only", f"Name another: tektra agents diff {name} A B")
    return str(earlier[0])


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    texts = [document["file"].splitlines(keepends=True) for document in (before, after)]
    names = [f"{document['agent']['name']} {document['version'][:SHORT]}" for document in (before, after)]
    return difflib.unified_diff(*texts, *names)


def _painted(line: str) -> str:
    if not terminal.is_terminal(sys.stdout):
        return line
    text, colour = terminal.clean(line.rstrip("\n")), COLOURS.get(line[:1])
    return f"{terminal.paint(text, colour, sys.stdout) if colour else text}\n"


def rollback(
    name: Name,
    version: Annotated[str, typer.Argument(help="A version, or the beginning of one.", metavar="VERSION")],
    json: Json = False,
) -> None:
    """Make an earlier version of an agent the current one.

    Also of one that was removed: it is there again.
    """
    client, path = launch.ensured(), f"/api/agents/{segment(name)}"
    changes = client.get(f"{path}/versions", {"limit": 1})["changes"]
    was = changes[0]["version"] if changes[0]["current"] and changes[0]["what"] != "shipped" else None
    done = client.post(f"{path}/rollback", {"version": version, "was": was})
    stays = done["version"] == was
    words = f"{name} {'stays' if stays else 'is'} at version {done['version'][:SHORT]}"
    output.show(done, json, lambda _: output.text(words))
