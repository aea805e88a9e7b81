"""The checkpoint's averaged weights as a GGUF file with tokenizer and chat template inside."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import GGUFWriter, LlamaFileType, TokenType
from numpy.typing import NDArray
from tokenizers import Tokenizer

from tektra_models.quantize import quantized
from tektra_models.starter.network import Size, merged
from tektra_models.starter.rendering import END, TEMPLATE_PATH
from tektra_models.starter.tokenizer import CONTROL, PRE_TOKENIZER, SPARE, VISIBLE, load_tokenizer

DESCRIPTION = (
    "The small model that is built into Tektra: it knows Tektra's commands, calls tools, "
    "and says when it is out of its depth."
)
STANDING_STILL = 1e30
FILE_TYPES = {"F16": LlamaFileType.MOSTLY_F16, "F32": LlamaFileType.ALL_F32}


def gguf_name(name: str) -> str:
    """The weight's name in llama.cpp: the network already uses its words, save for the attention's own level."""
    return name.replace(".attention.", ".")


def add_header(writer: GGUFWriter, size: Size, kind: str) -> None:
    """What the model is, and its measures."""
    writer.add_name("Tektra Starter")
    writer.add_description(DESCRIPTION)
    writer.add_license("apache-2.0")
    writer.add_author("The Tektra authors")
    writer.add_context_length(size.context)
    writer.add_embedding_length(size.width)
    writer.add_block_count(size.layers)
    writer.add_feed_forward_length(size.hidden)
    writer.add_head_count(size.heads)
    writer.add_head_count_kv(size.kv_heads)
    writer.add_rope_dimension_count(size.head_width)
    writer.add_rope_freq_base(size.rope_base)
    writer.add_layer_norm_rms_eps(size.epsilon)
    writer.add_vocab_size(size.vocabulary)
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def token_type(text: str) -> TokenType:
    """How llama.cpp treats a token: control tokens are never shown, tool marks are."""
    if text in CONTROL:
        return TokenType.CONTROL
    if text in VISIBLE:
        return TokenType.USER_DEFINED
    return TokenType.UNUSED if text.startswith(SPARE) else TokenType.NORMAL


def add_tokenizer(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    """The vocabulary, its merges, the end mark and the chat template."""
    texts = [tokenizer.id_to_token(place) or "" for place in range(tokenizer.get_vocab_size())]
    merges: list[Any] = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(texts)
    writer.add_token_types([token_type(text) for text in texts])
    writer.add_token_merges([f"{left} {right}" for left, right in merges])
    writer.add_eos_token_id(texts.index(END))
    writer.add_eot_token_id(texts.index(END))
    writer.add_pad_token_id(texts.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE_PATH.read_text(encoding="utf-8"))


def add_weight(writer: GGUFWriter, name: str, weight: NDArray[np.float32], kind: str) -> None:
    """One tensor; norms always stay in full precision."""
    writer.add_tensor(name, weight.astype(np.float16) if kind == "F16" and weight.ndim > 1 else weight)


def rope_factors(size: Size) -> NDArray[np.float32]:
    """By what llama.cpp divides each pair's speed: nothing changes for those that turn, the others stand still."""
    factors = np.ones(size.head_width // 2, dtype=np.float32)
    factors[size.turning_pairs :] = STANDING_STILL
    return factors


def export(work: Path, output: Path, kind: str = "Q8_0") -> Path:
    """Write the file, which takes its name only when it is whole."""
    part = output.with_suffix(".part")
    whole = kind if kind in FILE_TYPES else "F32"
    write_whole(work, part, whole)
    if kind != whole:
        small = output.with_suffix(".quantized")
        small.unlink(missing_ok=True)  # of an export that did not come to its end
        try:
            asyncio.run(quantize(part, small, kind))
        finally:
            part.unlink()
        part = small
    part.replace(output)
    return output


def write_whole(work: Path, path: Path, kind: str) -> None:
    """The checkpoint's weights as F32 or F16."""
    state = torch.load(work / "checkpoint.pt", weights_only=True)
    size = Size(**state["size"])
    writer = GGUFWriter(path, "llama")
    add_header(writer, size, kind)
    add_tokenizer(writer, load_tokenizer(work))
    if size.turning < 1:
        writer.add_tensor("rope_freqs.weight", rope_factors(size))
    for name, weight in merged(state["average"]).items():
        add_weight(writer, gguf_name(name), weight.float().numpy(), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


async def quantize(source: Path, target: Path, kind: str) -> None:
    """As `tektra models quantize` does it."""
    async for _ in quantized(source, target, kind):
        pass
