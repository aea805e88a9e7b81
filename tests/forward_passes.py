"""The families' forward passes in plain numpy, as transformers computes them: what a converted model is held to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tests.model_folders import Json, Weights, head_width

Array = NDArray[np.float64]


def next_token(config: Json, weights: Weights, tokens: list[int]) -> Array:
    """Log probabilities of what comes behind these tokens, by Llama, Mistral or Qwen 2."""
    heads, kept, width = config["num_attention_heads"], config["num_key_value_heads"], head_width(config)
    x = weights["model.embed_tokens.weight"][tokens].astype(np.float64)
    for layer in range(config["num_hidden_layers"]):
        block = f"model.layers.{layer}"
        h = rms_norm(x, weights[f"{block}.input_layernorm.weight"], config["rms_norm_eps"])
        q, k, v = (
            dense(h, weights, f"{block}.self_attn.{name}_proj").reshape(len(tokens), count, width).transpose(1, 0, 2)
            for name, count in (("q", heads), ("k", kept), ("v", kept))
        )
        q, k = rotated(q, config), rotated(k, config)
        k, v = (part.repeat(heads // kept, axis=0) for part in (k, v))
        x = x + dense(attention(q, k, v, causal=True), weights, f"{block}.self_attn.o_proj")
        h = rms_norm(x, weights[f"{block}.post_attention_layernorm.weight"], config["rms_norm_eps"])
        gate = dense(h, weights, f"{block}.mlp.gate_proj")
        inner = gate / (1 + np.exp(-gate)) * dense(h, weights, f"{block}.mlp.up_proj")
        x = x + dense(inner, weights, f"{block}.mlp.down_proj")
    head = weights["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"]
    logits: Array = rms_norm(x[-1], weights["model.norm.weight"], config["rms_norm_eps"]) @ head.T
    return logits - logits.max() - math.log(np.exp(logits - logits.max()).sum())


def text_vector(config: Json, weights: Weights, tokens: list[int], *, first_only: bool = False) -> Array:
    """The unit vector of a text by BERT: the mean of its tokens' vectors, or the first one's."""
    w, heads, eps = weights, config["num_attention_heads"], config["layer_norm_eps"]
    x = w["embeddings.word_embeddings.weight"][tokens].astype(np.float64)
    x = x + w["embeddings.position_embeddings.weight"][: len(tokens)] + w["embeddings.token_type_embeddings.weight"][0]
    x = layer_norm(x, w, "embeddings.LayerNorm", eps)
    for layer in range(config["num_hidden_layers"]):
        block = f"encoder.layer.{layer}"
        q, k, v = (
            dense(x, w, f"{block}.attention.self.{name}").reshape(len(tokens), heads, -1).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        h = dense(attention(q, k, v, causal=False), w, f"{block}.attention.output.dense")
        x = layer_norm(x + h, w, f"{block}.attention.output.LayerNorm", eps)
        h = gelu(dense(x, w, f"{block}.intermediate.dense"))
        x = layer_norm(x + dense(h, w, f"{block}.output.dense"), w, f"{block}.output.LayerNorm", eps)
    pooled: Array = x[0] if first_only else x.mean(axis=0)
    return pooled / np.linalg.norm(pooled)


def dense(x: Array, weights: Weights, name: str) -> Array:
    bias = weights.get(f"{name}.bias")
    y: Array = x @ weights[f"{name}.weight"].T
    return y if bias is None else y + bias


def attention(q: Array, k: Array, v: Array, *, causal: bool) -> Array:
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tri(scores.shape[-1], dtype=bool), scores, -np.inf)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed: Array = (shares / shares.sum(axis=-1, keepdims=True)) @ v
    return mixed.transpose(1, 0, 2).reshape(q.shape[1], -1)


def gelu(x: Array) -> Array:
    """By tanh, as llama.cpp computes it."""
    y: Array = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return y


def rms_norm(x: Array, weight: NDArray[np.float32], eps: float) -> Array:
    scaled: Array = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * weight
    return scaled


def layer_norm(x: Array, weights: Weights, name: str, eps: float) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled: Array = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + eps)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def rotated(x: Array, config: Json) -> Array:
    """Each head's first half against its second, by an angle for each pair and position."""
    half = x.shape[-1] // 2
    speeds = np.array([speed(config, pair) for pair in range(half)])
    angles = np.arange(x.shape[1])[:, None] * speeds
    left, right = x[..., :half], x[..., half:]
    turned = [left * np.cos(angles) - right * np.sin(angles), right * np.cos(angles) + left * np.sin(angles)]
    return np.concatenate(turned, axis=-1)


def speed(config: Json, pair: int) -> float:
    """How far a pair turns from one position to the next."""
    plain = float(config["rope_theta"] ** (-2 * pair / head_width(config)))
    scaling = config.get("rope_scaling")
    if scaling is None:
        return plain
    slowed = plain / float(scaling["factor"])
    if scaling["rope_type"] == "linear":
        return slowed
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = scaling["original_max_position_embeddings"] * plain / (2 * math.pi)
    if turns > high:
        return plain
    if turns < low:
        return slowed
    share = (turns - low) / (high - low)
    return (1 - share) * slowed + share * plain
