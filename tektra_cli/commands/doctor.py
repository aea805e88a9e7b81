"""`tektra doctor`: every check, and how to mend what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import typer

from tektra_cli import checks, output, terminal
from tektra_cli.errors import ExitCode
from tektra_cli.flags import Json
from tektrad.paths import find_paths

_COLOURS = {"ok": terminal.GREEN, "warn": terminal.YELLOW, "fail": terminal.RED}


def doctor(json: Json = False) -> None:
    """Check this installation and say how to mend it.

    Works without a daemon and starts none. Exit code 1 when something fails.
    """
    found = [asdict(check) for check in checks.all_checks(find_paths())]
    healthy = all(check["status"] != "fail" for check in found)
    output.show({"schema": "tektra.doctor/1", "healthy": healthy, "checks": found}, json, _list)
    if not healthy:
        raise typer.Exit(ExitCode.FAILURE)


def _list(document: Mapping[str, Any]) -> None:
    wide = max(len(check["name"]) for check in document["checks"])
    for check in document["checks"]:
        status = terminal.paint(f"{check['status']:<4}", _COLOURS[check["status"]], sys.stdout)
        output.drawn(f"{status}  {check['name']:<{wide}}  {terminal.clean_line(check['detail'])}\n")
        if check["fix"]:
            output.drawn(f"{'':<{wide + 8}}{terminal.clean_line(check['fix'])}\n")
