"""`tektra status` and `tektra top`: what goes on, at one glance and as it changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tektra_cli import columns, launch, output, terminal, wording
from tektra_cli.client import Client
from tektra_cli.columns import shortened
from tektra_cli.commands.approvals import resource
from tektra_cli.commands.models.look import LOADED, QUEUED, loaded_row, queued_row
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Json
from tektra_cli.live import GONE
from tektra_cli.progress import bar_of
from tektra_cli.redraw import Line, Redraw

AGAIN_S = 2.0
UNDER_WAY = ("running", "waiting", "queued")
"""Runs that have not ended, those that work first."""
WORK = ("NAME", "STATE", "RUNNING", "WAITING", "TOKENS/S", "MEMORY", "EXPIRES")
"""Of a model in memory, what changes."""
RUNS = ("RUN", "STATE", "AGENT", "FOR", "TASK")
ENOUGH = (b"q", b"Q", b"\x04")
Document = Mapping[str, Any]


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until q or ^C.")] = False,
    json: Json = False,
) -> None:
    """Say at one glance what goes on; never starts the daemon.

    Of the daemon, memory, models, runs, and what waits for you. Exit code 3 when it does not run. All of the
    daemon's facts: tektra daemon status
    """
    if watch and json:
        raise UsageError("--watch has no end, so it cannot be one JSON document", "Leave out --watch.")
    if watch and terminal.is_live(sys.stdout):
        _watched(_glance, _at_a_glance)
    else:
        output.show(_glance(launch.running()), json, lambda document: _print(_at_a_glance(document)))


def top(json: Json = False) -> None:
    """Watch models, requests and runs at work.

    The busiest first, until q or ^C; it never starts the daemon. In a pipe, and with --json, one look. Exit code 3
    when the daemon does not run.
    """
    if terminal.is_live(sys.stdout) and not json:
        _watched(_work, _at_work)
    else:
        output.show(_work(launch.running()), json, lambda document: _print(_at_work(document)))


def _glance(client: Client) -> dict[str, Any]:
    return {
        "schema": "tektra.overview/1",
        "daemon": client.get("/api/status"),
        "models": client.get("/api/ps")["models"],
        "runs": _under_way(client),
        "asks": client.get("/api/approvals")["asks"],
    }


def _work(client: Client) -> dict[str, Any]:
    told, memory = client.get("/api/status"), client.get("/api/ps")
    return {
        "schema": "tektra.top/1",
        "version": told["version"],
        "uptime_s": told["uptime_s"],
        "requests_running": told["requests_running"],
        "memory": told["memory"],
        "models": sorted(memory["models"], key=_busy, reverse=True),
        "queue": memory["queue"],
        "runs": _under_way(client),
    }


def _under_way(client: Client) -> list[Any]:
    runs = [run for run in client.get("/api/runs")["runs"] if run["state"] in UNDER_WAY]
    return sorted(runs, key=lambda run: UNDER_WAY.index(run["state"]))


def _busy(model: Document) -> tuple[Any, ...]:
    return model["running"], model["waiting"], model["state"] == "ready", model["last_used_at"] or ""


def _watched(ask: Callable[[Client], dict[str, Any]], draw: Callable[[Document], Sequence[Line]]) -> None:
    """Look again and again; a daemon that goes away is waited for, one that was never there is an error."""
    client = launch.running()
    document = ask(client)
    with Redraw() as screen:
        while True:
            screen.draw(draw(document))
            if screen.key(AGAIN_S) in ENOUGH:
                return
            try:
                document = ask(client)
            except CliError as error:
                if error.code not in GONE:
                    raise
                document = {**document, "away": error.message}


def _print(lines: Iterable[Line]) -> None:
    for text, style in lines:
        output.drawn(terminal.paint(text, style, sys.stdout) + "\n")


def _at_a_glance(document: Document) -> list[Line]:
    """A few lines: each begins with what it is about."""
    daemon, memory = document["daemon"], document["daemon"]["memory"]
    head = f"{daemon['version']}, up {wording.span(daemon['uptime_s'])}, pid {daemon['pid']}"
    share = memory["promised_bytes"] / memory["budget_bytes"] if memory["budget_bytes"] else 1.0
    said = f" {wording.size(memory['promised_bytes'])} of {wording.size(memory['budget_bytes'])} promised"
    told = daemon["alerts"]
    return [
        _state(document, f"{daemon['state']} ({head})"),
        (f"memory    {bar_of(share, said, terminal.size()[0] - 11)}", ""),
        *_told("models", [_model(each) for each in document["models"]], "none in memory"),
        *_told("runs", [_run(each) for each in document["runs"]], "none under way"),
        *_told("asks", [_ask(each) for each in document["asks"]], "nothing waits for you", terminal.YELLOW),
        *_told("alerts", [_alerts(told)] if told["count"] else [], f"none in {told['hours']} h", terminal.RED),
    ]


def _state(document: Document, words: str) -> Line:
    if "away" in document:
        return f"daemon    away: {terminal.clean_line(document['away'])}", terminal.RED
    return f"daemon    {words}", terminal.GREEN


def _told(name: str, rows: Sequence[tuple[str, ...]], nothing: str, style: str = "") -> list[Line]:
    if not rows:
        return [(f"{name:<9} {nothing}", terminal.DIM)]
    return [(f"{'' if at else name:<9} {line}", style) for at, line in enumerate(columns.aligned(rows))]


def _model(model: Document) -> tuple[str, ...]:
    works = f"{model['running']} answering" if model["running"] else "idle" if model["state"] == "ready" else ""
    speed = f"{model['tokens_per_s']:.1f} tokens/s" if model["tokens_per_s"] else "-"
    waits = f"{model['waiting']} waiting" if model["waiting"] else ""
    return model["name"], model["state"], loaded_row(model)[LOADED.index("MEMORY")], speed, works, waits


def _run(run: Document) -> tuple[str, ...]:
    since = datetime.fromisoformat(run["started_at"] or run["created_at"])
    lasts = wording.span(max(0.0, (datetime.now(UTC) - since).total_seconds()))
    return run["id"][:8], run["state"], run["spec"].get("agent", "-"), lasts, shortened(run["title"], 60)


def _ask(ask: Document) -> tuple[str, ...]:
    request = ask["request"]
    who = ask["agent"] or wording.user(ask["uid"])
    would = shortened(f"{request['action']} {resource(request)}", 50)
    return ask["id"][:8], f"{who} wants to {would}", "tektra approvals list"


def _alerts(told: Document) -> tuple[str, ...]:
    return f"{told['count']} in {told['hours']} h", told["latest"]["kind"], "tektra audit list --kind security"


def _at_work(document: Document) -> list[Line]:
    """Tables: models, who waits for them, runs."""
    memory, running = document["memory"], document["requests_running"]
    said = f"{wording.size(memory['promised_bytes'])} of {wording.size(memory['budget_bytes'])} promised"
    up = f"up {wording.span(document['uptime_s'])}"
    head = f"{document['version']}, {up}, {wording.plural(running, 'request')}, {said}"
    models = [_picked(loaded_row(model)) for model in document["models"]]
    return [
        _state(document, head),
        *_table(WORK, models, "no model is in memory"),
        *(_table(QUEUED, [queued_row(each) for each in document["queue"]]) if document["queue"] else ()),
        *_table(RUNS, [_run(each) for each in document["runs"]], "no run is under way"),
    ]


def _picked(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(row[LOADED.index(name)] for name in WORK)


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], nothing: str = "") -> list[Line]:
    if not rows:
        return [("", ""), (nothing, terminal.DIM)]
    head, *body = columns.aligned([headers, *rows])
    return [("", ""), (head, terminal.DIM), *((line, "") for line in body)]
