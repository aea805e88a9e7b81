"""`tektra models quantize`: the same model in fewer bits, with its progress."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, output, terminal, wording
from tektra_cli.client import error_of
from tektra_cli.commands.models.pull import recommend
from tektra_cli.errors import CliError, Interrupted, StatusLine
from tektra_cli.flags import Json
from tektra_cli.progress import bar_of


def quantize(
    source: Annotated[str, typer.Argument(help="A model's name, a GGUF file or a model's folder.", metavar="IN")],
    target: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.", metavar="OUT")],
    type_: Annotated[str, typer.Option("--type", help="Such as q4_k_m, q8_0, bf16.", metavar="TYPE")] = "q4_k_m",
    again: Annotated[bool, typer.Option("--again", help="Also if it is quantized already, which loses more.")] = False,
    json: Json = False,
) -> None:
    """Write a model in fewer bits a weight.

    It becomes smaller and faster, and a little worse. Import the new file with tektra models import.

    A folder of safetensors (config.json, tokenizer.json, model.safetensors) of the llama, mistral, qwen2 or bert family
    is converted first; with --type f16, bf16 or f32 that is all.
    """
    place = str(Path(source).absolute()) if _is_path(source) else source
    body = {"source": place, "target": str(target.absolute()), "type": type_, "again": again}
    try:
        output.show(_followed(body), json, _written)
    except KeyboardInterrupt:
        raise Interrupted("stopped; nothing was written") from None


def _is_path(source: str) -> bool:
    """A folder is one that looks like a model's, so that no folder in the way hides a model of its name."""
    return "/" in source or Path(source).is_file() or (Path(source) / "config.json").is_file()


def _followed(body: Mapping[str, Any]) -> Mapping[str, Any]:
    with StatusLine() as line:
        for event in launch.ensured().events("/api/models/quantize", body):
            match event["type"]:
                case "recommended":
                    recommend(event, f"--type {event['quantization'].lower()}")
                case "progress":
                    words = f" {event['step']} {event['done']} of {event['total']} tensors"
                    line.show(bar_of(event["done"] / event["total"], words, terminal.size()[0] - 1))
                case "done":
                    return {"schema": "tektra.quantized/1"} | {k: v for k, v in event.items() if k != "type"}
                case "error":
                    raise error_of(event, "quantizing failed")
    raise CliError("internal", "the daemon ended the work without a word", "See: tektra daemon logs")


def _written(document: Mapping[str, Any]) -> None:
    before, after = wording.size(document["source_bytes"]), wording.size(document["size_bytes"])
    took = wording.span(document["seconds"])
    output.text(f"{document['path']} is written: {document['quantization']}, {after} instead of {before}, in {took}")
