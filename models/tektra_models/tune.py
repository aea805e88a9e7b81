"""Finds out what is fastest on this machine: checks what is asked, and follows the process that times (tuner.py)."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import anyio
import msgspec

from tektra_models.blobs import write_failed
from tektra_models.child import LAST_WORDS, ChildFailed, lines_of
from tektra_models.errors import BadModelFile, BadRequest, LoadFailed, Unsupported, from_code
from tektra_models.gguf import open_regular, read_header
from tektra_models.manifest import Model
from tektra_models.tuning import CLASSES, TIMED, Tuning


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What the process shall find out; `folder` is where its files may lie."""

    folder: str
    types: tuple[str, ...]
    seconds: float
    batch: int
    name: str | None = None
    path: str | None = None
    text: str | None = None
    """Where a text lies on which perplexities are measured."""
    own_text: bool = False
    """The built-in model's own kind of text instead."""


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="progress"):
    """How much of the work is done, from 0 to 1, and what is being done."""

    done: float
    doing: str


class Found(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="found"):
    """All is timed."""

    tuning: Tuning


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="refused"):
    """An error that crosses the process's boundary."""

    code: str
    message: str
    hint: str


Said = Progress | Found | Refused


def job_for(
    model: Model | None, folder: Path, *, types: Sequence[str], seconds: float, batch: int, text: Path | None
) -> Job:
    """What to find out for a model, or for this machine in general; raises a ModelError."""
    names = tuple(dict.fromkeys(name.upper() for name in types)) or TIMED
    known = [name for each in CLASSES.values() for name in each]
    if unknown := [name for name in names if name not in known]:
        raise BadRequest(f'the type "{unknown[0][:40]}" cannot be timed', f"Choose of {', '.join(known)}.")
    if text is not None:
        _check_text(text, model)
    if model is not None:
        _check_model(model)
    return Job(
        folder=str(folder),
        types=names,
        seconds=seconds,
        batch=batch,
        name=model.name if model is not None else None,
        path=model.path if model is not None else None,
        text=str(text) if text is not None else None,
        own_text=text is None and model is not None and model.source == "built-in",
    )


def _check_model(model: Model) -> None:
    if model.format != "gguf":
        what = "a script and has no weights" if model.format == "scripted" else "no GGUF file, and only those are timed"
        raise Unsupported(f'"{model.name}" is {what}', "Name another model, or none.")
    read_header(model.path)


def _check_text(text: Path, model: Model | None) -> None:
    if model is None:
        raise BadRequest("a text needs a model that reads it", "tektra models tune MODEL --text FILE")
    if model.adapters:
        raise Unsupported(
            f'"{model.name}" is "{model.origin}" with adapters, and its files would read the text without them',
            "Let the model that it was made of read the text.",
        )
    os.close(open_regular(text))


async def tuned(job: Job) -> AsyncGenerator[Progress | Tuning, None]:
    """Time everything, the result last; closing the iterator stops it, and nothing is left. Raises a ModelError."""
    found: Tuning | None = None
    folder = Path(job.folder)
    await asyncio.to_thread(_emptied, folder)
    try:
        async with aclosing(lines_of("tektra_models.tuner", msgspec.json.encode(job).decode())) as lines:
            async for line in lines:
                match _decoded(line):
                    case Progress() as progress:
                        yield progress
                    case Found(tuning=tuning):
                        found = tuning
                    case Refused(code=code, message=message, hint=hint):
                        raise from_code(code, message, hint)
    except ChildFailed as error:
        said = error.message[-LAST_WORDS:] or "it gave no reason"
        raise LoadFailed(f"the process that times ended: {said}", "Please report this.") from error
    finally:
        with anyio.CancelScope(shield=True):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    if found is not None:
        yield found


def _emptied(folder: Path) -> None:
    """Make the folder, without what a daemon that was killed left in it."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise write_failed(error, folder) from error


def _decoded(line: bytes) -> Said:
    try:
        said: Said = msgspec.json.decode(line, type=Said)
    except msgspec.MsgspecError as error:
        raise BadModelFile(f"the process that times said something odd: {error}") from error
    return said
