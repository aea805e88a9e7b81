"""BERT's tokenizers: whole words, and pieces that go on with ##."""

from __future__ import annotations

from typing import Literal

import msgspec

from tektra_models.convert.folder import ModelFolder
from tektra_models.convert.vocabulary import (
    MAX_TOKENIZER,
    SPACE,
    TOKENIZER,
    AddedToken,
    TokenId,
    TokenType,
    Vocabulary,
    bad,
    part,
    read_tokenizer_file,
    room_for,
    unsupported,
)

WORDS = "vocab.txt"
CONTINUING = "##"
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class WordPieces(msgspec.Struct, frozen=True):
    """The model part of a tokenizer.json of this kind."""

    type: Literal["WordPiece"]
    vocab: dict[str, TokenId]
    continuing_subword_prefix: str = CONTINUING


class _Normalizer(msgspec.Struct, frozen=True, tag="BertNormalizer"):
    clean_text: bool = True
    handle_chinese_chars: bool = True
    strip_accents: bool | None = None
    lowercase: bool = True


class _PreTokenizer(msgspec.Struct, frozen=True, tag="BertPreTokenizer"):
    """Splits at spaces and punctuation."""


class _Config(msgspec.Struct, frozen=True):
    do_lower_case: bool = True
    strip_accents: bool | None = None
    tokenize_chinese_chars: bool = True


def word_piece(folder: ModelFolder, size: int) -> Vocabulary:
    """The vocabulary of a WordPiece tokenizer for a model of `size` rows; raises a ModelError."""
    vocab, added, normalizer = _from_json(folder) if folder.has(TOKENIZER) else _from_words(folder)
    if not normalizer.clean_text or not normalizer.handle_chinese_chars:
        unsupported("it leaves control characters or Chinese characters as they are")
    tokens = room_for(size)
    tokens.add_all(vocab)
    tokens.add_marks(added)
    texts = [_phantom(text, kind) for text, kind in zip(tokens.filled(), tokens.types, strict=True)]
    if len(set(texts)) < len(texts):
        bad("two of its pieces would be the same for llama.cpp")
    lower = normalizer.lowercase
    accents = lower if normalizer.strip_accents is None else normalizer.strip_accents
    return Vocabulary(
        model="bert",
        pre="default",
        texts=texts,
        types=tokens.types,
        flags={"normalizer.lowercase": lower, "normalizer.strip_accents": accents},
    )


def _from_json(folder: ModelFolder) -> tuple[dict[str, int], list[AddedToken], _Normalizer]:
    file = read_tokenizer_file(folder)
    part(file.pre_tokenizer, _PreTokenizer, "pre_tokenizer")
    try:
        model = msgspec.json.decode(file.model, type=WordPieces)
    except ValueError as error:
        unsupported(f"BERT's are of the kind WordPiece, and this one is not ({error})")
    if model.continuing_subword_prefix != CONTINUING:
        unsupported(f"its pieces go on with {model.continuing_subword_prefix!r}")
    return model.vocab, file.added_tokens, part(file.normalizer, _Normalizer, "normalizer")


def _from_words(folder: ModelFolder) -> tuple[dict[str, int], list[AddedToken], _Normalizer]:
    """Old folders have one token a line, and what is done to texts in the tokenizer's configuration."""
    lines = folder.text(WORDS, MAX_TOKENIZER).decode("utf-8", "replace").removesuffix("\n").split("\n")
    vocab = {line.removesuffix("\r"): place for place, line in enumerate(lines)}
    config = folder.json_if_there("tokenizer_config.json", _Config) or _Config()
    marks = [AddedToken(vocab[text], text, special=True) for text in MARKS if text in vocab]
    return vocab, marks, _Normalizer(True, config.tokenize_chinese_chars, config.strip_accents, config.do_lower_case)


def _phantom(text: str, kind: TokenType) -> str:
    """llama.cpp marks where words begin instead of where they go on."""
    if kind in (TokenType.CONTROL, TokenType.UNUSED):
        return text
    return text.removeprefix(CONTINUING) if text.startswith(CONTINUING) else SPACE + text
