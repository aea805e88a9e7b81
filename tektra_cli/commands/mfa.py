"""`tektra mfa …`: codes of an authenticator."""

from __future__ import annotations

import getpass
import socket
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, qr, second_factor, terminal, wording
from tektra_cli.client import Client
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Code, Json, NoInput

MOST_ACCOUNT = 64


def enroll(
    code: Annotated[
        str | None, typer.Option("--code", help="The first code; ends an enrolment that was begun.", metavar="CODE")
    ] = None,
    uri: Annotated[bool, typer.Option("--uri", help="Print the otpauth URI instead of a QR code.")] = False,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Enroll an authenticator: a QR code, a first code, recovery codes.

    Without a terminal in two steps: --uri or --json begins, --code ends.
    """
    client = launch.ensured()
    if code is not None:
        output.show(client.post("/api/mfa/confirm", {"code": code}), json, _recovery)
        return
    is_whole = not (uri or json or no_input) and second_factor.can_ask() and terminal.is_terminal(sys.stdout)
    if not (is_whole or uri or json):
        raise UsageError("a QR code is drawn on a terminal only", "Add --uri, then --code with a first code.")
    document = client.post("/api/mfa/enroll", {"account": account()})
    if is_whole:
        _draw(document)
        _recovery(_confirmed(client))
        return
    output.show(document, json, lambda begun: output.text(begun["uri"]))
    errors.note("codes are asked for once you give a first one: tektra mfa enroll --code CODE")


def account() -> str:
    """What an authenticator shows beside the codes."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = "tektra"
    named = terminal.clean_line(f"{who}@{socket.gethostname()}").replace(":", "-")
    return named[:MOST_ACCOUNT]


def _draw(document: Mapping[str, Any]) -> None:
    picture = qr.drawn(document["uri"])
    if picture is None:
        errors.note("this terminal is too narrow for the QR code")
    else:
        output.drawn(picture)
    secret = document["secret"]
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    output.text(f"Scan it with an authenticator, or type: {groups}")


def _confirmed(client: Client) -> dict[str, Any]:
    """Ask for the first code until it is right, or the daemon will hear no more."""
    while True:
        try:
            return client.post("/api/mfa/confirm", {"code": second_factor.asked()})
        except CliError as error:
            if error.code != "wrong_code":
                raise
            errors.show(error)


def _recovery(document: Mapping[str, Any]) -> None:
    output.text("\n".join(document["recovery_codes"]))
    errors.note(
        "each of these takes the place of a code once; they are not shown again: keep them apart from the device"
    )


def status(json: Json = False) -> None:
    """Say whether codes are asked for."""
    output.show(launch.ensured().get("/api/mfa"), json, _facts)


def _facts(document: Mapping[str, Any]) -> None:
    states = {
        "off": "no codes are asked for",
        "pending": "an enrolment waits for its first code",
        "on": "codes are asked for",
    }
    rows = [("state", states[document["state"]])]
    if document["state"] == "on":
        rows += [
            ("since", wording.when(document["enrolled_at"])),
            ("recovery codes", f"{document['recovery_codes_left']} left"),
        ]
    if document["locked_for_s"]:
        rows.append(("tries", f"none for {wording.span(document['locked_for_s'])}: five codes were wrong"))
    output.facts(rows)


def disable(code: Code = None, no_input: NoInput = False, json: Json = False) -> None:
    """Ask for codes no more; needs one."""
    document = second_factor.posted(launch.ensured(), "/api/mfa/disable", {}, code, no_input or json)
    output.show(document, json, lambda _: output.text("no codes are asked for any more"))
