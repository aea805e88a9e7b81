"""`tektra daemon start`, `stop` and `status`."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, output, wording
from tektra_cli.client import Client
from tektra_cli.errors import CliError, DaemonUnreachable, StatusLine
from tektra_cli.flags import Json
from tektrad.paths import find_paths


def start(json: Json = False) -> None:
    """Start the daemon, if it does not run."""
    paths = find_paths()
    started = launch.start(paths)
    pid, _ = launch.running().peer()
    document = {"schema": "tektra.daemon-started/1", "pid": pid, "socket": str(paths.socket), "started": started}
    output.show(document, json, _started)


def _started(document: Mapping[str, Any]) -> None:
    state = "started" if document["started"] else "runs already"
    output.text(f"the daemon {state} (pid {document['pid']}, socket {document['socket']})")


def stop(
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait for its end.", metavar="S", min=0)] = 30,
    json: Json = False,
) -> None:
    """Stop the daemon and wait for its end."""
    pid: int | None = None
    with contextlib.suppress(DaemonUnreachable):
        pid = _pid(launch.running())
        _end(pid, timeout)
    document = {"schema": "tektra.daemon-stopped/1", "pid": pid, "stopped": pid is not None}
    output.show(document, json, _stopped)


def _pid(client: Client) -> int:
    """The daemon's process, named by the kernel.

    Where a service manager made the socket, the kernel names that manager, which must never be signalled; the
    daemon itself says otherwise then. A daemon too stuck to say anything is recognised by its command line.
    """
    pid, _ = client.peer()
    try:
        told = client.get("/api/status", timeout=3.0)["pid"]
    except CliError:
        told = pid if b"tektrad" in _command_line(pid) else None
    if told != pid:
        raise CliError(
            "unsupported",
            f"the socket belongs to process {pid}, which is not the daemon itself",
            "Stop it with what started it, for example: systemctl --user stop tektra",
        )
    return pid


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _end(pid: int, timeout: float) -> None:
    """Ask the process to end, and wait until it has; a pidfd cannot be taken over by a later process of that number."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        with StatusLine() as line:
            line.show("stopping the daemon: waiting for answers in progress…")
            signal.pidfd_send_signal(process, signal.SIGTERM)
            ended, _, _ = select.select([process], [], [], timeout)
    except ProcessLookupError:
        return
    finally:
        os.close(process)
    if not ended:
        message = f"the daemon (pid {pid}) has not ended within {timeout:g} seconds"
        raise CliError("timeout", message, f"Wait longer with --timeout, or end it the hard way: kill -9 {pid}")


def _stopped(document: Mapping[str, Any]) -> None:
    pid = document["pid"]
    output.text(f"the daemon has ended (pid {pid})" if pid else "the daemon was not running")


def status(json: Json = False) -> None:
    """Say how the daemon is; never starts it.

    Exit code 3 when it does not run.
    """
    output.show(launch.running().get("/api/status"), json, _facts)


def _facts(document: Mapping[str, Any]) -> None:
    memory, asks = document["memory"], document["asks"]
    output.facts(
        [
            ("state", document["state"]),
            ("pid", str(document["pid"])),
            ("version", document["version"]),
            ("up", wording.span(document["uptime_s"])),
            ("socket", document["socket"]),
            ("data", document["data_dir"]),
            ("log", document["log_file"] or "-"),
            ("default model", document["default_model"] or "-"),
            ("models in memory", ", ".join(document["models_loaded"]) or "none"),
            ("memory", f"{wording.size(memory['promised_bytes'])} of {wording.size(memory['budget_bytes'])} promised"),
            ("answering", str(document["requests_running"])),
            ("conversations", str(document["conversations"])),
            ("waits for you", f"{wording.plural(asks, 'ask')} (tektra approvals list)" if asks else "nothing"),
            ("alerts", _alerts(document["alerts"])),
        ]
    )


def _alerts(alerts: Mapping[str, Any]) -> str:
    """Security events of late, and where to look."""
    if not alerts["count"]:
        return "none (live: tektra events --type alert)"
    latest = alerts["latest"]
    found = f"{alerts['count']} in {alerts['hours']} h, the last {latest['kind']}"
    return f"{found} (tektra audit list --kind security; live: tektra events --type alert)"
