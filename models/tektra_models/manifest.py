"""The records of the catalog: what is known about one model, and the file that says so on disk."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import msgspec

from tektra_models.blobs import replace_text
from tektra_models.errors import BadModelFile, BadModelName
from tektra_models.gguf import Header, open_regular, read_header
from tektra_models.model_directory import CONFIG, is_directory, read_model_directory
from tektra_models.spec import Adapter

SCRIPT_SCHEMA = "tektra.scripted/1"
SCRIPT_SUFFIX = ".scripted.json"
MAX_SCRIPT = 1024 * 1024
NAME = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")

Source = Literal["built-in", "linked", "copied", "pulled", "adapted"]
Format = Literal["gguf", "safetensors", "scripted"]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a model file says about itself, kept so that listing opens no model file."""

    format: Format
    size_bytes: int
    architecture: str
    parameters: int
    quantization: str | None
    context_train: int | None
    embedding_only: bool


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model of the catalog; paths are absolute, and `missing` says that a file is not there any more.

    An adapted model has the path of the one that it was made of (`origin`), and adapters.
    """

    name: str
    source: Source
    origin: str | None
    path: str
    size_bytes: int
    sha256: str | None
    format: Format
    architecture: str
    parameters: int
    quantization: str | None
    context_train: int | None
    embedding_only: bool
    added_at: str
    adapters: tuple[Adapter, ...] = ()
    missing: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """All that have to be there; of a folder the one that says what it is."""
        main = f"{self.path}/{CONFIG}" if self.format == "safetensors" else self.path
        return (main, *(adapter.path for adapter in self.adapters))


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The document `<name>.json`."""

    schema: Literal["tektra.manifest/1"] = "tektra.manifest/1"
    model: Model


class _Script(msgspec.Struct, frozen=True):
    schema: str
    context: int | None = None


def read_facts(path: Path, name: str | None = None) -> Facts:
    """Check that the file is a model that can be used by itself, and say what it is; `name` is what it is called."""
    if (name or path.name).endswith(SCRIPT_SUFFIX):
        return _script_facts(path)
    if is_directory(path):
        return _directory_facts(path)
    header = read_header(path)
    _refuse_partial(header)
    return Facts(
        format="gguf",
        size_bytes=header.size_bytes,
        architecture=header.architecture or "",
        parameters=header.parameters,
        quantization=header.quantization,
        context_train=header.context_train,
        embedding_only=header.embedding_only,
    )


def _directory_facts(path: Path) -> Facts:
    found = read_model_directory(path)
    return Facts(
        format="safetensors",
        size_bytes=found.size_bytes,
        architecture=found.architecture,
        parameters=found.parameters,
        quantization=found.dtype,
        context_train=found.context_train,
        embedding_only=False,
    )


def _refuse_partial(header: Header) -> None:
    if header.is_split:
        parts = header.metadata["split.count"]
        raise BadModelFile(
            f"{header.path} is one of the {parts} parts of a split model, and parts cannot be used alone yet.",
            "Join them first: llama-gguf-split --merge FIRST-PART.gguf WHOLE.gguf",
        )
    if header.kind != "model" or header.architecture == "clip":
        raise BadModelFile(
            f"{header.path} is an addition to a model ({header.kind}, {header.architecture}), not a model.",
            "Import the model that it belongs to; an adapter is added to one with: tektra models adapt",
        )
    if not header.architecture:
        raise BadModelFile(f"{header.path} does not say which architecture it has.", "Convert the model again.")
    if not header.tensors:
        raise BadModelFile(f"{header.path} holds a vocabulary and no weights.", "Get the whole model file.")


def _script_facts(path: Path) -> Facts:
    fd = open_regular(path)
    with os.fdopen(fd, "rb") as file:
        text = file.read(MAX_SCRIPT + 1)
    if len(text) > MAX_SCRIPT:
        raise BadModelFile(f"{path} is longer than a script may be ({MAX_SCRIPT:,} bytes).", "Make it shorter.")
    hint = f'A script is a JSON object with "schema": "{SCRIPT_SCHEMA}".'
    try:
        script = msgspec.json.decode(text, type=_Script)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise BadModelFile(f"{path} is not a script: {exc}.", hint) from exc
    if script.schema != SCRIPT_SCHEMA:
        raise BadModelFile(f"{path} has the schema {script.schema[:100]!r}.", hint)
    return Facts(
        format="scripted",
        size_bytes=len(text),
        architecture="scripted",
        parameters=0,
        quantization=None,
        context_train=script.context,
        embedding_only=False,
    )


def check_name(name: str) -> str:
    """Return the name if it may be one, before any path or address is made of it."""
    if NAME.match(name) and ".." not in name and not name.lower().endswith(".json"):
        return name
    raise BadModelName(
        f"{name[:120]!r} cannot be a model's name.",
        "Use 1 to 100 letters, digits, dots, dashes and underscores, beginning with a letter or digit.",
    )


def name_for(file_name: str) -> str:
    """Make a name from a file's name: lower case, without its ending, anything unusual as a dash."""
    stem = file_name[: -len(SCRIPT_SUFFIX)] if file_name.endswith(SCRIPT_SUFFIX) else Path(file_name).stem
    cleaned = re.sub(r"-*[^a-z0-9._-]+-*", "-", stem.lower())
    return check_name(re.sub(r"\.{2,}", ".", cleaned).strip("-._")[:100])


def write_manifest(path: Path, model: Model) -> None:
    """Put the manifest in place, whole."""
    try:
        text = msgspec.json.format(msgspec.json.encode(Manifest(model=model)))
    except UnicodeEncodeError as exc:
        raise BadModelFile("The file's path is not valid UTF-8.", "Rename the file or its folder.") from exc
    replace_text(path, text)
