"""`tektra runs list`, `show`, `events` and `cancel`."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from tektra_cli import launch, output, terminal, wording
from tektra_cli.client import Client, segment
from tektra_cli.columns import shortened
from tektra_cli.commands.runs import prompts, watch
from tektra_cli.commands.runs.fields import After, Event, Jsonl, Reference
from tektra_cli.commands.runs.lines import WIDTH, Lines, end
from tektra_cli.errors import UsageError
from tektra_cli.flags import Json


def list_runs(json: Json = False) -> None:
    """List your runs, the newest first.

    CHANGES says what became of what a run changed: yes (it waits for you), applied, or dropped.
    """
    output.show(launch.ensured().get("/api/runs"), json, _table)


def _table(document: Event) -> None:
    rows = [
        (
            run["id"],
            run["state"],
            run["spec"].get("agent", "-"),
            run["changes"] or "-",
            wording.when(run["created_at"]),
            shortened(run["title"], 60),
        )
        for run in document["runs"]
    ]
    output.table(("ID", "STATE", "AGENT", "CHANGES", "BEGUN", "TASK"), rows)


def show(
    reference: Reference,
    step: Annotated[
        str | None,
        typer.Option(
            "--step", help="What its model was asked in this step, and answered; or at this place.", metavar="N"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show a run: its steps, and what became of it.

    With --step N: the whole prompt of the N-th time that its agent asked its model, as it was then, and the answer.
    """
    client = launch.ensured()
    if step is not None:
        output.show(prompts.whole(client, reference, step), json, prompts.draw)
        return
    document = _whole(client, reference, 0)
    output.show(document, json, _shown)


def _whole(client: Client, reference: str, after: int) -> dict[str, Any]:
    """A run with all that it told behind a number, in as many answers as that takes."""
    document = client.get(f"/api/runs/{segment(reference)}", {"after": after})
    events = document["events"]
    while document["events"]:
        document = client.get(f"/api/runs/{segment(reference)}", {"after": document["events"][-1]["number"]})
        events += document["events"]
    return {**document, "events": events}


def _shown(document: Event) -> None:
    lines = Lines()
    for event in document["events"]:
        lines.draw(event)
    end(document["run"])


def events(
    reference: Reference,
    after: After = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new ones to the run's end.")] = False,
    jsonl: Jsonl = False,
    json: Json = False,
) -> None:
    """Print the events of a run with their numbers, as they are.

    In a pipe each event is one line of JSON; --json is one document of all that there are.
    """
    if json and (jsonl or follow):
        raise UsageError(f"--json and {'--jsonl' if jsonl else '--follow'} exclude each other")
    client = launch.ensured()
    if json:
        output.document({"schema": "tektra.run-events/1", "events": list(_events(client, reference, after, follow))})
        return
    as_json = jsonl or not terminal.is_terminal(sys.stdout)
    for event in _events(client, reference, after, follow):
        if as_json:
            output.event(event)
        else:
            _raw(event)


def _events(client: Client, reference: str, after: int, follow: bool) -> Iterator[Event]:
    if not follow:
        yield from _whole(client, reference, after)["events"]
        return
    run = client.get(f"/api/runs/{segment(reference)}", {"after": after})["run"]["id"]
    yield from (event for event in watch.events(client, run, after) if event["type"] != "done")


def _raw(event: Event) -> None:
    data = shortened(json_text.dumps(event["data"], ensure_ascii=False), WIDTH)
    kind = terminal.paint(terminal.clean_line(event["type"]).ljust(8), terminal.DIM, sys.stdout)
    output.drawn(f"{event['number']:>5}  {event['time'][11:19]}  {kind}  {data}\n")


def cancel(reference: Reference, json: Json = False) -> None:
    """End a run now."""
    document = launch.ensured().post(f"/api/runs/{segment(reference)}/cancel", {})
    said = "cancelled" if document["cancelled"] else f"it had ended already: {document['run']['state']}"
    output.show(document, json, lambda _: output.text(said))
