"""What models there are: one manifest a model, weights beside them; the only writer of the models directory's names.

A model is *linked* (its file stays where it is), *copied* or *pulled* (its file lies in `blobs/` under its SHA-256),
or *adapted* (the file of another model, with adapters that stay where they are).
Several threads and processes may use one directory: changes are made under a file lock, and each is one rename.
"""

from __future__ import annotations

import difflib
import fcntl
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tektra_models.adapters import check_adapter
from tektra_models.blobs import copy_hashed, sweep_downloads, sync_directory, temporary_blob, write_failed
from tektra_models.errors import (
    BadModelName,
    BadRequest,
    ModelError,
    ModelExists,
    ModelFileMissing,
    PermissionDenied,
    UnknownModel,
    Unsupported,
)
from tektra_models.gguf import read_header
from tektra_models.manifest import (
    SCRIPT_SUFFIX,
    Facts,
    Format,
    Manifest,
    Model,
    Source,
    check_name,
    name_for,
    read_facts,
    write_manifest,
)
from tektra_models.model_directory import directory_identity, is_directory
from tektra_models.spec import Adapter, BackendName, Spec
from tektra_models.starter import MODEL_NAME, MODEL_PATH

__all__ = ["BUILT_IN", "Catalog", "Model"]

BUILT_IN, BUILT_IN_FILE = MODEL_NAME, MODEL_PATH
DEFAULT_CONTEXT = 4096

BACKENDS: dict[Format, BackendName] = {"gguf": "llamacpp", "safetensors": "huggingface", "scripted": "scripted"}

_log = logging.getLogger(__name__)


class Catalog:
    """The models of one directory, and the built-in one."""

    def __init__(
        self,
        models_dir: Path,
        *,
        built_in_file: Path = BUILT_IN_FILE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.models_dir = models_dir.absolute()
        self._blobs = self.models_dir / "blobs"
        self._built_in_file = built_in_file
        self._now = now
        self._built_in_seen: tuple[int, int, Model] | None = None

    def list(self) -> list[Model]:
        """Every model, the built-in one first, the others by name."""
        manifests = sorted(self.models_dir.glob("[!.]*.json"), key=lambda path: path.name)
        found = [model for path in manifests if (model := self._read(path))]
        built_in = self._built_in()
        return [built_in, *found] if built_in else found

    def get(self, name: str) -> Model:
        """The model of that name, in any case; raises UnknownModel with the nearest names."""
        if model := self._find(name):
            return model
        models = {model.name.lower(): model for model in self.list()}
        near = [models[key].name for key in difflib.get_close_matches(name.lower()[:100], models, n=3, cutoff=0.5)]
        guess = f"Did you mean {' or '.join(near)}? " if near else ""
        raise UnknownModel(f'There is no model "{name[:120]}".', f"{guess}See what there is: tektra models list")

    def _find(self, name: str) -> Model | None:
        """Read one manifest and no other; what could not be a name leads to no path."""
        if name.lower() == BUILT_IN:
            return self._built_in()
        try:
            return self._read(self._manifest(check_name(name)))
        except BadModelName:
            return None

    def add_link(self, path: str | os.PathLike[str], name: str | None = None) -> Model:
        """Take a file into the catalog and leave it where it is."""
        file = Path(path).absolute()
        # What stands behind a dot in a folder's name is no ending.
        own_name = f"{file.name}.safetensors" if is_directory(file) else file.name
        name = name_for(own_name) if name is None else check_name(name)
        model = self._model(name, "linked", file, read_facts(file))
        with self._changing():
            return self._commit(model)

    def add_copy(
        self, path: str | os.PathLike[str], name: str | None = None, progress: Callable[[int, int], None] | None = None
    ) -> Model:
        """Take a copy of a file into the catalog; `progress` hears done and total bytes."""
        file = Path(path).absolute()
        if is_directory(file):
            raise Unsupported(f"{file} is a folder, and folders are used where they lie.", "Leave --copy out.")
        name = name_for(file.name) if name is None else check_name(name)
        read_facts(file)  # before gigabytes are copied
        suffix = SCRIPT_SUFFIX if file.name.endswith(SCRIPT_SUFFIX) else ".gguf"
        self._make_directories()
        with temporary_blob(self._blobs) as temp:
            digest = copy_hashed(file, temp, progress or (lambda done, total: None))
            # The copy's own facts count: its source may have changed in the meantime.
            facts = read_facts(Path(temp.name), f"copy{suffix}")
            blob = self._blobs / f"{digest}{suffix}"
            model = self._model(name, "copied", blob, facts, sha256=digest)
            with self._changing():
                self._refuse_other(model)
                Path(temp.name).replace(blob)
                sync_directory(self._blobs)
                return self._commit(model)

    def add_pulled(self, blob_path: Path, name: str, origin: str, sha256: str) -> Model:
        """Take in a file that a pull put under `blobs/` after checking its digest."""
        facts = read_facts(blob_path)
        model = self._model(check_name(name), "pulled", blob_path.absolute(), facts, sha256=sha256, origin=origin)
        with self._changing():
            return self._commit(model)

    def add_adapted(self, base: str, adapters: Sequence[Adapter], name: str | None = None) -> Model:
        """Take in a model that is another one with adapters; all files stay where they are."""
        placed = tuple(msgspec.structs.replace(each, path=str(Path(each.path).absolute())) for each in adapters)
        with self._changing():  # the base must not go meanwhile
            model = self.get(base)
            if model.missing:
                raise _gone(model)
            if model.format != "gguf":
                raise Unsupported(f'"{model.name}" is no GGUF file, as adapters need it.', "Name a GGUF model.")
            header = read_header(model.path)
            for adapter in placed:
                check_adapter(read_header(adapter.path), header)
            default = f"{model.name}-{Path(placed[0].path).stem}.gguf"
            adapted = msgspec.structs.replace(
                model,
                name=name_for(default) if name is None else check_name(name),
                source="adapted",
                origin=model.name,
                added_at=self._stamp(),
                adapters=(*model.adapters, *placed),
            )
            return self._commit(adapted)

    def blob(self, sha256: str) -> Path:
        """Where a GGUF file of that digest lies, or would lie."""
        self._make_directories()
        return self._blobs / f"{sha256}.gguf"

    def sweep(self, before: float) -> tuple[str, ...]:
        """Remove downloads that nobody went on with since `before` (seconds of the epoch); raises a ModelError."""
        return sweep_downloads(self._blobs, before)

    def ensure_free(self, name: str, sha256: str) -> None:
        """Raise ModelExists unless the name is free or already means this very file."""
        taken = self._existing(check_name(name))
        if taken and (taken.sha256 != sha256 or taken.adapters):
            raise _taken(taken)

    def remove(self, name: str) -> int:
        """Forget a model; returns the bytes that this freed. A linked file stays where it is."""
        model = self.get(name)
        if model.source == "built-in":
            raise Unsupported(
                f'"{model.name}" is part of Tektra and cannot be removed.', "Choose another model with --model NAME."
            )
        with self._changing():
            # The manifest goes first: a crash in between leaves a file nobody names, not a name without a file.
            self._manifest(model.name).unlink(missing_ok=True)
            sync_directory(self.models_dir)
            return self._drop_blob(Path(model.path))

    def spec(self, name: str, context: int | None = None, **how: int | float | str) -> Spec:
        """How a worker shall open the model; raises when its file is gone or hidden, or the context is impossible.

        `how` are the Spec's fields that no file decides, such as slots and batch.
        """
        model = self.get(name)
        if model.missing:
            raise _gone(model)
        if model.format != "safetensors" and how.get("weights", "stored") != "stored":
            raise BadRequest(
                f'"{model.name}" is a GGUF file, whose weights are used as they are.',
                "Write one with fewer bits: tektra models quantize",
            )
        if model.format == "safetensors" and how.get("gpu_layers", "none") not in ("auto", "none"):
            raise BadRequest(
                f'"{model.name}" is run by transformers, which computes it on a GPU as a whole or not at all.',
                "Choose auto or none (--gpu-layers), or use a GGUF version of the model.",
            )
        most = model.context_train
        if context is not None and (context < 1 or (most is not None and context > most)):
            limit = f"1 to {most:,}" if most else "1 or more"
            raise BadRequest(
                f'"{model.name}" cannot have a context of {context:,} tokens.', f"Ask for {limit} (--context N)."
            )
        return Spec(
            name=model.name,
            path=model.path,
            backend=BACKENDS[model.format],
            context=context or min(most or DEFAULT_CONTEXT, DEFAULT_CONTEXT),
            adapters=model.adapters,
            digest=digest_of(model),
            **how,  # type: ignore[arg-type]
        )

    def _model(
        self, name: str, source: Source, path: Path, facts: Facts, sha256: str | None = None, origin: str | None = None
    ) -> Model:
        known = msgspec.structs.asdict(facts)
        return Model(
            name=name, source=source, origin=origin, path=str(path), sha256=sha256, added_at=self._stamp(), **known
        )

    def _stamp(self) -> str:
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _commit(self, model: Model) -> Model:
        self._refuse_other(model)
        existing = self._existing(model.name)
        if existing:
            model = msgspec.structs.replace(model, name=existing.name, added_at=existing.added_at)
        write_manifest(self._manifest(model.name), model)
        if existing and existing.path != model.path:
            self._drop_blob(Path(existing.path))
        return model

    def _refuse_other(self, model: Model) -> None:
        existing = self._existing(model.name)
        if existing and not _same_file(existing, model):
            raise _taken(existing)

    def _existing(self, name: str) -> Model | None:
        # The built-in model's name is taken even where its file is not installed.
        if name.lower() == BUILT_IN:
            raise ModelExists(f'"{BUILT_IN}" is the name of the built-in model.', "Choose another one: --name NAME")
        return self._read(self._manifest(name))

    def _manifest(self, name: str) -> Path:
        return self.models_dir / f"{name.lower()}.json"

    def _read(self, path: Path) -> Model | None:
        try:
            model = msgspec.json.decode(path.read_bytes(), type=Manifest).model
        except FileNotFoundError:
            return None
        except (OSError, ValueError, msgspec.MsgspecError) as exc:
            _log.warning("The manifest %s is damaged and left out of the list: %s", path, exc)
            return None
        if path.name != f"{model.name.lower()}.json":
            _log.warning("The manifest %s calls itself %r and is left out of the list", path, model.name)
            return None
        return msgspec.structs.replace(model, missing=not all(_is_file(Path(path)) for path in model.files))

    def _built_in(self) -> Model | None:
        try:
            found = self._built_in_file.stat()
        except OSError:
            return None
        if self._built_in_seen and self._built_in_seen[:2] == (found.st_mtime_ns, found.st_size):
            return self._built_in_seen[2]
        try:
            facts = read_facts(self._built_in_file)
            with self._built_in_file.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except (ModelError, OSError) as exc:
            _log.warning("The built-in model is left out of the list: %s", exc)
            return None
        model = self._model(BUILT_IN, "built-in", self._built_in_file, facts, sha256=digest)
        added = datetime.fromtimestamp(int(found.st_mtime), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        model = msgspec.structs.replace(model, added_at=added)
        self._built_in_seen = (found.st_mtime_ns, found.st_size, model)
        return model

    def _drop_blob(self, path: Path) -> int:
        if path.parent != self._blobs:
            return 0
        # A text search also finds the use in a manifest that is damaged and may be mended.
        for manifest in self.models_dir.glob("*.json"):
            if path.name.encode() in manifest.read_bytes():
                return 0
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def _make_directories(self) -> None:
        try:
            self.models_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._blobs.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise write_failed(exc, self.models_dir) from exc

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._make_directories()
        try:
            with (self.models_dir / ".lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as exc:
            raise write_failed(exc, self.models_dir) from exc


def _same_file(one: Model, other: Model) -> bool:
    if one.adapters != other.adapters:
        return False
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    if one.path == other.path:
        return True
    try:
        return Path(one.path).samefile(other.path)
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    """False also where nobody may look: one hidden file must not take the whole list with it."""
    try:
        return path.is_file()
    except OSError:
        return False


def digest_of(model: Model) -> str:
    """What tells a model's file, with its adapters, from all others."""
    adapters = (f"{_identity(Path(adapter.path))} × {adapter.scale}" for adapter in model.adapters)
    return " + ".join((model.sha256 or _identity(Path(model.path)), *adapters))


def _identity(path: Path) -> str:
    """What tells a file whose digest nobody knows from others: place, size and time of change; "" if it is gone."""
    try:
        if is_directory(path):
            return directory_identity(path)
        status = path.stat()
    except OSError:
        return ""
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _gone(model: Model) -> ModelError:
    path = next((path for path in model.files if not _is_file(Path(path))), model.files[0])
    what = "file" if path == model.files[0] else "adapter"
    try:
        Path(path).stat()
    except PermissionError:
        return PermissionDenied(
            f'The {what} of "{model.name}" cannot be reached: {path}.', "See who may enter its folder: ls -ld"
        )
    except OSError:
        pass
    return ModelFileMissing(
        f'The {what} of "{model.name}" is gone: {path}.',
        f"Put it back, or forget the model: tektra models rm {model.name}",
    )


def _taken(model: Model) -> ModelExists:
    return ModelExists(
        f'The name "{model.name}" is taken by {model.path}.',
        f"Choose another one with --name NAME, or remove that model first: tektra models rm {model.name}",
    )
