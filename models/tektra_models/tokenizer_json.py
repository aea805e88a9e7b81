"""A model's tokenizer.json: text → tokens, the bytes of tokens, and what grammars have to know of them."""

from __future__ import annotations

from typing import Any

from llguidance import LLTokenizer, TokenizerWrapper
from tokenizers import Tokenizer

from tektra_models.errors import LoadFailed
from tektra_models.model_directory import MAX_TOKENIZER, TOKENIZER, TOKENIZER_CONFIG, ModelDirectory


class Vocabulary:
    """The tokens of one model; raises LoadFailed when made from a file that is none."""

    def __init__(self, directory: ModelDirectory, size: int) -> None:
        source = directory.text(TOKENIZER, MAX_TOKENIZER)
        if source is None:
            raise LoadFailed(f"{directory.path} has no {TOKENIZER}.", "Get the whole model, or a GGUF version of it.")
        try:
            self._tokenizer = Tokenizer.from_str(source)
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
            self._pieces = _pieces(self._tokenizer)
            self._added = self._tokenizer.get_added_tokens_decoder()
        except Exception as error:  # both libraries raise plain exceptions
            raise LoadFailed(
                f"the {TOKENIZER} of {directory.path} cannot be used: {str(error)[:200]}", "Get the file again."
            ) from error
        if len(self._pieces) > size:
            raise LoadFailed(
                f"the {TOKENIZER} of {directory.path} has {len(self._pieces):,} tokens, the model {size:,}.",
                "The files belong to different models: get the whole model again.",
            )
        self._size = size
        config = directory.json(TOKENIZER_CONFIG)
        self.bos, self.eos = _content(config.get("bos_token")), _content(config.get("eos_token"))
        eos = self._tokenizer.token_to_id(self.eos)
        self.ends = directory.ends | (frozenset() if eos is None else {eos})
        self._grammars: LLTokenizer | None = None

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Text → tokens; the ones that begin every text are added unless the text has them."""
        text = text.encode("utf-8", "replace").decode()
        self._tokenizer.encode_special_tokens = not special
        begun = special and self.bos and text.startswith(self.bos)
        return list(self._tokenizer.encode(text, add_special_tokens=not begun).ids)

    def token_bytes(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for control tokens and for those that the model has beyond."""
        return b"" if self._is_control(token) else self.mark_bytes(token)

    def mark_bytes(self, token: int) -> bytes:
        """The bytes of any token, also of those that control."""
        return self._pieces[token] if token < len(self._pieces) else b""

    def for_grammars(self) -> LLTokenizer:
        """All tokens for llguidance, made when first asked for; to it, only control tokens are no text."""
        if self._grammars is None:
            self._grammars = LLTokenizer(TokenizerWrapper(_Spelled(self)), eos_token=sorted(self.ends))
        return self._grammars

    def _is_control(self, token: int) -> bool:
        added = self._added.get(token)
        return added is not None and added.special


class _Spelled:
    """A vocabulary in the shape that llguidance asks for."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.tokens = [vocabulary.mark_bytes(token) for token in range(vocabulary._size)]
        self.special_token_ids = [token for token in range(vocabulary._size) if not vocabulary.token_bytes(token)]
        self.eos_token_id = min(vocabulary.ends, default=None)
        self.bos_token_id = None
        self._vocabulary = vocabulary

    def __call__(self, text: bytes | str) -> list[int]:
        plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return list(self._vocabulary._tokenizer.encode(plain, add_special_tokens=False).ids)


def _pieces(tokenizer: Tokenizer) -> list[bytes]:
    """The bytes of all tokens, also of marks; llguidance knows how each kind of tokenizer spells them."""
    reader = LLTokenizer(tokenizer.to_str())
    return [reader.decode_bytes([token]) for token in range(reader.vocab_size)]


def _content(token: Any) -> str:
    """The text of a special token in a configuration: plain, or an object."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else ""
