"""`tektra version`: what is installed here, and what the running daemon is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from tektra_cli import __version__, launch, output
from tektra_cli.errors import CliError
from tektra_cli.flags import Json
from tektrad.paths import UnsafePath


def version(json: Json = False) -> None:
    """Print versions of the command, the daemon and the engine."""
    document = {
        "schema": "tektra.version/1",
        "version": __version__,
        "python": sys.version.split()[0],
        "llama_cpp_python": installed("llama-cpp-python"),
        "daemon": _daemon(),
    }
    output.show(document, json, _facts)


def installed(distribution: str) -> str | None:
    """The version of an installed distribution, without importing it."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _daemon() -> dict[str, Any] | None:
    try:
        status = launch.running().get("/api/status", timeout=5.0)
    except (CliError, UnsafePath, OSError):
        return None
    return {"version": status["version"], "pid": status["pid"]}


def _facts(document: Mapping[str, Any]) -> None:
    daemon = document["daemon"]
    output.facts(
        [
            ("tektra", document["version"]),
            ("daemon", f"{daemon['version']} (pid {daemon['pid']})" if daemon else "not running"),
            ("llama-cpp-python", document["llama_cpp_python"] or "not installed"),
            ("python", document["python"]),
        ]
    )
