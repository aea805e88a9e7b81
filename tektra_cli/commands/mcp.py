"""`tektra mcp …`: programs and addresses that offer tools to agents, once somebody has approved them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, terminal, wording
from tektra_cli.client import Client, segment
from tektra_cli.columns import shortened
from tektra_cli.confirm import confirm
from tektra_cli.errors import UsageError
from tektra_cli.flags import Json, NoInput, Yes

Document = Mapping[str, Any]
Name = Annotated[str, typer.Argument(help="A server's name.", metavar="NAME")]
Several = list[str] | None
UNCONFINED = "It runs as a program of yours: with your files, the network, and nothing that confines it. Start it?"
WIDTH = 200
HOW = {"confined": "confined", "ordinary": "not confined", "http": "by HTTP"}


def add(
    name: Annotated[str, typer.Argument(help="Up to 32 letters, digits and dashes.", metavar="NEW")],
    what: Annotated[
        list[str], typer.Argument(help="An https:// address, or a program and its arguments.", metavar="WHAT…")
    ],
    folder: Annotated[
        Path | None, typer.Option("--dir", "-d", help="A folder that it may read and change.", metavar="DIR")
    ] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Confine it by nothing: your files, and the network.")
    ] = False,
    env: Annotated[
        Several, typer.Option("--env", help="A variable: NAME=VALUE, or NAME as it is here; again.", metavar="V")
    ] = None,
    secret: Annotated[
        Several, typer.Option("--secret", help="A variable from a secret: NAME, or VAR=NAME; again.", metavar="S")
    ] = None,
    header: Annotated[
        Several, typer.Option("--header", help="Of an address: NAME=secret:SECRET; again.", metavar="H")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds that an answer may take.", metavar="S")] = 60.0,
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Add an MCP server: look at its tools, and approve them.

    A program is confined as agents are: no network, no files but an empty folder, or the one that --dir names. Agents
    get its tools as mcp:NAME, or one of them as mcp:NAME/TOOL. If it offers anything else later, you are asked again.
    """
    _refuse_alone(yes, no_input or json)
    is_address = len(what) == 1 and what[0].startswith(("https://", "http://"))
    body = {
        "name": name,
        "url": what[0] if is_address else "",
        "command": [] if is_address else what,
        "folder": str(folder.resolve()) if folder is not None else "",
        "network": network,
        "env": dict(map(_variable, env or ())),
        "secrets": dict(map(_secret, secret or ())),
        "headers": dict(map(_header, header or ())),
        "timeout": timeout,
    }
    client = launch.ensured()
    if network:
        confirm(UNCONFINED, yes, no_input or json)
    found = client.post("/api/mcp", body, timeout=None)
    try:
        _approve(client, found, yes, no_input, json)
    except BaseException:
        client.delete(f"/api/mcp/{segment(name)}")
        raise


def list_servers(json: Json = False) -> None:
    """List your MCP servers, and whether their tools may be called."""
    output.show(launch.ensured().get("/api/mcp"), json, _table)


def _table(document: Document) -> None:
    rows = [
        (each["name"], HOW[each["kind"]], str(each["tools"]), _state(each), shortened(_what(each), 60))
        for each in document["servers"]
    ]
    output.table(("NAME", "HOW", "TOOLS", "STATE", "WHAT"), rows)


def tools(name: Name, json: Json = False) -> None:
    """Show the tools of an MCP server, and what changed since they were approved."""
    output.show(launch.ensured().get(f"/api/mcp/{segment(name)}"), json, _looked)


def check(name: Name, json: Json = False) -> None:
    """Start an MCP server, and see whether it offers what was approved."""
    output.show(launch.ensured().post(f"/api/mcp/{segment(name)}/check", {}, timeout=None), json, _looked)


def approve(name: Name, yes: Yes = False, no_input: NoInput = False, json: Json = False) -> None:
    """Look at what an MCP server offers now, and approve it."""
    _refuse_alone(yes, no_input or json)
    client = launch.ensured()
    found = client.post(f"/api/mcp/{segment(name)}/check", {}, timeout=None)
    _approve(client, found, yes, no_input, json)


def remove(name: Name, yes: Yes = False, no_input: NoInput = False, json: Json = False) -> None:
    """Remove an MCP server."""
    client = launch.ensured()
    confirm(f"Remove the MCP server {terminal.clean_line(name)}?", yes, no_input or json)
    document = client.delete(f"/api/mcp/{segment(name)}")
    output.show(document, json, lambda gone: output.text(f"removed {gone['name']}"))


def _approve(client: Client, found: Document, yes: bool, no_input: bool, json: bool) -> None:
    """Show what a server offers, ask, and approve exactly that."""
    server = found["server"]
    if not json:
        _shown(found)
    count = wording.plural(len(found["tools"]), "tool")
    confirm(f"Approve {count} of {server['name']}?", yes, no_input or json)
    done = client.post(f"/api/mcp/{segment(server['name'])}/approve", {"pin": server["pin"]})
    output.show(done, json, lambda _: errors.note(f"approved: agents may have mcp:{server['name']}"))


def _refuse_alone(yes: bool, no_input: bool) -> None:
    """Nothing is started where nobody can be asked about it afterwards."""
    if not yes and (no_input or not (terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stderr))):
        raise UsageError("Nobody can be asked here what may be approved.", "Add --yes to approve without asking.")


def _looked(document: Document) -> None:
    _shown(document)
    if document["server"]["state"] != "approved":
        errors.note(f"no agent may call them: tektra mcp approve {document['server']['name']}")


def _shown(document: Document) -> None:
    server, changes = document["server"], document["changes"]
    facts = [("server", server["name"]), ("how", _how(server)), ("what", shortened(_what(server), WIDTH))]
    facts += [(name, ", ".join(server[field])) for name, field in _GIVEN if server[field]]
    output.facts([*facts, ("state", _state(server))])
    for tool in document["tools"]:
        became = {"added": " (new)", "changed": " (changed)"}.get(changes.get(tool["name"], ""), "")
        output.drawn(f"\n{terminal.paint(tool['name'], terminal.BOLD, sys.stdout)}{became}\n")
        output.text(_indented(tool["description"], 2))
        for name, shape in tool["inputs"].items():
            optional = ", may be left out" if shape.get("nullable") else ""
            output.text(_indented(f"{name}: {shape['type']}{optional}. {shape['description']}", 4))
        before = next((each for each in document["approved"] if each["name"] == tool["name"]), None)
        if became and before is not None:
            output.text("  before:")
            output.text(_indented(before["description"], 4))
    for name in (name for name, word in changes.items() if word == "removed"):
        output.text(f"\n{name} (gone)")


_GIVEN = (("variables", "env"), ("secrets", "secrets"), ("headers", "headers"))


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + terminal.clean(line) for line in text.splitlines())


def _how(server: Document) -> str:
    if server["kind"] == "confined":
        held = {"A": "level A", "B": "level B"}.get(server["confinement"], "which cannot be done here")
        return f"confined ({held}), " + (f"with the folder {server['folder']}" if server["folder"] else "no files")
    return "confined by nothing: your files, the network" if server["kind"] == "ordinary" else "by HTTP"


def _what(server: Document) -> str:
    return server["url"] or " ".join(server["command"])


def _state(server: Document) -> str:
    state: str = server["state"]
    return {"new": "not approved", "changed": "changed: suspended"}.get(state, state)


def _variable(said: str) -> tuple[str, str]:
    name, equals, value = said.partition("=")
    if not equals and name not in os.environ:
        raise UsageError(f"there is no variable {name} here", "Give its value: --env NAME=VALUE.")
    return name, value if equals else os.environ[name]


def _secret(said: str) -> tuple[str, str]:
    name, equals, secret = said.partition("=")
    return name, secret if equals else name


def _header(said: str) -> tuple[str, str]:
    name, _, value = said.partition("=")
    kind, colon, secret = value.partition(":")
    if kind != "secret" or not colon:
        raise UsageError(f"the value of {name} has to be a secret", "Such as --header X-Api-Key=secret:API_KEY.")
    return name, secret
