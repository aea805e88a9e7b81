"""`tektra __complete KIND`: names for the shell's completion; quick, silent, and never starting a daemon."""

from __future__ import annotations

import sys

from tektra_cli.client import Client
from tektra_cli.terminal import clean_line
from tektrad.paths import find_paths, shared_by

SECONDS = 1.0


def suggest(arguments: list[str]) -> int:
    """Print one kind's names, a line each: `models`, `loaded`, `conversations`, `agents`, `tools`, `secrets`, `mcp`."""
    try:
        names = _names(arguments[0] if arguments else "")
        sys.stdout.write("".join(f"{clean_line(name)}\n" for name in names))
        sys.stdout.flush()
    except Exception:  # noqa: BLE001  whatever is wrong, a shell that completes wants silence
        return 1
    return 0


def _names(kind: str) -> list[str]:
    client = Client(find_paths().socket, shared_by())
    if kind == "conversations":
        found = client.get("/api/conversations", {"limit": 50}, timeout=SECONDS)["conversations"]
        return ["latest", *(conversation["id"] for conversation in found)]
    if kind == "agents":
        return [each["agent"]["name"] for each in client.get("/api/agents", timeout=SECONDS)["agents"]]
    if kind == "tools":
        return [tool["name"] for tool in client.get("/api/tools", timeout=SECONDS)["tools"]]
    if kind == "secrets":
        return [secret["name"] for secret in client.get("/api/secrets", timeout=SECONDS)["secrets"]]
    if kind == "mcp":
        return [server["name"] for server in client.get("/api/mcp", timeout=SECONDS)["servers"]]
    route = "/api/ps" if kind == "loaded" else "/api/models"
    return [model["name"] for model in client.get(route, timeout=SECONDS)["models"]]
