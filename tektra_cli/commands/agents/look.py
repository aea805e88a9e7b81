"""`tektra agents list`, `show` and `export`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, new_file, output, wording
from tektra_cli.client import segment
from tektra_cli.columns import shortened
from tektra_cli.commands.agents.fields import Name
from tektra_cli.flags import Json

SHORT = 12
"""Characters of a version that are shown."""
FROM = {"own": "you", "shipped": "shipped"}


def list_agents(json: Json = False) -> None:
    """List your agents, and those that come with Tektra."""
    output.show(launch.ensured().get("/api/agents"), json, _table)


def _table(document: Mapping[str, Any]) -> None:
    headers = ("NAME", "KIND", "MODEL", "TOOLS", "VERSION", "FROM")
    output.table(headers, [_row(each, each["agent"]) for each in document["agents"]])


def _row(found: Mapping[str, Any], agent: Mapping[str, Any]) -> tuple[str, ...]:
    tools = shortened(", ".join(agent["tools"]) or "-", 50)
    version = found["version"][:SHORT]
    return agent["name"], agent["kind"], agent["model"] or "default", tools, version, FROM[found["source"]]


def show(
    name: Name,
    version: Annotated[
        str | None, typer.Option("--version", help="This one instead of the current one.", metavar="V")
    ] = None,
    json: Json = False,
) -> None:
    """Show one agent: instructions, tools, limits."""
    below = f"/versions/{segment(version)}" if version is not None else ""
    output.show(launch.ensured().get(f"/api/agents/{segment(name)}{below}"), json, _facts)


def _facts(document: Mapping[str, Any]) -> None:
    agent, limits = document["agent"], document["agent"]["limits"]
    facts = [
        ("name", agent["name"]),
        ("version", document["version"][:SHORT]),
        ("from", FROM[document["source"]]),
        *([("description", agent["description"])] if agent["description"] else []),
        ("kind", agent["kind"]),
        ("model", agent["model"] or "default"),
        ("tools", ", ".join(agent["tools"]) or "none"),
        ("network", ", ".join(limits["network"]) or "none"),
        ("human", agent["human"]),
        ("memory", _memory(agent["memory"], document.get("notes", 0))),
        ("thinking", _switch(agent["thinking"])),
        ("steps", f"{limits['steps']:,}"),
        ("tokens", f"{limits['tokens']:,}"),
        ("time", wording.span(limits["seconds"])),
        ("machine", f"{wording.size(limits['memory_bytes'])}, {wording.plural(limits['cpus'], 'processor')}"),
    ]
    output.facts(facts)
    if agent["instructions"]:
        output.text(f"\n{agent['instructions']}")


def _memory(on: bool, notes: int) -> str:
    """Of an earlier version nobody says how many notes there are; those of a memory that is off are still there."""
    return ", ".join([_switch(on), *([wording.plural(notes, "note")] if notes else [])])


def _switch(on: bool) -> str:
    return "on" if on else "off"


def export(
    name: Name,
    to: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of stdout.", metavar="FILE")] = None,
    json: Json = False,
) -> None:
    """Write an agent as a TOML file.

    It holds every field, and can lie in a project; tektra agents import reads it.
    """
    document = launch.ensured().get(f"/api/agents/{segment(name)}")
    if to is None:
        output.show(document, json, lambda found: output.raw(found["file"]))
        return
    new_file.write(to, document["file"])
    saved = {"schema": "tektra.export/1", "id": document["version"], "path": str(to.absolute())}
    output.show(saved, json, lambda _: output.text(f"saved {to}"))
