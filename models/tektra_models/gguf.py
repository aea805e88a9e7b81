"""Reads a GGUF file's header in milliseconds and never its tensors; the file is treated as hostile.

Every count, length, type and offset is checked against the bytes that are left before anything is allocated for it.
The file is read with `pread` and not mapped: a file that shrinks under a mapping kills the process that looks at it.
"""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path
from typing import Any, NoReturn

from tektra_models.errors import BadModelFile, ModelFileMissing, PermissionDenied
from tektra_models.foreign import FETCH_AGAIN, looks_like
from tektra_models.ggml_types import GGML_TYPES
from tektra_models.gguf_header import Header, LongArray, Tensor

__all__ = ["Header", "LongArray", "Tensor", "open_regular", "read_header"]

MIB = 1024 * 1024
MAX_STRING = 16 * MIB
MAX_KEY = 64 * 1024
MAX_ITEMS = 64 * MIB
MAX_DIMENSIONS = 4
MAX_ALIGNMENT = 64 * 1024
# Tighter than the bytes left, since a sparse file has room for anything: the largest real files have 30,000 tensors,
# a hundred keys and two million strings, and the caps below keep the worst header under a second and 100 MiB.
MAX_KEYS = MAX_TENSORS = 64 * 1024
MAX_STRINGS = 8 * MIB
MAX_KEPT_BYTES = 64 * MIB

KEPT_ITEMS = 64
# One number for each layer decides memory, and there are models of more than 64 layers.
PER_LAYER = (".head_count", ".head_count_kv", ".feed_forward_length")
KEPT_PER_LAYER = 4096

WINDOW = MIB
U32, U64 = struct.Struct("<I"), struct.Struct("<Q")
STRING, ARRAY = 8, 9
SCALARS = {
    0: ("u8", struct.Struct("<B")),
    1: ("i8", struct.Struct("<b")),
    2: ("u16", struct.Struct("<H")),
    3: ("i16", struct.Struct("<h")),
    4: ("u32", U32),
    5: ("i32", struct.Struct("<i")),
    6: ("f32", struct.Struct("<f")),
    7: ("bool", struct.Struct("<?")),
    10: ("u64", U64),
    11: ("i64", struct.Struct("<q")),
    12: ("f64", struct.Struct("<d")),
}


def read_header(path: str | os.PathLike[str]) -> Header:
    """Read and check a GGUF file's header, or raise a ModelError saying what is wrong with the file."""
    path = Path(path)
    fd = open_regular(path)
    try:
        return _Reader(path, fd, os.fstat(fd).st_size).header()
    except OSError as exc:
        raise BadModelFile(f"{path} could not be read: {exc.strerror or exc}.", "Check the disk it lies on.") from exc
    finally:
        os.close(fd)


def open_regular(path: Path) -> int:
    """Open a regular file for reading, never waiting for the far end of a FIFO or a device."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise ModelFileMissing(f"There is no file {path}.", "Check the path.") from exc
    except PermissionError as exc:
        raise PermissionDenied(f"{path} may not be read: {exc.strerror}.", "Check who may read it: ls -l") from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise BadModelFile(f"{path} could not be opened: {reason}.", "Check the path.") from exc
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return fd
    os.close(fd)
    if stat.S_ISDIR(mode):
        raise BadModelFile(f"{path} is a directory.", "Name the .gguf file in it.")
    kind = "a FIFO" if stat.S_ISFIFO(mode) else "a device or socket"
    raise BadModelFile(f"{path} is {kind}, not a regular file.", "Save the model to a file first.")


class _Reader:
    """A cursor over one open file; `_at` is the next byte, `_window` holds the bytes from `_base` on."""

    def __init__(self, path: Path, fd: int, size: int) -> None:
        self._path, self._fd, self._size = path, fd, size
        self._at = self._base = 0
        self._window = b""
        self._strings_left = MAX_STRINGS
        self._kept_left = MAX_KEPT_BYTES

    def header(self) -> Header:
        version = self._magic_and_version()
        tensor_count = self._count("tensors", MAX_TENSORS, smallest=24)
        key_count = self._count("metadata keys", MAX_KEYS, smallest=13)
        metadata = self._metadata(key_count)
        alignment = self._alignment(metadata)
        tensors = self._tensors(tensor_count, alignment)
        return Header(self._path, version, self._size, metadata, tensors)

    def _magic_and_version(self) -> int:
        if self._size == 0:
            self._bad("is empty", FETCH_AGAIN)
        head = os.pread(self._fd, 512, 0)
        if head[:4] != b"GGUF":
            what, hint = looks_like(head)
            self._bad(f"is not a GGUF file; it looks like {what}", hint)
        self._at = 4
        version = self._u32("its version")
        if version and version & 0xFFFF == 0:
            self._bad("is a big-endian GGUF file, and only little-endian ones can be run", "Get the usual version.")
        old, new = "Convert the model again with a present llama.cpp.", "Update Tektra; else the file is damaged."
        if version not in (2, 3):
            self._bad(f"has GGUF version {version}; versions 2 and 3 are known", old if version == 1 else new)
        return version

    def _metadata(self, count: int) -> dict[str, object]:
        metadata: dict[str, object] = {}
        for index in range(count):
            key = self._text(MAX_KEY, f"the name of metadata key {index + 1} of {count}")
            if not key or key in metadata:
                self._damaged(f"metadata key {index + 1} is {'used twice' if key else 'empty'}")
            metadata[key] = self._value(key)
        return metadata

    def _value(self, key: str) -> object:
        kind = self._u32(f"the type of {key!r}")
        if kind == STRING:
            return self._text(MAX_STRING, repr(key))
        if kind == ARRAY:
            return self._array(key)
        if kind not in SCALARS:
            self._damaged(f"{key!r} has the unknown type {kind}")
        return self._scalar(SCALARS[kind][1], repr(key))

    def _array(self, key: str) -> object:
        kind = self._u32(f"the item type of {key!r}")
        if kind == ARRAY:
            self._damaged(f"{key!r} is an array of arrays")
        if kind != STRING and kind not in SCALARS:
            self._damaged(f"{key!r} has items of the unknown type {kind}")
        width = 8 if kind == STRING else SCALARS[kind][1].size
        length = self._count(f"items in {key!r}", MAX_ITEMS, smallest=width)
        if length <= (KEPT_PER_LAYER if key.endswith(PER_LAYER) and kind != STRING else KEPT_ITEMS):
            return self._short_array(key, kind, length)
        if kind == STRING:
            self._skip_strings(key, length)
            return LongArray("string", length)
        self._at += width * length
        return LongArray(SCALARS[kind][0], length)

    def _short_array(self, key: str, kind: int, length: int) -> tuple[object, ...]:
        if kind == STRING:
            return tuple(self._text(MAX_STRING, repr(key)) for _ in range(length))
        layout = SCALARS[kind][1]
        return tuple(value for (value,) in layout.iter_unpack(self._take(layout.size * length, repr(key))))

    def _skip_strings(self, key: str, count: int) -> None:
        # A vocabulary has 150,000 strings and as many merges, so this loop is what the whole reading costs. It runs
        # off the end of the window on purpose: struct then says so, and the walk goes on in the next window.
        self._strings_left -= count
        if self._strings_left < 0:
            self._damaged(f"{key!r} brings it over {MAX_STRINGS:,} strings")
        unpack = U64.unpack_from
        while count:
            self._refill(8, repr(key))
            window, at = self._window, self._at - self._base
            try:
                while count:
                    length = unpack(window, at)[0]
                    if length > MAX_STRING:
                        self._damaged(f"{key!r} claims a string of {length:,} bytes")
                    at += 8 + length
                    count -= 1
            except struct.error:
                pass
            self._at = self._base + at
        self._need(0, repr(key))

    def _alignment(self, metadata: dict[str, object]) -> int:
        value = metadata.get("general.alignment", 32)
        if not isinstance(value, int) or not 0 < value <= MAX_ALIGNMENT or value & (value - 1):
            self._damaged(f"its alignment is {value!r}, not a power of two up to {MAX_ALIGNMENT:,}")
        return value

    def _tensors(self, count: int, alignment: int) -> tuple[Tensor, ...]:
        found: dict[str, tuple[Tensor, int]] = {}
        for index in range(count):
            tensor, offset = self._tensor(f"tensor {index + 1} of {count}")
            if tensor.name in found:
                self._damaged(f"tensor {tensor.name!r} is listed twice")
            if offset % alignment:
                self._damaged(f"tensor {tensor.name!r} begins at {offset:,}, not a multiple of {alignment}")
            found[tensor.name] = (tensor, offset)
        data = -(-self._at // alignment) * alignment
        for tensor, offset in found.values():
            if (end := data + offset + tensor.bytes) > self._size:
                self._truncated(f"tensor {tensor.name!r} needs it to have {end:,} bytes")
        return tuple(tensor for tensor, _ in found.values())

    def _tensor(self, what: str) -> tuple[Tensor, int]:
        name = self._text(MAX_KEY, f"the name of {what}")
        dimensions = self._u32(f"the dimensions of {what}")
        if dimensions > MAX_DIMENSIONS:
            self._damaged(f"tensor {name!r} has {dimensions:,} dimensions, and {MAX_DIMENSIONS} is the most")
        shape = tuple(self._scalar(U64, what) for _ in range(dimensions))
        kind, offset = self._u32(f"the type of {what}"), self._scalar(U64, what)
        if (layout := GGML_TYPES.get(kind)) is None:
            self._damaged(f"tensor {name!r} has type {kind}, which this version of Tektra does not know")
        if (shape[0] if shape else 1) % layout.block:
            self._damaged(f"tensor {name!r} has rows of {shape[0]:,} values, not whole blocks of {layout.block}")
        tensor = Tensor(name, shape, layout.name, 0)
        return Tensor(name, shape, layout.name, tensor.elements // layout.block * layout.block_bytes), offset

    def _count(self, what: str, most: int, smallest: int) -> int:
        count: int = self._scalar(U64, f"the number of {what}")
        if count > most or count * smallest > self._size - self._at:
            self._damaged(f"it claims {count:,} {what}, and {self._size - self._at:,} bytes are left")
        return count

    def _text(self, most: int, what: str) -> str:
        length = self._scalar(U64, f"the length of {what}")
        if length > most:
            self._damaged(f"{what} claims a length of {length:,} bytes")
        self._kept_left -= length
        if self._kept_left < 0:
            self._damaged(f"its texts are longer than {MAX_KEPT_BYTES:,} bytes together")
        return self._take(length, what).decode("utf-8", "replace")

    def _u32(self, what: str) -> int:
        return int(self._scalar(U32, what))

    def _scalar(self, layout: struct.Struct, what: str) -> Any:
        self._refill(layout.size, what)
        value = layout.unpack_from(self._window, self._at - self._base)[0]
        self._at += layout.size
        return value

    def _take(self, length: int, what: str) -> bytes:
        self._refill(length, what)
        start = self._at - self._base
        self._at += length
        return self._window[start : start + length]

    def _refill(self, length: int, what: str) -> None:
        if self._base <= self._at and self._at + length <= self._base + len(self._window):
            return
        self._need(length, what)
        self._window, self._base = os.pread(self._fd, max(WINDOW, length), self._at), self._at
        if len(self._window) < length:
            self._truncated(f"{what} ends at byte {self._base + len(self._window):,}")

    def _need(self, length: int, what: str) -> None:
        if length > self._size - self._at:
            self._truncated(f"{what} would end at byte {self._at + length:,}")

    def _truncated(self, what: str) -> NoReturn:
        self._bad(f"is cut short: {what}, and it has {self._size:,}", "Download or copy it again.")

    def _damaged(self, what: str) -> NoReturn:
        self._bad(f"has a damaged or hostile header: {what}", "Get the file again from a source that you trust.")

    def _bad(self, what: str, hint: str) -> NoReturn:
        raise BadModelFile(f"{self._path} {what}.", hint)
