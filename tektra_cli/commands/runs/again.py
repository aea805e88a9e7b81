"""`tektra runs retry | resume | unstick`: runs once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output
from tektra_cli.client import segment
from tektra_cli.commands.runs import watch
from tektra_cli.commands.runs.fields import Detach, Jsonl, Reference
from tektra_cli.errors import UsageError
from tektra_cli.flags import Json


def retry(
    reference: Reference,
    step: Annotated[
        int | None, typer.Option("--from", help="From this of its agent's steps on; all before are taken over.", min=1)
    ] = None,
    detach: Detach = False,
    jsonl: Jsonl = False,
    json: Json = False,
) -> None:
    """Do a run once more, as another run: from its beginning, or from one of its steps on.

    The same version of the agent does the same task. With --from the files are what they were before that step.
    """
    _begun(f"/api/runs/{segment(reference)}/retry", {"from_step": step}, detach, json, jsonl)


def resume(reference: Reference, detach: Detach = False, jsonl: Jsonl = False, json: Json = False) -> None:
    """Go on with a run that failed or was cancelled, behind its last finished step."""
    _begun(f"/api/runs/{segment(reference)}/resume", {}, detach, json, jsonl)


def _begun(path: str, body: dict[str, Any], detach: bool, json: bool, jsonl: bool) -> None:
    if json and jsonl:
        raise UsageError("--json and --jsonl exclude each other")
    client = launch.ensured()
    watch.begun(client, client.post(path, body), detach, json, jsonl)


def unstick(json: Json = False) -> None:
    """Take up your runs that have not ended and that nobody does, and say why that was so."""
    document = launch.ensured().post("/api/runs/unstick", {})
    output.show(document, json, _table)


def _table(document: Mapping[str, Any]) -> None:
    rows = [(each["run"]["id"], each["run"]["state"], each["why"]) for each in document["runs"]]
    output.table(("ID", "STATE", "WHY"), rows)
    if not rows:
        errors.note("no run is stuck")
