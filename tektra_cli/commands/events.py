"""`tektra events`: what happens, as it happens."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tektra_cli import launch, live, output, terminal, wording
from tektra_cli.columns import shortened
from tektra_cli.entry_lines import details_line

Event = Mapping[str, Any]
COLOURS = {"alert": terminal.RED, "ask.opened": terminal.YELLOW, "gap": terminal.YELLOW}
TYPE_WIDTH = len("daemon.state")
WHAT_WIDTH = 160
MISSING = {
    "overflow": "more happened than is kept; the lists have it: tektra audit list, tektra approvals list",
    "restart": "the daemon was started anew; what it had not told yet is in: tektra audit list",
    "unknown": "this daemon never gave that id; these are the oldest events that it keeps",
}


def events(
    after: Annotated[
        str | None, typer.Option("--after", help="Go on behind the event of this id.", metavar="ID")
    ] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type: alert, entry, ask, model, daemon.", metavar="T")
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
    what = shortened(_what(kind, event["data"]), WHAT_WIDTH)
    output.drawn(
        f"{event['time'][11:19]}  {terminal.paint(padded, COLOURS.get(kind, terminal.DIM), sys.stdout)}  {what}\n"
    )


def _what(kind: str, data: Event) -> str:
    match kind:
        case "gap":
            return MISSING.get(data["why"], "some events are missing")
        case "alert":
            return f"{data['kind']}  {_who(data)}  {details_line(data['details'])}  #{data['number']}"
        case "entry":
            return f"{data['kind']}  {data['outcome']}  {_who(data)}  #{data['number']}"
        case "ask.opened":
            asked = f"{data['ask']}  {data['action']} {data['resource']}"
            return f"{asked}  by {data['agent'] or 'a script'}  (tektra approvals show {data['ask'][:4]})"
        case "ask.answered":
            by = wording.user(data["answered_by"])
            return f"{data['ask']}  {data['action']} {data['resource']}  {data['state']} by {by}"
        case "ask.expired":
            return f"{data['ask']}  {data['action']} {data['resource']}"
        case "model.state":
            return f"{data['model']}  {data['state']}" + (f"  {data['why']}" if "why" in data else "")
        case "daemon.state":
            return str(data["state"])
        case _:
            return details_line(data)


def _who(data: Event) -> str:
    return wording.user(data["uid"]) + (f"/{data['agent']}" if data["agent"] else "")
