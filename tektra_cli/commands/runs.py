"""`tektra run` and `tektra runs`: agents at work, live in the terminal, and what became of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, live, output, terminal, wording
from tektra_cli.client import Client, error_of, segment
from tektra_cli.columns import shortened
from tektra_cli.errors import CliError, ExitCode, UsageError
from tektra_cli.flags import Json

Event = Mapping[str, Any]
Reference = Annotated[str, typer.Argument(help="A run's id, or the beginning of one.", metavar="ID")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print one JSON event a line.")]
WIDTH = 200


def run(
    agent: Annotated[str, typer.Argument(help="Which agent: tektra agents list", metavar="AGENT")],
    task: Annotated[str, typer.Argument(help="What it is to do; - is stdin.", metavar="TASK")],
    folder: Annotated[Path, typer.Option("--dir", "-d", help="The folder that it looks at.", metavar="DIR")] = Path(),
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for its end.")] = False,
    jsonl: Jsonl = False,
    json: Json = False,
) -> None:
    """Let an agent do a task in a folder, and watch it.

    It goes on whatever happens to this terminal or to the daemon; ^C ends it. The exit code is 0 when it came to an
    answer.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl exclude each other")
    text = sys.stdin.read() if task == "-" else task
    client = launch.ensured()
    begun = client.post("/api/runs", {"agent": agent, "task": text, "folder": str(folder.resolve())})
    if detach:
        output.show(begun, json, lambda document: output.text(document["run"]["id"]))
        return
    watched(client, begun["run"]["id"], 0, json, jsonl, ending=True)


def attach(
    reference: Reference,
    after: Annotated[int, typer.Option("--after", help="Go on behind the event of this number.", metavar="N")] = 0,
    jsonl: Jsonl = False,
    json: Json = False,
) -> None:
    """Watch a run from its beginning, or from an event on; ^C leaves it alone."""
    client = launch.ensured()
    found = client.get(f"/api/runs/{segment(reference)}")
    watched(client, found["run"]["id"], after, json, jsonl, ending=False)


def list_runs(json: Json = False) -> None:
    """List your runs, the newest first."""
    output.show(launch.ensured().get("/api/runs"), json, _table)


def _table(document: Event) -> None:
    rows = [
        (
            run["id"],
            run["state"],
            run["spec"].get("agent", "-"),
            wording.when(run["created_at"]),
            shortened(run["title"], 60),
        )
        for run in document["runs"]
    ]
    output.table(("ID", "STATE", "AGENT", "BEGUN", "TASK"), rows)


def show(reference: Reference, json: Json = False) -> None:
    """Show a run: its steps, and what became of it."""
    output.show(launch.ensured().get(f"/api/runs/{segment(reference)}"), json, _shown)


def _shown(document: Event) -> None:
    for event in document["events"]:
        _line(event)
    _end(document["run"])


def cancel(reference: Reference, json: Json = False) -> None:
    """End a run now."""
    document = launch.ensured().post(f"/api/runs/{segment(reference)}/cancel", {})
    said = "cancelled" if document["cancelled"] else f"it had ended already: {document['run']['state']}"
    output.show(document, json, lambda _: output.text(said))


def watched(client: Client, run: str, after: int, json: bool, jsonl: bool, *, ending: bool) -> None:
    """Show a run to its end, and end with what became of it; ^C ends the run where `ending`."""
    told: list[Event] = []
    ended: Event = {}
    try:
        for event in _events(client, run, after):
            if event["type"] == "done":
                ended = event["run"]
            elif jsonl:
                output.event(event)
            elif json:
                told.append(event)
            else:
                _line(event)
    except KeyboardInterrupt:
        if ending:
            client.post(f"/api/runs/{run}/cancel", {})
        raise
    if jsonl:
        output.event({"type": "done", "run": ended})
    elif json:
        output.document({"schema": "tektra.run/1", "run": ended, "events": told})
    else:
        _end(ended)
    if ended["state"] != "succeeded":
        raise typer.Exit(ExitCode.FAILURE)


def _events(client: Client, run: str, after: int) -> Iterator[Event]:
    """What it tells, also when the daemon goes away meanwhile and comes back."""
    while True:
        try:
            for _, event in client.follow(f"/api/runs/{run}/events", {"after": after}, live.SILENCE_S):
                if event is None:
                    continue
                if event["type"] == "error":
                    raise error_of(event, "the run could not be followed")
                yield event
                if event["type"] == "done":
                    return
                after = event["number"]
        except CliError as error:
            if error.code not in live.GONE:
                raise
        errors.note("the daemon is gone; starting it, so that the run goes on")
        client = launch.ensured()


def _line(event: Event) -> None:
    data = event["data"]
    match event["type"]:
        case "tool":
            arguments = ", ".join(f"{name}={value!r}" for name, value in data["arguments"].items())
            line = f"{data['tool']}({arguments})"
            output.drawn(f"  {terminal.paint('tool', terminal.YELLOW, sys.stdout)}  {shortened(line, WIDTH)}\n")
        case "result":
            text = data.get("error") or str(data.get("result"))
            output.drawn(f"        {terminal.paint(shortened(text, WIDTH), terminal.DIM, sys.stdout)}\n")
        case "step" if data["error"]:
            output.drawn(f"  {terminal.paint('step', terminal.RED, sys.stdout)}  {shortened(data['error'], WIDTH)}\n")
        case "left_out":
            errors.note(_left_out(data))
        case "note":
            errors.note(data["text"])
        case _:
            pass


def _left_out(data: Event) -> str:
    what = [wording.plural(len(data["results"]), "older result")] if data["results"] else []
    what += [wording.plural(data["steps"], "older step")] if data["steps"] else []
    what += [f"what is longer than {data['longest']:,} characters in results"] if data["longest"] else []
    return f"{', '.join(what)} left out ({data['characters']:,} characters), so that the rest fits its model"


def _end(run: Event) -> None:
    result = run["result"] or {}
    if run["state"] == "succeeded":
        output.text(str(result.get("answer")))
        read, known = result.get("prompt_tokens", 0), result.get("cached_tokens", 0)
        share = f", {100 * known // read} % of them known before" if read else ""
        errors.note(
            f"run {run['id']}: {wording.plural(result.get('steps', 0), 'step')}, {read:,} tokens read{share}, "
            f"{result.get('completion_tokens', 0):,} written"
        )
    elif run["ended_at"] is None:
        errors.note(f"run {run['id']} is {run['state']}")
    else:
        if result.get("answer"):
            output.text(str(result["answer"]))
        errors.note(f"run {run['id']} {run['state']}" + (f": {run['error']}" if run["error"] else ""))
