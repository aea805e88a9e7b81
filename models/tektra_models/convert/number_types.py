"""Tensors' bytes from one number type to another, in blocks, so that no tensor has to fit into memory twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, quants
from numpy.typing import NDArray

from tektra_models.convert.folder import Weights
from tektra_models.errors import BadModelFile, BadRequest
from tektra_models.gguf import open_regular

KINDS = {"F32": GGMLQuantizationType.F32, "F16": GGMLQuantizationType.F16, "BF16": GGMLQuantizationType.BF16}
"""Number types by the name that both safetensors and GGUF give them."""
WIDTHS = {"F32": 4, "F16": 2, "BF16": 2}
BLOCK_BYTES = 32 * 1024 * 1024
_STORED: dict[str, Any] = {"F32": np.dtype("<u4"), "F16": np.dtype("<u2"), "BF16": np.dtype("<u2")}
_EXPONENTS = {"F32": 0x7F800000, "F16": 0x7C00, "BF16": 0x7F80}
"""The bits that are all set in an infinity and in what is no number, and in nothing else."""


def blocks(weights: Weights, heads: int, wanted: str) -> Iterator[NDArray[Any]]:
    """A tensor's bytes as `wanted`, block after block; raises a ModelError.

    With `heads`, its rows are reordered from two halves a head to pairs, as llama.cpp rotates them.
    """
    kept = weights.tensor.dtype
    for bits in _read(weights, whole=heads > 0):
        if not _all_finite(bits, kept):
            raise BadModelFile(f"{weights.file}: {weights.tensor.name} holds infinities or what is no number.")
        changed = _changed(_paired(bits, weights.tensor.shape, heads) if heads else bits, kept, wanted)
        if wanted == "F16" and not _all_finite(changed.view(_STORED["F16"]), "F16"):
            raise BadRequest(f"{weights.tensor.name} holds numbers too large for F16", "Take --type bf16 or f32.")
        yield changed


def _read(weights: Weights, *, whole: bool) -> Iterator[NDArray[Any]]:
    """The numbers as bare bits."""
    tensor, stored = weights.tensor, _STORED[weights.tensor.dtype]
    step = tensor.bytes if whole else BLOCK_BYTES
    fd = open_regular(weights.file)
    try:
        for start in range(0, tensor.bytes, step):
            data = _exactly(fd, min(step, tensor.bytes - start), tensor.offset + start)
            if data is None:
                raise BadModelFile(f"{weights.file} became shorter while it was read.", "Copy or download it again.")
            yield np.frombuffer(data, dtype=stored)
    except OSError as error:
        raise BadModelFile(f"{weights.file} could not be read: {error.strerror}.", "Check its disk.") from error
    finally:
        os.close(fd)


def _exactly(fd: int, length: int, offset: int) -> bytearray | None:
    """So many bytes; one call of the system gives 2 GiB at most, and fewer whenever it likes."""
    data = bytearray(length)
    view = memoryview(data)
    while view:
        if not (got := os.preadv(fd, [view], offset)):
            return None
        view, offset = view[got:], offset + got
    return data


def _all_finite(bits: NDArray[Any], kind: str) -> bool:
    exponent = _EXPONENTS[kind]
    return not bool(((bits & exponent) == exponent).any())


def _paired(bits: NDArray[Any], shape: tuple[int, ...], heads: int) -> NDArray[Any]:
    """Rows of each head: first half and second half → one of each in turn."""
    halves = bits.reshape(heads, 2, shape[0] // heads // 2, -1)
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(-1)


def _changed(bits: NDArray[Any], kept: str, wanted: str) -> NDArray[Any]:
    if kept == wanted:
        return bits
    if kept == "BF16":
        values = quants.dequantize(bits.view(np.uint8), KINDS["BF16"])
    else:
        values = bits.view(np.float32 if kept == "F32" else np.float16).astype(np.float32)
    with np.errstate(over="ignore"):  # what became too large is found, and said, by the caller
        return np.asarray(quants.quantize(values, KINDS[wanted]))
