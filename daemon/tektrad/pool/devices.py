"""Which layers of a model go to which device, and how much of each device models may take.

Looking at devices is the only thing done here; what follows from it is decided in placement.py and scheduler.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from tektra_models import devices, fit, placement
from tektra_models.devices import Device
from tektra_models.errors import LoadFailed, Unsupported
from tektra_models.gguf import read_header
from tektra_models.placement import Part, Room
from tektra_models.spec import Offload, Spec
from tektrad.errors import NoMemory
from tektrad.pool.budget import gib

Look = Callable[[], Awaitable[tuple[Device, ...]]]

log = structlog.get_logger()


class Devices:
    """The devices of this machine, for one pool; `rooms` says how much all models may take on each."""

    def __init__(self, named: str, look: Look = devices.found) -> None:
        """`named`: the devices that may hold layers, with commas between; empty: all GPUs."""
        self.look = look
        self.rooms: dict[str, int] = {}
        self._named = [name.strip() for name in named.split(",") if name.strip()]
        self._none = look is devices.found and devices.built_for_cpu_only()

    async def placed(self, spec: Spec, held: Mapping[str, int], in_use: Mapping[str, int]) -> Spec:
        """The spec with its layers on devices, as many as asked for.

        `held` are the bytes of each device that loaded models take already, `in_use` those of them that cannot be
        freed. Raises Unsupported or NoMemory.
        """
        wanted = spec.gpu_layers
        if spec.backend != "llamacpp" or wanted in ("none", 0):
            return spec
        usable = await self._usable(spec)
        if not usable:
            if wanted == "auto":
                return spec
            raise Unsupported(
                f'llama.cpp sees no GPU here, so no layers of "{spec.name}" can lie on one',
                "Choose auto or none (--gpu-layers, or gpu_layers in the settings). See: tektra models devices",
            )
        self.rooms |= {device.name: device.free_bytes + held.get(device.name, 0) for device in usable}
        taken = in_use if wanted == "auto" else {}
        rooms = [Room(d.name, self.rooms[d.name] - taken.get(d.name, 0), d.shares_memory) for d in usable]
        return await asyncio.to_thread(_placed, spec, rooms)

    async def _usable(self, spec: Spec) -> tuple[Device, ...]:
        """The devices that may hold layers; a broken driver is no reason not to compute without it, unless it is."""
        if self._none and not self._named:
            return ()
        try:
            return devices.for_layers(await self.look(), self._named)
        except LoadFailed as error:
            if spec.gpu_layers != "auto":
                raise
            log.warning("devices could not be listed; nothing is put on them", why=error.message)
            return ()


def _placed(spec: Spec, rooms: Sequence[Room]) -> Spec:
    header = read_header(spec.path)
    adapters = [read_header(adapter.path) for adapter in spec.adapters]
    parts = placement.parts_of(header, spec.context, spec.slots, spec.kv_type, adapters)
    buffers = fit.buffers_bytes(header, spec.context, spec.slots, spec.at_once, one_pass=spec.one_pass)
    fixed = buffers + placement.MARGIN
    return msgspec.structs.replace(spec, offload=offload_of(spec, parts, fixed, rooms))


def offload_of(spec: Spec, parts: Sequence[Part], fixed: int, rooms: Sequence[Room]) -> tuple[Offload, ...]:
    """As many of the last layers as asked for; raises NoMemory when they do not fit, and none may be left out."""
    wanted = spec.gpu_layers
    count = min(wanted, len(parts)) if isinstance(wanted, int) else len(parts)
    last = parts[len(parts) - count :]
    offload = placement.placed(last, fixed, rooms)
    fitting = sum(share.layers for share in offload)
    if wanted != "auto" and fitting < count:
        needed = fixed + sum(part.takes for part in last)
        where = ", ".join(f"{gib(room.bytes)} of {room.device}" for room in rooms)
        raise NoMemory(
            f'{count} layers of "{spec.name}" need {gib(needed)} and at most {where} can be had: {fitting} fit',
            "Ask for as many as fit (--gpu-layers auto), or for a smaller context (--context).",
        )
    return offload


def shown_offload(offload: Sequence[Offload]) -> list[dict[str, Any]]:
    """The layers on devices, for people to see."""
    return [{"device": share.device, "layers": share.layers, "bytes": share.takes_bytes} for share in offload]
