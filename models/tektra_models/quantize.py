"""Quantizes a GGUF file: checks what is asked, and follows the process that does it (quantizer.py)."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from tektra_models.blobs import ensure_room, sync_directory, write_failed
from tektra_models.errors import BadRequest, LoadFailed
from tektra_models.ggml_types import FILE_TYPES
from tektra_models.gguf import read_header

WHOLE = ("F32", "F16", "BF16")
NEED_IMPORTANCE = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS", "IQ3_XS", "Q2_K_S")
"""Too coarse for weights that are all taken to be equally important; llama.cpp refuses them without a matrix."""
UNUSUAL = ("NVFP4", "Q1_0", "F32")
TYPES = {name: number for number, name in FILE_TYPES.items() if name not in (*NEED_IMPORTANCE, *UNUSUAL)}
LAST_WORDS = 400


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="progress"):
    """So many of all tensors are written."""

    done: int
    total: int


class Quantized(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="done"):
    """The file is there."""

    path: str
    quantization: str
    size_bytes: int
    source_bytes: int
    seconds: float


async def quantized(
    source: Path, target: Path, wanted: str, *, again: bool = False
) -> AsyncGenerator[Progress | Quantized, None]:
    """Write `target`, whole or not at all, and tell how far it is; closing the iterator stops it.

    `again` allows to quantize what is quantized already, which loses more. Raises a ModelError.
    """
    number = _checked(source, target, wanted, again)
    began = time.monotonic()
    part = target.with_name(f".{target.name}.part")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "tektra_models.quantizer", str(source), str(part), str(number), str(int(again)),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    words = asyncio.create_task(_read_all(process.stderr))
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            done, _, total = line.partition(b" ")
            yield Progress(done=int(done), total=int(total))
        if await process.wait() != 0:
            raise LoadFailed(f"llama.cpp could not quantize {source}: {await words}", "The file may be damaged.")
        yield _kept(source, part, target, wanted, time.monotonic() - began)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await asyncio.wait([words])
        part.unlink(missing_ok=True)


def _checked(source: Path, target: Path, wanted: str, again: bool) -> int:
    """The number of the wanted file type, if all is as it should be; raises a ModelError."""
    name = wanted.upper()
    if name in NEED_IMPORTANCE:
        raise BadRequest(f"{name} needs an importance matrix, which cannot be given yet", "Choose Q2_K or larger.")
    if name not in TYPES:
        raise BadRequest(f'there is no type "{wanted}"', f"Choose one of {', '.join(TYPES)}.")
    header = read_header(source)
    if header.quantization not in WHOLE and not again:
        raise BadRequest(
            f"{source} is quantized already ({header.quantization}); quantizing it again loses more",
            "Take the file with whole weights (F16, BF16), or say --again.",
        )
    if target.exists():
        raise BadRequest(f"{target} is there already", "Choose another name; nothing was written.")
    if not target.parent.is_dir():
        raise BadRequest(f"there is no folder {target.parent}", "Make it first.")
    ensure_room(target.parent, header.size_bytes // 8, target.name)  # the coarsest type takes about so much
    return TYPES[name]


def _kept(source: Path, part: Path, target: Path, wanted: str, seconds: float) -> Quantized:
    """Give the whole file its name; raises a ModelError."""
    try:
        os.link(part, target)  # fails if somebody wrote it meanwhile, which replacing would not
        sync_directory(target.parent)
    except OSError as error:
        raise write_failed(error, target, "Nothing was kept.") from error
    return Quantized(
        path=str(target),
        quantization=wanted.upper(),
        size_bytes=target.stat().st_size,
        source_bytes=source.stat().st_size,
        seconds=round(seconds, 3),
    )


async def _read_all(stream: asyncio.StreamReader | None) -> str:
    """The last words of the process."""
    assert stream is not None
    text = (await stream.read()).decode("utf-8", "replace").strip()
    return text[-LAST_WORDS:] or "it gave no reason"
