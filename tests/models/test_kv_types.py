"""Cells in fewer bits: less memory for the same conversation, or a refusal in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tektra_models.errors import BadRequest
from tektra_models.generation import Prompt, Sampling
from tektra_models.spec import KvType
from tektra_models.starter import MODEL_PATH
from tests.bench.random_model import TINY, random_gguf
from tests.models.test_llamacpp import Recorder, opened

ASKED = Prompt(messages=[{"role": "user", "content": "What can you do?"}])


def bytes_of_a_token(kv_type: KvType) -> float:
    """Write an answer, and measure what a token's cells take."""
    engine = opened(MODEL_PATH, kv_type=kv_type)
    done = Recorder(engine, [ASKED], Sampling(temperature=0.0, max_tokens=20))
    assert done.text[0]
    holder = engine._cells.keepable(1)[0]
    size = len(engine.backend.state(holder)) / len(engine._cells.tokens(holder))
    engine.backend.close()
    return size


@pytest.mark.parametrize(("kv_type", "share"), [("q8_0", 0.6), ("q4_0", 0.35)])
def test_quantized_cells_write_text_and_take_less_memory(kv_type: KvType, share: float) -> None:
    assert bytes_of_a_token(kv_type) < share * bytes_of_a_token("f16")


def test_cells_that_heads_do_not_fit_into_are_refused_in_words(tmp_path: Path) -> None:
    odd = random_gguf(replace(TINY, name="odd", width=160), tmp_path, "Q8_0")
    with pytest.raises(BadRequest, match="40 wide"):
        opened(odd, context=256, kv_type="q8_0")
