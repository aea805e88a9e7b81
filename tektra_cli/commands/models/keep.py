"""`tektra models import`, `adapt` and `rm`: which files belong to the catalog, and under which names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, model_words, output, wording
from tektra_cli.client import LOAD_SECONDS, Client, segment
from tektra_cli.commands.models.pull import recommend
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
    """Add a GGUF file or a model's folder from this machine."""
    if copy and link:
        raise UsageError("--copy and --link exclude each other", "Leave one of them out.")
    body = {"path": str(path.expanduser().absolute()), "copy": copy} | ({"name": name} if name else {})
    client = launch.ensured()
    with StatusLine() as line:
        line.show(f"reading {path.name}…")
        document = client.post("/api/models/import", body, timeout=LOAD_SECONDS)
    output.show(document, json, _imported)


def adapt(
    base: Annotated[str, typer.Argument(help="The model that it was trained for.", metavar="NAME")],
    adapters: Annotated[
        list[str],
        typer.Argument(help="LoRA files (GGUF), each with its strength if that is not 1.", metavar="FILE[:SCALE]"),
    ],
    name: Annotated[str | None, typer.Option("--name", help="The new model's name.", metavar="N")] = None,
    json: Json = False,
) -> None:
    """Make a model of another one and LoRA adapters.

    It has a name of its own, and nothing is copied: both models read the same file of weights.
    """
    body = {"adapters": [_adapter(each) for each in adapters]} | ({"name": name} if name else {})
    document = launch.ensured().post(f"/api/models/{segment(base)}/adapt", body)
    output.show(document, json, _adapted)


def _adapter(written: str) -> dict[str, Any]:
    """FILE, or FILE:SCALE; a file whose name looks like that is meant itself."""
    path, colon, scale = written.rpartition(":")
    if not colon or Path(written).is_file():
        return {"path": str(Path(written).expanduser().absolute())}
    try:
        return {"path": str(Path(path).expanduser().absolute()), "scale": float(scale)}
    except ValueError:
        raise UsageError(f'"{scale}" is no strength for {path}', "Write FILE:0.5, or FILE alone.") from None


def _adapted(document: Mapping[str, Any]) -> None:
    model = document["model"]
    count = wording.plural(len(model["adapters"]), "adapter")
    output.text(f"{model['name']} is ready to use ({model['origin']} with {count})")


def _imported(document: Mapping[str, Any]) -> None:
    output.text(model_words.was_imported(document))
    if document.get("recommended"):
        recommend(document["recommended"], "pull or quantize such a file instead")


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
    return model_words.removal(client.get(f"/api/models/{segment(name)}")["model"])


def _removed(document: Mapping[str, Any]) -> None:
    output.text(model_words.was_removed(document))
