"""`tektra models list`, `show`, `ps` and `devices`: what is there and in memory, and where it can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, model_words, output, wording
from tektra_cli.client import segment
from tektra_cli.errors import DaemonUnreachable
from tektra_cli.flags import Json

DEVICE_SECONDS = 90.0
"""A driver may take long to wake a device."""


def list_models(json: Json = False) -> None:
    """List the models on this machine."""
    output.show(launch.ensured().get("/api/models"), json, _table)


def _table(document: Mapping[str, Any]) -> None:
    headers = ("NAME", "SIZE", "QUANT", "CONTEXT", "SOURCE", "ADDED", "")
    output.table(headers, [_row(model) for model in document["models"]])


def _row(model: Mapping[str, Any]) -> tuple[str, ...]:
    marks = [mark for mark in ("default", "loaded", "missing") if model.get(mark)]
    return (
        model["name"],
        wording.size(model["size_bytes"]),
        model["quantization"] or "-",
        str(model["context_train"] or "-"),
        model["source"],
        wording.when(model["added_at"]),
        ", ".join(marks),
    )


def show(name: Annotated[str, typer.Argument(help="The model's name.", metavar="NAME")], json: Json = False) -> None:
    """Show one model: facts, estimate of memory, metadata."""
    output.show(launch.ensured().get(f"/api/models/{segment(name)}"), json, describe)


def describe(document: Mapping[str, Any]) -> None:
    """One model as facts, for people."""
    output.facts(model_words.facts(document, wording.when))
    metadata = document.get("metadata") or {}
    if metadata:
        output.raw("\n")
        output.facts([(key, str(value)) for key, value in metadata.items()])


def devices(json: Json = False) -> None:
    """List what models can be computed on: processor and GPUs.

    A GPU is listed only where llama-cpp-python was built for it.
    """
    output.show(launch.ensured().get("/api/devices", timeout=DEVICE_SECONDS), json, _device_table)


def _device_table(document: Mapping[str, Any]) -> None:
    rows = [
        (
            device["name"],
            device["kind"],
            wording.size(device["free_bytes"]),
            wording.size(device["total_bytes"]),
            wording.size(device["promised_bytes"]),
            device["description"],
        )
        for device in document["devices"]
    ]
    output.table(("NAME", "KIND", "FREE", "TOTAL", "PROMISED", "DESCRIPTION"), rows)


def ps(json: Json = False) -> None:
    """List the models in memory; never starts the daemon.

    Without a daemon nothing is in memory, so the list is empty. Requests that wait for a model are listed below.
    """
    try:
        document = launch.running().get("/api/ps")
    except DaemonUnreachable:
        document = {"schema": "tektra.ps/1", "models": [], "queue": []}
    output.show(document, json, _in_memory)


def _in_memory(document: Mapping[str, Any]) -> None:
    if not document["models"]:
        errors.note("no model is in memory")
    output.table(LOADED, [loaded_row(model) for model in document["models"]])
    if document.get("queue"):  # a daemon of an earlier version knows of none
        output.raw("\n")
        output.table(QUEUED, [queued_row(request) for request in document["queue"]])


LOADED = ("NAME", "STATE", "MEMORY", "CONTEXT", "RUNNING", "WAITING", "TOKENS/S", "TUNED", "LAST USED", "EXPIRES")
QUEUED = ("LINE", "MODEL", "WAITS FOR", "PRIORITY", "UID", "WAITED", "ABOUT")


def loaded_row(model: Mapping[str, Any]) -> tuple[str, ...]:
    """A model in memory, as LOADED has it."""
    return (
        model["name"],
        model["state"],
        model_words.held(model),
        str(model["context"]),
        str(model["running"]),
        str(model["waiting"]),
        f"{model['tokens_per_s']:.1f}" if model["tokens_per_s"] else "-",
        ", ".join(name.replace("_", "-") for name, each in model["settings"].items() if each["by"] == "tuned") or "-",
        wording.when(model["last_used_at"]),
        model_words.expiry(model),
    )


def queued_row(request: Mapping[str, Any]) -> tuple[str, ...]:
    """A request that waits, as QUEUED has it."""
    return (
        str(request["position"]),
        request["model"],
        request["waits_for"],
        request["priority"],
        str(request["uid"]),
        wording.span(request["waited_s"]),
        wording.span(request["estimate_s"]),
    )
