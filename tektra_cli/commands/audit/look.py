"""`tektra audit list`, `tail`, `show`, `search` and `stats`: reading the log."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, live, output, terminal, wording
from tektra_cli.client import Client
from tektra_cli.columns import shortened
from tektra_cli.entry_lines import details_line, shown
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Json, Since, Until

Entry = Mapping[str, Any]
User = Annotated[str | None, typer.Option("--user", help="Done by this user: a name or uid.", metavar="U")]
AgentName = Annotated[str | None, typer.Option("--agent", help="Done by this agent.", metavar="A")]
Run = Annotated[str | None, typer.Option("--run", help="Part of this run.", metavar="ID")]
Kind = Annotated[str | None, typer.Option("--kind", help="Of this kind, or below it: model, model.call.", metavar="K")]
Act = Annotated[str | None, typer.Option("--act", help="Part of this act, as the ACT column has it.", metavar="ID")]
Outcome = Annotated[
    str | None, typer.Option("--outcome", help="begun, ok, failed, cancelled, interrupted or denied.", metavar="O")
]
Limit = Annotated[int, typer.Option("--limit", help="At most so many.", metavar="N", min=1)]
PAGE = 1000
"""What the daemon gives in one answer."""
WHAT_WIDTH = 70


def list_entries(
    since: Since = None,
    until: Until = None,
    user: User = None,
    agent: AgentName = None,
    run: Run = None,
    kind: Kind = None,
    outcome: Outcome = None,
    act: Act = None,
    checkpoints: Annotated[bool, typer.Option("--checkpoints", help="Signatures of the log too.")] = False,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List what happened, newest first.

    An act that takes time has two entries: `begun`, and what became of it. The same ACT ties them together.
    """
    query = _filter(since=since, until=until, user=user, agent=agent, run=run, kind=kind, outcome=outcome)
    query |= {"checkpoints": "true"} if checkpoints else {}
    query |= {"act": act} if act is not None else {}
    output.show(_pages(launch.ensured(), query, limit), json, _table)


def _filter(
    *, since: str | None = None, until: str | None = None, user: str | None = None, **more: Any
) -> dict[str, Any]:
    query = {name: value for name, value in more.items() if value is not None}
    query |= {"since": wording.moment(since)} if since is not None else {}
    query |= {"until": wording.moment(until)} if until is not None else {}
    return query | ({"uid": wording.uid(user)} if user is not None else {})


def _pages(client: Client, query: Entry, limit: int) -> dict[str, Any]:
    """As many pages as it takes, as one document; its `next` is the last page's."""
    document = client.get("/api/audit", {**query, "limit": min(limit, PAGE)})
    found = document["entries"]
    while document["next"] and len(found) < limit:
        more = {"limit": min(limit - len(found), PAGE), "before": document["next"]}
        document = client.get("/api/audit", {**query, **more})
        found += document["entries"]
    return document | {"entries": found}


def _table(document: Entry) -> None:
    entries = document["entries"]
    if not entries:
        errors.note("no entry is like that")
    output.table(("NUMBER", "WHEN", "WHO", "KIND", "OUTCOME", "ACT", "WHAT"), [_row(entry) for entry in entries])
    if document["next"]:
        errors.note(f"these are the newest {len(entries)}; --limit {10 * len(entries)} shows more")


def _row(entry: Entry) -> tuple[str, ...]:
    who = wording.user(entry["uid"]) + (f"/{entry['agent']}" if entry["agent"] else "")
    when = wording.when(entry["time"])
    what = shortened(details_line(entry["details"]), WHAT_WIDTH)
    return str(entry["number"]), when, who, entry["kind"], entry["outcome"] or "-", entry["act"] or "-", what


def tail(
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last entries.", metavar="N", min=0)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new entries until ^C.")] = False,
    kind: Kind = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON entry a line.")] = False,
    json: Json = False,
) -> None:
    """Show the last entries, and go on with new ones.

    In a pipe each entry is one line of JSON.
    """
    if follow and json:
        raise UsageError("--follow has no end, so it cannot be one JSON document", "Use --jsonl.")
    client, query = launch.ensured(), _filter(kind=kind)
    document = _pages(client, query, lines) if lines else client.get("/api/audit", {"limit": 1})
    if json:
        output.document(document | {"entries": document["entries"][::-1] if lines else []})
        return
    as_json = jsonl or not terminal.is_terminal(sys.stdout)
    for entry in reversed(document["entries"] if lines else []):
        _line(entry, as_json)
    if follow:
        last = max((entry["number"] for entry in document["entries"]), default=0)
        _follow(client, query, last, as_json)


def _follow(client: Client, query: Entry, last: int, as_json: bool) -> None:
    """Read the log whenever the daemon says that it has grown; after every interruption too, so that none is missed."""
    for event in live.events(client, {"types": "entry,alert"}):
        told = event["data"]["number"] if event is not None and event["type"] != "gap" else None
        if told is not None and told <= last:
            continue
        try:
            for entry in _later(client, query, last):
                _line(entry, as_json)
                last = entry["number"]
            last = max(last, told or 0)
        except CliError as error:
            if error.code not in live.GONE:
                raise


def _later(client: Client, query: Entry, last: int) -> Iterator[Entry]:
    """What came after an entry."""
    entries = [{"number": last}] * PAGE
    while len(entries) == PAGE:
        entries = client.get("/api/audit", {**query, "after": entries[-1]["number"], "limit": PAGE})["entries"]
        yield from entries


def _line(entry: Entry, as_json: bool) -> None:
    if as_json:
        output.event(entry)
        return
    number, _, who, kind, outcome, _, what = _row(entry)
    output.text(f"{number:>7}  {entry['time'][11:19]}  {who}  {kind}  {outcome}  {what}")


def show(
    number: Annotated[int, typer.Argument(help="The entry's number.", metavar="NUMBER", min=1)], json: Json = False
) -> None:
    """Show one entry."""
    output.show(launch.ensured().get(f"/api/audit/{number}"), json, lambda found: _facts(found["entry"]))


def _facts(entry: Entry) -> None:
    plain = [(name, entry[name]) for name in ("number", "time", "kind", "outcome", "act", "agent", "run")]
    rows = [(name, str(value)) for name, value in plain if value not in (None, "")]
    rows += [("user", wording.user(entry["uid"])), ("confinement", entry["confinement"])]
    rows += [(f"  {name}", shown(value)) for name, value in entry["details"].items()]
    output.facts([*rows, ("hash", entry["hash"])])


def search(
    words: Annotated[list[str], typer.Argument(help="Words that an entry must hold.", metavar="WORDS...")],
    since: Since = None,
    kind: Kind = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Find entries that hold all words."""
    query = _filter(since=since, kind=kind, words=" ".join(words))
    output.show(_pages(launch.ensured(), query, limit), json, _table)


def stats(json: Json = False) -> None:
    """Count entries by kind, outcome and user."""
    output.show(launch.ensured().get("/api/audit/stats"), json, _counts)


def _counts(document: Entry) -> None:
    reach = f"{document['oldest'] or '-'} to {document['newest'] or '-'}"
    users = ", ".join(f"{wording.user(each['uid'])} {each['entries']:,}" for each in document["users"])
    facts = [("entries", f"{document['entries']:,}"), ("from", reach), ("by", users), ("head", document["head"])]
    output.facts(facts)
    rows = [(each["kind"] or "-", each["outcome"] or "-", f"{each['entries']:,}") for each in document["kinds"]]
    output.table(("KIND", "OUTCOME", "ENTRIES"), rows)
