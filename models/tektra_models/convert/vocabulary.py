"""What llama.cpp needs to know of a tokenizer, and what the three kinds of tokenizer.json have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, NoReturn, TypeVar

import msgspec

from tektra_models.convert.folder import ModelFolder
from tektra_models.errors import BadModelFile, Unsupported

TOKENIZER = "tokenizer.json"
MAX_TOKENIZER = 64 * 1024 * 1024
MAX_PART = 1024 * 1024
MAX_TOKENS = 4 * 1024 * 1024
SPACE = "▁"
"""How SentencePiece writes a space."""

T = TypeVar("T")
TokenId = Annotated[int, msgspec.Meta(ge=0, lt=MAX_TOKENS)]


class TokenType(IntEnum):
    """How llama.cpp treats a token, by its numbers."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class AddedToken(msgspec.Struct, frozen=True):
    """A token that is found in a text before anything else is."""

    id: TokenId
    content: str
    special: bool = False


class TokenizerFile(msgspec.Struct, frozen=True):
    """A tokenizer.json; its parts are read by those who know of what kind they have to be."""

    model: msgspec.Raw
    added_tokens: list[AddedToken] = []
    normalizer: msgspec.Raw = msgspec.Raw(b"null")
    pre_tokenizer: msgspec.Raw = msgspec.Raw(b"null")
    post_processor: msgspec.Raw = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer in llama.cpp's words: `model` is its kind, `pre` how a text is split before it."""

    model: str
    pre: str
    texts: list[str]
    types: list[TokenType]
    merges: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    flags: dict[str, bool] = field(default_factory=dict)
    """What else is true of it, by llama.cpp's keys below `tokenizer.ggml.`."""


@dataclass(slots=True)
class Tokens:
    """Texts and types by id while they are gathered: dense, each text once."""

    texts: list[str | None]
    types: list[TokenType]

    def add_all(self, vocabulary: Mapping[str, int]) -> None:
        """Take the model's own tokens; raises BadModelFile."""
        for text, place in vocabulary.items():
            if not 0 <= place < len(self.texts):
                bad(f"{text!r} has the number {place:,}, and the model has rows for {len(self.texts):,} tokens")
            if self.texts[place] is not None:
                bad(f"{text!r} and {self.texts[place]!r} have the same number {place:,}")
            self.texts[place] = text
            self.types[place] = TokenType.NORMAL

    def add_marks(self, added: list[AddedToken]) -> None:
        """Take what is found before anything else; tokens that the model has no row for are left out."""
        for token in added:
            if token.id >= len(self.texts):
                continue
            if self.texts[token.id] not in (None, token.content):
                bad(f"{token.content!r} and {self.texts[token.id]!r} have the same number {token.id:,}")
            self.texts[token.id] = token.content
            self.types[token.id] = TokenType.CONTROL if token.special else TokenType.USER_DEFINED

    def filled(self) -> list[str]:
        """All texts, with names for the rows that no token has; raises BadModelFile if two are the same."""
        texts = [f"[PAD{place}]" if text is None else text for place, text in enumerate(self.texts)]
        if len(set(texts)) < len(texts):  # llama.cpp ends the process over it
            bad("two of its tokens are the same text")
        return texts


def room_for(size: int) -> Tokens:
    """As many places as the model has rows, all unused."""
    return Tokens([None] * size, [TokenType.UNUSED] * size)


def read_tokenizer_file(folder: ModelFolder) -> TokenizerFile:
    """The folder's tokenizer.json; raises a ModelError."""
    if not folder.has(TOKENIZER):
        other = next((name for name in ("tokenizer.model", "tekken.json", "vocab.json") if folder.has(name)), None)
        raise Unsupported(
            f"{folder.path} has no {TOKENIZER}" + (f", only {other}, which is not read." if other else "."),
            "Save one there: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER), with transformers.",
        )
    return folder.json(TOKENIZER, TokenizerFile, MAX_TOKENIZER)


def part(raw: msgspec.Raw, kind: type[T], what: str) -> T:
    """One part of a tokenizer.json as one of the kinds that are known; raises Unsupported."""
    if len(bytes(raw)) > MAX_PART:
        unsupported(f"its {what} takes {len(bytes(raw)):,} bytes")
    try:
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, RecursionError) as error:
        unsupported(f"its {what} is of a kind that llama.cpp has no equal of ({error})")


def bad(what: str) -> NoReturn:
    """Refuse a tokenizer that contradicts itself."""
    raise BadModelFile(f"The tokenizer is damaged: {what}.", "Get the model's folder again.")


def unsupported(what: str) -> NoReturn:
    """Refuse a tokenizer that would be another one as GGUF."""
    raise Unsupported(
        f"The tokenizer cannot be converted: {what}.", "Nothing was written, since texts would be read wrongly."
    )
