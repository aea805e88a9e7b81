"""Writes a model in fewer bits: checks what is asked, and follows the processes that do it.

A GGUF file is quantized (quantizer.py). A folder of safetensors is converted to a GGUF file (convert/), which is
quantized then and goes away, unless whole weights were asked for.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from tektra_models.blobs import ensure_room, sync_directory, write_failed
from tektra_models.child import LAST_WORDS, ChildFailed, lines_of
from tektra_models.convert.folder import WHOLE, ModelFolder, open_folder
from tektra_models.errors import BadRequest, LoadFailed, ModelError, from_code
from tektra_models.ggml_types import FILE_TYPES
from tektra_models.gguf import read_header

NEED_IMPORTANCE = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS", "IQ3_XS", "Q2_K_S")
"""Too coarse for weights that are all taken to be equally important; llama.cpp refuses them without a matrix."""
UNUSUAL = ("NVFP4", "Q1_0", "F32")
TYPES = {name: number for number, name in FILE_TYPES.items() if name not in (*NEED_IMPORTANCE, *UNUSUAL)}
FOLDER_TYPES = tuple(dict.fromkeys((*WHOLE, *TYPES)))
"""What a folder can become: whole weights too, since it is converted first."""

Step = Literal["converting", "quantizing"]


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="progress"):
    """So many of all tensors are written by this step."""

    done: int
    total: int
    step: Step


class Quantized(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="done"):
    """The file is there."""

    path: str
    quantization: str
    size_bytes: int
    source_bytes: int
    seconds: float


class _Said(msgspec.Struct, frozen=True):
    """A ModelError that crossed from a process."""

    code: str
    message: str
    hint: str


class _Work(NamedTuple):
    """One step: a module that is run as a process, and what it is told."""

    step: Step
    module: str
    arguments: tuple[str, ...]


async def quantized(
    source: Path, target: Path, wanted: str, *, again: bool = False
) -> AsyncGenerator[Progress | Quantized, None]:
    """Write `target`, whole or not at all, and tell how far it is; closing the iterator stops it.

    `again` allows to quantize what is quantized already, which loses more. Raises a ModelError.
    """
    folder = await asyncio.to_thread(_folder, source)
    name = _type(wanted, FOLDER_TYPES if folder else tuple(TYPES))
    size = folder.weights_bytes if folder else _file_bytes(source, again)
    _check_target(target, size)
    began = time.monotonic()
    part, whole = (target.with_name(f".{target.name}.{kind}") for kind in ("part", "whole"))
    try:
        for work in _works(folder, source, whole, part, name, again):
            async with aclosing(_followed(work, source)) as told:
                async for progress in told:
                    yield progress
        yield _kept(part, target, name, size, time.monotonic() - began)
    finally:
        for path in (part, whole):
            path.unlink(missing_ok=True)


def _folder(source: Path) -> ModelFolder | None:
    return open_folder(source) if source.is_dir() else None


def _type(wanted: str, choices: tuple[str, ...]) -> str:
    """The name of the wanted file type; raises BadRequest."""
    name = wanted.upper()
    if name in NEED_IMPORTANCE:
        raise BadRequest(f"{name} needs an importance matrix, which cannot be given yet", "Choose Q2_K or larger.")
    if name not in choices:
        raise BadRequest(f'there is no type "{wanted}"', f"Choose one of {', '.join(choices)}.")
    return name


def _file_bytes(source: Path, again: bool) -> int:
    """How large a GGUF file is; raises a ModelError unless it may be quantized."""
    header = read_header(source)
    if header.quantization not in WHOLE and not again:
        raise BadRequest(
            f"{source} is quantized already ({header.quantization}); quantizing it again loses more",
            "Take the file with whole weights (F16, BF16), or say --again.",
        )
    return header.size_bytes


def _check_target(target: Path, source_bytes: int) -> None:
    """Raise a ModelError unless the new file can be written."""
    if target.exists():
        raise BadRequest(f"{target} is there already", "Choose another name; nothing was written.")
    if not target.parent.is_dir():
        raise BadRequest(f"there is no folder {target.parent}", "Make it first.")
    ensure_room(target.parent, source_bytes // 8, target.name)  # the coarsest type takes about so much


def _works(folder: ModelFolder | None, source: Path, whole: Path, part: Path, name: str, again: bool) -> list[_Work]:
    """What has to be done, one after another, until `part` is what was wanted."""
    if folder is None:
        return [_quantizing(source, part, name, again)]
    if name in WHOLE:
        return [_converting(source, part, name)]
    # Nothing is lost before it is quantized: the file between keeps the numbers as the folder has them.
    return [_converting(source, whole, folder.usual_type), _quantizing(whole, part, name, again)]


def _converting(source: Path, target: Path, name: str) -> _Work:
    return _Work("converting", "tektra_models.convert", (str(source), str(target), name))


def _quantizing(source: Path, target: Path, name: str, again: bool) -> _Work:
    return _Work("quantizing", "tektra_models.quantizer", (str(source), str(target), str(TYPES[name]), str(int(again))))


async def _followed(work: _Work, source: Path) -> AsyncGenerator[Progress, None]:
    """Run a process to its end, telling what it tells; closing the iterator kills it. Raises a ModelError."""
    try:
        async with aclosing(lines_of(work.module, *work.arguments)) as lines:
            async for line in lines:
                done, _, total = line.partition(b" ")
                yield Progress(done=int(done), total=int(total), step=work.step)
    except ChildFailed as error:
        raise _failure(work.step, source, error.message) from error


def _failure(step: Step, source: Path, words: str) -> ModelError:
    """What a process says of its failure: a typed error as its last line, or whatever it wrote."""
    try:
        said = msgspec.json.decode(words.rsplit("\n", 1)[-1], type=_Said)
    except msgspec.MsgspecError:
        last = words[-LAST_WORDS:] or "it gave no reason"
        return LoadFailed(f"{step} {source} failed: {last}", "It may be damaged.")
    return from_code(said.code, said.message, said.hint)


def _kept(part: Path, target: Path, name: str, source_bytes: int, seconds: float) -> Quantized:
    """Give the whole file its name; raises a ModelError."""
    try:
        os.link(part, target)  # fails if somebody wrote it meanwhile, which replacing would not
        sync_directory(target.parent)
    except OSError as error:
        raise write_failed(error, target, "Nothing was kept.") from error
    return Quantized(
        path=str(target),
        quantization=name,
        size_bytes=target.stat().st_size,
        source_bytes=source_bytes,
        seconds=round(seconds, 3),
    )
