"""A tiny BERT with random weights and a head that ranks: as a GGUF file, and as the same arithmetic in numpy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from tests.forward_passes import attention, dense, gelu, layer_norm

WIDTH, HEADS, INNER, LAYERS, CONTEXT = 32, 4, 48, 2, 64
MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNKNOWN, CLS, SEP, MASK = range(5)
WORDS = [
    "river", "stone", "cloud", "apple", "bridge", "which", "fruit", "grows", "on", "trees", "water", "flows", "under",
    "the", "red", "green", "a", "an", "is",
]  # fmt: skip
EPSILON = 1e-5


@dataclass
class Bert:
    """Its weights, by the names that GGUF gives them."""

    weights: dict[str, Any]

    def hidden(self, tokens: list[int]) -> Any:
        """The last layer's output, (tokens, WIDTH)."""
        w = self.weights
        x = w["token_embd.weight"][tokens] + w["token_types.weight"][0] + w["position_embd.weight"][: len(tokens)]
        x = self._norm(x, "token_embd_norm")
        for layer in range(LAYERS):
            at = f"blk.{layer}"
            x = self._norm(x + self._attention(x, at), f"{at}.attn_output_norm")
            inner = gelu(self._linear(x, f"{at}.ffn_up"))
            x = self._norm(x + self._linear(inner, f"{at}.ffn_down"), f"{at}.layer_output_norm")
        return x

    def score(self, tokens: list[int]) -> float:
        """What the head says of the first token."""
        return float(self._linear(np.tanh(self._linear(self.hidden(tokens)[0], "cls")), "cls.output")[0])

    def _attention(self, x: Any, at: str) -> Any:
        q, k, v = (self._linear(x, f"{at}.attn_{name}").reshape(len(x), HEADS, -1).transpose(1, 0, 2) for name in "qkv")
        return self._linear(attention(q, k, v, causal=False), f"{at}.attn_output")

    def _linear(self, x: Any, name: str) -> Any:
        return dense(x, self.weights, name)

    def _norm(self, x: Any, name: str) -> Any:
        return layer_norm(x, self.weights, name, EPSILON)


def tokens_of(query: str, document: str) -> list[int]:
    """What BERT was trained on: both texts, with marks around and between."""
    words = [[len(MARKS) + WORDS.index(word) for word in text.split()] for text in (query, document)]
    return [CLS, *words[0], SEP, *words[1], SEP]


def write_bert(
    path: Path, *, head: bool = True, pooling: gguf.PoolingType | None = None, template: str | None = None
) -> Bert:
    """Write the file; `head`: with the weights that rank, `template`: how a query and a document are joined."""
    bert = Bert(_weights(np.random.default_rng(0), head))
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("Tiny BERT")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(EPSILON)
    writer.add_causal_attention(False)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    if pooling is not None:
        writer.add_pooling_type(pooling)
    if template is not None:
        writer.add_string("tokenizer.chat_template.rerank", template)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*MARKS, *(f"▁{word}" for word in WORDS)])
    writer.add_token_types([gguf.TokenType.CONTROL] * len(MARKS) + [gguf.TokenType.NORMAL] * len(WORDS))
    writer.add_token_type_count(2)
    writer.add_bos_token_id(CLS)
    writer.add_sep_token_id(SEP)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_pad_token_id(PAD)
    writer.add_mask_token_id(MASK)
    for name, values in bert.weights.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return bert


def _weights(chance: np.random.Generator, head: bool) -> dict[str, Any]:
    weights: dict[str, Any] = {}

    def random(*shape: int) -> Any:
        return chance.standard_normal(shape, dtype=np.float32) * np.float32(0.3)

    def linear(name: str, outer: int, inner: int) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = random(outer, inner), random(outer)

    def norm(name: str) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = 1 + random(WIDTH), random(WIDTH)

    weights["token_embd.weight"] = random(len(MARKS) + len(WORDS), WIDTH)
    weights["token_types.weight"] = random(2, WIDTH)
    weights["position_embd.weight"] = random(CONTEXT, WIDTH)
    norm("token_embd_norm")
    for layer in range(LAYERS):
        at = f"blk.{layer}"
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            linear(f"{at}.{name}", WIDTH, WIDTH)
        norm(f"{at}.attn_output_norm")
        linear(f"{at}.ffn_up", INNER, WIDTH)
        linear(f"{at}.ffn_down", WIDTH, INNER)
        norm(f"{at}.layer_output_norm")
    if head:
        linear("cls", WIDTH, WIDTH)
        linear("cls.output", 1, WIDTH)
    return weights
