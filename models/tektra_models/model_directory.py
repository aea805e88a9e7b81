"""Reads what a directory of a transformers model says about itself, and never its weights; all of it is hostile.

Such a directory has config.json, safetensors files (one, or several with an index) and tokenizer.json. Weights that are
pickles, code of the model's own (`auto_map`) and links that lead out of the directory are refused before any library
that might follow them is imported.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from tektra_models.errors import BadModelFile, ModelFileMissing, PermissionDenied, Unsupported
from tektra_models.gguf import open_regular
from tektra_models.safetensors_header import SafetensorsHeader, StoredTensor, read_safetensors_header

CONFIG, WHOLE, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
TOKENIZER, TOKENIZER_CONFIG, GENERATION = "tokenizer.json", "tokenizer_config.json", "generation_config.json"
ADAPTER = "adapter_config.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
MAX_ENTRIES = 10_000
MAX_JSON = 4 * 1024 * 1024
MAX_TOKENIZER = 128 * 1024 * 1024
MAX_SHARDS = 1024
WRITERS = ("ForCausalLM", "LMHeadModel")
"""How the classes of models that write are called."""
SHORT_BEGINNING = ("dynamic", "longrope")
"""Ways of counting positions that change for all sequences of a step when one of them grows long."""

Json = dict[str, Any]


@dataclass(frozen=True)
class ModelDirectory:
    """A model's directory after its checks; `files` are those that a loader may read, by name."""

    path: Path
    config: Json
    headers: tuple[SafetensorsHeader, ...]
    files: dict[str, Path]

    @property
    def architecture(self) -> str:
        """The family whose code runs it, such as "llama" or "qwen3"."""
        kind = self.config.get("model_type")
        return kind if isinstance(kind, str) else ""

    @cached_property
    def tensors(self) -> tuple[StoredTensor, ...]:
        """All tensors of all files."""
        return tuple(tensor for header in self.headers for tensor in header.tensors)

    @property
    def parameters(self) -> int:
        """How many weights all tensors hold together."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def size_bytes(self) -> int:
        """The bytes of the files with weights."""
        return sum(header.size_bytes for header in self.headers)

    @cached_property
    def dtype(self) -> str:
        """The type that most bytes have, such as "BF16"."""
        sizes: Counter[str] = Counter()
        for tensor in self.tensors:
            sizes[tensor.dtype] += tensor.bytes
        return sizes.most_common(1)[0][0]

    @property
    def context_train(self) -> int | None:
        """How many tokens it was trained to attend to; where it would go on differently after some, so many."""
        scaling = self.config.get("rope_parameters") or self.config.get("rope_scaling")
        if isinstance(scaling, dict) and scaling.get("rope_type", scaling.get("type")) in SHORT_BEGINNING:
            first = scaling.get("original_max_position_embeddings", self.number("original_max_position_embeddings"))
            if type(first) is int and first > 0:
                return first
        return self.number("max_position_embeddings") or self.number("n_positions")

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that its configuration calls ends of a text."""
        said = [settings.get("eos_token_id") for settings in (self.config, self.json(GENERATION))]
        flat = [token for value in said for token in (value if isinstance(value, list) else [value])]
        return frozenset(token for token in flat if type(token) is int)

    @property
    def chat_template(self) -> str | None:
        """Its chat template: untrusted Jinja source."""
        found: object = self.text("chat_template.jinja") or self.json(TOKENIZER_CONFIG).get("chat_template")
        if isinstance(found, list):
            named = {item.get("name"): item.get("template") for item in found if isinstance(item, dict)}
            found = named.get("default")
        return found if isinstance(found, str) and found else None

    def number(self, key: str) -> int | None:
        """A positive whole number of the configuration."""
        value = self.config.get(key)
        return value if type(value) is int and 0 < value < 1 << 40 else None

    def json(self, name: str, most: int = MAX_JSON) -> Json:
        """An object out of one of the files; empty where there is no such file. Raises BadModelFile."""
        return _object(self.files[name], most) if name in self.files else {}

    def text(self, name: str, most: int = MAX_JSON) -> str | None:
        """The text of one of the files; None where there is no such file. Raises BadModelFile."""
        return _text(self.files[name], most) if name in self.files else None


def read_model_directory(path: str | os.PathLike[str]) -> ModelDirectory:
    """Check a directory and say what is in it, or raise a ModelError saying what is wrong with it."""
    path = Path(path)
    files = dict(_files(path))
    if CONFIG not in files:
        _bad(path, f"has no {CONFIG}, so it is no model of transformers", "Name the folder that holds it.")
    if ADAPTER in files:
        _bad(path, f"is an adapter ({ADAPTER}), not a model", "Merge it into its model first.")
    for name in (CONFIG, TOKENIZER_CONFIG, GENERATION):
        if name in files and _mentions(_object(files[name]), "auto_map"):
            _bad(
                files[name],
                "names code of the model's own (auto_map), which is never run",
                "Use a model of a family that transformers knows, or a GGUF version.",
            )
    config = _object(files[CONFIG])
    _check_kind(path, config)
    found = ModelDirectory(path, config, tuple(_headers(path, files)), files)
    if not found.tensors:
        _bad(path, "holds no weights", "Get the whole model.")
    if (found.number("num_hidden_layers") or found.number("n_layer") or 0) > len(found.tensors):
        _bad(files[CONFIG], "claims more layers than there are tensors", "Get the whole model.")
    return found


def is_directory(path: Path) -> bool:
    """Whether there is a directory; false also where nobody may look."""
    try:
        return path.is_dir()
    except OSError:
        return False


def directory_identity(path: Path) -> str:
    """What tells a directory's files from others without reading them: their sizes and times of change."""
    found = hashlib.sha256(os.fsencode(path))
    for name, file in sorted(_files(path)):
        status = file.stat()
        found.update(f"\n{name!r} {status.st_size} {status.st_mtime_ns}".encode())
    return found.hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The regular files of a folder and where they really lie; links may not lead out of the model."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder))[: MAX_ENTRIES + 1]
        home = folder.resolve()
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise ModelFileMissing(f"There is no folder {folder}.", "Check the path.") from exc
    except PermissionError as exc:
        raise PermissionDenied(f"{folder} may not be read: {exc.strerror}.", "Check who may: ls -ld") from exc
    except OSError as exc:
        raise BadModelFile(f"{folder} could not be read: {exc.strerror}.", "Check the disk it lies on.") from exc
    if len(names) > MAX_ENTRIES:
        _bad(folder, f"holds more than {MAX_ENTRIES:,} files", "Name the folder of the model alone.")
    for name in names:
        real = Path(os.path.realpath(folder / name))
        if real.is_file():
            if not any(real.is_relative_to(allowed) for allowed in _homes(home)):
                _bad(folder / name, f"is a link out of the model, to {real}", "Put the file itself there.")
            yield name, real


def _homes(home: Path) -> tuple[Path, ...]:
    """Where a model's files may lie: in its folder, and in the Hugging Face cache among its repository's blobs."""
    return (home, home.parents[1] / "blobs") if home.parent.name == "snapshots" else (home,)


def _check_kind(path: Path, config: Json) -> None:
    """Refuse what this can neither run nor load by itself."""
    classes = config.get("architectures")
    kind = config.get("model_type")
    if not isinstance(kind, str) or not kind.isidentifier():
        _bad(path / CONFIG, "does not say which model_type it is of", "Get the whole model.")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        _bad(path / CONFIG, "does not say of which class it is (architectures)", "Get the whole model.")
    if config.get("is_encoder_decoder") or not any(name.endswith(WRITERS) for name in classes):
        raise Unsupported(
            f"{path} holds a {', '.join(classes)[:100] or kind}, and only models that continue text can be run so.",
            "Use a GGUF version of the model.",
        )
    if quantized := config.get("quantization_config"):
        method = quantized.get("quant_method") if isinstance(quantized, dict) else None
        raise Unsupported(
            f"{path} is quantized already ({str(method)[:40]}), and that needs programs that are not used here.",
            "Use the model as it was trained; Tektra quantizes it as it loads (--weights int8 or int4).",
        )


def _headers(path: Path, files: dict[str, Path]) -> Iterator[SafetensorsHeader]:
    """The headers of all files with weights; a list of several has to agree with what is in them."""
    if WHOLE in files:
        yield read_safetensors_header(files[WHOLE])
        return
    if INDEX not in files:
        if pickles := [name for name in files if name.lower().endswith(PICKLES)]:
            _bad(
                path,
                f"has its weights as pickles ({pickles[0]}); pickles can run code, so they are never opened",
                "Get the model with safetensors files.",
            )
        _bad(path, f"has neither {WHOLE} nor {INDEX}", "Get the whole model.")
    places = _object(files[INDEX], MAX_TOKENIZER).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        _bad(files[INDEX], "does not say which file holds which tensor", "Get the whole model.")
    shards = sorted(set(places.values()))
    if len(shards) > MAX_SHARDS:
        _bad(files[INDEX], f"names {len(shards):,} files, and {MAX_SHARDS:,} is the most", "Get the whole model.")
    for name in shards:
        if name not in files or not name.endswith(".safetensors"):
            _bad(path, f"lacks the file {name[:200]!r} that {INDEX} names", "Get the whole model.")
        header = read_safetensors_header(files[name])
        for tensor in header.tensors:
            if places.pop(tensor.name, None) != name:
                _bad(files[INDEX], f"does not place tensor {tensor.name!r} in {name}", "Get the whole model.")
        yield header
    if places:
        _bad(path, f"lacks the tensor {next(iter(places))[:200]!r} that {INDEX} names", "Get the whole model.")


def _object(path: Path, most: int = MAX_JSON) -> Json:
    try:
        value = json.loads(_text(path, most))
    except (ValueError, RecursionError) as exc:
        _bad(path, f"is no JSON: {exc}", "Get the file again.")
    if not isinstance(value, dict):
        _bad(path, f"is a JSON {type(value).__name__}, not an object", "Get the file again.")
    return value


def _text(path: Path, most: int) -> str:
    with os.fdopen(open_regular(path), "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        _bad(path, f"is longer than {most:,} bytes", "Get the file again.")
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        _bad(path, f"is not UTF-8: {exc.reason}", "Get the file again.")


def _mentions(value: object, key: str) -> bool:
    """Whether an object anywhere in it has this key."""
    if isinstance(value, dict):
        return key in value or any(_mentions(item, key) for item in value.values())
    return isinstance(value, list) and any(_mentions(item, key) for item in value)


def _bad(path: Path, what: str, hint: str) -> NoReturn:
    raise BadModelFile(f"{path} {what}.", hint)
