"""Models on disk and in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from tektra_models.catalog import digest_of
from tektra_models.errors import Unsupported
from tektra_models.gguf import read_header
from tektra_models.manifest import Model
from tektra_models.model_directory import read_model_directory
from tektra_models.quantize import quantized
from tektra_models.spec import Adapter, KvType, Weights
from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.api.stream import EventStream, typed_events, while_connected
from tektrad.config import LayersOnGpus
from tektrad.errors import InvalidRequest
from tektrad.pool.devices import shown_offload
from tektrad.pool.lease import Wish
from tektrad.pool.promise import estimate
from tektrad.trust.entry import Entry

router = APIRouter(prefix="/api")


def shown(rooms: Rooms, model: Model) -> dict[str, Any]:
    """The shape Model: what the catalog knows, whether it is loaded, whether it is the default."""
    facts: dict[str, Any] = msgspec.to_builtins(model)
    return facts | {"loaded": rooms.pool.is_loaded(model.name), "default": model.name == rooms.default_model}


def identified(model: Model) -> dict[str, Any]:
    """Which model it is, for the audit log."""
    return {"model": model.name, "source": model.source, "digest": digest_of(model)}


@router.get("/models", dependencies=needs.open_to_all)
async def list_models(rooms: Rooms) -> Response:
    """All models of the catalog."""
    models = await asyncio.to_thread(rooms.catalog.list)
    return json_response({"schema": "tektra.models/1", "models": [shown(rooms, model) for model in models]})


@router.get("/models/{name}", dependencies=needs.open_to_all)
async def show_model(rooms: Rooms, name: str) -> Response:
    """One model with its header and what it would need."""
    model = rooms.catalog.get(name)
    document = {"schema": "tektra.model/1", "model": shown(rooms, model)}
    document["settings"] = rooms.pool.choice(model, Wish()).shown()
    return json_response(document | await asyncio.to_thread(_details, rooms, model))


def _details(rooms: Rooms, model: Model) -> dict[str, Any]:
    if model.format == "safetensors":
        return _directory_details(rooms, model)
    if model.format != "gguf":
        return {"metadata": {}, "estimate": None, "chat_template": None}
    spec = rooms.pool.spec(model, Wish())
    header = read_header(spec.path)
    plain = {k: v for k, v in header.metadata.items() if isinstance(v, str | int | float | bool)}
    template = plain.pop("tokenizer.chat_template", None)
    return {
        "metadata": plain,
        "estimate": msgspec.to_builtins(estimate(spec)),
        "chat_template": template,
    }


def _directory_details(rooms: Rooms, model: Model) -> dict[str, Any]:
    spec = rooms.pool.spec(model, Wish())
    found = read_model_directory(spec.path)
    return {
        "metadata": {key: value for key, value in found.config.items() if isinstance(value, str | int | float | bool)},
        "estimate": msgspec.to_builtins(estimate(spec)),
        "chat_template": found.chat_template,
    }


@router.post("/models/import", dependencies=needs.files)
async def import_model(rooms: Rooms, asker: Asker, body: shapes.Import) -> Response:
    """Take a file on this machine into the catalog, as a link or as a copy."""
    add = rooms.catalog.add_copy if body.copy_file else rooms.catalog.add_link
    said = {"path": body.path, "copied": body.copy_file}
    async with rooms.audit.telling(Entry(kind="model.import", uid=asker.uid, details=said)) as telling:
        model = await asyncio.to_thread(add, Path(body.path), body.name)
        telling.end(identified(model))
    document = {"schema": "tektra.model/1", "model": shown(rooms, model)}
    return json_response(document | {"recommended": rooms.tuned.advice(model.quantization)}, 201)


@router.post("/models/{name}/adapt", dependencies=needs.files)
async def adapt_model(rooms: Rooms, asker: Asker, name: str, body: shapes.Adapt) -> Response:
    """Take a model with adapters into the catalog, under a name of its own."""
    adapters = [Adapter(path=each.path, scale=each.scale) for each in body.adapters]
    said = {"model": name, "adapters": [f"{each.path} × {each.scale}" for each in adapters]}
    async with rooms.audit.telling(Entry(kind="model.adapt", uid=asker.uid, details=said)) as telling:
        model = await asyncio.to_thread(rooms.catalog.add_adapted, name, adapters, body.name)
        telling.end(identified(model))
    return json_response({"schema": "tektra.model/1", "model": shown(rooms, model)}, 201)


@router.post("/models/pull", dependencies=needs.models)
async def pull_model(rooms: Rooms, asker: Asker, body: shapes.Pull) -> Response:
    """Download from a hub; the events tell how far it is. Going away stops it, and the next one resumes."""
    from tektra_models.pull import Done, pull  # with its HTTP client; an idle daemon need not carry that

    download = pull(
        body.source,
        models_dir=rooms.paths.models_dir,
        name=body.name,
        revision=body.revision,
        speeds=rooms.tuned.speeds,
        best=body.best,
    )

    async def events() -> AsyncGenerator[object, None]:
        entry = Entry(kind="model.pull", uid=asker.uid, details={"source": body.source, "revision": body.revision})
        async with rooms.audit.telling(entry) as telling, aclosing(download) as told:
            async for event in told:
                if isinstance(event, Done):
                    telling.end(identified(event.model))
                    yield {"type": "done", "model": shown(rooms, event.model)}
                else:
                    yield event

    return EventStream(typed_events(events()))


@router.post("/models/quantize", dependencies=needs.files)
async def quantize_model(rooms: Rooms, asker: Asker, body: shapes.Quantize) -> Response:
    """Write a model, a file or a model's folder in fewer bits a weight. Going away stops it."""
    source = Path(body.source) if "/" in body.source else _weights(rooms.catalog.get(body.source))
    target = Path(body.target)
    if not target.is_absolute():
        raise InvalidRequest(f"{target} does not say in which folder", "Give the whole path.", param="target")

    async def events() -> AsyncGenerator[object, None]:
        if (found := rooms.tuned.advice(body.type.upper())) is not None:
            yield {"type": "recommended"} | msgspec.to_builtins(found)
        said = {"source": str(source), "target": str(target), "type": body.type}
        entry = Entry(kind="model.quantize", uid=asker.uid, details=said)
        async with (
            rooms.audit.telling(entry),
            aclosing(quantized(source, target, body.type, again=body.again)) as told,
        ):
            async for event in told:
                yield event

    return EventStream(typed_events(events()))


def _weights(model: Model) -> Path:
    """The file to quantize; raises Unsupported where that would leave something out."""
    if model.adapters:
        raise Unsupported(
            f'"{model.name}" is "{model.origin}" with adapters, which quantizing would leave out',
            "Quantize the model that it was made of, and adapt that.",
        )
    return Path(model.path)


@router.delete("/models/{name}", dependencies=needs.remove)
async def remove_model(rooms: Rooms, asker: Asker, name: str) -> Response:
    """Forget a model; a file that was only linked stays where it is."""
    model = rooms.catalog.get(name)
    async with rooms.audit.telling(Entry(kind="model.remove", uid=asker.uid, details=identified(model))) as telling:
        if rooms.pool.is_loaded(model.name) and model.source != "built-in":  # that one cannot be removed anyway
            rooms.pool.unload(model.name)
            await rooms.pool.settled()
        freed = await asyncio.to_thread(rooms.catalog.remove, model.name)
        telling.end({"freed_bytes": freed})
    return json_response({"schema": "tektra.model-removed/1", "name": model.name, "freed_bytes": freed})


@router.get("/models/{name}/estimate", dependencies=needs.open_to_all)
async def estimate_model(
    rooms: Rooms,
    name: str,
    context: int | None = None,
    kv_type: KvType | None = None,
    weights: Weights | None = None,
    gpu_layers: LayersOnGpus | None = None,
) -> Response:
    """What a model would take, and whether that is free."""
    model = rooms.catalog.get(name)
    wish = Wish(context=context, kv_type=kv_type, weights=weights, gpu_layers=gpu_layers)
    spec = await rooms.pool.placed(model, wish)
    needed, measured = await rooms.pool.bytes_for(spec)
    free = rooms.pool.free
    document = {"schema": "tektra.estimate/1", "name": model.name, "context": spec.context, "kv_type": spec.kv_type}
    placed = {"weights": spec.weights, "gpu_layers": spec.gpu_layers, "offload": shown_offload(spec.offload)}
    memory = {"needed_bytes": needed, "measured": measured, "free_bytes": free, "fits": needed <= free}
    return json_response(document | placed | memory)


@router.post("/models/{name}/load", dependencies=needs.load)
async def load_model(
    rooms: Rooms, asker: Asker, request: Request, name: str, body: shapes.LoadModel | None = None
) -> Response:
    """Bring a model into memory and keep it there."""
    wish = body or shapes.LoadModel()
    model = rooms.catalog.get(name)
    name = model.name
    said = identified(model) | {"wish": wish.model_dump(exclude_none=True)}

    async def load() -> float:
        how = Wish(**wish.model_dump(exclude={"keep_alive"}))
        async with (
            rooms.audit.telling(Entry(kind="model.load", uid=asker.uid, details=said)),
            rooms.pool.lease(name, asker, wish=how, keep_alive=wish.keep_alive) as lease,
        ):
            return lease.worker.load_seconds

    seconds = await while_connected(request, load())
    loaded = rooms.pool.view_one(name) if rooms.pool.is_loaded(name) else None
    return json_response({"schema": "tektra.loaded/1", "model": loaded, "load_seconds": round(seconds, 3)})


@router.post("/models/{name}/unload", dependencies=needs.load)
async def unload_model(rooms: Rooms, asker: Asker, name: str, force: bool = False) -> Response:
    """Free a model's memory; taking it from those whom it is answering is as good as removing it."""
    if force:
        await needs.require(rooms, asker, "remove", rooms.catalog.get(name).name)
    said = {"model": name, "force": force}
    async with rooms.audit.telling(Entry(kind="model.unload", uid=asker.uid, details=said)) as telling:
        unloaded, freed = rooms.pool.unload(name, force=force)
        await rooms.pool.settled()
        telling.end({"model": unloaded, "freed_bytes": freed})
    return json_response({"schema": "tektra.unloaded/1", "name": unloaded, "freed_bytes": freed})


@router.get("/devices", dependencies=needs.open_to_all)
async def list_devices(rooms: Rooms) -> Response:
    """What llama.cpp can compute on, and how much of it models were promised."""
    found = await rooms.pool.devices.look()
    shown = [msgspec.to_builtins(each) | {"promised_bytes": rooms.pool.on_device(each.name)} for each in found]
    return json_response({"schema": "tektra.devices/1", "devices": shown})


@router.get("/ps", dependencies=needs.open_to_all)
async def loaded_models(rooms: Rooms) -> Response:
    """What is in memory, and who waits for it."""
    return json_response({"schema": "tektra.ps/1", "models": rooms.pool.view(), "queue": rooms.pool.queue()})
