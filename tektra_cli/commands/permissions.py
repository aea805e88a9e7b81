"""`tektra permissions`: what is allowed, to whom; changing it, and trying it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, second_factor, wording
from tektra_cli.client import segment
from tektra_cli.columns import shortened
from tektra_cli.errors import ExitCode, StatusLine, UsageError
from tektra_cli.flags import Code, Json

ON_PATHS = ("read", "write")
RUN = "run"
HERE = Path()


class Outcome(Enum):
    """What a grant makes of an act."""

    allow = "allow"
    ask = "ask"
    deny = "deny"


class Scope(Enum):
    """How long a grant holds."""

    once = "once"
    run = "run"
    session = "session"
    always = "always"


class Level(Enum):
    """The levels of confinement that hold."""

    A = "A"
    B = "B"


class Effect(Enum):
    """Where an act changes something."""

    none = "none"
    inside = "inside"
    outside = "outside"


Action = Annotated[
    str,
    typer.Argument(
        help="read, write, run, fetch, call (a tool), use (a secret), generate, load, remove (a model) …",
        metavar="ACTION",
    ),
]
Resource = Annotated[
    list[str],
    typer.Argument(
        help="A path and all beneath it, a host or *.domain, a name, a program, or a whole command; * is any.",
        metavar="RESOURCE…",
    ),
]
Agent = Annotated[str, typer.Option("--agent", help="One agent; else you and all your agents.", metavar="NAME")]
TestedAgent = Annotated[str, typer.Option("--agent", help="As this agent; else as yourself.", metavar="NAME")]
Workspace = Annotated[
    Path | None, typer.Option("--workspace", help="In this workspace; what it holds is inside.", metavar="DIR")
]
Run = Annotated[str, typer.Option("--run", help="The id of a run.", metavar="ID")]
Session = Annotated[str, typer.Option("--session", help="The id of a session.", metavar="ID")]
Cost = Annotated[int | None, typer.Option("--cost", help="Millionths of a dollar, at most.", metavar="N", min=0)]


ActEffect = Annotated[
    Effect, typer.Option("--effect", help="Where it changes something; of read and write the path says it.")
]
ActConfinement = Annotated[
    Level | None, typer.Option("--confinement", help="The confinement of what runs; none by itself.")
]
MOST_WAIT_S = 3600.0


def list_permissions(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were revoked, used up or expired.")
    ] = False,
    rules: Annotated[bool, typer.Option("--rules", help="The rules of all policy files instead.")] = False,
    json: Json = False,
) -> None:
    """List what was granted, and what rules hold."""
    document = launch.ensured().get("/api/permissions", {"all": str(everything).lower()})
    output.show(document, json, _rules if rules else _grants)
    problem = document["problem"]
    if problem and not json:
        errors.note(f"every act is denied, for a policy cannot be taken: {_problem(problem)}")


def _grants(document: Mapping[str, Any]) -> None:
    headers = ("ID", "DECISION", "ACTION", "RESOURCE", "WHO", "SCOPE", "EXPIRES", "USES", "WHY")
    output.table(headers, [_row(grant) for grant in document["grants"]])
    if not document["grants"]:
        errors.note("nothing was granted; tektra permissions list --rules shows what holds anyway")


def _row(grant: Mapping[str, Any]) -> tuple[str, ...]:
    ended = "revoked" if grant["revoked_at"] else "ended"
    return (
        grant["id"],
        grant["decision"] if grant["holds"] else f"{grant['decision']} ({ended})",
        grant["action"],
        shortened(grant["resource"] + _conditions(grant["conditions"]), 60),
        grant["agent"] or "everybody",
        f"{grant['scope']} {grant['bound_to']}".strip(),
        wording.when(grant["expires_at"]),
        "-" if grant["uses_left"] is None else str(grant["uses_left"]),
        shortened(grant["why"], 40),
    )


def _conditions(conditions: Mapping[str, Any]) -> str:
    words = {
        "confinement": "confined to {}",
        "cost": "for {} at most",
        "workspace": "in {}",
    }
    said = [words[name].format(value) for name, value in conditions.items() if value is not None]
    return f" ({', '.join(said)})" if said else ""


def _rules(document: Mapping[str, Any]) -> None:
    rows = [(rule["name"], rule["outcome"], str(rule["line"]), rule["why"]) for rule in document["rules"]]
    output.table(("RULE", "DECISION", "LINE", "WHY"), rows)


def _problem(problem: Mapping[str, Any]) -> str:
    return f"{problem['source']}:{problem['line']}: {problem['message']}"


def grant(
    decision: Annotated[Outcome, typer.Argument(help="allow, ask or deny.", metavar="DECISION")],
    action: Action,
    resource: Resource,
    agent: Agent = "",
    scope: Annotated[Scope, typer.Option("--scope", help="How long it holds.")] = Scope.always,
    run: Run = "",
    session: Session = "",
    expires: Annotated[
        str | None, typer.Option("--expires", help="After this time it ends: 30m, 2h, 7d.", metavar="TIME")
    ] = None,
    uses: Annotated[int | None, typer.Option("--uses", help="After so many uses it ends.", metavar="N", min=1)] = None,
    exact: Annotated[bool, typer.Option("--exact", help="The program without arguments, and not with any.")] = False,
    workspace: Workspace = None,
    confinement: Annotated[
        Level | None, typer.Option("--confinement", help="Only with this confinement, or a better one.")
    ] = None,
    cost: Cost = None,
    why: Annotated[str, typer.Option("--why", help="Why; it is shown with every decision.", metavar="TEXT")] = "",
    code: Code = None,
    json: Json = False,
) -> None:
    """Allow something, deny it, or be asked about it from now on.

    One word after run is a program with any arguments; several are that one command. Deny goes before ask, and ask
    before allow, whatever was granted later.
    """
    seconds = None if expires is None else wording.seconds(expires)
    if seconds is not None and seconds <= 0:
        raise UsageError("a grant cannot have expired already", "Leave --expires out for one that does not end.")
    conditions: dict[str, Any] = {}
    if workspace is not None:
        conditions["workspace"] = str(workspace.expanduser().resolve())
    if confinement is not None:
        conditions["confinement"] = confinement.value
    if cost is not None:
        conditions["cost"] = cost
    body: dict[str, Any] = {
        "decision": decision.value,
        "action": action,
        "resource": resource_of(action, resource, exact),
        "agent": agent,
        "scope": scope.value,
        "bound_to": _bound(scope, run, session),
        "conditions": conditions,
        "expires_s": seconds,
        "uses": uses,
        "why": why,
    }
    made = second_factor.posted(launch.ensured(), "/api/permissions", body, code, no_input=json)
    output.show(made, json, _granted)


def _bound(scope: Scope, run: str, session: str) -> str:
    bounds = {Scope.run: run, Scope.session: session}
    if scope in bounds and not bounds[scope]:
        raise UsageError(f"a grant for one {scope.value} needs its id", f"Add --{scope.value} ID.")
    if (run and scope is not Scope.run) or (session and scope is not Scope.session):
        raise UsageError("an id of a run or session needs its scope", "Add --scope run or --scope session.")
    return bounds.get(scope, "")


def resource_of(action: str, words: list[str], exact: bool, folder: Path = HERE) -> str | list[str]:
    """The resource as the daemon takes it: paths from a folder made absolute, links in them followed."""
    if action == RUN:
        return words if exact or len(words) > 1 else words[0]
    if len(words) > 1:
        raise UsageError(f"{action} takes one resource", "Quote it, if it holds spaces or asterisks.")
    is_path = action in ON_PATHS and words[0] != "*"
    return str((folder / Path(words[0]).expanduser()).resolve()) if is_path else words[0]


def _granted(document: Mapping[str, Any]) -> None:
    made = document["grant"]
    who = f"agent {made['agent']}" if made["agent"] else "you and all your agents"
    lines = [
        f"granted {made['id']}: {made['decision']} {made['action']} {_about(made)} for {who}",
        f"rule: {made['rule']}",
    ]
    if made["scope"] != "always":
        lines.append(f"scope: {made['scope']} {made['bound_to']}".rstrip())
    if made["expires_at"]:
        lines.append(f"expires: {wording.when(made['expires_at'])}")
    if made["uses_left"] is not None:
        lines.append(f"uses: {made['uses_left']}")
    output.text("\n".join(lines))


def _about(made: Mapping[str, Any]) -> str:
    suffix = {"path": " and all beneath it", "program": " with any arguments"}.get(made["kind"], "")
    return f"{made['resource']}{suffix}{_conditions(made['conditions'])}"


def revoke(
    reference: Annotated[str, typer.Argument(help="An id, or the beginning of one.", metavar="ID")],
    code: Code = None,
    json: Json = False,
) -> None:
    """End a grant; it stays in list --all."""
    place = f"/api/permissions/{segment(reference)}/revoke"
    document = second_factor.posted(launch.ensured(), place, {}, code, no_input=json)
    output.show(document, json, _revoked)


def _revoked(document: Mapping[str, Any]) -> None:
    ended = document["grant"]
    output.text(f"revoked {ended['id']}: {ended['decision']} {ended['action']} {_about(ended)}\nrule: {ended['rule']}")


def try_act(
    action: Action,
    resource: Resource,
    agent: TestedAgent = "",
    workspace: Workspace = None,
    effect: ActEffect = Effect.outside,
    confinement: ActConfinement = None,
    cost: Cost = None,
    run: Run = "",
    session: Session = "",
    check: Annotated[bool, typer.Option("--check", help="Exit with 5 unless it is allowed.")] = False,
    json: Json = False,
) -> None:
    """Say what would be decided about an act, and which rule decides; nothing is done."""
    body = _act(action, resource, agent, workspace, effect, confinement, cost, run, session)
    document = launch.ensured().post("/api/permissions/test", body)
    output.show(document, json, _decided)
    if check and document["outcome"] != "allow":
        raise typer.Exit(ExitCode.DENIED)


def _act(
    action: str,
    resource: list[str],
    agent: str,
    workspace: Path | None,
    effect: Effect,
    confinement: Level | None,
    cost: int | None,
    run: str,
    session: str,
) -> dict[str, Any]:
    return {
        "action": action,
        "resource": resource_of(action, resource, exact=True),
        "agent": agent,
        "workspace": str(workspace.expanduser().resolve()) if workspace is not None else "",
        "effect": effect.value,
        "confinement": confinement.value if confinement is not None else "",
        "cost": cost or 0,
        "run": run,
        "session": session,
    }


def ask(
    action: Action,
    resource: Resource,
    agent: TestedAgent = "",
    workspace: Workspace = None,
    effect: ActEffect = Effect.outside,
    confinement: ActConfinement = None,
    cost: Cost = None,
    run: Run = "",
    session: Session = "",
    preview: Annotated[
        Path | None, typer.Option("--preview", help="What a person shall see: a diff, a message; - is stdin.")
    ] = None,
    wait: Annotated[str, typer.Option("--wait", help="How long to wait for an answer.", metavar="TIME")] = "10m",
    expires: Annotated[str, typer.Option("--expires", help="After this time silence is no.", metavar="TIME")] = "1h",
    json: Json = False,
) -> None:
    """Ask whether an act may be done now, once, and wait for a person where the policy wants one.

    For scripts and agents of your own: exit code 0 allowed, 5 denied, 7 not answered yet (the same question later
    finds the answer). Another terminal answers: tektra approvals list
    """
    body = _act(action, resource, agent, workspace, effect, confinement, cost, run, session)
    seconds = min(wording.seconds(wait), MOST_WAIT_S)
    body |= {"folder": str(Path.cwd()), "expires_s": wording.seconds(expires), "wait_s": max(0.0, seconds)}
    if preview is not None:
        text = sys.stdin.read() if str(preview) == "-" else preview.read_text(errors="replace")
        body["preview"] = text
    with StatusLine() as line:
        line.show("waiting for an answer, if one is needed: tektra approvals list")
        document = launch.ensured().post("/api/permissions/ask", body, timeout=None)
    output.show(document, json, _decided)
    if document["outcome"] != "allow":
        raise typer.Exit(ExitCode.DENIED if document["outcome"] == "deny" else ExitCode.TIMEOUT)


def _decided(document: Mapping[str, Any]) -> None:
    why = f" ({document['why']})" if document["why"] else ""
    output.text(f"{document['outcome']}: by rule {document['rule']}{why}")
