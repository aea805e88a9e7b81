"""Which layers of a model go to which device; pure.

llama.cpp places a model's parts in order: its blocks, then its output. The last ones go to devices, the first stay in
RAM, and so do the token embeddings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tektra_models import fit
from tektra_models.gguf_header import Header
from tektra_models.spec import Offload

MARGIN = 384 << 20
"""Bytes that a process takes on a device beside what is foretold: its driver's context, and buffers for vectors."""
BLOCK = re.compile(r"blk\.([0-9]{1,6})\.")
INPUT = ("token_embd", "token_types", "position_embd")


class Part(NamedTuple):
    """A block or the output: the bytes that it takes on a device, and those that RAM is spared then."""

    takes: int
    frees: int


class Room(NamedTuple):
    """A device, the bytes that one model may take there, and whether they are the machine's own."""

    device: str
    bytes: int
    shares_memory: bool = False


def parts_of(
    header: Header, context: int, slots: int, kv_type: str = "f16", adapters: Sequence[Header] = ()
) -> list[Part]:
    """Every part with its weights, cells and states; the output comes last."""
    blocks: Counter[int] = Counter()
    others: Counter[str] = Counter()
    for tensor in (tensor for each in (header, *adapters) for tensor in each.tensors):
        if found := BLOCK.match(tensor.name):
            blocks[int(found[1])] += tensor.bytes
        else:
            others[tensor.name.partition(".")[0]] += tensor.bytes
    parts: list[Part] = []
    for layer in range(min(header.layers or 0, len(blocks))):  # a header may claim any number
        takes = blocks[layer] + fit.layer_bytes(header, layer, context, slots, kv_type)
        parts.append(Part(takes, takes))
    output = sum(taken for name, taken in others.items() if name not in INPUT)
    doubled = 0 if "output" in others else others["token_embd"]  # these stay in RAM too, for the input
    return [*parts, Part(output + doubled, output)]


def split(sizes: Sequence[int], fixed: int, rooms: Sequence[int]) -> tuple[int, ...]:
    """How many parts each device holds, as many as fit, the last part on the last device that has room for one.

    A device that holds any also holds `fixed` bytes.
    """
    left = len(sizes)
    counts = [0] * len(rooms)
    for place in reversed(range(len(rooms))):
        room = rooms[place] - fixed
        while left and sizes[left - 1] <= room:
            left -= 1
            room -= sizes[left]
            counts[place] += 1
    return tuple(counts)


def placed(parts: Sequence[Part], fixed: int, rooms: Sequence[Room]) -> tuple[Offload, ...]:
    """Place as many parts as fit, from the last one on; devices that hold none are left out."""
    counts = split([part.takes for part in parts], fixed, [room.bytes for room in rooms])
    at = len(parts) - sum(counts)
    found: list[Offload] = []
    for room, count in zip(rooms, counts, strict=True):
        held = parts[at : at + count]
        at += count
        if held:
            takes = fixed + sum(part.takes for part in held)
            frees = 0 if room.shares_memory else sum(part.frees for part in held)
            found.append(Offload(device=room.device, layers=count, takes_bytes=takes, frees_bytes=frees))
    return tuple(found)


def by_device(offloads: Iterable[Sequence[Offload]]) -> dict[str, int]:
    """The bytes that several models take on each device."""
    taken: dict[str, int] = {}
    for offload in offloads:
        for share in offload:
            taken[share.device] = taken.get(share.device, 0) + share.takes_bytes
    return taken
