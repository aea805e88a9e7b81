"""Pure: what an event tells, in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tektra_cli import wording
from tektra_cli.entry_lines import details_line

Event = Mapping[str, Any]
MISSING = {
    "overflow": "more happened than is kept; the lists have it: tektra audit list, tektra approvals list",
    "restart": "the daemon was started anew; what it had not told yet is in: tektra audit list",
    "unknown": "this daemon never gave that id; these are the oldest events that it keeps",
}


def what(kind: str, data: Event, user: Callable[[int | None], str] = wording.user) -> str:
    """What happened, of an event of a type; `user` is what somebody is called."""
    match kind:
        case "gap":
            return MISSING.get(data["why"], "some events are missing")
        case "alert":
            return f"{data['kind']}  {_who(data, user)}  {details_line(data['details'])}  #{data['number']}"
        case "entry":
            return f"{data['kind']}  {data['outcome']}  {_who(data, user)}  #{data['number']}"
        case "ask.opened":
            asked = f"{data['ask']}  {data['action']} {data['resource']}"
            return f"{asked}  by {data['agent'] or 'a script'}  (tektra approvals show {data['ask'][:4]})"
        case "ask.answered":
            by = user(data["answered_by"])
            return f"{data['ask']}  {data['action']} {data['resource']}  {data['state']} by {by}"
        case "ask.expired":
            return f"{data['ask']}  {data['action']} {data['resource']}"
        case "run.state":
            return f"{data['run']}  {data['state']}  {data['agent']}: {data['title']}"
        case "model.state":
            return f"{data['model']}  {data['state']}" + (f"  {data['why']}" if "why" in data else "")
        case "daemon.state":
            return str(data["state"])
        case _:
            return details_line(data)


def _who(data: Event, user: Callable[[int | None], str]) -> str:
    return user(data["uid"]) + (f"/{data['agent']}" if data["agent"] else "")
