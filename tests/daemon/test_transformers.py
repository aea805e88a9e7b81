"""A folder of a transformers model, from import to answer, through the socket; without torch, what it says then."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.harness import Tektra
from tests.safetensors_files import write_model


def test_a_folder_is_imported_shown_and_weighed(shared: Tektra, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "Weighed")
    with shared.client() as client:
        imported = client.post("/api/models/import", json={"path": str(folder)})
        assert imported.status_code == 201, imported.text
        assert imported.json()["model"]["format"] == "safetensors"
        shown = client.get("/api/models/weighed").json()
        assert shown["metadata"]["model_type"] == "llama"
        assert shown["estimate"]["weights_bytes"] > 0
        needed = [
            client.get("/api/models/weighed/estimate", params={"weights": weights}).json()["needed_bytes"]
            for weights in ("stored", "int8", "int4")
        ]
        assert needed == sorted(needed, reverse=True)
        assert len(set(needed)) == 3
        refused = client.post("/api/models/weighed/load", json={"gpu_layers": 1})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")
        refused = client.post("/api/models/tektra-starter/load", json={"weights": "int8"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")


def test_a_hostile_folder_is_refused(shared: Tektra, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "hostile")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with shared.client() as client:
        refused = client.post("/api/models/import", json={"path": str(folder)}).json()
    assert refused["error"]["code"] == "bad_model_file"
    assert "pickle" in refused["error"]["message"]


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_without_torch_loading_says_what_to_install(shared: Tektra, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "unrunnable")
    with shared.client() as client:
        client.post("/api/models/import", json={"path": str(folder)})
        refused = client.post("/api/models/unrunnable/load", json={}).json()
    assert refused["error"]["code"] == "load_failed"
    assert "tektra-cli[torch]" in refused["error"]["hint"]


def test_a_folder_answers_with_weights_in_eight_bits(tektra: Tektra, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.transformers_models import make_model

    make_model(tmp_path / "tiny")
    tektra.start()
    with tektra.client() as client:
        client.post("/api/models/import", json={"path": str(tmp_path / "tiny")})
        loaded = client.post("/api/models/tiny/load", json={"weights": "int8"}).json()["model"]
        assert loaded["weights"] == "int8"
        body = {"model": "tiny", "content": "hello", "stream": False, "sampling": {"max_tokens": 5, "temperature": 0}}
        assert client.post("/api/chat", json=body).json()["usage"]["completion_tokens"] == 5
        body = {"model": "tiny", "input": ["one", "two"]}
        vectors = [item["embedding"] for item in client.post("/v1/embeddings", json=body).json()["data"]]
    assert len(vectors) == 2
    assert vectors[0] != vectors[1]
