"""`tektra rerank`: lines and files by how well they answer."""

from __future__ import annotations

import gguf
import pytest

from tests.encoders import Bert, tokens_of, write_bert
from tests.harness import Tektra

QUERY = "which fruit grows on trees"
LINES = ["an apple is red", "water flows under the bridge", "a stone"]


@pytest.fixture(scope="module")
def bert(common: Tektra) -> Bert:
    path = common.home / "sorter.gguf"
    bert = write_bert(path, pooling=gguf.PoolingType.RANK)
    common.json("models", "import", str(path))
    return bert


def test_lines_come_out_the_best_first(common: Tektra, bert: Bert) -> None:
    done = common.run("rerank", QUERY, "-m", "sorter", stdin="\n\n".join(LINES) + "\n")
    expected = sorted(LINES, key=lambda line: -bert.score(tokens_of(QUERY, line)))
    head, *rows = done.stdout.splitlines()
    assert (done.returncode, done.stderr, head.split()) == (0, "", ["SCORE", "DOCUMENT"])
    assert [row.split(maxsplit=1)[1] for row in rows] == expected


def test_files_are_named_and_only_the_best_of_them(common: Tektra, bert: Bert) -> None:
    for number, line in enumerate(LINES):
        (common.home / f"{number}.txt").write_text(line + "\n")
    document = common.json("rerank", QUERY, "0.txt", "1.txt", "2.txt", "-m", "sorter", "--top", "2")
    scores = [bert.score(tokens_of(QUERY, line)) for line in LINES]
    best = sorted(range(3), key=lambda place: -scores[place])[:2]
    assert (document["schema"], document["model"]) == ("tektra.rerank/1", "sorter")
    assert [result["document"] for result in document["results"]] == [f"{place}.txt" for place in best]
    found = [result["relevance_score"] for result in document["results"]]
    assert found == pytest.approx([scores[place] for place in best], abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "word"),
    [
        (["-m", "tektra-starter"], "a\n", 1, "no head that ranks"),
        (["-m", "sorter"], "\n\n", 2, "no lines"),
        (["-m", "sorter", "nowhere.txt"], None, 4, "nowhere.txt"),
    ],
)
def test_what_cannot_be_sorted_is_told(
    common: Tektra, bert: Bert, arguments: list[str], stdin: str | None, code: int, word: str
) -> None:
    done = common.run("rerank", QUERY, *arguments, stdin=stdin)
    assert (done.returncode, done.stdout, word in done.stderr) == (code, "", True), done.stderr
