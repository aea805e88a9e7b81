"""Writes GGUF: metadata by the `gguf` library, and then the tensors, block by block."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from gguf import GGML_QUANT_VERSION, GGUFWriter, LlamaFileType
from gguf.constants import GGUF_DEFAULT_ALIGNMENT, MODEL_ARCH_NAMES, GGUFType
from numpy.typing import NDArray

from tektra_models.blobs import ensure_room, write_failed
from tektra_models.convert.number_types import KINDS, WIDTHS, blocks
from tektra_models.convert.plan import Placed, Plan
from tektra_models.convert.tokenizer import Tokenizer

FILE_TYPES = {"F32": LlamaFileType.ALL_F32, "F16": LlamaFileType.MOSTLY_F16, "BF16": LlamaFileType.MOSTLY_BF16}
TOKENIZER_KEYS = "tokenizer.ggml"

Report = Callable[[int, int], None]


def write(
    target: Path, name: str, plan: Plan, tensors: list[Placed], tokenizer: Tokenizer, kind: str, report: Report
) -> None:
    """Write the whole file onto the disk; raises a ModelError, and then the file is worth nothing."""
    needed = sum(placed.weights.tensor.elements * WIDTHS[_kept_as(placed, kind)] for placed in tensors)
    ensure_room(target.parent, needed, target.name)
    try:
        writer = GGUFWriter(target, MODEL_ARCH_NAMES[plan.architecture])
        _describe(writer, name, plan, kind)
        _add_tokenizer(writer, tokenizer)
        _list_tensors(writer, plan, tensors, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        with target.open("ab") as file:
            _write_tensors(file, plan, tensors, kind, report)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:  # what is wrong with the folder is a ModelError already
        raise write_failed(error, target, "Nothing was kept.") from error


def _describe(writer: GGUFWriter, name: str, plan: Plan, kind: str) -> None:
    writer.add_type(GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_quantization_version(GGML_QUANT_VERSION)
    writer.add_block_count(plan.layers)
    writer.add_vocab_size(plan.vocabulary)
    plan.describe(writer)


def _add_tokenizer(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    vocabulary, specials = tokenizer
    writer.add_tokenizer_model(vocabulary.model)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.texts)
    writer.add_token_types(vocabulary.types)
    if vocabulary.scores:
        writer.add_token_scores(vocabulary.scores)
    if vocabulary.merges:
        writer.add_token_merges(vocabulary.merges)
    for key, flag in vocabulary.flags.items():
        writer.add_bool(f"{TOKENIZER_KEYS}.{key}", flag)
    for name, place in specials.ids.items():
        getattr(writer, f"add_{name}_token_id")(place)
    for name, added in specials.adds.items():
        getattr(writer, f"add_add_{name}_token")(added)
    if specials.templates:
        writer.add_chat_template([{"name": key, "template": text} for key, text in specials.templates.items()])


def _list_tensors(writer: GGUFWriter, plan: Plan, tensors: list[Placed], kind: str) -> None:
    for name, values in plan.made.items():
        writer.add_tensor_info(name, values.shape, values.dtype, values.nbytes)
    for placed in tensors:
        tensor, kept = placed.weights.tensor, _kept_as(placed, kind)
        size = tensor.elements * WIDTHS[kept]
        writer.add_tensor_info(placed.name, tensor.shape, np.dtype(np.float32), size, raw_dtype=KINDS[kept])


def _write_tensors(file: IO[bytes], plan: Plan, tensors: list[Placed], kind: str, report: Report) -> None:
    """All tensors in the order in which they are listed, each at a multiple of the alignment."""
    for values in plan.made.values():
        _write_one(file, [values])
    for count, placed in enumerate(tensors, 1):
        _write_one(file, blocks(placed.weights, placed.wanted.heads, _kept_as(placed, kind)))
        report(count, len(tensors))


def _write_one(file: IO[bytes], blocks_of_one: Iterable[NDArray[Any]]) -> None:
    file.write(bytes(-file.tell() % GGUF_DEFAULT_ALIGNMENT))
    for block in blocks_of_one:
        file.write(block.data)


def _kept_as(placed: Placed, kind: str) -> str:
    """Norms, biases and other small tensors stay exact, as llama.cpp computes with them."""
    return "F32" if placed.wanted.exact or len(placed.wanted.shape) == 1 else kind
