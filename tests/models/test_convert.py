"""Converting a folder of safetensors: what the GGUF file computes is what the folder's model computes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tektra_models.backend import Backend, Feed, Sheet
from tektra_models.convert.convert import convert
from tektra_models.convert.folder import open_folder
from tektra_models.errors import ModelError
from tektra_models.generation import Sampling
from tektra_models.gguf import read_header
from tektra_models.quantize import Progress, Quantized, quantized
from tektra_models.spec import Spec
from tektra_models.worker import open_backend
from tests.forward_passes import next_token, text_vector
from tests.model_folders import (
    BYTE_MARKS,
    LLAMA3,
    PIECE_MARKS,
    QWEN2,
    Json,
    Weights,
    as_kept,
    bert_config,
    bert_weights,
    byte_level,
    decoder_config,
    decoder_weights,
    sentence_piece,
    word_piece,
    write_folder,
)

TOKENS = [7, 81, 203, 12, 12, 99, 150, 31, 64, 5, 250, 18]
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}


def converted(source: Path, wanted: str = "f32") -> Path:
    """The GGUF file made of a folder, beside it."""
    target = source.with_name(f"{source.name}-{wanted}.gguf")
    convert(source, target, wanted.upper(), lambda done, total: None)
    return target


def told(source: Path, target: Path, wanted: str) -> list[Progress | Quantized]:
    async def all_of() -> list[Progress | Quantized]:
        return [event async for event in quantized(source, target, wanted)]

    return asyncio.run(all_of())


@contextmanager
def loaded(path: Path, **options: Any) -> Iterator[Backend]:
    backend = open_backend(Spec(name="m", path=str(path), threads=1, **{"context": 64, **options}))
    yield backend
    backend.close()


def log_chances(path: Path, tokens: list[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What the GGUF file gives for each token to come next."""
    with loaded(path) as backend:
        sheet = Sheet(likeliest=backend.vocabulary)
        backend.decode([Feed(0, tokens, 0, backend.sampler(Sampling(temperature=0), []), sheet=sheet)])
        return np.array([chance for _, chance in sorted(sheet.rows[0][2])])


def decoder(
    folder: Path, architecture: str, *, kind: str = "F32", shards: int = 1, **changes: Any
) -> tuple[Json, Weights]:
    """Write such a model; gives what it is and holds."""
    config = decoder_config(architecture, **changes)
    weights = decoder_weights(config, biases=architecture.startswith("Qwen2") or changes.get("attention_bias", False))
    pattern, more = (QWEN2, {}) if architecture.startswith("Qwen2") else (LLAMA3, {"ignore_merges": True})
    write_folder(folder, config, weights, byte_level(pattern, **more), BYTE_MARKS, kind, shards)
    return config, as_kept(weights, kind)


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        ("LlamaForCausalLM", {}),
        ("LlamaForCausalLM", {"rope_scaling": LLAMA3_ROPE, "tie_word_embeddings": True}),
        ("LlamaForCausalLM", {"rope_scaling": {"rope_type": "linear", "factor": 4.0}, "attention_bias": True}),
        ("LlamaForCausalLM", {"head_dim": 16, "num_key_value_heads": 1, "rms_norm_eps": 1e-2}),
        ("MistralForCausalLM", {"sliding_window": 128, "rope_theta": 1e6}),
        ("Qwen2ForCausalLM", {"use_sliding_window": False, "sliding_window": 16}),
        ("Qwen2ForCausalLM", {"tie_word_embeddings": True, "rope_theta": 1e6}),
    ],
)
def test_a_converted_model_says_what_the_folders_model_says(tmp_path: Path, architecture: str, changes: Json) -> None:
    config, weights = decoder(tmp_path / "m", architecture, **changes)
    path = converted(tmp_path / "m")
    wanted = next_token(config, weights, TOKENS)
    assert wanted.std() > 0.5  # else nothing would be compared
    np.testing.assert_allclose(log_chances(path, TOKENS), wanted, atol=0.01)  # cells are kept as F16


@pytest.mark.parametrize("kept", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("wanted", ["f32", "f16", "bf16"])
def test_weights_become_the_wanted_type_and_lose_no_more_than_it_has(tmp_path: Path, kept: str, wanted: str) -> None:
    config, weights = decoder(tmp_path / "m", "LlamaForCausalLM", kind=kept, shards=3)
    path = converted(tmp_path / "m", wanted)
    header = read_header(path)
    assert header.quantization == wanted.upper()
    assert {t.type for t in header.tensors if len(t.shape) > 1} == {wanted.upper()}
    assert {t.type for t in header.tensors if len(t.shape) == 1} == {"F32"}
    tolerance = 0.15 if wanted == "bf16" else 0.02
    np.testing.assert_allclose(log_chances(path, TOKENS), next_token(config, weights, TOKENS), atol=tolerance)


@pytest.mark.parametrize("first_only", [False, True])
def test_a_converted_bert_gives_the_folders_vectors(tmp_path: Path, first_only: bool) -> None:
    config = bert_config()
    weights = bert_weights(config)
    folder = write_folder(tmp_path / "m", config, bert_weights(config, prefix="bert."), word_piece(), {})
    modules = [{"type": f"sentence_transformers.models.{kind}", "path": path} for kind, path in (
        ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize"))]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    flags = {"pooling_mode_cls_token": first_only, "pooling_mode_mean_tokens": not first_only}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32, **flags}))
    with loaded(converted(folder)) as backend:
        assert (backend.can_embed, backend.can_generate) == (True, False)
        tokens = backend.tokenize("Hello, working world!", special=False)
        np.testing.assert_allclose(
            backend.embed(tokens), text_vector(config, weights, tokens, first_only=first_only), atol=2e-3
        )


def test_a_folder_is_converted_and_quantized_in_one_go(tmp_path: Path) -> None:
    decoder(tmp_path / "m", "LlamaForCausalLM", kind="BF16")
    target = tmp_path / "m.gguf"
    *steps, done = told(tmp_path / "m", target, "q8_0")
    assert isinstance(done, Quantized)
    assert (done.quantization, done.size_bytes) == ("Q8_0", target.stat().st_size)
    assert done.source_bytes == open_folder(tmp_path / "m").weights_bytes
    tensors = len(read_header(target).tensors)
    names = [step.step for step in steps if isinstance(step, Progress)]
    assert names == sorted(names)  # converting, then quantizing
    counts = {step.step: (step.done, step.total) for step in steps if isinstance(step, Progress)}
    assert counts == {"converting": (tensors, tensors), "quantizing": (tensors, tensors)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "m.gguf"]


def test_what_the_file_says_of_the_model(tmp_path: Path) -> None:
    changes: Json = {"sliding_window": 96, "head_dim": 16, "rope_theta": 5e5}
    decoder(tmp_path / "Tiny Mistral", "MistralForCausalLM", **changes)
    header = read_header(converted(tmp_path / "Tiny Mistral"))
    assert (header.architecture, header.name, header.quantization) == ("llama", "Tiny Mistral", "F32")
    assert (header.heads, header.kv_heads, header.head_dim_k, header.layers) == (4, 2, 16, 2)
    assert header.vocabulary == 280
    assert header.context_train == 96  # beyond its window llama.cpp would see more than the model did
    assert header.metadata["llama.rope.freq_base"] == 5e5


def test_a_stretch_by_yarn_is_told_to_llama_cpp(tmp_path: Path) -> None:
    rope = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
    decoder(tmp_path / "m", "Qwen2ForCausalLM", rope_scaling=rope)
    metadata = read_header(converted(tmp_path / "m")).metadata
    stretch = {key.removeprefix("qwen2.rope.scaling."): value for key, value in metadata.items() if "scaling" in key}
    assert stretch == {"type": "yarn", "factor": 4.0, "original_context_length": 64}


def test_sentence_pieces_and_their_model_work_together(tmp_path: Path) -> None:
    config = decoder_config("LlamaForCausalLM", vocab_size=300)
    tokenizer = sentence_piece(("▁", "a", "b", "ab", "▁ab"), ("a b", "▁ ab"))
    weights = decoder_weights(config)
    write_folder(tmp_path / "m", config, weights, tokenizer, PIECE_MARKS)
    path = converted(tmp_path / "m")
    with loaded(path) as backend:
        assert backend.tokenize("ab", special=False) == [1, 263]
    np.testing.assert_allclose(log_chances(path, TOKENS), next_token(config, weights, TOKENS), atol=0.01)


def test_a_number_too_large_for_f16_is_refused_and_fits_into_bf16(tmp_path: Path) -> None:
    config = decoder_config("LlamaForCausalLM")
    weights = decoder_weights(config)
    weights["lm_head.weight"][3, 4] = 1e6
    write_folder(tmp_path / "m", config, weights, byte_level(), BYTE_MARKS)
    with pytest.raises(ModelError, match=r"lm_head\.weight holds numbers too large for F16"):
        told(tmp_path / "m", tmp_path / "x.gguf", "f16")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert read_header(converted(tmp_path / "m", "bf16")).quantization == "BF16"
