"""/v1/rerank, and vectors as asked for, over the socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gguf
import httpx2
import pytest

from tests.encoders import Bert, tokens_of, write_bert
from tests.harness import Tektra

QUERY = "which fruit grows on trees"
DOCUMENTS = ["an apple is red", "water flows under the bridge", "a stone", "the green apple", "cloud"]


@pytest.fixture(scope="module")
def bert(shared: Tektra) -> Bert:
    path = shared.home / "ranker.gguf"
    bert = write_bert(path, pooling=gguf.PoolingType.RANK)
    shared.json("models", "import", str(path))
    return bert


@pytest.fixture
def http(shared: Tektra, bert: Bert) -> Iterator[httpx2.Client]:
    with shared.client() as client:
        yield client


def ask(http: httpx2.Client, **fields: Any) -> Any:
    return http.post("/v1/rerank", json={"model": "ranker", "query": QUERY, "documents": DOCUMENTS} | fields)


def test_documents_come_back_by_their_scores_the_best_first(http: httpx2.Client, bert: Bert) -> None:
    answer = ask(http).json()
    rows = [tokens_of(QUERY, text) for text in DOCUMENTS]
    expected = sorted(((bert.score(row), place) for place, row in enumerate(rows)), reverse=True)
    assert [result["index"] for result in answer["results"]] == [place for _, place in expected]
    scores = [result["relevance_score"] for result in answer["results"]]
    assert scores == pytest.approx([score for score, _ in expected], abs=0.01)
    total = sum(map(len, rows))
    assert answer["usage"] == {"prompt_tokens": total, "total_tokens": total}
    assert (answer["object"], answer["model"]) == ("list", "ranker")


def test_only_the_best_and_their_texts_when_asked_for(http: httpx2.Client) -> None:
    everything = ask(http).json()["results"]
    best = ask(http, top_n=2, return_documents=True).json()["results"]
    assert [(r["index"], r["relevance_score"]) for r in best] == [
        (r["index"], r["relevance_score"]) for r in everything[:2]
    ]
    assert [r["document"]["text"] for r in best] == [DOCUMENTS[r["index"]] for r in best]
    objects = ask(http, documents=[{"text": text, "title": "x"} for text in DOCUMENTS]).json()["results"]
    assert objects == everything


def test_each_document_scores_the_same_alone(http: httpx2.Client) -> None:
    together = {r["index"]: r["relevance_score"] for r in ask(http).json()["results"]}
    alone = [ask(http, documents=[text]).json()["results"][0]["relevance_score"] for text in DOCUMENTS]
    assert [together[place] for place in range(len(DOCUMENTS))] == alone


@pytest.mark.parametrize(
    ("fields", "code", "word"),
    [
        ({"model": "tektra-starter"}, "unsupported", "no head that ranks"),
        ({"documents": []}, "invalid_request", "documents"),
        ({"documents": ["apple " * 100]}, "context_length_exceeded", "64"),
        ({"top_n": 0}, "invalid_request", "top_n"),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_words(
    http: httpx2.Client, fields: dict[str, Any], code: str, word: str
) -> None:
    response = ask(http, **fields)
    error = response.json()["error"]
    assert (response.status_code, error["code"], word in error["message"]) == (400, code, True), error


def embed(http: httpx2.Client, **fields: Any) -> Any:
    return http.post("/v1/embeddings", json={"model": "ranker", "input": DOCUMENTS[0]} | fields)


def test_a_ranker_makes_vectors_only_when_told_how(http: httpx2.Client) -> None:
    refused = embed(http).json()["error"]
    assert (refused["code"], "pooling" in refused["hint"]) == ("unsupported", True)
    cls, mean = (embed(http, pooling=kind).json()["data"][0]["embedding"] for kind in ("cls", "mean"))
    assert cls != pytest.approx(mean, abs=0.01)
    assert embed(http, pooling="max").json()["error"]["param"] == "pooling"


def test_shorter_vectors_are_the_beginning_of_the_whole_ones_at_unit_length(http: httpx2.Client) -> None:
    whole = embed(http, pooling="mean").json()["data"][0]["embedding"]
    short = embed(http, pooling="mean", dimensions=8).json()["data"][0]["embedding"]
    norm = sum(x * x for x in whole[:8]) ** 0.5
    assert short == pytest.approx([x / norm for x in whole[:8]])
    refused = embed(http, pooling="mean", dimensions=len(whole) + 1).json()["error"]
    assert (refused["param"], str(len(whole)) in refused["message"]) == ("dimensions", True)
