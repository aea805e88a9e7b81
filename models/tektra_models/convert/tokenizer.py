"""A folder's tokenizer, of whichever kind it is."""

from __future__ import annotations

from typing import NamedTuple

from gguf import MODEL_ARCH

from tektra_models.convert.byte_level import BytePairs, byte_level
from tektra_models.convert.folder import ModelFolder, decoded
from tektra_models.convert.sentence_piece import sentence_piece
from tektra_models.convert.special_tokens import Specials, specials
from tektra_models.convert.vocabulary import TOKENIZER, Vocabulary, read_tokenizer_file
from tektra_models.convert.word_piece import word_piece


class Tokenizer(NamedTuple):
    """Its vocabulary, and which of its tokens mean what."""

    vocabulary: Vocabulary
    specials: Specials


def read_tokenizer(folder: ModelFolder, architecture: MODEL_ARCH, size: int) -> Tokenizer:
    """The tokenizer of a model that has `size` rows for tokens; raises a ModelError."""
    if architecture == MODEL_ARCH.BERT:
        vocabulary = word_piece(folder, size)
        return Tokenizer(vocabulary, specials(folder, vocabulary, None))
    file = read_tokenizer_file(folder)
    model = decoded(folder.path / TOKENIZER, file.model, BytePairs)
    vocabulary = (sentence_piece if model.byte_fallback else byte_level)(file, model, size)
    return Tokenizer(vocabulary, specials(folder, vocabulary, file))
