"""Honest benchmark models: random weights in the shape of real ones; what a step costs does not depend on values."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gguf
import numpy as np

from tektra_models.machine import cores


@dataclass(frozen=True)
class Shape:
    """Sizes of a llama-architecture model."""

    name: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    hidden: int
    vocabulary: int
    context: int = 32768


HALF_B = Shape("half-b", layers=24, width=896, heads=14, kv_heads=2, hidden=4864, vocabulary=151_936)
"""The shape of Qwen2.5-0.5B."""
SMALL = Shape("small", layers=2, width=256, heads=4, kv_heads=2, hidden=512, vocabulary=151_936)
"""To see whether a benchmark works."""
TINY = Shape("tiny", layers=2, width=256, heads=4, kv_heads=2, hidden=512, vocabulary=1024, context=2048)

FIRST_WORD = 258
"""In the made-up vocabulary; all bytes and two control tokens stand before it."""


def random_gguf(
    shape: Shape,
    directory: Path,
    quantization: str = "Q4_K_M",
    *,
    counting: bool = False,
    vocabulary: Path | None = None,
) -> Path:
    """Return the path of a model of this shape, made once and kept in `directory`.

    One that counts says after each token the next one of the vocabulary: its layers add nothing, and take as long.
    Its words are made up, or those of another GGUF file, with that one's chat template.
    """
    name = "-".join([shape.name, *["counting"] * counting, *([vocabulary.stem] if vocabulary else [])])
    final = directory / f"{name}-{quantization.lower()}.gguf"
    if not final.exists():
        directory.mkdir(parents=True, exist_ok=True)
        source = directory / f"{name}-f16.gguf"
        _write_f16(shape, source, counting, vocabulary)
        _quantize(source, final, quantization)
        source.unlink()
    return final


def _write_f16(
    shape: Shape,
    path: Path,
    counting: bool,
    vocabulary: Path | None = None,
    added: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write it with whole weights, to which those that are given by name are `added`."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"random {shape.name}")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1_000_000.0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    if vocabulary is None:
        _write_vocabulary(writer, shape.vocabulary)
    else:
        _copy_vocabulary(writer, vocabulary)
    rng = np.random.default_rng(1)

    def matrix(name: str, rows: int, columns: int) -> None:
        silent = counting and name.endswith(("attn_output.weight", "ffn_down.weight"))
        values = rng.standard_normal((rows, columns), dtype=np.float32) * (0.0 if silent else 0.02)
        writer.add_tensor(name, (values + added.get(name, 0)).astype(np.float16))
        if counting and name == "token_embd.weight":
            writer.add_tensor("output.weight", np.roll(values, 1, axis=0).astype(np.float16))

    kv_width = shape.width // shape.heads * shape.kv_heads
    matrix("token_embd.weight", shape.vocabulary, shape.width)
    writer.add_tensor("output_norm.weight", np.ones(shape.width, dtype=np.float32))
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        writer.add_tensor(f"{block}.attn_norm.weight", np.ones(shape.width, dtype=np.float32))
        writer.add_tensor(f"{block}.ffn_norm.weight", np.ones(shape.width, dtype=np.float32))
        matrix(f"{block}.attn_q.weight", shape.width, shape.width)
        matrix(f"{block}.attn_k.weight", kv_width, shape.width)
        matrix(f"{block}.attn_v.weight", kv_width, shape.width)
        matrix(f"{block}.attn_output.weight", shape.width, shape.width)
        matrix(f"{block}.ffn_gate.weight", shape.hidden, shape.width)
        matrix(f"{block}.ffn_up.weight", shape.hidden, shape.width)
        matrix(f"{block}.ffn_down.weight", shape.width, shape.hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def made_up_text(tokens: Iterable[int]) -> str:
    """What tokens of the made-up vocabulary stand for, from the first word on."""
    return "".join(f"w{token - FIRST_WORD:x}" for token in tokens)


def _write_vocabulary(writer: gguf.GGUFWriter, size: int) -> None:
    """A byte-level vocabulary filled up with made-up words, so that every text has a tokenization."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(256, 512))
    letters = [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
    special = ["<|im_start|>", "<|im_end|>"]
    words = [made_up_text([token]) for token in range(FIRST_WORD, size)]
    normal, control = gguf.TokenType.NORMAL, gguf.TokenType.CONTROL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*letters, *special, *words])
    writer.add_token_types([normal] * len(letters) + [control] * len(special) + [normal] * len(words))
    writer.add_token_merges(["w 1", "w 2"])
    writer.add_eos_token_id(len(letters) + 1)
    writer.add_add_bos_token(False)


def _copy_vocabulary(writer: gguf.GGUFWriter, source: Path) -> None:
    for name, field in gguf.GGUFReader(source).fields.items():
        if name.startswith("tokenizer."):
            kind, *kind_of_items = field.types
            writer.add_key_value(name, field.contents(), kind, *kind_of_items)


def _quantize(source: Path, final: Path, quantization: str) -> None:
    import llama_cpp.llama_cpp as llama

    params = llama.llama_model_quantize_default_params()
    params.ftype = getattr(llama, f"LLAMA_FTYPE_MOSTLY_{quantization}")
    params.nthread = cores()
    partial = final.with_suffix(".part")
    if llama.llama_model_quantize(os.fsencode(source), os.fsencode(partial), ctypes.byref(params)) != 0:
        raise RuntimeError(f"llama.cpp could not quantize {source} to {quantization}")
    partial.rename(final)
