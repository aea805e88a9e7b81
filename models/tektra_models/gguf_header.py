"""What a GGUF header says: a frozen value with the few facts that Tektra decides on; it has no file and no I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tektra_models.ggml_types import FILE_TYPE_GUESSED, FILE_TYPES

PerLayer = int | tuple[int, ...]

# Encoders: they turn text into vectors and have no head that could write an answer.
_ENCODERS = frozenset(
    {
        "bert",
        "eurobert",
        "gemma-embedding",
        "jina-bert-v2",
        "jina-bert-v3",
        "modern-bert",
        "neo-bert",
        "nomic-bert",
        "nomic-bert-moe",
        "t5encoder",
    }
)


@dataclass(frozen=True, slots=True)
class LongArray:
    """Stands in the metadata for an array that is too long to keep."""

    type: str
    length: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor's place in the file; `shape` has the row length first, as GGUF writes it."""

    name: str
    shape: tuple[int, ...]
    type: str
    bytes: int

    @property
    def elements(self) -> int:
        """How many values it holds."""
        count = 1
        for extent in self.shape:
            count *= extent
        return count


@dataclass(frozen=True, slots=True)
class Header:
    """A GGUF file's metadata and tensor list; facts that the file does not state are None."""

    path: Path
    version: int
    size_bytes: int
    metadata: dict[str, object]
    tensors: tuple[Tensor, ...]

    @property
    def architecture(self) -> str | None:
        """The family whose code can run it, such as "llama" or "qwen3"."""
        return self._text("general.architecture")

    @property
    def name(self) -> str | None:
        """The name its makers gave it."""
        return self._text("general.name")

    @property
    def kind(self) -> str:
        """What the file says it is: "model" unless stated otherwise ("adapter", "mmproj", …)."""
        return self._text("general.type") or "model"

    @property
    def parameters(self) -> int:
        """How many weights all tensors hold together."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def weights_bytes(self) -> int:
        """How many bytes all tensors take."""
        return sum(tensor.bytes for tensor in self.tensors)

    @property
    def quantization(self) -> str | None:
        """The file's type as people name it ("Q4_K_M"), else the type that most bytes have."""
        stated = self._number("general.file_type")
        if stated is not None and (known := FILE_TYPES.get(stated & ~FILE_TYPE_GUESSED)):
            return known
        sizes: Counter[str] = Counter()
        for tensor in self.tensors:
            sizes[tensor.type] += tensor.bytes
        return sizes.most_common(1)[0][0] if sizes else None

    @property
    def context_train(self) -> int | None:
        """How many tokens it was trained to attend to."""
        return self._own("context_length")

    @property
    def layers(self) -> int | None:
        """How many blocks it has."""
        return self._own("block_count")

    @property
    def embedding_length(self) -> int | None:
        """The width of its hidden state."""
        return self._own("embedding_length")

    @property
    def feed_forward_length(self) -> int | None:
        """The width inside its feed-forward layers; the widest when they differ."""
        return _widest(self._per_layer("feed_forward_length"))

    @property
    def heads(self) -> PerLayer | None:
        """Attention heads: one number, or one for each layer."""
        return self._per_layer("attention.head_count")

    @property
    def most_heads(self) -> int:
        """Attention heads of the layer that has most; 0 where the file does not say."""
        return _widest(self.heads) or 0

    @property
    def kv_heads(self) -> PerLayer | None:
        """Heads whose keys and values are kept; as many as heads where the file does not say."""
        stated = self._per_layer("attention.head_count_kv")
        return self.heads if stated is None else stated

    @property
    def head_dim_k(self) -> int | None:
        """The length of one head's key."""
        return self._own("attention.key_length") or self._even_head_dim()

    @property
    def head_dim_v(self) -> int | None:
        """The length of one head's value."""
        return self._own("attention.value_length") or self._even_head_dim()

    @property
    def vocabulary(self) -> int | None:
        """How many tokens it knows."""
        tokens = self.metadata.get("tokenizer.ggml.tokens")
        if isinstance(tokens, LongArray):
            return tokens.length
        if isinstance(tokens, tuple):
            return len(tokens)
        return self._own("vocab_size")

    @property
    def chat_template(self) -> str | None:
        """Its chat template: untrusted Jinja source."""
        return self._text("tokenizer.chat_template")

    @property
    def embedding_only(self) -> bool:
        """Whether it only turns text into vectors."""
        return self.encoder or (self.pooling or 0) > 0

    @property
    def encoder(self) -> bool:
        """Whether every token sees every other one, so that no keys and values are kept between steps."""
        return self.architecture in _ENCODERS or self.metadata.get(f"{self.architecture}.attention.causal") is False

    @property
    def pooling(self) -> int | None:
        """How it makes one output of many, by llama.cpp's number."""
        return self._own("pooling_type")

    @property
    def has_rank_head(self) -> bool:
        """Whether it has weights that make a score of a text."""
        return any(tensor.name in ("cls.weight", "cls.output.weight") for tensor in self.tensors)

    @property
    def is_split(self) -> bool:
        """Whether the model lies in several files, of which this is one."""
        return (self._number("split.count") or 0) > 1

    def own_number(self, key: str) -> int | None:
        """A whole number under the architecture's own prefix, such as `ssm.inner_size`."""
        return self._own(key)

    # A header may put any type under any key, so every getter checks what it found.

    def _text(self, key: str) -> str | None:
        value = self.metadata.get(key)
        return value if isinstance(value, str) and value else None

    def _number(self, key: str) -> int | None:
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def _own(self, key: str) -> int | None:
        return self._number(f"{self.architecture}.{key}")

    def _per_layer(self, key: str) -> PerLayer | None:
        value = self.metadata.get(f"{self.architecture}.{key}")
        if isinstance(value, tuple) and value and all(type(item) is int and item >= 0 for item in value):
            return value
        return self._own(key)

    def _even_head_dim(self) -> int | None:
        heads = _widest(self.heads)
        return self.embedding_length // heads if self.embedding_length and heads else None


def _widest(value: PerLayer | None) -> int | None:
    return max(value) if isinstance(value, tuple) else value
