"""`tektra run`: an agent begins a task."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch
from tektra_cli.commands import permissions
from tektra_cli.commands.runs import watch
from tektra_cli.commands.runs.fields import Detach, Jsonl
from tektra_cli.confirm import confirm
from tektra_cli.errors import UsageError
from tektra_cli.flags import Json, Yes


def run(
    agent: Annotated[str, typer.Argument(help="Which agent: tektra agents list", metavar="AGENT")],
    task: Annotated[str, typer.Argument(help="What it is to do; - is stdin.", metavar="TASK")],
    folder: Annotated[Path, typer.Option("--dir", "-d", help="The folder that it works in.", metavar="DIR")] = Path(),
    detach: Detach = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            help='It may do this without asking: "ACTION RESOURCE", as in "write ." or "run git".',
            metavar="RULE",
        ),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="It changes DIR itself: no diff, and no undo.")] = False,
    yes: Yes = False,
    jsonl: Jsonl = False,
    json: Json = False,
) -> None:
    """Let an agent do a task in a folder, and watch it.

    What it changes is in a copy until you take it over: tektra runs diff, tektra runs apply. It goes on whatever
    happens to this terminal or to the daemon; ^C ends it. The exit code is 0 when it came to an answer.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl exclude each other")
    place = folder.resolve()
    rules = _rules(allow or (), place)
    if in_place:
        confirm(
            f"Let {agent} change {place} itself? There is no diff and no undo, and a crash may leave a step half done.",
            yes,
            no_input=json or jsonl,
        )
    text = sys.stdin.read() if task == "-" else task
    client = launch.ensured()
    body = {"agent": agent, "task": text, "folder": str(place), "in_place": in_place, "allow": rules}
    answer = client.post("/api/runs", body)
    for rule in rules:
        what = rule["resource"] if isinstance(rule["resource"], str) else shlex.join(rule["resource"])
        errors.note(f"allowed in this run: {rule['action']} {what}")
    watch.begun(client, answer, detach, json, jsonl)


def _rules(said: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """Rules as the daemon takes them; relative paths are the folder's."""
    return [_rule(each, folder) for each in said]


def _rule(said: str, folder: Path) -> dict[str, Any]:
    hint = 'Write an action and what it is done to: --allow "write src", --allow "run git", --allow "fetch example.org"'
    try:
        action, *words = shlex.split(said)
    except ValueError as error:
        raise UsageError(f'"{said}" is no rule', hint) from error
    if not words:
        raise UsageError(f'"{said}" is no rule', hint)
    return {"action": action, "resource": permissions.resource_of(action, words, exact=False, folder=folder)}
