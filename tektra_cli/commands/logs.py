"""`tektra daemon logs`: the log file, readable on a terminal and as it is in a pipe."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tektra_cli import log_lines, output, terminal
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Json
from tektrad.paths import find_paths


def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until ^C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.", metavar="N", min=0)] = 50,
    json: Json = False,
) -> None:
    """Print the daemon's log.

    Readable on a terminal; in a pipe the JSON lines as they are. A daemon that something else started may write
    its log elsewhere (under systemd: journalctl --user -u tektra).
    """
    if follow and json:
        message = "--follow has no end, so it cannot be one JSON document"
        raise UsageError(message, "In a pipe the lines are JSON already.")
    path = find_paths().log_file
    if not path.exists():
        raise CliError("not_found", f"there is no log yet: {path}", "The daemon writes it when `tektra` starts it.")
    found, position = log_lines.last(path, lines)
    if json:
        parsed = [log_lines.parsed(line) for line in found]
        output.document({"schema": "tektra.logs/1", "log_file": str(path), "lines": parsed})
        return
    for line in found:
        _show(line)
    if follow:
        for line in log_lines.following(path, position):
            _show(line)


def _show(line: str) -> None:
    output.text(log_lines.readable(line) if terminal.is_terminal(sys.stdout) else line)
