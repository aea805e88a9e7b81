"""A model's folder → one GGUF file with whole weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tektra_models.convert import decoders, encoders
from tektra_models.convert.folder import CONFIG, ModelFolder, open_folder
from tektra_models.convert.plan import Plan
from tektra_models.convert.tokenizer import read_tokenizer
from tektra_models.convert.writer import write
from tektra_models.errors import Unsupported

FAMILIES: dict[str, Callable[[ModelFolder], Plan]] = {
    "LlamaForCausalLM": decoders.llama,
    "MistralForCausalLM": decoders.llama,
    "Qwen2ForCausalLM": decoders.qwen2,
    "BertModel": encoders.bert,
    "BertForMaskedLM": encoders.bert,
    "BertForPreTraining": encoders.bert,
}


class _Config(msgspec.Struct, frozen=True):
    """Of a config.json what tells the family, and what no family allows."""

    architectures: list[str] = []
    model_type: str = ""
    quantization_config: msgspec.Raw = msgspec.Raw(b"null")
    auto_map: dict[str, Any] = {}


def convert(source: Path, target: Path, wanted: str, report: Callable[[int, int], None]) -> None:
    """Write `target` with weights as `wanted`, telling how many of all tensors are done; raises a ModelError."""
    folder = open_folder(source)
    plan = _family(folder)(folder)
    tensors = plan.placed(folder)
    tokenizer = read_tokenizer(folder, plan.architecture, plan.vocabulary)
    write(target, _name(source.resolve()), plan, tensors, tokenizer, wanted, report)


def _name(source: Path) -> str:
    """What the model is called: as its folder is, or in a hub's cache as its repository is."""
    return source.parents[1].name.rpartition("--")[2] if source.parent.name == "snapshots" else source.name


def _family(folder: ModelFolder) -> Callable[[ModelFolder], Plan]:
    config = folder.json(CONFIG, _Config)
    name = config.architectures[0] if config.architectures else config.model_type or "nothing"
    if name not in FAMILIES:
        raise Unsupported(f"{folder.path} is a {name}, which cannot be converted.", f"Known are {', '.join(FAMILIES)}.")
    if bytes(config.quantization_config) != b"null":
        raise Unsupported(f"{folder.path} is quantized already, in a way of its own.", "Get the original weights.")
    if any(key.startswith("AutoModel") for key in config.auto_map):
        raise Unsupported(f"{folder.path} is computed by code that comes with it, which is never run.")
    return FAMILIES[name]
