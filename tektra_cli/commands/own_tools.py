"""`tektra tools add`, `list`, `show`, `enable`, `disable` and `rm`: tools of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, output, terminal, wording
from tektra_cli.client import segment
from tektra_cli.columns import shortened
from tektra_cli.commands import tools
from tektra_cli.confirm import confirm
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Json, NoInput, Yes

SHORT = 12
"""Characters of a digest that are shown."""
Name = Annotated[str, typer.Argument(help="A tool's name.", metavar="NAME")]


def add(
    source: Annotated[Path, typer.Argument(help="A file of Python; - is stdin.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option("--dry-run/--no-dry-run", help="Run it once in confinement.")] = True,
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Keep the tools of a Python file, after a look at them.

    A tool is a function marked with @tool (from tektra import tool), with type hints and a docstring. Agents name it
    file:NAME. What was added stays as it is until the file is added again.
    """
    if str(source) == "-" and not yes:
        raise UsageError("The file comes from stdin, where nobody can be asked.", "Add --yes.")
    text = tools.read(source)
    client = launch.ensured()
    found = client.post("/api/tools/check", {"source": text, "dry_run": dry_run}, timeout=120)
    if not found["tools"]:
        raise CliError("invalid_request", found["refused"])
    names = [tool["name"] for tool in found["tools"]]
    if not yes:
        if not json:
            tools.told(found)
        there = {tool["name"]: tool["sha256"] for tool in client.get("/api/tools")["tools"]}
        replaced = [name for name in names if there.get(name, found["sha256"]) != found["sha256"]]
        more = f" {', '.join(replaced)} is there already and will be another." if replaced else ""
        confirm(f"Add {', '.join(names)}?{more}", yes, no_input or json)
    document = client.post("/api/tools", {"source": text})
    output.show(document, json, _added)


def _added(document: Mapping[str, Any]) -> None:
    for tool in document["tools"]:
        output.text(f"added file:{tool['name']} ({tool['sha256'][:SHORT]})")


def list_tools(json: Json = False) -> None:
    """List your own tools, and those that come with Tektra."""
    output.show(launch.ensured().get("/api/tools"), json, _table)


def _table(document: Mapping[str, Any]) -> None:
    rows = [_row(f"file:{tool['name']}", tool, "on" if tool["enabled"] else "off") for tool in document["tools"]]
    rows += [_row(tool["name"], tool, "built in") for tool in document["built_in"]]
    output.table(("NAME", "PARAMETERS", "STATE", "WHAT IT DOES"), rows)


def _row(name: str, tool: Mapping[str, Any], state: str) -> tuple[str, ...]:
    parameters = ", ".join(each + ("?" if schema.get("nullable") else "") for each, schema in tool["inputs"].items())
    return name, shortened(parameters or "-", 30), state, shortened(tool["description"], 60)


def show(name: Name, json: Json = False) -> None:
    """Show one tool of your own: parameters, limits, source."""
    output.show(launch.ensured().get(f"/api/tools/{segment(name)}"), json, _facts)


def _facts(document: Mapping[str, Any]) -> None:
    tool = document["tool"]
    facts = [
        ("name", f"file:{tool['name']}"),
        ("state", "on" if tool["enabled"] else "off"),
        ("added", wording.when(tool["added_at"])),
        ("source", tool["sha256"]),
        ("time", f"{tool['timeout_s']:g} s"),
        ("tried again", wording.plural(tool["retries"], "time")),
        ("gives", tool["output_type"]),
        ("description", tool["description"]),
    ]
    output.facts(facts)
    rows = [(each, _type(schema), schema["description"]) for each, schema in tool["inputs"].items()]
    if rows:
        output.table(("PARAMETER", "TYPE", "WHAT IT IS"), rows)
    output.text(f"\n{document['source']}")


def _type(schema: Mapping[str, Any]) -> str:
    kind = " or ".join(map(str, schema["enum"])) if "enum" in schema else schema["type"]
    return f"{kind}, optional" if schema.get("nullable") else str(kind)


def enable(name: Name, json: Json = False) -> None:
    """Let agents use a tool of your own again."""
    _switched(name, "enable", json)


def disable(name: Name, json: Json = False) -> None:
    """Let no agent use a tool of your own, also in runs that go on."""
    _switched(name, "disable", json)


def _switched(name: str, what: str, json: bool) -> None:
    document = launch.ensured().post(f"/api/tools/{segment(name)}/{what}", {})
    output.show(document, json, lambda found: output.text(f"{what}d file:{found['tool']['name']}"))


def remove(name: Name, yes: Yes = False, no_input: NoInput = False, json: Json = False) -> None:
    """Forget a tool of your own."""
    client = launch.ensured()
    confirm(f"Remove the tool {terminal.clean_line(name)}?", yes, no_input or json)
    document = client.delete(f"/api/tools/{segment(name)}")
    output.show(document, json, lambda gone: output.text(f"removed file:{gone['name']}"))
