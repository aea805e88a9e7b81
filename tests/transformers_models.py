"""Small models of transformers with random weights and a tokenizer of bytes, made by the tests that need them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

START, END, TURN, THINK = "<s>", "</s>", "<|im_start|>", "<think>"
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,  # random weights as large as this make texts that do not repeat themselves
    "bos_token_id": 256,
    "eos_token_id": 257,
    "pad_token_id": None,
}


def byte_tokenizer() -> Tokenizer:
    """A token for each byte, three control tokens, one mark that is text."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={piece: place for place, piece in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([START, END, TURN])
    tokenizer.add_tokens([AddedToken(THINK, special=False)])
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{START} $A", special_tokens=[(START, 256)])
    return tokenizer


def make_model(
    folder: Path, kind: str = "llama", *, dtype: torch.dtype = torch.float32, shard: str = "5GB", **shape: Any
) -> PreTrainedModel:
    """Write a model's directory, whole as people download it, and return the model itself."""
    torch.manual_seed(11)
    config = AutoConfig.for_model(kind, **{**SHAPE, "vocab_size": 262, **shape})
    model = AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
    model.save_pretrained(folder, max_shard_size=shard)
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": START, "eos_token": {"content": END}}))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return model


def continued(model: PreTrainedModel, tokens: list[int], count: int) -> list[int]:
    """What transformers' own greedy generation writes behind these tokens."""
    with torch.inference_mode():
        out = model.generate(
            torch.tensor([tokens]), max_new_tokens=count, min_new_tokens=count, do_sample=False, eos_token_id=None
        )
    return [int(token) for token in out[0, len(tokens) :]]
