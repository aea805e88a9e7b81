"""`tektra models import` and `rm`: which files belong to the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, output, wording
from tektra_cli.client import LOAD_SECONDS, Client, segment
from tektra_cli.confirm import confirm
from tektra_cli.errors import StatusLine, UsageError
from tektra_cli.flags import Json, NoInput, Yes


def import_model(
    path: Annotated[
        Path, typer.Argument(help="A GGUF file, or the folder of a transformers model.", metavar="PATH", readable=False)
    ],
    name: Annotated[str | None, typer.Option("--name", help="Another name than the file's.", metavar="N")] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Keep a copy of the file.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Use the file where it is (the default).")] = False,
    json: Json = False,
) -> None:
    """Add a model from this machine: a GGUF file, or a folder with safetensors."""
    if copy and link:
        raise UsageError("--copy and --link exclude each other", "Leave one of them out.")
    body = {"path": str(path.expanduser().absolute()), "copy": copy} | ({"name": name} if name else {})
    client = launch.ensured()
    with StatusLine() as line:
        line.show(f"reading {path.name}…")
        document = client.post("/api/models/import", body, timeout=LOAD_SECONDS)
    output.show(document, json, _imported)


def _imported(document: Mapping[str, Any]) -> None:
    model = document["model"]
    output.text(f"{model['name']} is ready to use ({model['source']}, {wording.size(model['size_bytes'])})")


def remove(
    name: Annotated[str, typer.Argument(help="The model's name.", metavar="NAME")],
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Remove a model; a linked file itself is never deleted."""
    client = launch.ensured()
    confirm(_question(client, name), yes, no_input or json)
    output.show(client.delete(f"/api/models/{segment(name)}"), json, _removed)


def _question(client: Client, name: str) -> str:
    model = client.get(f"/api/models/{segment(name)}")["model"]
    if model["source"] == "linked":
        return f'Remove the model "{model["name"]}"? The linked file stays.'
    return f'Remove the model "{model["name"]}" and delete its file of {wording.size(model["size_bytes"])}?'


def _removed(document: Mapping[str, Any]) -> None:
    freed = document["freed_bytes"]
    output.text(f"removed {document['name']}" + (f", {wording.size(freed)} freed" if freed else ""))
