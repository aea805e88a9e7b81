"""The family that turns texts into vectors: BERT, as sentence-transformers, BGE, E5 and MiniLM are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec
from gguf import MODEL_ARCH, GGUFWriter, PoolingType

from tektra_models.convert.folder import CONFIG, ModelFolder
from tektra_models.convert.plan import Layers, Plan, Positive, Size, Wanted
from tektra_models.errors import BadModelFile, Unsupported

MODULES = "modules.json"
IGNORED = re.compile(r"embeddings\.(position_ids|token_type_ids)|pooler\.dense\.(weight|bias)|cls\..+")
"""Training's heads; llama.cpp makes positions itself."""
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh")
FOLDER = re.compile(r"\w[\w.-]{0,100}", re.ASCII)
KNOWN_MODULES = ("Transformer", "Pooling", "Normalize")


class BertConfig(msgspec.Struct, frozen=True):
    """The config.json of this family."""

    vocab_size: Size
    hidden_size: Size
    intermediate_size: Size
    num_hidden_layers: Layers
    num_attention_heads: Size
    max_position_embeddings: Size
    type_vocab_size: Size = 2
    layer_norm_eps: Positive = 1e-12
    hidden_act: str = "gelu"
    position_embedding_type: str | None = "absolute"
    is_decoder: bool = False


class _Module(msgspec.Struct, frozen=True):
    type: str
    path: str = ""


class _Pooling(msgspec.Struct, frozen=True):
    """1_Pooling/config.json: newer files say it by a name, older ones by flags."""

    pooling_mode: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    pooling_mode_cls_token: bool = False
    pooling_mode_mean_tokens: bool = False
    pooling_mode_max_tokens: bool = False
    pooling_mode_mean_sqrt_len_tokens: bool = False
    pooling_mode_weightedmean_tokens: bool = False
    pooling_mode_lasttoken: bool = False

    @property
    def modes(self) -> list[str]:
        """All that are on; several would be put one behind another."""
        flags = [name.removeprefix("pooling_mode_") for name in self.__struct_fields__[1:] if getattr(self, name)]
        return [self.pooling_mode] if self.pooling_mode else flags


POOLINGS = {
    "mean": PoolingType.MEAN,
    "mean_tokens": PoolingType.MEAN,
    "cls": PoolingType.CLS,
    "cls_token": PoolingType.CLS,
    "lasttoken": PoolingType.LAST,
}


def bert(folder: ModelFolder) -> Plan:
    """BERT and what was trained from it; raises a ModelError."""
    config = folder.json(CONFIG, BertConfig)
    if config.hidden_size % config.num_attention_heads:
        raise BadModelFile(f"Its config.json cannot be: {config.num_attention_heads} heads in {config.hidden_size}.")
    if config.hidden_act not in ACTIVATIONS or config.position_embedding_type not in (None, "absolute"):
        what = f"{config.hidden_act!r} with {config.position_embedding_type!r} positions"
        raise Unsupported(f"Its layers compute {what}, which llama.cpp does not in this family.")
    if config.is_decoder:
        raise Unsupported("It is a BERT that writes, which llama.cpp cannot run.")
    pooling = _pooling(folder)

    def describe(writer: GGUFWriter) -> None:
        writer.add_context_length(config.max_position_embeddings)
        writer.add_embedding_length(config.hidden_size)
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_head_count(config.num_attention_heads)
        writer.add_layer_norm_eps(config.layer_norm_eps)
        writer.add_causal_attention(False)
        writer.add_token_type_count(config.type_vocab_size)
        if pooling is not None:
            writer.add_pooling_type(pooling)

    return Plan(
        MODEL_ARCH.BERT,
        config.num_hidden_layers,
        config.vocab_size,
        list(_wanted(config)),
        describe,
        ignored=IGNORED,
        renamed=_plain,
    )


def _plain(name: str) -> str:
    """Folders differ in a prefix, and the oldest in what a norm's parts are called."""
    return re.sub(r"\.gamma$", ".weight", re.sub(r"\.beta$", ".bias", name.removeprefix("bert.")))


def _pooling(folder: ModelFolder) -> PoolingType | None:
    """How a text's vector is made of its tokens'; None where the folder does not say."""
    modules = folder.json_if_there(MODULES, list[_Module]) or []
    kinds = [module.type.rsplit(".", 1)[-1] for module in modules]
    if unknown := [kind for kind in kinds if kind not in KNOWN_MODULES]:
        raise Unsupported(f"Its vectors go through {unknown[0]} at last, which llama.cpp cannot.")
    if "Pooling" not in kinds:
        return None
    path = modules[kinds.index("Pooling")].path
    if not FOLDER.fullmatch(path):
        raise BadModelFile(f"{folder.path / MODULES} names {path!r}, which is no folder beside it.")
    modes = folder.json(f"{path}/{CONFIG}", _Pooling).modes
    if len(modes) != 1 or modes[0] not in POOLINGS:
        raise Unsupported(f"It makes one vector of many by {' and '.join(modes) or 'nothing'}; llama.cpp cannot.")
    return POOLINGS[modes[0]]


def _wanted(config: BertConfig) -> Iterator[Wanted]:
    hidden, inner = config.hidden_size, config.intermediate_size

    def dense(name: str, rows: int, columns: int) -> Iterator[Wanted]:
        yield Wanted(f"{name}.weight", (rows, columns))
        yield Wanted(f"{name}.bias", (rows,))

    def norm(name: str) -> Iterator[Wanted]:
        yield Wanted(f"{name}.weight", (hidden,))
        yield Wanted(f"{name}.bias", (hidden,))

    yield Wanted("embeddings.word_embeddings.weight", (config.vocab_size, hidden))
    yield Wanted("embeddings.position_embeddings.weight", (config.max_position_embeddings, hidden), exact=True)
    yield Wanted("embeddings.token_type_embeddings.weight", (config.type_vocab_size, hidden), exact=True)
    yield from norm("embeddings.LayerNorm")
    for layer in range(config.num_hidden_layers):
        block = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            yield from dense(f"{block}.attention.self.{part}", hidden, hidden)
        yield from dense(f"{block}.attention.output.dense", hidden, hidden)
        yield from norm(f"{block}.attention.output.LayerNorm")
        yield from dense(f"{block}.intermediate.dense", inner, hidden)
        yield from dense(f"{block}.output.dense", hidden, inner)
        yield from norm(f"{block}.output.LayerNorm")
