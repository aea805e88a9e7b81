"""`tektra sandbox`: programs confined by hand, and what confines them here."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, terminal, wording
from tektra_cli.client import error_of
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Json

MOST_STDIN = 16 << 20
WORDS = {
    "time": ("timeout", "it ran longer than {seconds:g} s", "Give it more: --timeout S."),
    "memory": ("limit", "it took more memory than the {memory_bytes} that it had", "Give it more: --memory MB."),
    "tasks": ("limit", "it started more than {tasks} processes and threads", ""),
    "output": ("limit", "it said more than {output_bytes}", "Let it write to a file in its folder."),
    "folder": ("limit", "its folder grew larger than {folder_bytes}, or was hidden in part", ""),
}


def run(
    command: Annotated[
        list[str], typer.Argument(help="The program and its arguments; - is Python code on stdin.", metavar="CMD…")
    ],
    folder: Annotated[
        Path | None,
        typer.Option("--dir", "-d", help="The folder that it may change; an empty one by itself.", metavar="DIR"),
    ] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds it may run (60).", metavar="S")] = None,
    memory: Annotated[int | None, typer.Option("--memory", help="Megabytes it may take (2048).", metavar="MB")] = None,
    json: Json = False,
) -> None:
    """Run a program confined to one folder.

    It has no network, no other files but the system's programs, and no way to other processes. Its exit
    code becomes this command's; one that was stopped at a limit ends with 7 (time) or 1.
    """
    if folder is not None and not folder.is_dir():
        raise CliError("not_found", f"{folder} is not a folder", "Make it first, or leave --dir out.")
    body: dict[str, Any] = {"arguments": command, "stdin": base64.b64encode(_stdin(command)).decode()}
    wishes = {
        "folder": str(folder.resolve()) if folder is not None else None,
        "timeout_s": timeout,
        "memory_bytes": memory << 20 if memory is not None else None,
    }
    body |= {name: value for name, value in wishes.items() if value is not None}
    said: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    ended: Mapping[str, Any] = {}
    for event in launch.ensured().events("/api/sandbox/run", body):
        if event["type"] == "error":
            raise error_of(event, "the program could not be run")
        if event["type"] == "output":
            data = base64.b64decode(event["data"])
            if json:
                said[event["stream"]].append(data)
            elif event["stream"] == "stdout":
                output.write(data)
            else:
                errors.foreign(data)
        else:
            ended = event
    if json:
        texts = {name: b"".join(parts).decode("utf-8", "replace") for name, parts in said.items()}
        output.document({"schema": "tektra.sandbox_run/1"} | {k: v for k, v in ended.items() if k != "type"} | texts)
    _leave(ended, json)


def _leave(ended: Mapping[str, Any], json: bool) -> None:
    if ended["denied"] and not json:
        errors.note("denied system calls: " + ", ".join(wording.calls(ended["denied"])))
    if ended["ended_by"] != "itself":
        code, what, hint = WORDS[ended["ended_by"]]
        limits = {k: wording.size(v) if k.endswith("_bytes") else v for k, v in ended["limits"].items()}
        error = CliError(code, "the program was stopped: " + what.format(**limits), hint)
        if not json:
            errors.show(error)
        raise typer.Exit(error.exit_code)
    raise typer.Exit(ended["code"])


def _stdin(command: list[str]) -> bytes:
    if terminal.is_terminal(sys.stdin):
        if command == ["-"]:
            raise UsageError("there is no code on standard input", "Pipe it: tektra sandbox run - < script.py")
        return b""
    data = sys.stdin.buffer.read(MOST_STDIN + 1)
    if len(data) > MOST_STDIN:
        raise UsageError(f"standard input is larger than {MOST_STDIN >> 20} MiB", "Put it into the folder (--dir).")
    return data


def probe(json: Json = False) -> None:
    """Say what confines programs on this machine."""
    output.show(launch.ensured().get("/api/sandbox"), json, _facts)


def _facts(document: Mapping[str, Any]) -> None:
    levels = {
        "A": "A: namespaces of its own (bubblewrap) and a filter of system calls",
        "B": "B: Landlock and a filter of system calls",
        "C": "C: nothing that holds; programs are refused",
    }
    limits = document["limits"]
    rows = [("level", levels[document["level"]])]
    rows += [(name, document[name]) for name in ("why", "fix") if document[name]]
    if document["level"] != "C":
        rows.append(("denied calls", f"not seen: {document['unseen']}" if document["unseen"] else "seen"))
    rows += [
        ("memory", f"{limits['memory_bytes'] >> 20} MB"),
        ("time", f"{limits['seconds']:g} s"),
        ("processes", str(limits["tasks"])),
        ("processors", str(limits["cpus"])),
        ("output", f"{limits['output_bytes'] >> 20} MB"),
    ]
    output.facts(rows)
