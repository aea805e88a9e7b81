"""Vectors and scores of whole texts, against the same arithmetic in numpy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from tektra_models.errors import ContextExceeded, Unsupported
from tektra_models.generation import Pooling, Prompt
from tektra_models.gguf import read_header
from tektra_models.starter import MODEL_PATH
from tests.encoders import CLS, CONTEXT, SEP, WORDS, Bert, tokens_of, write_bert
from tests.models.test_llamacpp import opened

QUERY = "which fruit grows on trees"
DOCUMENTS = ["an apple is red", "water flows under the bridge", "a stone", "the green apple", "cloud"]


def unit(vector: Any) -> Any:
    return vector / np.sqrt((vector**2).sum())


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bert]:
    path = tmp_path_factory.mktemp("models") / "ranker.gguf"
    return path, write_bert(path, pooling=gguf.PoolingType.RANK)


@pytest.fixture(scope="module")
def backend(bert: tuple[Path, Bert]) -> Iterator[Any]:
    found = opened(bert[0], context=CONTEXT).backend
    yield found
    found.close()


def test_a_document_is_joined_to_the_query_as_in_training(backend: Any) -> None:
    assert backend.rank_tokens(QUERY, DOCUMENTS[0]) == tokens_of(QUERY, DOCUMENTS[0])


def test_marks_in_a_document_are_text(backend: Any) -> None:
    tokens = backend.rank_tokens("apple", "red [SEP] green")
    assert (tokens.count(SEP), tokens.count(CLS)) == (2, 1)


def test_a_template_of_the_file_decides_how_they_are_joined(tmp_path: Path) -> None:
    write_bert(tmp_path / "templated.gguf", template="[CLS] {document} [SEP] {query} [SEP]")
    backend = opened(tmp_path / "templated.gguf", context=CONTEXT).backend
    assert backend.rank_tokens(QUERY, DOCUMENTS[0]) == tokens_of(DOCUMENTS[0], QUERY)
    assert len(backend.rank_tokens("apple", "{query} red")) == len(backend.rank_tokens("apple", "query red")) + 2
    backend.close()


def test_scores_are_those_of_the_same_arithmetic_in_numpy(bert: tuple[Path, Bert], backend: Any) -> None:
    scores = [backend.rank(backend.rank_tokens(QUERY, text)) for text in DOCUMENTS]
    expected = [bert[1].score(tokens_of(QUERY, text)) for text in DOCUMENTS]
    assert scores == pytest.approx(expected, abs=0.01)
    assert max(expected) - min(expected) > 0.1  # else anything would be close


def test_a_score_does_not_depend_on_what_was_scored_before(backend: Any) -> None:
    rows = [backend.rank_tokens(QUERY, text) for text in DOCUMENTS]
    assert [backend.rank(row) for row in rows] == [backend.rank(row) for row in reversed(rows)][::-1]


@pytest.mark.parametrize(("pooling", "rows"), [("cls", slice(0, 1)), ("mean", slice(None)), ("last", slice(-1, None))])
def test_vectors_are_pooled_as_asked_for(bert: tuple[Path, Bert], backend: Any, pooling: Pooling, rows: slice) -> None:
    tokens = tokens_of(QUERY, DOCUMENTS[0])
    before = backend.rank(tokens)
    expected = unit(bert[1].hidden(tokens)[rows].mean(axis=0))
    assert backend.embed(tokens, pooling) == pytest.approx(expected.tolist(), abs=0.01)
    assert backend.rank(tokens) == before


@pytest.mark.parametrize(
    ("stated", "pooling"), [(None, "mean"), (gguf.PoolingType.CLS, "cls"), (gguf.PoolingType.MEAN, "mean")]
)
def test_without_a_wish_the_file_decides(tmp_path: Path, stated: gguf.PoolingType | None, pooling: Pooling) -> None:
    write_bert(tmp_path / "plain.gguf", head=False, pooling=stated)
    engine = opened(tmp_path / "plain.gguf", context=CONTEXT)
    tokens = engine.tokens(Prompt(text=DOCUMENTS[1]))
    assert engine.embed(tokens) == engine.embed(tokens, pooling)
    engine.backend.close()


@pytest.mark.parametrize("stated", [gguf.PoolingType.RANK, gguf.PoolingType.NONE])
def test_a_file_that_names_no_pooling_of_vectors_is_refused_in_words(tmp_path: Path, stated: gguf.PoolingType) -> None:
    write_bert(tmp_path / "ranker.gguf", pooling=stated)
    engine = opened(tmp_path / "ranker.gguf", context=CONTEXT)
    with pytest.raises(Unsupported, match="one vector of a text"):
        engine.embed([CLS])
    engine.backend.close()


@pytest.mark.parametrize("stated", [None, gguf.PoolingType.RANK])
def test_a_model_without_a_head_ranks_nothing(tmp_path: Path, stated: gguf.PoolingType | None) -> None:
    write_bert(tmp_path / "headless.gguf", head=False, pooling=stated)
    for path in (tmp_path / "headless.gguf", MODEL_PATH):
        backend = opened(path, context=CONTEXT).backend
        assert not backend.can_rank
        with pytest.raises(Unsupported, match="no head that ranks"):
            backend.rank_tokens(QUERY, DOCUMENTS[0])
        backend.close()


def test_a_document_that_is_too_long_is_refused_with_both_numbers(backend: Any) -> None:
    with pytest.raises(ContextExceeded, match=f"{CONTEXT}"):
        backend.rank_tokens(QUERY, " ".join(WORDS * 5))


def test_the_header_tells_what_a_file_can_rank(bert: tuple[Path, Bert]) -> None:
    assert read_header(bert[0]).has_rank_head
    assert not read_header(MODEL_PATH).has_rank_head
