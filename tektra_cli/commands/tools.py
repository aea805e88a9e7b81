"""`tektra tools check`: what a tool's source would do, before it is used."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, wording
from tektra_cli.columns import shortened
from tektra_cli.errors import CliError
from tektra_cli.flags import Json


def check(
    source: Annotated[Path, typer.Argument(help="A file of Python; - is stdin.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option("--dry-run/--no-dry-run", help="Run it once in confinement.")] = True,
    json: Json = False,
) -> None:
    """Read a tool's source for risks, and run it once in confinement.

    Advice, never a boundary: what a tool may do is decided when it does it, and the sandbox holds it to that.
    """
    text = read(source)
    document = launch.ensured().post("/api/tools/check", {"source": text, "dry_run": dry_run}, timeout=120)
    output.show(document, json, told)


def read(path: Path) -> str:
    """A source, from a file or from stdin."""
    if str(path) == "-":
        return sys.stdin.read()
    if not path.is_file():
        raise CliError("not_found", f"there is no file {path}")
    return path.read_text(encoding="utf-8", errors="replace")


def told(document: Mapping[str, Any]) -> None:
    """Show what was found."""
    tools = ", ".join(tool["name"] for tool in document["tools"]) or f"none: {document['refused']}"
    output.facts([("tools", tools), ("risk", f"{document['risk']} of 100"), *_tried(document["dry_run"])])
    rows = [(str(each["line"]), each["kind"], shortened(each["what"], 70)) for each in document["findings"]]
    output.table(("LINE", "KIND", "WHAT"), rows)
    if not rows:
        errors.note("nothing was found, which proves nothing")
    acts, calls = (document["dry_run"][name] for name in ("acts", "denied")) if document["dry_run"] else ([], {})
    tried = [(act["event"], shortened(act["what"], 70), "denied" if act["denied"] else "possible") for act in acts]
    tried += [("system call", told, "denied") for told in wording.calls(calls)]
    output.table(("TRIED", "WHAT", "CONFINED"), tried)


def _tried(run: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if run is None:
        return []
    ended = "" if run["ended_by"] == "itself" else f", stopped at its limit of {run['ended_by']}"
    return [("dry run", f"level {run['level']}{ended}"), *([("ended with", run["error"])] if run["error"] else [])]
