"""Folders of transformers models: what they say, what is refused, and their place in the catalog. Needs no torch."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tektra_models.catalog import Catalog
from tektra_models.errors import BadModelFile, BadRequest, LoadFailed, ModelError, ModelFileMissing, Unsupported
from tektra_models.model_directory import directory_identity, read_model_directory
from tektra_models.spec import Adapter, Spec
from tektra_models.worker import open_backend
from tektrad.pool.promise import estimate
from tests.safetensors_files import TENSORS, tensors, write_model

INDEX = "model.safetensors.index.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "Tiny-1.5B")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def split(folder: Path) -> dict[str, str]:
    """Put each tensor into a file of its own; gives what the index says."""
    (folder / "model.safetensors").unlink()
    places = {name: f"model-{number}.safetensors" for number, name in enumerate(TENSORS)}
    for name, file in places.items():
        (folder / file).write_bytes(tensors({name: TENSORS[name]}))
    (folder / INDEX).write_text(json.dumps({"weight_map": places}))
    return places


def test_a_folder_states_its_facts(folder: Path) -> None:
    found = read_model_directory(folder)
    assert (found.architecture, found.dtype, found.context_train) == ("llama", "BF16", 512)
    assert found.parameters == 100 * 64 + 128 * 64
    assert found.size_bytes == (folder / "model.safetensors").stat().st_size
    assert (found.chat_template, found.ends) == (None, frozenset())


def test_weights_in_several_files_count_together(folder: Path) -> None:
    whole = read_model_directory(folder).parameters
    split(folder)
    assert read_model_directory(folder).parameters == whole


def test_templates_and_ends_come_from_where_models_keep_them(folder: Path) -> None:
    (folder / "generation_config.json").write_text('{"eos_token_id": [2, 3, "x"]}')
    templates = [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": templates}))
    assert (read_model_directory(folder).chat_template, read_model_directory(folder).ends) == ("D", {2, 3})
    (folder / "tokenizer_config.json").write_text('{"chat_template": "plain"}')
    assert read_model_directory(folder).chat_template == "plain"
    (folder / "chat_template.jinja").write_text("of its own")
    assert read_model_directory(folder).chat_template == "of its own"


def test_a_context_that_would_change_how_places_are_counted_is_not_offered(tmp_path: Path) -> None:
    scaling = {"rope_type": "longrope", "original_max_position_embeddings": 128}
    assert read_model_directory(write_model(tmp_path / "long", rope_scaling=scaling)).context_train == 128
    plain = {"rope_type": "llama3", "original_max_position_embeddings": 128}
    assert read_model_directory(write_model(tmp_path / "plain", rope_scaling=plain)).context_train == 512


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def linked_out(folder: Path) -> None:
    shutil.move(folder / "model.safetensors", folder.parent / "elsewhere.safetensors")
    (folder / "model.safetensors").symlink_to(folder.parent / "elsewhere.safetensors")


def truncated(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", (folder / "model.safetensors").stat().st_size - 1)


def index_of(change: Callable[[dict[str, str]], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        places = split(folder)
        change(places)
        (folder / INDEX).write_text(json.dumps({"weight_map": places}))

    return spoil


def swap(places: dict[str, str]) -> None:
    places.update(zip(places, reversed(list(places.values())), strict=True))


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
    "config as a list": (write("config.json", "[1]"), "not an object"),
    "config that is no JSON": (write("config.json", "{"), "is no JSON"),
    "config without end": (write("config.json", "[" * 100_000), "is no JSON"),
    "huge config": (write("config.json", " " * (5 << 20)), "longer than"),
    "code of its own": (write("tokenizer_config.json", '{"a": [{"auto_map": {}}]}'), "auto_map"),
    "pickled weights": (pickled, "pickles can run code"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has neither"),
    "a link out": (linked_out, "is a link out"),
    "truncated weights": (truncated, "is cut short"),
    "an adapter": (write("adapter_config.json", "{}"), "is an adapter"),
    "an index of nothing": (index_of(lambda places: places.update(other="model-0.safetensors")), "lacks the tensor"),
    "an index of a missing file": (
        index_of(lambda places: places.update(other="model-9.safetensors")),
        "lacks the file",
    ),
    "an index out of the folder": (index_of(lambda places: places.update(other="../x.safetensors")), "lacks the file"),
    "an index in another order": (index_of(swap), "does not place"),
    "an index of numbers": (index_of(lambda places: places.update(other=1)), "does not say"),  # type: ignore[call-overload]
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_folder_is_refused(folder: Path, catalog: Catalog, case: str) -> None:
    spoil, reason = HOSTILE[case]
    spoil(folder)
    with pytest.raises(BadModelFile, match=reason):
        catalog.add_link(folder)
    assert not [model for model in catalog.list() if model.source == "linked"]


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"auto_map": {"AutoModel": "evil.Model"}}, BadModelFile, "auto_map"),
        ({"architectures": ["BertModel"]}, Unsupported, "BertModel"),
        ({"is_encoder_decoder": True}, Unsupported, "continue text"),
        ({"architectures": None}, BadModelFile, "architectures"),
        ({"architectures": [1]}, BadModelFile, "architectures"),
        ({"model_type": "../x"}, BadModelFile, "model_type"),
        ({"model_type": 7}, BadModelFile, "model_type"),
        ({"quantization_config": {"quant_method": "gptq"}}, Unsupported, "gptq"),
        ({"num_hidden_layers": 10**9}, BadModelFile, "more layers"),
    ],
)
def test_what_cannot_be_run_is_refused(
    tmp_path: Path, change: dict[str, object], kind: type[ModelError], reason: str
) -> None:
    with pytest.raises(kind, match=reason) as caught:
        read_model_directory(write_model(tmp_path / "model", **change))
    assert caught.value.hint


def test_the_cache_of_the_hub_may_link_to_its_blobs(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshots").mkdir()
    folder = write_model(tmp_path / "snapshots" / "0123")
    shutil.move(folder / "model.safetensors", tmp_path / "blobs" / "f00d")
    (folder / "model.safetensors").symlink_to("../../blobs/f00d")
    assert read_model_directory(folder).parameters


def test_what_is_no_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing):
        read_model_directory(tmp_path / "none")


def test_a_folder_is_linked_listed_and_forgotten(folder: Path, catalog: Catalog) -> None:
    model = catalog.add_link(folder)
    assert (model.name, model.format, model.quantization) == ("tiny-1.5b", "safetensors", "BF16")
    assert catalog.get("tiny-1.5b") == model
    spec = catalog.spec("tiny-1.5b", weights="int8")
    assert (spec.backend, spec.context, spec.weights) == ("huggingface", 512, "int8")
    assert catalog.remove("tiny-1.5b") == 0
    assert (folder / "config.json").exists()


def test_a_folder_that_went_is_missing(folder: Path, catalog: Catalog) -> None:
    catalog.add_link(folder)
    (folder / "config.json").unlink()
    assert catalog.get("tiny-1.5b").missing
    with pytest.raises(ModelFileMissing, match=r"file of .* is gone: .*config.json"):
        catalog.spec("tiny-1.5b")


def test_a_folder_is_not_copied(folder: Path, catalog: Catalog) -> None:
    with pytest.raises(Unsupported, match="folder"):
        catalog.add_copy(folder)


def test_a_changed_file_makes_another_model(folder: Path) -> None:
    before = directory_identity(folder)
    assert directory_identity(folder) == before
    (folder / "model.safetensors").write_bytes(tensors({"a": (3,)}))
    assert directory_identity(folder) != before


def test_only_folders_have_weights_to_choose(catalog: Catalog) -> None:
    with pytest.raises(BadRequest, match="GGUF"):
        catalog.spec(catalog.list()[0].name, weights="int8")


def test_a_folder_takes_a_gpu_whole_or_not_at_all(folder: Path, catalog: Catalog) -> None:
    name = catalog.add_link(folder).name
    assert [catalog.spec(name, gpu_layers=layers).gpu_layers for layers in ("auto", "none")] == ["auto", "none"]
    for layers in ("all", 1):
        with pytest.raises(BadRequest, match="as a whole or not at all"):
            catalog.spec(name, gpu_layers=layers)


def test_a_folder_takes_no_adapters(folder: Path, catalog: Catalog) -> None:
    name = catalog.add_link(folder).name
    with pytest.raises(Unsupported, match="no GGUF file"):
        catalog.add_adapted(name, [Adapter(path=str(folder / "style.gguf"))])


def test_fewer_bits_are_foretold_to_take_less(folder: Path) -> None:
    def weights(kind: str) -> int:
        spec = Spec(name="x", path=str(folder), backend="huggingface", weights=kind)  # type: ignore[arg-type]
        return estimate(spec).weights_bytes

    kept = 100 * 64 * 2
    assert [weights(kind) - kept for kind in ("stored", "int8", "int4")] == [128 * 64 * 2, 128 * 64, 128 * 64 * 5 // 8]


def test_without_torch_it_is_said_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "tektra_models.huggingface", raising=False)
    with pytest.raises(LoadFailed, match="not installed") as caught:
        open_backend(Spec(name="tiny", path=str(folder), backend="huggingface"))
    assert "pip install 'tektra-cli[torch]'" in caught.value.hint
