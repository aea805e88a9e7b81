"""`tektra secrets …`: values that tools may use and no model sees."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, hidden, launch, output, second_factor, terminal, wording
from tektra_cli.client import segment
from tektra_cli.confirm import confirm
from tektra_cli.errors import CliError
from tektra_cli.flags import Code, Json, NoInput, Yes

Name = Annotated[str, typer.Argument(help="A secret's name.", metavar="NAME")]
LEFT_BEHIND = (
    "copies may be left in backups, in snapshots and spare blocks of the disk, and wherever it was used: "
    "revoke it where it came from"
)


def set_secret(
    name: Annotated[str, typer.Argument(help="Letters, digits and _.", metavar="NAME")],
    source: Annotated[
        Path | None, typer.Option("--from-file", help="A file that holds it, or - for stdin, exactly.", metavar="FILE")
    ] = None,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Keep a value under a name; it comes from stdin or a hidden prompt.

    Of standard input the end of the last line is cut off. A value has 6 bytes to 64 KiB, and takes the place of an
    earlier one.
    """
    body = {"name": name, "value": base64.b64encode(_value(name, source, no_input)).decode()}
    document = launch.ensured().post("/api/secrets", body)
    kept = document["secret"]
    output.show(document, json, lambda _: output.text(f"kept {kept['name']}, version {kept['version']}"))


def _value(name: str, source: Path | None, no_input: bool) -> bytes:
    if source is None:
        if terminal.is_terminal(sys.stdin):
            return hidden.asked(f"Value of {terminal.clean_line(name)}", no_input).encode("utf-8", "surrogateescape")
        return hidden.line()
    if str(source) == "-":
        return hidden.everything()
    try:
        with source.expanduser().open("rb") as file:
            return file.read(hidden.MOST_BYTES + 1)
    except FileNotFoundError:
        raise CliError("not_found", f"there is no file {source}") from None
    except OSError as error:
        raise errors.of_system(error) from error


def list_secrets(json: Json = False) -> None:
    """List secrets by name; never their values."""
    output.show(launch.ensured().get("/api/secrets"), json, _table)


def _table(document: Mapping[str, Any]) -> None:
    rows = [
        (
            each["name"],
            str(each["version"]),
            wording.when(each["updated_at"]),
            str(each["uses"]),
            wording.when(each["last_used_at"]) if each["last_used_at"] else "-",
        )
        for each in document["secrets"]
    ]
    output.table(("NAME", "VERSION", "SET", "USES", "LAST USED"), rows)
    errors.note(_words(document["vault"]))


def _words(vault: Mapping[str, Any]) -> str:
    places = {
        "keyring": "in the system's keyring",
        "file": "in a file that only you may read",
        "passphrase": "in your passphrase alone",
    }
    if vault["state"] == "empty":
        return "the vault has no key yet"
    where = places[vault["place"]]
    return f"the vault is {vault['state']}; its key lies {where}"


def remove(name: Name, yes: Yes = False, no_input: NoInput = False, json: Json = False) -> None:
    """Remove a secret."""
    client = launch.ensured()
    confirm(f"Remove the secret {terminal.clean_line(name)}?", yes, no_input or json)
    document = client.delete(f"/api/secrets/{segment(name)}")
    output.show(document, json, lambda gone: output.text(f"removed {gone['name']}"))
    if not json:
        errors.note(LEFT_BEHIND)


def rotate(no_input: NoInput = False, json: Json = False) -> None:
    """Seal all secrets with a fresh key.

    It lies where the settings want it (secrets_key); a new passphrase is asked for, or read from stdin.
    """
    client = launch.ensured()
    needs_words = client.get("/api/secrets")["vault"]["next_place"] == "passphrase"
    body = {"passphrase": hidden.passphrase(is_new=True, no_input=no_input)} if needs_words else {}
    document = client.post("/api/secrets/rotate", body, timeout=None)
    count = wording.plural(document["sealed"], "value")
    output.show(document, json, lambda found: output.text(f"sealed {count} anew; {_words(found['vault'])}"))


def show(name: Name, code: Code = None, yes: Yes = False, no_input: NoInput = False, json: Json = False) -> None:
    """Print a secret's value.

    Exactly as it is into a pipe. Where codes are asked for (tektra mfa), it needs one.
    """
    client = launch.ensured()
    confirm(f"Show the value of {terminal.clean_line(name)}?", yes, no_input or json)
    path = f"/api/secrets/{segment(name)}/show"
    document = second_factor.posted(client, path, {}, code, no_input or json)
    output.show(document, json, _print)


def _print(document: Mapping[str, Any]) -> None:
    value = base64.b64decode(document["value"])
    if terminal.is_terminal(sys.stdout):
        output.text(value.decode("utf-8", "replace"))
    else:
        output.write(value)


def lock(json: Json = False) -> None:
    """Forget the key until somebody gives the passphrase again."""
    output.show(launch.ensured().post("/api/secrets/lock", {}), json, _say)


def unlock(no_input: NoInput = False, json: Json = False) -> None:
    """Open the vault with its passphrase, or choose the first one.

    The passphrase is asked for, or read from stdin.
    """
    client = launch.ensured()
    vault = client.get("/api/secrets")["vault"]
    words = hidden.passphrase(is_new=vault["state"] == "empty", no_input=no_input)
    output.show(client.post("/api/secrets/unlock", {"passphrase": words}), json, _say)


def _say(document: Mapping[str, Any]) -> None:
    output.text(_words(document["vault"]))
