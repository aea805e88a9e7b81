"""A folder with a model's safetensors and JSON files: read, checked and never executed; it is treated as hostile."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import msgspec

from tektra_models.errors import BadModelFile, ModelFileMissing, Unsupported
from tektra_models.gguf import open_regular
from tektra_models.safetensors_header import StoredTensor, read_safetensors_header

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
WHOLE = ("F32", "F16", "BF16")
"""Number types that are no quantization, by the names that safetensors and GGUF both give them."""
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
MAX_JSON = 1024 * 1024
MAX_INDEX = 64 * MAX_JSON
SHARD = re.compile(r"\w[\w.-]{0,200}\.safetensors", re.ASCII)

T = TypeVar("T")


class _Index(msgspec.Struct, frozen=True):
    weight_map: Annotated[dict[str, str], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Weights:
    """One tensor in a folder, and the file that holds it."""

    file: Path
    tensor: StoredTensor


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model's folder: where it lies, and each of its tensors by name."""

    path: Path
    tensors: dict[str, Weights]

    @property
    def weights_bytes(self) -> int:
        """How many bytes all tensors take."""
        return sum(weights.tensor.bytes for weights in self.tensors.values())

    @property
    def usual_type(self) -> str:
        """The type that most of its weights have, of those that GGUF has too."""
        sizes = dict.fromkeys(WHOLE, 0)
        for weights in self.tensors.values():
            if weights.tensor.dtype in sizes:
                sizes[weights.tensor.dtype] += weights.tensor.bytes
        return max(WHOLE, key=sizes.__getitem__)

    def json(self, name: str, kind: type[T], limit: int = MAX_JSON) -> T:
        """One of its JSON files, as the type that it has to be; raises a ModelError."""
        return decoded(self.path / name, self.text(name, limit), kind)

    def json_if_there(self, name: str, kind: type[T], limit: int = MAX_JSON) -> T | None:
        """The same, or None when there is no such file."""
        return self.json(name, kind, limit) if self.has(name) else None

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.path / name).is_file()

    def text(self, name: str, limit: int = MAX_JSON) -> bytes:
        """One of its small files; raises a ModelError when it is larger than `limit`."""
        return read_bounded(self.path / name, limit)


def open_folder(path: Path) -> ModelFolder:
    """Read which tensors a folder holds, from the headers of its safetensors; raises a ModelError."""
    if not (path / CONFIG).is_file():
        raise ModelFileMissing(f"{path} is no model's folder: it has no {CONFIG}.", "Name a .gguf file, or the folder.")
    folder = ModelFolder(path, {})
    if folder.has(INDEX):
        _take_shards(folder, folder.json(INDEX, _Index, MAX_INDEX).weight_map)
    elif folder.has(WEIGHTS):
        for tensor in read_safetensors_header(path / WEIGHTS).tensors:
            folder.tensors[tensor.name] = Weights(path / WEIGHTS, tensor)
    else:
        _refuse_without_weights(path)
    return folder


def _take_shards(folder: ModelFolder, places: dict[str, str]) -> None:
    """Find the tensors that an index names in the files that it names; they have to lie in the folder itself."""
    held: dict[str, dict[str, StoredTensor]] = {}
    for file in sorted(set(places.values())):
        if not SHARD.fullmatch(file):
            raise BadModelFile(f"{folder.path / INDEX} names {file!r}, which is no file of weights in that folder.")
        held[file] = {tensor.name: tensor for tensor in read_safetensors_header(folder.path / file).tensors}
    for name, file in places.items():
        if name not in held[file]:
            raise BadModelFile(f"{folder.path / file} lacks {name!r}, which {INDEX} says is there.", "Get it again.")
        folder.tensors[name] = Weights(folder.path / file, held[file][name])


def _refuse_without_weights(path: Path) -> NoReturn:
    if any(True for pattern in PICKLES for _ in path.glob(pattern)):
        raise Unsupported(
            f"{path} has its weights as Python pickles only; pickles can run code, so they are never opened.",
            "Get the model with safetensors.",
        )
    raise ModelFileMissing(f"{path} has no weights: neither {WEIGHTS} nor {INDEX}.", "Copy or download all of it.")


def decoded(path: Path, text: bytes | msgspec.Raw, kind: type[T]) -> T:
    """JSON as the type that it has to be; raises BadModelFile naming what is wrong where."""
    try:
        return msgspec.json.decode(text, type=kind, strict=True)
    except (ValueError, RecursionError) as error:
        raise BadModelFile(f"{path} does not say what it has to: {error}.", "Copy or download it again.") from error


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; raises a ModelError."""
    fd = open_regular(path)
    try:
        with os.fdopen(fd, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise BadModelFile(f"{path} could not be read: {error.strerror}.", "Check the disk it lies on.") from error
    if len(data) > limit:
        raise BadModelFile(f"{path} is larger than {limit:,} bytes, which none of its kind is.", "Get it again.")
    return data
