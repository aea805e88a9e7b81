"""`tektra audit verify`, `export` and `prune`: the proof of what happened, here and elsewhere."""

from __future__ import annotations

import json as parser
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, new_file, output, second_factor, terminal, wording
from tektra_cli.client import error_of
from tektra_cli.confirm import confirm
from tektra_cli.errors import CliError, StatusLine, UsageError
from tektra_cli.flags import Code, Json, NoInput, Since, Until, Yes
from tektra_cli.progress import bar_of
from tektrad.paths import find_paths

Event = Mapping[str, Any]


class Form(StrEnum):
    """Lines that can be verified, or a table that cannot."""

    jsonl = "jsonl"
    csv = "csv"


def verify(
    file: Annotated[Path | None, typer.Argument(help="An exported log; without one, the log itself.")] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="The public key: 64 hexadecimal digits, or a file; for FILE.", metavar="KEY"),
    ] = None,
    head: Annotated[
        str | None, typer.Option("--head", help="A head (number:hash) that the log must have reached.", metavar="HEAD")
    ] = None,
    json: Json = False,
) -> None:
    """Check that nothing was changed, removed or put in.

    Exit code 8 and the first bad entry when something was. An exported FILE is checked without the daemon, with the
    public key that you name, or this machine's.
    """
    if head is not None and re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", head) is None:
        raise UsageError(f'"{head}" is no head', "A head is a number, a colon and 64 hexadecimal digits.")
    if file is None:
        if key is not None:
            raise UsageError("--key belongs to a FILE", "The log itself is checked with the daemon's own key.")
        told: Iterable[Event] = launch.ensured().events("/api/audit/verify", {"head": head} if head else {})
        source = "own"
    else:
        public, source = _public_key(key)
        told = _offline(file, public, head)
    found = {"schema": "tektra.audit-verified/1"} | _followed(told) | {"key_from": source}
    output.show(found, json, _judged)
    if not found["ok"]:
        bad = found["first_bad"]
        error = CliError("log_damaged", f"the log was changed; the first bad entry is {bad['number']}: {bad['why']}")
        if not json:
            errors.show(error)
        raise typer.Exit(error.exit_code)


def _public_key(said: str | None) -> tuple[str | None, str]:
    """The key to check a file with, and where it came from."""
    place = find_paths().audit_public_key
    if said is None:
        return (place.read_text().strip(), "this machine") if place.exists() else (None, "the file itself")
    if Path(said).is_file():
        text, source = Path(said).read_text().strip(), "the key file"
    else:
        text, source = said, "the command line"
    if re.fullmatch(r"[0-9a-fA-F]{64}", text) is None:
        raise UsageError(f'"{said}" is no public key', "A key is 64 hexadecimal digits, or a file that holds them.")
    return text, source


def _offline(file: Path, public: str | None, head: str | None) -> Iterator[Event]:
    """What the verifier tells, which needs no daemon."""
    if not file.is_file():
        raise CliError("not_found", f"there is no file {file}")
    line = [sys.executable, "-P", "-m", "tektrad.trust.verify", "--file", str(file.absolute())]
    line += ["--public-key", public] if public is not None else []
    line += ["--head", head] if head is not None else []
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        for said in process.stdout:
            yield parser.loads(said)
        if process.wait():
            assert process.stderr is not None
            words = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
            raise UsageError(words[-1] if words else "the verifier ended without a word")


def _followed(told: Iterable[Event]) -> dict[str, Any]:
    with StatusLine() as line:
        for event in told:
            match event["type"]:
                case "progress":
                    words = f" {event['share']:4.0%}  {event['entries']:,} entries"
                    line.show(bar_of(event["share"], words, terminal.size()[0] - 1))
                case "done":
                    return {name: value for name, value in event.items() if name != "type"}
                case "failed":
                    raise CliError("bad_audit_file", f"this cannot be verified: {event['message']}")
                case "error":
                    raise error_of(event, "the log could not be verified")
    raise CliError("internal", "the verifier ended without a word", "See: tektra daemon logs")


def _judged(found: Event) -> None:
    rows = [
        ("result", "as it was written" if found["ok"] else "CHANGED"),
        ("entries", f"{found['entries']:,}" + ("" if found["ok"] else " before the first bad one")),
        ("signatures", f"{found['checkpoints']:,}"),
        ("head", found["head"] or "-"),
        ("public key", f"{found['public_key'] or '-'} ({_WHOSE[found['key_from']]})"),
    ]
    output.facts(rows)
    if found["key_from"] == "the file itself":
        errors.note("Whoever wrote the file also wrote its key: compare it with one that you know, or use --key.")


_WHOSE = {
    "own": "this daemon's",
    "this machine": "this machine's",
    "the key file": "from the key file",
    "the command line": "as given",
    "the file itself": "the file's own word",
}


def export(
    form: Annotated[Form, typer.Option("--format", help="jsonl can be verified, csv cannot.")] = Form.jsonl,
    since: Since = None,
    until: Until = None,
    to: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of stdout.", metavar="PATH")] = None,
    json: Json = False,
) -> None:
    """Write the log to a file that can be verified anywhere.

    Its last line is signed over where the file begins and ends. Who has the public key (tektra paths names its
    file) can check it with: tektra audit verify FILE --key KEY
    """
    times = {"since": since, "until": until}
    body = {"format": form.value} | {name: wording.moment(said) for name, said in times.items() if said is not None}
    chunks = launch.ensured().download("/api/audit/export", body)
    if to is None:
        if json:
            raise UsageError("--json says where the file is, so it needs one", "Name it: --output PATH")
        for chunk in chunks:
            output.write(chunk)
        return
    new_file.write_all(to, chunks)
    saved = {"schema": "tektra.export/1", "path": str(to.absolute()), "bytes": to.stat().st_size}
    output.show(saved, json, lambda _: output.text(f"saved {to}"))


def prune(
    before: Annotated[str, typer.Option("--before", help="Older than this: a time, or 90d.", metavar="T")],
    code: Code = None,
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Remove old entries, and sign that they were removed.

    Export them first if they may be needed: they are gone for good.
    """
    moment = wording.moment(before)
    client = launch.ensured()
    confirm(f"Remove all audit entries before {moment}?", yes, no_input or json)
    document = second_factor.posted(
        client, "/api/audit/prune", {"before": moment}, code, no_input or json, timeout=None
    )
    output.show(document, json, lambda gone: output.text(f"removed {gone['removed']:,} entries"))
