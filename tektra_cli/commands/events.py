"""`tektra events`: what happens, as it happens."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tektra_cli import launch, live, output, terminal
from tektra_cli.columns import shortened
from tektra_cli.event_lines import Event, what

COLOURS = {"alert": terminal.RED, "ask.opened": terminal.YELLOW, "gap": terminal.YELLOW}
TYPE_WIDTH = len("daemon.state")
WHAT_WIDTH = 160


def events(
    after: Annotated[
        str | None, typer.Option("--after", help="Go on behind the event of this id.", metavar="ID")
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this type: alert, entry, ask, run, model, daemon.", metavar="T"),
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON event a line.")] = False,
) -> None:
    """Follow what happens, as it happens, until ^C.

    In a pipe each event is one line of JSON. When the daemon goes away it is waited for, and what was missed is told.
    """
    query = {"types": ",".join(types)} if types else {}
    query |= {"after": after} if after is not None else {}
    as_json = jsonl or not terminal.is_terminal(sys.stdout)
    for event in live.events(launch.ensured(), query):
        if event is None:
            continue
        if as_json:
            output.event(event)
        else:
            _line(event)


def _line(event: Event) -> None:
    kind = event["type"]
    padded = terminal.clean_line(kind).ljust(TYPE_WIDTH)
    painted = terminal.paint(padded, COLOURS.get(kind, terminal.DIM), sys.stdout)
    output.drawn(f"{event['time'][11:19]}  {painted}  {shortened(what(kind, event['data']), WHAT_WIDTH)}\n")
