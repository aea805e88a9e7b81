"""Models with adapters, through the socket: names of their own, and answers of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench.random_model import TINY, _write_f16
from tests.harness import Tektra
from tests.loras import random_pairs, write_adapter

WEIGHT = "blk.0.ffn_down.weight"


@pytest.fixture(scope="module")
def adapter(shared: Tektra) -> Path:
    """An adapter for a model called `base`, which is there."""
    path = shared.home / "base.gguf"
    _write_f16(TINY, path, counting=False)
    shared.json("models", "import", str(path))
    return write_adapter(shared.home / "style.gguf", random_pairs({WEIGHT: (TINY.width, TINY.hidden)}))


def adapt(shared: Tektra, name: str, *adapters: dict[str, Any]) -> Any:
    with shared.client() as client:
        return client.post("/api/models/base/adapt", json={"adapters": adapters, "name": name})


def said(shared: Tektra, model: str) -> str:
    body = {"model": model, "prompt": "abc", "max_tokens": 12, "temperature": 0, "ignore_eos": True}
    with shared.client() as client:
        text: str = client.post("/v1/completions", json=body).json()["choices"][0]["text"]
    return text


def test_an_adapted_model_answers_otherwise_and_beside_its_base(shared: Tektra, adapter: Path) -> None:
    response = adapt(shared, "styled", {"path": str(adapter), "scale": 2})
    assert response.status_code == 201, response.text
    model = response.json()["model"]
    assert (model["source"], model["origin"], model["adapters"]) == (
        "adapted", "base", [{"path": str(adapter), "scale": 2.0}],
    )  # fmt: skip
    assert adapt(shared, "silent", {"path": str(adapter), "scale": 0}).status_code == 201
    base = said(shared, "base")
    assert said(shared, "silent") == base
    assert said(shared, "styled") != base
    assert said(shared, "base") == base


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"path": "/nowhere/a.gguf"}, "model_missing"),
        ({"path": "{base}"}, "bad_model_file"),
        ({"path": "{adapter}", "scale": "1e999"}, "invalid_request"),
        ({"path": "{adapter}", "strength": 1}, "invalid_request"),
    ],
)
def test_what_is_no_adapter_makes_no_model(shared: Tektra, adapter: Path, fields: dict[str, Any], code: str) -> None:
    places = {"{base}": str(adapter.with_name("base.gguf")), "{adapter}": str(adapter)}
    response = adapt(shared, "never", {key: places.get(str(value), value) for key, value in fields.items()})
    assert response.json()["error"]["code"] == code
    with shared.client() as client:
        assert client.get("/api/models/never").status_code == 404


def test_an_adapted_model_is_not_quantized_without_its_adapter(shared: Tektra, adapter: Path) -> None:
    adapt(shared, "whole", {"path": str(adapter)})
    with shared.client() as client:
        body = {"source": "whole", "target": str(shared.home / "q.gguf"), "type": "q8_0"}
        error = client.post("/api/models/quantize", json=body).json()["error"]
    assert (error["code"], "adapters" in error["message"]) == ("unsupported", True)


def test_an_adapter_that_is_changed_to_something_else_is_refused_when_it_is_used(shared: Tektra, adapter: Path) -> None:
    copy = adapter.with_name("changing.gguf")
    copy.write_bytes(adapter.read_bytes())
    adapt(shared, "changing", {"path": str(copy)})
    write_adapter(copy, random_pairs({WEIGHT: (TINY.width, TINY.hidden + 32)}))
    with shared.client() as client:
        error = client.post("/api/models/changing/load", json={}).json()["error"]
        copy.unlink()
        gone = client.post("/api/models/changing/load", json={}).json()["error"]
    assert (error["code"], "other sizes" in error["message"]) == ("bad_model_file", True)
    assert (gone["code"], "adapter" in gone["message"]) == ("model_missing", True)
