"""`tektra models load` and `unload`: what is in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tektra_cli import launch, model_words, output, wording
from tektra_cli.client import LOAD_SECONDS, segment
from tektra_cli.errors import StatusLine, UsageError
from tektra_cli.flags import Json

Name = Annotated[str, typer.Argument(help="The model's name.", metavar="NAME")]


def load(
    name: Name,
    context: Annotated[
        int | None, typer.Option("--context", help="Tokens that a conversation may hold.", metavar="N", min=1)
    ] = None,
    kv_type: Annotated[
        str | None, typer.Option("--kv-type", help="How cells are kept: f16, q8_0, q4_0.", metavar="TYPE")
    ] = None,
    micro_batch: Annotated[
        int | None, typer.Option("--micro-batch", help="Tokens that are computed at once.", metavar="N", min=32)
    ] = None,
    flash_attention: Annotated[
        str | None, typer.Option("--flash-attention", help="Attention in one pass: on, off, auto.", metavar="HOW")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="Of a transformers model: stored, int8, int4.", metavar="TYPE"),
    ] = None,
    gpu_layers: Annotated[
        str | None,
        typer.Option("--gpu-layers", help="Layers on GPUs: auto (as many as fit), all, none, or N.", metavar="N"),
    ] = None,
    keep_alive: Annotated[
        str | None,
        typer.Option("--keep-alive", help="How long it stays when idle: 30s, 10m, 2h, 0, forever.", metavar="D"),
    ] = None,
    estimate_only: Annotated[
        bool, typer.Option("--estimate-only", help="Say what it would take, and load nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Load a model into memory before it is needed."""
    how = {
        "context": context,
        "kv_type": kv_type,
        "micro_batch": micro_batch,
        "flash_attention": flash_attention,
        "weights": weights,
        "gpu_layers": _layers(gpu_layers) if gpu_layers is not None else None,
    }
    body: dict[str, Any] = {key: value for key, value in how.items() if value is not None}
    if keep_alive is not None:
        body["keep_alive"] = wording.seconds(keep_alive)
    client = launch.ensured()
    if estimate_only:
        query = {key: str(body[key]) for key in ("context", "kv_type", "weights", "gpu_layers") if key in body}
        output.show(client.get(f"/api/models/{segment(name)}/estimate", query), json, _estimated)
        return
    with StatusLine() as line:
        line.show(f"loading {name}…")
        document = client.post(f"/api/models/{segment(name)}/load", body, timeout=LOAD_SECONDS)
    output.show(document, json, _loaded)


def _layers(wanted: str) -> str | int:
    if wanted in ("auto", "all", "none"):
        return wanted
    if wanted.isascii() and wanted.isdecimal():
        return int(wanted)
    raise UsageError(f'"{wanted}" is no number of layers', "Write auto, all, none, or a number.")


def _estimated(document: Mapping[str, Any]) -> None:
    output.text(model_words.estimated(document))


def _loaded(document: Mapping[str, Any]) -> None:
    output.text(model_words.was_loaded(document))


def unload(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Also when it is answering; those answers end.")] = False,
    json: Json = False,
) -> None:
    """Take a model out of memory."""
    query = {"force": "true"} if force else None
    document = launch.ensured().post(f"/api/models/{segment(name)}/unload", {}, query)
    output.show(document, json, _unloaded)


def _unloaded(document: Mapping[str, Any]) -> None:
    output.text(model_words.was_unloaded(document))
