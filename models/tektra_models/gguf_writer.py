"""Writes GGUF files whose tensors come one at a time: small enough to need no library for files of our own making."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tektra_models.ggml_types import GGML_TYPES
from tektra_models.gguf_header import Tensor

VERSION = 3
ALIGNMENT = 32
U32, I32, F32, BOOL, STRING, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
TYPE_NUMBERS = {each.name: number for number, each in GGML_TYPES.items()}

Fill = Callable[[Tensor], bytes]
"""Gives a tensor's bytes, as many as it says that it has."""


def tensor(name: str, shape: Sequence[int], type_: str) -> Tensor:
    """A tensor of that shape (the row length first) in that type, with the bytes that it takes."""
    kind = GGML_TYPES[TYPE_NUMBERS[type_]]
    empty = Tensor(name=name, shape=tuple(shape), type=type_, bytes=0)
    return Tensor(empty.name, empty.shape, type_, empty.elements // kind.block * kind.block_bytes)


def write_gguf(path: Path, metadata: Mapping[str, object], tensors: Sequence[Tensor], fill: Fill | None) -> None:
    """Write a file; without `fill` its tensors are a hole, which reads as zeros and takes no room. Raises OSError."""
    head = struct.pack("<4sIQQ", b"GGUF", VERSION, len(tensors), len(metadata))
    head += b"".join(_text(key) + _typed(value) for key, value in metadata.items())
    places, size = [], 0
    for each in tensors:
        places.append(size)
        head += _text(each.name) + struct.pack(f"<I{len(each.shape)}Q", len(each.shape), *each.shape)
        head += struct.pack("<IQ", TYPE_NUMBERS[each.type], size)
        size += _padded(each.bytes)
    begin = _padded(len(head))
    with path.open("xb") as file:
        file.write(head)
        for each, place in zip(tensors, places, strict=True):
            if fill is not None:
                file.seek(begin + place)
                file.write(fill(each))
        file.flush()
        os.ftruncate(file.fileno(), begin + size)


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _typed(value: object) -> bytes:
    if isinstance(value, list | tuple):
        kind = _kind(value[0]) if value else U32
        return struct.pack("<IIQ", ARRAY, kind, len(value)) + b"".join(_packed(kind, item) for item in value)
    kind = _kind(value)
    return struct.pack("<I", kind) + _packed(kind, value)


def _kind(value: object) -> int:
    match value:
        case bool():
            return BOOL
        case int():
            return I32 if value < 0 else U32 if value < 1 << 32 else U64
        case float():
            return F32
    return STRING


def _packed(kind: int, value: object) -> bytes:
    if kind == STRING:
        return _text(str(value))
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?", U64: "<Q"}[kind], value)
