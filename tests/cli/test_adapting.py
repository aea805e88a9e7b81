"""`tektra models adapt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.random_model import TINY, _write_f16
from tests.harness import Tektra
from tests.loras import random_pairs, write_adapter


@pytest.fixture(scope="module")
def adapter(common: Tektra) -> Path:
    """An adapter for a model called `plain`, which is there."""
    path = common.home / "plain.gguf"
    _write_f16(TINY, path, counting=False)
    common.json("models", "import", str(path))
    return write_adapter(common.home / "style.gguf", random_pairs({"blk.0.attn_q.weight": (TINY.width, TINY.width)}))


def test_a_model_and_adapters_make_a_model_that_is_shown_and_removed(common: Tektra, adapter: Path) -> None:
    done = common.run("models", "adapt", "plain", "style.gguf", "style.gguf:0.5")
    assert (done.returncode, done.stdout) == (0, "plain-style is ready to use (plain with 2 adapters)\n"), done.stderr
    shown = common.run("models", "show", "plain-style").stdout
    assert "adapted from plain" in shown
    assert f"{adapter} (strength 1)" in shown
    assert f"{adapter} (strength 0.5)" in shown
    assert common.run("models", "load", "plain-style").returncode == 0
    assert common.run("models", "rm", "plain-style", "--yes").stdout == "removed plain-style\n"
    assert adapter.exists()


def test_the_new_model_as_json(common: Tektra, adapter: Path) -> None:
    document = common.json("models", "adapt", "plain", f"{adapter}:-1", "--name", "against")
    assert document["schema"] == "tektra.model/1"
    assert (document["model"]["name"], document["model"]["adapters"][0]["scale"]) == ("against", -1.0)


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["plain", "style.gguf:much"], 2, "much"),
        (["plain", "nowhere.gguf"], 4, "nowhere.gguf"),
        (["plain", "plain.gguf"], 8, "a whole model"),
        (["plain", "style.gguf", "--name", "plain"], 1, "taken"),
        (["nothing", "style.gguf"], 4, "nothing"),
    ],
)
def test_what_cannot_be_adapted_is_told(
    common: Tektra, adapter: Path, arguments: list[str], code: int, word: str
) -> None:
    done = common.run("models", "adapt", *arguments)
    assert (done.returncode, done.stdout, word in done.stderr) == (code, "", True), done.stderr
