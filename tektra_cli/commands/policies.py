"""`tektra permissions files` and `edit`: the policy files, and changing one so that nobody locks themselves out."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import editing, errors, launch, output, second_factor
from tektra_cli.client import Client, segment
from tektra_cli.confirm import confirm
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Code, Json, NoInput, Yes

SUFFIX = ".cedar"
BEGINNING = """\
// Policies in Cedar's language: docs/design/trust.md. Deny goes before ask, ask before allow. For example:
//
// @id("no-keys") @why("keys are nobody's business")
// forbid (principal, action == Action::"read", resource)
// when { context.path like "*/.ssh/*" };
"""


def files(json: Json = False) -> None:
    """List the policy files, and where they lie."""
    output.show(launch.ensured().get("/api/policies"), json, _table)


def _table(document: Mapping[str, Any]) -> None:
    output.table(("NAME", "SHA-256"), [(file["name"], file["sha256"][:16]) for file in document["files"]])
    errors.note(f"they lie in {document['folder']}; tektra permissions edit NAME changes or makes one")


def edit(
    name: Annotated[str, typer.Argument(help="The file's name; .cedar may be left out.", metavar="NAME")],
    source: Annotated[
        Path | None, typer.Option("--from", help="What it shall say, instead of an editor; - is stdin.", metavar="FILE")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the file.")] = False,
    code: Code = None,
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Change a policy file in your editor, or make one; it is checked before it takes the old one's place.

    $VISUAL or $EDITOR is the editor. A file that is no policy is not taken, and can be edited again.
    """
    if remove and source is not None:
        raise UsageError("a file that is removed says nothing", "Leave out --from, or --remove.")
    client, name = launch.ensured(), name if name.endswith(SUFFIX) else name + SUFFIX
    known = _known(client, name)
    was = None if known is None else known["sha256"]
    alone = no_input or json
    put = functools.partial(_put, client, name, was, code, alone)
    if remove:
        if was is None:
            raise CliError("policy_not_found", f'there is no policy file "{name}"', "tektra permissions files")
        confirm(f"Remove {name}? What it forbids is forbidden no more.", yes, alone)
        done = put(None)
    elif source is not None:
        done = put(_read(source))
    else:
        text = BEGINNING if known is None else known["text"]
        done = editing.edited(text, SUFFIX, put, alone=alone, instead="Give the text: --from FILE, or - for stdin.")
    output.show(done, json, _done)


def _known(client: Client, name: str) -> dict[str, Any] | None:
    try:
        return client.get(f"/api/policies/{segment(name)}")
    except CliError as error:
        if error.code != "policy_not_found":
            raise
        return None


def _put(
    client: Client, name: str, was: str | None, code: str | None, no_input: bool, text: str | None
) -> dict[str, Any]:
    body = {"text": text, "was": was}
    return second_factor.posted(client, f"/api/policies/{segment(name)}", body, code, no_input)


def _read(source: Path) -> str:
    try:
        return sys.stdin.read() if str(source) == "-" else source.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{source} cannot be read: {error}") from error


def _done(document: Mapping[str, Any]) -> None:
    if document["sha256"] is None:
        output.text(f"removed {document['name']}")
    else:
        rules = "1 rule" if document["rules"] == 1 else f"{document['rules']} rules"
        output.text(f"{document['name']} holds, with {rules}: tektra permissions list --rules")
