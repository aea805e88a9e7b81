"""Following a run: live in the terminal, also across a daemon that goes away; and `tektra runs attach`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import typer

from tektra_cli import errors, launch, live, output, terminal
from tektra_cli.client import Client, error_of, segment
from tektra_cli.commands.runs import asking, changes
from tektra_cli.commands.runs.fields import After, Event, Jsonl, Reference
from tektra_cli.commands.runs.lines import Lines, end
from tektra_cli.commands.runs.waiting import Waiting
from tektra_cli.errors import CliError, ExitCode
from tektra_cli.flags import Json


def attach(reference: Reference, after: After = 0, jsonl: Jsonl = False, json: Json = False) -> None:
    """Watch a run from its beginning, or from an event on; ^C leaves it alone."""
    client = launch.ensured()
    found = client.get(f"/api/runs/{segment(reference)}")
    watched(client, found["run"]["id"], after, json, jsonl, ending=False)


def begun(client: Client, document: Event, detach: bool, json: bool, jsonl: bool) -> None:
    """Watch a run that has just begun; where nobody wants to wait for it, say which one it is."""
    run = document["run"]["id"]
    if detach:
        output.show(document, json, lambda _: output.text(run))
    else:
        watched(client, run, 0, json, jsonl, ending=True)


def watched(client: Client, run: str, after: int, json: bool, jsonl: bool, *, ending: bool) -> None:
    """Show a run to its end, and end with what became of it; ^C ends the run where `ending`."""
    told: list[Event] = []
    ended: Event = {}
    lines, for_people = Lines(), not (json or jsonl)
    try:
        for event in events(client, run, after, is_shown=for_people):
            if event["type"] == "done":
                ended = event["run"]
            elif jsonl:
                output.event(event)
            elif json:
                told.append(event)
            else:
                lines.draw(event)
            if event["type"] == "ask":
                asking.seek(event["data"], for_people=for_people)
    except KeyboardInterrupt:
        if ending:
            client.post(f"/api/runs/{run}/cancel", {})
        raise
    if jsonl:
        output.event({"type": "done", "run": ended})
    elif json:
        output.document({"schema": "tektra.run/1", "run": ended, "events": told})
    else:
        end(ended)
        changes.offer(client, ended)
    if ended["state"] != "succeeded":
        raise typer.Exit(ExitCode.FAILURE)


def events(client: Client, run: str, after: int, *, is_shown: bool = False) -> Iterator[Event]:
    """What a run tells, also when the daemon goes away meanwhile and comes back.

    `is_shown`: on a terminal it is said what is waited for.
    """
    waiting = Waiting()
    is_shown = is_shown and terminal.is_terminal(sys.stdout)
    while True:
        try:
            query = {"after": after}
            with contextlib.closing(client.follow(f"/api/runs/{run}/events", query, live.SILENCE_S)) as stream:
                while True:
                    with waiting.quiet(is_shown=is_shown):
                        found = next(stream, None)
                    if found is None:
                        break
                    event = found[1]
                    if event is None:
                        continue
                    if event["type"] == "error":
                        raise error_of(event, "the run could not be followed")
                    if event["type"] != "done":
                        waiting.heard(event)
                    yield event
                    if event["type"] == "done":
                        return
                    after = event["number"]
        except CliError as error:
            if error.code not in live.GONE:
                raise
        errors.note("the daemon is gone; starting it, so that the run goes on")
        client = launch.ensured()
