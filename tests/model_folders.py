"""Writes small but whole model folders for tests, as transformers saves them: weights, configuration, tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.safetensors_files import stored as stored_file

Weights = dict[str, NDArray[np.float32]]
Json = dict[str, Any]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _TAIL
QWEN2 = LLAMA3.replace("{1,3}", "")
MERGES = ("h e", "l l", "he ll", "hell o", "Ġ w")
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = [chr(byte) if byte in PRINTABLE else "" for byte in range(256)]
"""How byte-level tokenizers write each byte: as itself, or in turn from U+0100 on."""
for place, byte in enumerate(byte for byte in range(256) if byte not in PRINTABLE):
    BYTES[byte] = chr(256 + place)


def write_safetensors(path: Path, weights: Weights, kind: str = "F32") -> None:
    """A file with these weights as F32, F16 or BF16 (cut off, so that `as_kept` is exactly what it holds)."""
    header: Json = {}
    data = b""
    for name, values in weights.items():
        bits = values.astype(np.float16) if kind == "F16" else values.astype(np.float32)
        stored = (bits.view(np.uint32) >> 16).astype(np.uint16).tobytes() if kind == "BF16" else bits.tobytes()
        header[name] = {"dtype": kind, "shape": values.shape, "data_offsets": [len(data), len(data) + len(stored)]}
        data += stored
    path.write_bytes(stored_file(header, data))


def as_kept(weights: Weights, kind: str) -> Weights:
    """What such a file holds of them."""
    if kind == "BF16":
        return {name: (v.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32) for name, v in weights.items()}
    return {name: v.astype(np.float16).astype(np.float32) if kind == "F16" else v for name, v in weights.items()}


def write_folder(
    path: Path, config: Json, weights: Weights, tokenizer: Json, marks: Json, kind: str = "F32", shards: int = 1
) -> Path:
    """A folder with all of it; several shards have an index."""
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config))
    (path / "tokenizer.json").write_text(json.dumps(tokenizer))
    (path / "tokenizer_config.json").write_text(json.dumps(marks))
    if shards == 1:
        write_safetensors(path / "model.safetensors", weights, kind)
        return path
    places = {name: f"model-{index % shards:05}.safetensors" for index, name in enumerate(weights)}
    for file in set(places.values()):
        write_safetensors(path / file, {name: v for name, v in weights.items() if places[name] == file}, kind)
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    return path


def decoder_config(architecture: str, **changes: Any) -> Json:
    """The config.json of a tiny model that writes."""
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "vocab_size": 280}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256}
    rest = {"rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": False}
    return {"architectures": [architecture], **sizes, **heads, **rest, **changes}


def decoder_weights(config: Json, *, biases: bool = False, seed: int = 1) -> Weights:
    """Random weights, large enough that every part of the model shows in what comes out."""
    hidden, inner, width = config["hidden_size"], config["intermediate_size"], head_width(config)
    rows = {"q": config["num_attention_heads"], "k": config["num_key_value_heads"], "v": config["num_key_value_heads"]}
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (config["vocab_size"], hidden)}
    for layer in range(config["num_hidden_layers"]):
        block = f"model.layers.{layer}"
        for name, heads in rows.items():
            shapes[f"{block}.self_attn.{name}_proj.weight"] = (heads * width, hidden)
            if biases:
                shapes[f"{block}.self_attn.{name}_proj.bias"] = (heads * width,)
        shapes[f"{block}.self_attn.o_proj.weight"] = (hidden, rows["q"] * width)
        shapes |= {f"{block}.mlp.{name}_proj.weight": (inner, hidden) for name in ("gate", "up")}
        shapes[f"{block}.mlp.down_proj.weight"] = (hidden, inner)
        shapes |= {f"{block}.{name}.weight": (hidden,) for name in ("input_layernorm", "post_attention_layernorm")}
    shapes["model.norm.weight"] = (hidden,)
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (config["vocab_size"], hidden)
    return random_weights(shapes, seed)


def bert_config(**changes: Any) -> Json:
    """The config.json of a tiny BERT."""
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "vocab_size": 80}
    rest = {"num_attention_heads": 4, "max_position_embeddings": 64, "type_vocab_size": 2, "layer_norm_eps": 1e-12}
    return {"architectures": ["BertModel"], **sizes, **rest, "hidden_act": "gelu_new", **changes}


def bert_weights(config: Json, *, prefix: str = "", seed: int = 1) -> Weights:
    """Random weights for it."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], hidden),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], hidden),
        "embeddings.token_type_embeddings.weight": (config["type_vocab_size"], hidden),
        "embeddings.LayerNorm.weight": (hidden,),
        "embeddings.LayerNorm.bias": (hidden,),
        "pooler.dense.weight": (hidden, hidden),
    }
    for layer in range(config["num_hidden_layers"]):
        block = f"encoder.layer.{layer}"
        dense = {f"attention.self.{part}": (hidden, hidden) for part in ("query", "key", "value")}
        dense |= {"attention.output.dense": (hidden, hidden)}
        dense |= {"intermediate.dense": (inner, hidden), "output.dense": (hidden, inner)}
        for name, shape in dense.items():
            shapes |= {f"{block}.{name}.weight": shape, f"{block}.{name}.bias": shape[:1]}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{block}.{name}.weight": (hidden,), f"{block}.{name}.bias": (hidden,)}
    return {prefix + name: values for name, values in random_weights(shapes, seed).items()}


def random_weights(shapes: dict[str, tuple[int, ...]], seed: int) -> Weights:
    """Matrices around nothing, norms around one."""
    chance = np.random.default_rng(seed)
    norms = (len(shape) == 1 and "norm" in name.lower() and name.endswith("weight") for name, shape in shapes.items())
    return {
        name: (chance.standard_normal(shape) * 0.2 + is_norm).astype(np.float32)
        for (name, shape), is_norm in zip(shapes.items(), norms, strict=True)
    }


def head_width(config: Json) -> int:
    """How wide one head is."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def byte_level(pattern: str | None = QWEN2, merges: tuple[str, ...] = MERGES, **model: Any) -> Json:
    """A tokenizer.json over bytes, with an end mark, a beginning mark and a visible mark behind the merges."""
    texts = [*BYTES, *(merge.replace(" ", "") for merge in merges)]
    ends = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": pattern is None}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    steps = [ends] if pattern is None else [split, ends]
    added = [("<|end|>", True), ("<|begin|>", True), ("<tool>", False)]
    return {
        "added_tokens": [
            {"id": len(texts) + index, "content": text, "special": special}
            for index, (text, special) in enumerate(added)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
        "post_processor": None,
        "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(texts)}, "merges": list(merges), **model},
    }


def sentence_piece(pieces: tuple[str, ...], merges: tuple[str, ...], *, legacy: bool = True) -> Json:
    """A tokenizer.json that SentencePiece made: three marks, all bytes, and these pieces."""
    texts = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    steps = [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]
    around = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    model = {"type": "BPE", "unk_token": "<unk>", "byte_fallback": True, "fuse_unk": True}
    return {
        "added_tokens": [{"id": index, "content": texts[index], "special": True} for index in range(3)],
        "normalizer": {"type": "Sequence", "normalizers": steps} if legacy else None,
        "pre_tokenizer": None if legacy else {"type": "Metaspace", "prepend_scheme": "first", "split": False},
        "post_processor": {"type": "TemplateProcessing", "single": around, "pair": [], "special_tokens": {}},
        "model": {**model, "vocab": {text: index for index, text in enumerate(texts)}, "merges": list(merges)},
    }


WORD_PIECES = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *(chr(letter) for letter in range(ord("a"), ord("z") + 1)),
    *(f"##{chr(letter)}" for letter in range(ord("a"), ord("z") + 1)),
    *("hello", "world", "##ing", "##ed", ",", "!", "語"),
]


def word_piece(lowercase: bool = True) -> Json:
    """A tokenizer.json of BERT's kind."""
    return {
        "added_tokens": [{"id": index, "content": WORD_PIECES[index], "special": True} for index in range(5)],
        "normalizer": {"type": "BertNormalizer", "strip_accents": None, "lowercase": lowercase},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "vocab": {text: index for index, text in enumerate(WORD_PIECES)},
        },
    }


BYTE_MARKS = {"eos_token": "<|end|>", "bos_token": "<|begin|>"}
PIECE_MARKS = {"eos_token": "</s>", "bos_token": "<s>", "unk_token": "<unk>", "add_bos_token": True}
"""What a tokenizer_config.json says beside these tokenizers."""
