"""Reads a safetensors file's header in milliseconds and never its tensors; the file is treated as hostile.

The format (https://github.com/huggingface/safetensors): eight bytes of length, a JSON object of that length that says
for each tensor its type, shape and place, and then the tensors' bytes, one behind another without a gap. All of it is
checked against the file's size before anybody maps or loads it.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec

from tektra_models.errors import BadModelFile
from tektra_models.foreign import FETCH_AGAIN, looks_like
from tektra_models.gguf import open_regular

LENGTH_BYTES = 8
MAX_HEADER = 16 * 1024 * 1024
MAX_MEMBERS = 512 * 1024
"""Of all JSON objects in a header: room for 130,000 tensors of four members. No real file comes near."""
METADATA = "__metadata__"

DTYPE_BITS = {
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "U16": 16,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "U32": 32,
    "I32": 32,
    "F32": 32,
    "U64": 64,
    "I64": 64,
    "F64": 64,
    "C64": 64,
}

_Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 48)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dtype: Annotated[str, msgspec.Meta(max_length=16)]
    shape: Annotated[tuple[_Number, ...], msgspec.Meta(max_length=8)]
    data_offsets: tuple[_Number, _Number]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor's place: `offset` counts from the beginning of the file; `shape` has the row length last."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    bytes: int

    @property
    def elements(self) -> int:
        """How many values it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """What a safetensors file holds, its tensors in the order of their bytes."""

    path: Path
    size_bytes: int
    metadata: dict[str, str]
    tensors: tuple[StoredTensor, ...]


def read_safetensors_header(path: str | os.PathLike[str]) -> SafetensorsHeader:
    """Read and check a safetensors file's header, or raise a ModelError saying what is wrong with the file."""
    path = Path(path)
    fd = open_regular(path)
    try:
        size = os.fstat(fd).st_size
        text = _header_text(path, fd, size)
    except OSError as exc:
        raise BadModelFile(f"{path} could not be read: {exc.strerror or exc}.", "Check the disk it lies on.") from exc
    finally:
        os.close(fd)
    metadata, entries = _parse(path, text)
    return SafetensorsHeader(path, size, metadata, _tensors(path, entries, LENGTH_BYTES + len(text), size))


def _header_text(path: Path, fd: int, size: int) -> bytes:
    head = os.pread(fd, 512, 0)
    if not head:
        _bad(path, "is empty", FETCH_AGAIN)
    length = int.from_bytes(head[:LENGTH_BYTES], "little")
    if len(head) <= LENGTH_BYTES or head[LENGTH_BYTES : LENGTH_BYTES + 1] != b"{":
        what, hint = looks_like(head)
        _bad(path, f"is not a safetensors file; it looks like {what}", hint)
    if length > MAX_HEADER:
        _damaged(path, f"it claims {length:,} bytes of header, and {MAX_HEADER:,} is the most")
    text = os.pread(fd, length, LENGTH_BYTES)
    if len(text) < length:
        _truncated(path, f"its header would end at byte {LENGTH_BYTES + length:,}", size)
    return text


def _parse(path: Path, text: bytes) -> tuple[dict[str, str], dict[str, _Entry]]:
    """The metadata and the entries; decoding straight into their types bounds what a header can make of its bytes."""
    if (members := text.count(b":")) > MAX_MEMBERS:
        _damaged(path, f"its header may have {members:,} members, and {MAX_MEMBERS:,} is the most")
    try:
        raw = msgspec.json.decode(text, type=dict[_Name, msgspec.Raw])
        metadata = msgspec.json.decode(raw.pop(METADATA, msgspec.Raw(b"{}")), type=dict[str, str])
        entries = {name: msgspec.json.decode(entry, type=_Entry) for name, entry in raw.items()}
        json.loads(text, object_pairs_hook=_refuse_twice)
    except (ValueError, RecursionError) as exc:  # msgspec's and Unicode's errors are ValueErrors
        _damaged(path, f"its header is not what safetensors writes: {exc}")
    return metadata, entries


def _refuse_twice(pairs: list[tuple[str, object]]) -> None:
    """Two readers may choose differently between two entries of one name, so there must not be two."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise ValueError(f"{name!r} is listed twice")
        seen.add(name)


def _tensors(path: Path, entries: dict[str, _Entry], data: int, size: int) -> tuple[StoredTensor, ...]:
    """The tensors in the order of their bytes, which have to fill the file from `data` to its end."""
    found: list[StoredTensor] = []
    at = data
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        begin, end = (data + offset for offset in entry.data_offsets)
        if begin != at or end < begin:
            _damaged(path, f"tensor {name!r} lies at {begin:,} to {end:,}, and the one before it ends at {at:,}")
        if (bits := DTYPE_BITS.get(entry.dtype)) is None:
            _damaged(path, f"tensor {name!r} has the type {entry.dtype!r}, which is not known here")
        tensor = StoredTensor(name, entry.dtype, entry.shape, begin, end - begin)
        if tensor.elements * bits != tensor.bytes * 8:
            _damaged(path, f"tensor {name!r} has {tensor.bytes:,} bytes for {tensor.elements:,} values of {bits} bits")
        found.append(tensor)
        at = end
    if at > size:
        _truncated(path, f"its tensors need it to have {at:,} bytes", size)
    if at < size:
        _damaged(path, f"{size - at:,} bytes behind its tensors belong to none")
    return tuple(found)


def _truncated(path: Path, what: str, size: int) -> NoReturn:
    _bad(path, f"is cut short: {what}, and it has {size:,}", "Download or copy it again.")


def _damaged(path: Path, what: str) -> NoReturn:
    _bad(path, f"has a damaged or hostile header: {what}", "Get the file again from a source that you trust.")


def _bad(path: Path, what: str, hint: str) -> NoReturn:
    raise BadModelFile(f"{path} {what}.", hint)
