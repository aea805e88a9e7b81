"""Folders that are not what they seem, disks that are full, people who change their minds: nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tektra_models.convert.convert import convert
from tektra_models.errors import BadModelFile, BadRequest, DiskFull, ModelError, ModelFileMissing, Unsupported
from tektra_models.gguf import read_header
from tektra_models.quantize import quantized
from tests.model_folders import (
    BYTE_MARKS,
    Json,
    bert_config,
    bert_weights,
    byte_level,
    decoder_config,
    decoder_weights,
    word_piece,
    write_folder,
    write_safetensors,
)

Refused = Callable[[Path], ModelError]


def llama(path: Path, *, shards: int = 1, **changes: Any) -> Path:
    config = decoder_config("LlamaForCausalLM", num_hidden_layers=1)
    return write_folder(path, config | changes, decoder_weights(config), byte_level(), BYTE_MARKS, shards=shards)


def bert(path: Path, **changes: Any) -> Path:
    config = bert_config(num_hidden_layers=1)
    return write_folder(path, config | changes, bert_weights(config), word_piece(), {})


def refusal(folder: Path) -> ModelError:
    """What is said of a folder that is not converted, of which nothing is kept."""
    target = folder.with_suffix(".gguf")
    with pytest.raises(ModelError) as caught:
        convert(folder, target, "F16", lambda done, total: None)
    assert not target.exists()
    return caught.value


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"architectures": ["GemmaForCausalLM"]}, Unsupported, "GemmaForCausalLM"),
        ({"architectures": [], "model_type": "rwkv"}, Unsupported, "rwkv"),
        ({"architectures": [7]}, BadModelFile, "architectures"),
        ({"auto_map": {"AutoModelForCausalLM": "modeling.Evil"}}, Unsupported, "code that comes with it"),
        ({"quantization_config": {"quant_method": "gptq"}}, Unsupported, "quantized already"),
        ({"hidden_act": "gelu"}, Unsupported, "'gelu'"),
        ({"partial_rotary_factor": 0.5}, Unsupported, "a part of each head"),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, Unsupported, "dynamic"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 2.0, "attention_factor": 3.0}}, Unsupported, "yarn"),
        ({"rope_scaling": {"rope_type": "llama3", "low_freq_factor": 4.0}}, Unsupported, "no range"),
        ({"rope_theta": 0}, BadModelFile, "rope_theta"),
        ({"num_attention_heads": 5}, BadModelFile, "5 heads"),
        ({"num_key_value_heads": 3}, BadModelFile, "3 of them kept"),
        ({"num_hidden_layers": 2}, BadModelFile, "lacks the tensor model.layers.1"),
        ({"num_hidden_layers": 10**9}, BadModelFile, "num_hidden_layers"),
        ({"hidden_size": -1}, BadModelFile, "hidden_size"),
        ({"hidden_size": 2**200}, BadModelFile, "config.json"),
        ({"hidden_size": "32"}, BadModelFile, "hidden_size"),
        ({"intermediate_size": 64}, BadModelFile, "by its config.json it is [64, 32]"),
        ({"vocab_size": 279}, BadModelFile, "embed_tokens"),
        ({"rms_norm_eps": "NaN"}, BadModelFile, "rms_norm_eps"),
    ],
)
def test_what_a_configuration_may_not_say(tmp_path: Path, changes: Json, kind: type[ModelError], said: str) -> None:
    error = refusal(llama(tmp_path / "m", **changes))
    assert type(error) is kind
    assert said in error.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden_act": "relu"}, "'relu'"),
        ({"position_embedding_type": "relative_key"}, "relative_key"),
        ({"is_decoder": True}, "a BERT that writes"),
        ({"num_attention_heads": 5}, "5 heads"),
        ({"architectures": ["BertForSequenceClassification"]}, "BertForSequenceClassification"),
    ],
)
def test_what_a_berts_configuration_may_not_say(tmp_path: Path, changes: Json, said: str) -> None:
    assert said in refusal(bert(tmp_path / "m", **changes)).message


@pytest.mark.parametrize(
    ("modules", "pooling", "said"),
    [
        ([{"type": "models.Pooling", "path": "../outside"}], {}, "no folder beside it"),
        ([{"type": "models.Pooling", "path": "1_Pooling"}], {"pooling_mode_max_tokens": True}, "max_tokens"),
        ([{"type": "models.Pooling", "path": "1_Pooling"}], {"pooling_mode": "attention"}, "attention"),
        ([{"type": "models.Pooling", "path": "1_Pooling"}], {}, "nothing"),
        ([{"type": "models.Pooling", "path": "1_Pooling"}, {"type": "models.Dense", "path": "2"}], {}, "Dense"),
    ],
)
def test_vectors_that_would_be_others_are_refused(
    tmp_path: Path, modules: list[Json], pooling: Json, said: str
) -> None:
    folder = bert(tmp_path / "m")
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    assert said in refusal(folder).message


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    assert isinstance(refusal(tmp_path / "m"), ModelFileMissing)
    folder = llama(tmp_path / "n")
    (folder / "model.safetensors").unlink()
    assert isinstance(refusal(folder), ModelFileMissing)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    folder = llama(tmp_path / "m")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "pickles can run code" in refusal(folder).message
    (folder / "pytorch_model.bin").unlink()
    (folder / "model.safetensors").write_bytes(b"\x80\x04\x95" + bytes(100))
    assert isinstance(refusal(folder), BadModelFile)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"null", b"\xff\xfe{}", b'{"vocab_size": 1e400}'])
def test_files_full_of_nonsense_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    folder = llama(tmp_path / "m")
    (folder / name).write_bytes(content)
    assert refusal(folder).message


def test_files_that_are_none_and_files_without_end_are_refused(tmp_path: Path) -> None:
    folder = llama(tmp_path / "m")
    with (folder / "generation_config.json").open("wb") as file:
        file.truncate(1 << 40)
    assert "larger than" in refusal(folder).message
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")
    assert isinstance(refusal(folder), ModelFileMissing)


@pytest.mark.parametrize(
    "file", ["../outside.safetensors", "/etc/passwd", "sub/x.safetensors", "x.bin", "", "gone.safetensors"]
)
def test_an_index_names_files_of_its_folder_only(tmp_path: Path, file: str) -> None:
    folder = llama(tmp_path / "m", shards=2)
    write_safetensors(tmp_path / "outside.safetensors", {"model.norm.weight": np.ones(32, dtype=np.float32)})
    index = folder / "model.safetensors.index.json"
    places = json.loads(index.read_text())["weight_map"]
    index.write_text(json.dumps({"weight_map": places | {"model.norm.weight": file}}))
    refusal(folder)
    index.write_text(json.dumps({"weight_map": places | {"more": "model-00000.safetensors"}}))
    assert "lacks 'more'" in refusal(folder).message


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float, kind: str) -> None:
    config = decoder_config("LlamaForCausalLM", num_hidden_layers=1)
    weights = decoder_weights(config)
    weights["model.layers.0.self_attn.q_proj.weight"][0, 0] = value
    folder = write_folder(tmp_path / "m", config, weights, byte_level(), BYTE_MARKS, kind)
    target = tmp_path / "x.gguf"
    with pytest.raises(BadModelFile, match="q_proj"):
        convert(folder, target, "F32", lambda done, total: None)


def test_weights_that_the_family_does_not_have_are_refused(tmp_path: Path) -> None:
    config = decoder_config("LlamaForCausalLM", num_hidden_layers=1)
    weights = decoder_weights(config) | {"model.layers.0.self_attn.q_norm.weight": np.ones(8, dtype=np.float32)}
    assert "q_norm" in refusal(write_folder(tmp_path / "m", config, weights, byte_level(), BYTE_MARKS)).message


def test_a_hubs_cache_is_followed_through_its_links_and_gives_the_name(tmp_path: Path) -> None:
    folder = llama(tmp_path / "blobs")
    cached = tmp_path / "models--maker--Tiny-Llama" / "snapshots" / "0123456789abcdef"
    cached.mkdir(parents=True)
    for path in folder.iterdir():
        (cached / path.name).symlink_to(path)
    convert(cached, tmp_path / "x.gguf", "F16", lambda done, total: None)
    assert read_header(tmp_path / "x.gguf").name == "Tiny-Llama"


def wanted(source: Path, target: Path, name: str) -> None:
    async def all_of() -> None:
        async for _ in quantized(source, target, name):
            pass

    asyncio.run(all_of())


def test_a_refusal_keeps_its_kind_on_the_way_out_of_the_process(tmp_path: Path) -> None:
    folder = llama(tmp_path / "m", hidden_act="gelu")
    with pytest.raises(Unsupported, match="'gelu'"):
        wanted(folder, tmp_path / "x.gguf", "q8_0")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_what_is_asked_of_a_folder_is_checked_before_anything_is_done(tmp_path: Path) -> None:
    folder = llama(tmp_path / "m")
    (tmp_path / "mine.gguf").write_text("mine")
    for target, name in ((tmp_path / "mine.gguf", "f16"), (tmp_path / "no" / "x.gguf", "f16"), (tmp_path / "x", "q5")):
        with pytest.raises(BadRequest):
            wanted(folder, target, name)
    assert (tmp_path / "mine.gguf").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "mine.gguf"]


@pytest.mark.parametrize("name", ["f16", "q8_0"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, name: str) -> None:
    folder = llama(tmp_path / "m")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(DiskFull):
            wanted(folder, tmp_path / "x.gguf", name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_stopping_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    folder = llama(tmp_path / "m")

    async def stopped() -> None:
        async with aclosing(quantized(folder, tmp_path / "x.gguf", "q4_k_m")) as events:
            await anext(events)

    asyncio.run(stopped())
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_without_the_library_it_says_how_to_get_it(tmp_path: Path) -> None:
    folder = llama(tmp_path / "m")
    program = (
        "import sys; sys.modules['gguf'] = None; from tektra_models.convert.__main__ import main; main(sys.argv[1:])"
    )
    arguments = [str(folder), str(tmp_path / "x.gguf"), "F16"]
    ended = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    said = json.loads(ended.stderr)
    assert said["code"] == "unsupported"
    assert "pip install 'tektra-cli[convert]'" in said["hint"]
