"""Families that write: Llama, Mistral and Qwen 2."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from gguf import MODEL_ARCH, GGUFWriter

from tektra_models.convert.folder import CONFIG, ModelFolder
from tektra_models.convert.plan import Layers, Plan, Positive, Size, Wanted
from tektra_models.convert.rope import Rope, describe_rope, llama3_factors
from tektra_models.errors import BadModelFile, Unsupported

IGNORED = re.compile(r"model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq")
IGNORED_TIED = re.compile(rf"{IGNORED.pattern}|lm_head\.weight")


class DecoderConfig(msgspec.Struct, frozen=True):
    """The config.json of these families."""

    vocab_size: Size
    hidden_size: Size
    intermediate_size: Size
    num_hidden_layers: Layers
    num_attention_heads: Size
    max_position_embeddings: Size = 2048
    num_key_value_heads: Size | None = None
    head_dim: Size | None = None
    rms_norm_eps: Positive = 1e-6
    hidden_act: str = "silu"
    rope_theta: Positive | None = None
    rope_scaling: Rope | None = None
    rope_parameters: Rope | None = None
    partial_rotary_factor: Positive = 1.0
    tie_word_embeddings: bool = False
    sliding_window: Size | None = None
    use_sliding_window: bool | None = None

    @property
    def kv_heads(self) -> int:
        """Heads whose keys and values are kept."""
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def width(self) -> int:
        """How wide one head is."""
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def rope(self) -> Rope:
        """How positions become angles."""
        return self.rope_parameters or self.rope_scaling or Rope()

    @property
    def theta(self) -> float:
        """The base of all angles."""
        return self.rope.rope_theta or self.rope_theta or 10000.0

    @property
    def context(self) -> int:
        """How far it looks back. llama.cpp has no window in these families; up to its length there is none to miss."""
        window = self.sliding_window if self.use_sliding_window is not False else None
        return min(self.max_position_embeddings, window or self.max_position_embeddings)


def llama(folder: ModelFolder) -> Plan:
    """Llama 2 and 3, Mistral, TinyLlama, SmolLM; raises a ModelError."""
    return _plan(folder, MODEL_ARCH.LLAMA)


def qwen2(folder: ModelFolder) -> Plan:
    """Qwen 2 and 2.5; raises a ModelError."""
    return _plan(folder, MODEL_ARCH.QWEN2)


def _plan(folder: ModelFolder, architecture: MODEL_ARCH) -> Plan:
    config = folder.json(CONFIG, DecoderConfig)
    _check(config, architecture)

    def describe(writer: GGUFWriter) -> None:
        writer.add_context_length(config.context)
        writer.add_embedding_length(config.hidden_size)
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_head_count(config.num_attention_heads)
        writer.add_head_count_kv(config.kv_heads)
        writer.add_key_length(config.width)
        writer.add_value_length(config.width)
        writer.add_rope_dimension_count(config.width)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        describe_rope(writer, config.rope, config.theta, config.context)

    context = config.max_position_embeddings
    stretched = config.rope.kind == "llama3"
    return Plan(
        architecture,
        config.num_hidden_layers,
        config.vocab_size,
        list(_wanted(config, architecture)),
        describe,
        {"rope_freqs.weight": llama3_factors(config.rope, config.theta, config.width, context)} if stretched else {},
        IGNORED_TIED if config.tie_word_embeddings else IGNORED,
    )


def _check(config: DecoderConfig, architecture: MODEL_ARCH) -> None:
    heads, kept, width = config.num_attention_heads, config.kv_heads, config.width
    if heads % kept or width % 2 or (config.head_dim is None and config.hidden_size % heads):
        raise BadModelFile(f"Its config.json cannot be: {heads} heads, {kept} of them kept, {width} wide.")
    if config.hidden_act != "silu":
        raise Unsupported(f"Its layers compute {config.hidden_act!r}, and llama.cpp computes silu in this family.")
    if config.partial_rotary_factor != 1:
        raise Unsupported("The model turns a part of each head only, which its family does not.")
    if config.rope.kind == "llama3" and architecture != MODEL_ARCH.LLAMA:
        raise Unsupported("Its positions are stretched as Llama 3's, which llama.cpp cannot in this family.")


def _wanted(config: DecoderConfig, architecture: MODEL_ARCH) -> Iterator[Wanted]:
    """All tensors. Llama's queries and keys are stored for another way of rotating; Qwen's have biases."""
    is_llama = architecture == MODEL_ARCH.LLAMA
    hidden, inner, width = config.hidden_size, config.intermediate_size, config.width
    heads, kept = config.num_attention_heads, config.kv_heads
    yield Wanted("model.embed_tokens.weight", (config.vocab_size, hidden))
    for layer in range(config.num_hidden_layers):
        block = f"model.layers.{layer}"
        yield Wanted(f"{block}.input_layernorm.weight", (hidden,))
        for name, count, turned in (("q", heads, True), ("k", kept, True), ("v", kept, False)):
            reordered = count if is_llama and turned else 0
            yield Wanted(f"{block}.self_attn.{name}_proj.weight", (count * width, hidden), reordered)
            yield Wanted(f"{block}.self_attn.{name}_proj.bias", (count * width,), reordered, optional=is_llama)
        yield Wanted(f"{block}.self_attn.o_proj.weight", (hidden, heads * width))
        yield Wanted(f"{block}.post_attention_layernorm.weight", (hidden,))
        for name, rows, columns in (("gate", inner, hidden), ("up", inner, hidden), ("down", hidden, inner)):
            yield Wanted(f"{block}.mlp.{name}_proj.weight", (rows, columns))
            if is_llama:
                yield Wanted(f"{block}.mlp.{name}_proj.bias", (rows,), optional=True)
        if is_llama:
            yield Wanted(f"{block}.self_attn.o_proj.bias", (hidden,), optional=True)
    yield Wanted("model.norm.weight", (hidden,))
    if not config.tie_word_embeddings:
        yield Wanted("lm_head.weight", (config.vocab_size, hidden))
