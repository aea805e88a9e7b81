"""Tokenizers that SentencePiece made, saved as a tokenizer.json: Llama 2, Mistral, TinyLlama.

llama.cpp merges whatever makes a token, the one with the best score first. A tokenizer.json lists the pairs that may
be merged instead. The two are the same where the list has all pairs of each token, and one token after another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tektra_models.convert.byte_level import BytePairs, pairs
from tektra_models.convert.vocabulary import (
    SPACE,
    TokenizerFile,
    TokenType,
    Vocabulary,
    part,
    room_for,
    unsupported,
)

BYTE = re.compile(r"<0x[0-9A-F]{2}>")
NO_MERGE = -1e6
"""The score of what no merge makes: it is below all others, and never compared."""


class _Prepend(msgspec.Struct, frozen=True, tag="Prepend"):
    prepend: str


class _Text(msgspec.Struct, frozen=True):
    String: str


class _Replace(msgspec.Struct, frozen=True, tag="Replace"):
    pattern: _Text
    content: str


class _Normalizers(msgspec.Struct, frozen=True, tag="Sequence"):
    normalizers: list[_Prepend | _Replace]


class _Metaspace(msgspec.Struct, frozen=True, tag="Metaspace"):
    replacement: str = SPACE
    prepend_scheme: str = "always"
    add_prefix_space: bool = True
    split: bool = True


def sentence_piece(file: TokenizerFile, model: BytePairs, size: int) -> Vocabulary:
    """The vocabulary of a SentencePiece tokenizer for a model of `size` rows; raises a ModelError."""
    prefixed = _space_first(file, model)
    if model.ignore_merges:
        unsupported("it takes whole words without looking at its merges")
    tokens = room_for(size)
    tokens.add_all(model.vocab)
    bytes_there = {text for text in model.vocab if BYTE.fullmatch(text)}
    if len(bytes_there) < 256:
        unsupported("it has no token for each byte")
    for text, place in model.vocab.items():
        if text in bytes_there:
            tokens.types[place] = TokenType.BYTE
    tokens.add_marks(file.added_tokens)
    if model.unk_token in model.vocab:
        tokens.types[model.vocab[model.unk_token]] = TokenType.UNKNOWN
    texts = [
        text.replace(SPACE, " ") if kind == TokenType.USER_DEFINED else text
        for text, kind in zip(tokens.filled(), tokens.types, strict=True)
    ]
    ranks = _ranks(model, {text for text, place in model.vocab.items() if tokens.types[place] == TokenType.NORMAL})
    return Vocabulary(
        model="llama",
        pre="default",
        texts=texts,
        types=tokens.types,
        scores=[-float(ranks[text]) if text in ranks else NO_MERGE for text in texts],
        flags={"add_space_prefix": prefixed},
    )


def _space_first(file: TokenizerFile, model: BytePairs) -> bool:
    """Whether a text begins with a space of its own; raises Unsupported where spaces become something else."""
    first = part(file.normalizer, _Normalizers | _Replace | None, "normalizer")  # type: ignore[arg-type]
    steps = first.normalizers if isinstance(first, _Normalizers) else [first] if first else []
    second = part(file.pre_tokenizer, _Metaspace | None, "pre_tokenizer")  # type: ignore[arg-type]
    replaced = prefixed = False
    for step in steps:
        if step == _Prepend(SPACE):
            prefixed = True
        elif step == _Replace(_Text(" "), SPACE):
            replaced = True
        else:
            unsupported("it changes more in a text than its spaces")
    if isinstance(second, _Metaspace):
        replaced = replaced or second.replacement == SPACE
        prefixed = prefixed or (second.prepend_scheme != "never" and second.add_prefix_space)
        if second.split and any(SPACE in text[1:] for text in model.vocab):
            unsupported("it splits texts at spaces, and has tokens with spaces inside")
    if not replaced:
        unsupported(f"it does not write spaces as {SPACE}")
    return prefixed


def _ranks(model: BytePairs, normal: set[str]) -> dict[str, int]:
    """How early a token is made, from 0 on; raises Unsupported where llama.cpp would merge in another order."""
    found = pairs(model)
    ranks: dict[str, int] = {}
    last = ""
    for left, right in found:
        made = left + right
        if made != last and made in ranks:
            unsupported(f"it makes {made!r} early by one merge and late by another")
        ranks.setdefault(made, len(ranks))
        last = made
    listed = set(found)
    for text in normal:
        for left, right in _halves(text):
            if left in normal and right in normal and (left, right) not in listed:
                unsupported(f"it does not merge {left!r} and {right!r}, and llama.cpp would")
    return ranks


def _halves(text: str) -> Iterator[tuple[str, str]]:
    for at in range(1, len(text)):
        yield text[:at], text[at:]
