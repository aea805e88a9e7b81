"""Tokenizers over bytes, as GPT-2 brought them: Llama 3, Qwen 2, SmolLM, Mistral Nemo."""

from __future__ import annotations

from typing import Literal

import msgspec

from tektra_models.convert.pre_tokenizers import pre_tokenizer
from tektra_models.convert.vocabulary import TokenId, TokenizerFile, Vocabulary, bad, part, room_for, unsupported

Merge = str | tuple[str, str]


class BytePairs(msgspec.Struct, frozen=True):
    """The model part of a tokenizer.json that merges pairs."""

    vocab: dict[str, TokenId]
    merges: list[Merge]
    type: Literal["BPE"] = "BPE"
    unk_token: str | None = None
    continuing_subword_prefix: str | None = None
    end_of_word_suffix: str | None = None
    byte_fallback: bool = False
    ignore_merges: bool = False


class _Nfc(msgspec.Struct, frozen=True, tag="NFC"):
    """Qwen's; llama.cpp leaves it out, which matters to texts only that are not composed already."""


def byte_level(file: TokenizerFile, model: BytePairs, size: int) -> Vocabulary:
    """The vocabulary of a byte-level tokenizer for a model of `size` rows; raises a ModelError."""
    part(file.normalizer, _Nfc | None, "normalizer")  # type: ignore[arg-type]
    if model.continuing_subword_prefix or model.end_of_word_suffix:
        unsupported("it marks the inside or the end of words")
    if not model.merges:
        unsupported("it merges nothing, and llama.cpp needs merges")
    tokens = room_for(size)
    tokens.add_all(model.vocab)
    tokens.add_marks(file.added_tokens)
    return Vocabulary(
        model="gpt2",
        pre=pre_tokenizer(file.pre_tokenizer, ignore_merges=model.ignore_merges),
        texts=tokens.filled(),
        types=tokens.types,
        merges=[f"{left} {right}" for left, right in pairs(model)],
    )


def pairs(model: BytePairs) -> list[tuple[str, str]]:
    """Its merges, first things first; raises BadModelFile for one that makes no token."""
    found = [_pair(merge) for merge in model.merges]
    for left, right in found:
        if not left or not right or left + right not in model.vocab:
            bad(f"it merges {left!r} and {right!r}, which makes no token")
    return found


def _pair(merge: Merge) -> tuple[str, str]:
    """Old files write both in one text, with a space between, so that neither can hold one."""
    left, right = merge if isinstance(merge, tuple) else (*merge.split(" ", 1), "")[:2]
    if " " in left or " " in right:
        unsupported(f"it merges {left!r} and {right!r}, and a space cannot be written in GGUF")
    return left, right
