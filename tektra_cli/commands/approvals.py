"""`tektra approvals`: what waits for your word, and giving it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tektra_cli import errors, finding_lines, launch, output, second_factor, terminal, wording
from tektra_cli.client import segment
from tektra_cli.columns import shortened
from tektra_cli.errors import UsageError
from tektra_cli.flags import Code, Json

Id = Annotated[str, typer.Argument(help="An id, or the beginning of one.", metavar="ID")]
Why = Annotated[str, typer.Option("--why", help="Why; whoever asked is told.", metavar="TEXT")]


def list_asks(
    everything: Annotated[bool, typer.Option("--all", help="Also what was answered or has expired.")] = False,
    json: Json = False,
) -> None:
    """List what waits for your answer, the oldest first."""
    document = launch.ensured().get("/api/approvals", {"all": str(everything).lower()})
    output.show(document, json, _table)


def _table(document: Mapping[str, Any]) -> None:
    rows = [
        (
            ask["id"],
            ask["state"],
            wording.user(ask["uid"]) + (f"/{ask['agent']}" if ask["agent"] else ""),
            ask["request"]["action"],
            shortened(resource(ask["request"]), 60),
            ask["rule"],
            wording.when(ask["expires_at"]),
        )
        for ask in document["asks"]
    ]
    output.table(("ID", "STATE", "WHO ASKS", "ACTION", "RESOURCE", "RULE", "EXPIRES"), rows)
    if not rows:
        errors.note("nothing waits for you")


def resource(request: Mapping[str, Any]) -> str:
    """What it would be done to; a command as a shell would need it."""
    said = request["resource"]
    return said if isinstance(said, str) else shlex.join(said)


def show(ask: Id, json: Json = False) -> None:
    """Show exactly what would be done, and why you are asked."""
    output.show(launch.ensured().get(f"/api/approvals/{segment(ask)}"), json, lambda found: _facts(found["ask"]))


def _facts(ask: Mapping[str, Any]) -> None:
    request = ask["request"]
    rows = [
        ("id", ask["id"]),
        ("who asks", wording.user(ask["uid"]) + (f", agent {ask['agent']}" if ask["agent"] else "")),
        ("would", f"{request['action']} {resource(request)}"),
        ("in", request["folder"]),
        ("workspace", request["workspace"]),
        ("changes", {"none": "nothing", "inside": "the workspace", "outside": "what lies outside"}[request["effect"]]),
        ("confinement", request["confinement"]),
        ("costs at most", f"{request['cost'] / 1e6:g} dollars" if request["cost"] else ""),
        ("run", request["run"]),
        ("session", request["session"]),
        ("environment", " ".join(f"{name}={shlex.quote(value)}" for name, value in request["environment"].items())),
        ("asked by rule", ask["rule"] + (f" ({ask['why']})" if ask["why"] else "")),
        ("asked", wording.when(ask["asked_at"])),
        ("state", ask["state"]),
        ("expires", wording.when(ask["expires_at"]) if ask["state"] == "pending" else ""),
        ("answered by", wording.user(ask["answered_by"]) if ask["answered_at"] else ""),
        ("because", ask["reason"]),
    ]
    output.facts([(name, value) for name, value in rows if value])
    found = finding_lines.told(ask)
    if found:
        output.text("\nworth a look, as far as reading can tell:")
    for level, what, part in found:
        line = finding_lines.line(level, what, part)
        output.drawn(f"  {terminal.paint(line, finding_lines.STYLES.get(level, terminal.DIM), sys.stdout)}\n")
    if request["preview"]:
        output.text(f"\n{request['preview']}")


def allow(
    ask: Id,
    once: Annotated[bool, typer.Option("--once", help="This once, which is usual.")] = False,
    run: Annotated[bool, typer.Option("--run", help="As often as it is wanted in this run.")] = False,
    session: Annotated[bool, typer.Option("--session", help="In this session.")] = False,
    always: Annotated[bool, typer.Option("--always", help="From now on: it becomes a grant.")] = False,
    why: Why = "",
    code: Code = None,
    json: Json = False,
) -> None:
    """Allow exactly what was asked."""
    wishes = {"once": once, "run": run, "session": session, "always": always}
    chosen = [name for name, wanted in wishes.items() if wanted]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} do not go together", "Choose one.")
    _answer(ask, {"answer": "allow", "scope": chosen[0] if chosen else "once", "why": why}, json, code)


def deny(ask: Id, why: Why = "", json: Json = False) -> None:
    """Deny it."""
    _answer(ask, {"answer": "deny", "why": why}, json)


def _answer(ask: str, body: Mapping[str, Any], json: bool, code: str | None = None) -> None:
    place = f"/api/approvals/{segment(ask)}"
    document = second_factor.posted(launch.ensured(), place, body, code, no_input=json)
    output.show(document, json, _answered)


def _answered(document: Mapping[str, Any]) -> None:
    ask = document["ask"]
    how = f" {ask['scope']}" if ask["state"] == "allowed" else ""
    output.text(f"{ask['state']}{how}: {ask['request']['action']} {resource(ask['request'])}")
