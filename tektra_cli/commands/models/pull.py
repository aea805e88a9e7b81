"""`tektra models pull`: a download with its progress, which ^C stops and the next pull continues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, model_words, output, terminal
from tektra_cli.client import error_of
from tektra_cli.errors import CliError, Interrupted, StatusLine
from tektra_cli.flags import Json
from tektra_cli.progress import bar_of

Event = Mapping[str, Any]


def pull(
    source: Annotated[str, typer.Argument(help="OWNER/REPO, or OWNER/REPO:FILE-OR-QUANT.", metavar="SOURCE")],
    name: Annotated[str | None, typer.Option("--name", help="Another name than the file's.", metavar="N")] = None,
    revision: Annotated[str | None, typer.Option("--revision", help="A branch, tag or commit.", metavar="R")] = None,
    best: Annotated[bool, typer.Option("--best", help="The type that is fastest here; see models tune.")] = False,
    json: Json = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON event a line.")] = False,
) -> None:
    """Download a model from the hub; goes on where it stopped.

    HF_ENDPOINT in the daemon's environment names another hub. The file is checked against the hub's SHA-256.
    """
    optional = {"name": name, "revision": revision}
    body = {"source": source, "best": best} | {key: value for key, value in optional.items() if value}
    events = launch.ensured().events("/api/models/pull", body)
    try:
        if jsonl:
            _relayed(events)
        else:
            output.show({"schema": "tektra.model/1"} | _followed(events, quiet=json), json, _arrived)
    except KeyboardInterrupt:
        raise Interrupted("the download stopped; the same command goes on where it was") from None


def _relayed(events: Iterable[Event]) -> None:
    for event in events:
        output.event(event)
        if event["type"] == "error":
            raise typer.Exit(error_of(event, "the download failed").exit_code)


def _followed(events: Iterable[Event], quiet: bool) -> dict[str, Any]:
    """Show what happens until the model is there."""
    plan: Event = {}
    recommended: Event | None = None
    with StatusLine() as line:
        for event in events:
            match event["type"]:
                case "recommended":
                    recommended = {key: event[key] for key in ("quantization", "ratio")}
                    if not quiet:
                        recommend(recommended, "tektra models pull --best takes it")
                case "plan":
                    plan = event
                    if not quiet:
                        errors.note(model_words.planned(plan))
                case "progress":
                    line.show(bar(event, terminal.size()[0] - 1))
                case "verifying":
                    line.show(f"checking the SHA-256 of {plan.get('file', 'the file')}…")
                case "done":
                    return {"model": event["model"], "recommended": recommended}
                case "error":
                    raise error_of(event, "the download failed")
    raise CliError("pull_failed", "the daemon ended the download without a word", "See: tektra daemon logs")


def recommend(found: Event, how: str) -> None:
    """One line on a type of the same class that is clearly faster here."""
    errors.note(model_words.recommended(found, how))


def bar(event: Event, width: int) -> str:
    """One line of progress: a bar, the share, the rate and the time left."""
    share, words = model_words.progress(event)
    return bar_of(share, words, width)


def _arrived(document: Mapping[str, Any]) -> None:
    output.text(model_words.was_pulled(document["model"]))
