"""Models on disk and in memory, through the socket."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.random_model import TINY, _write_f16
from tests.harness import Tektra

STATE = {"say": "x"}


def test_the_built_in_model_is_there_on_a_fresh_machine(shared: Tektra) -> None:
    with shared.client() as client:
        (model,) = [m for m in client.get("/api/models").json()["models"] if m["source"] == "built-in"]
        shown = client.get(f"/api/models/{model['name']}").json()
    assert model["default"]
    assert model["quantization"] == "Q8_0"
    assert shown["estimate"]["total_bytes"] > model["size_bytes"]
    assert "<|im_start|>" in shown["chat_template"]


def test_loading_unloading_and_loading_with_another_context(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        loaded = client.post("/api/models/tektra-starter/load", json={"context": 512}).json()["model"]
        assert (loaded["state"], loaded["context"]) == ("ready", 512)
        again = client.post("/api/models/tektra-starter/load", json={"context": 1024}).json()["model"]
        assert again["context"] == 1024
        assert again["pid"] != loaded["pid"]
        body = {"content": "hello", "stream": False, "sampling": {"max_tokens": 1}}
        assert client.post("/api/chat", json=body).json()["usage"]["context"] == 1024
        assert client.post("/api/models/tektra-starter/unload").json()["freed_bytes"] > 0
        assert client.get("/api/ps").json()["models"] == []
        refused = client.post("/api/models/tektra-starter/unload")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")


def test_keep_alive_zero_unloads_with_the_last_use(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        client.post("/api/models/tektra-starter/load", json={"keep_alive": 0})
        assert client.get("/api/ps").json()["models"] == []


def test_more_context_than_the_model_was_made_for_is_refused_with_the_number(shared: Tektra) -> None:
    with shared.client() as client:
        response = client.post("/api/models/tektra-starter/load", json={"context": 1_000_000})
    assert response.status_code == 400
    assert "2,048" in response.text


def test_a_model_that_can_never_fit_is_refused_with_both_numbers(tektra: Tektra) -> None:
    tektra.start(TEKTRA_MEMORY_BUDGET="1000000")
    with tektra.client() as client:
        response = client.post("/api/models/tektra-starter/load", json={})
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "no_memory"
    assert "Retry-After" in response.headers


def test_an_idle_model_makes_way_for_another_when_memory_is_short(tektra: Tektra) -> None:
    tektra.start(TEKTRA_MEMORY_BUDGET=str(100 << 20))
    first = tektra.import_scripted("first", [STATE])
    second = tektra.import_scripted("second", [STATE])
    with tektra.client() as client:
        client.post(f"/api/models/{first}/load", json={})
        client.post(f"/api/models/{second}/load", json={})
        assert [m["name"] for m in client.get("/api/ps").json()["models"]] == [second]


def test_a_model_in_use_is_not_unloaded_and_others_wait_their_time(tektra: Tektra) -> None:
    tektra.start(TEKTRA_MEMORY_BUDGET=str(100 << 20), TEKTRA_QUEUE_WAIT="0.05")
    busy = tektra.import_scripted("busy", [{"say": "tick ", "forever": True, "pace_s": 0.002}])
    other = tektra.import_scripted("other", [STATE])
    with tektra.client() as client, client.stream("POST", "/api/chat", json={"content": "x", "model": busy}) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if '"delta"' in line)
        unload = client.post(f"/api/models/{busy}/unload")
        removed = client.delete(f"/api/models/{busy}")
        waited = client.post(f"/api/models/{other}/load", json={})
        forced = client.post(f"/api/models/{busy}/unload?force=true")
        rest = list(lines)
    assert (unload.status_code, unload.json()["error"]["code"]) == (409, "model_in_use")
    assert removed.status_code == 409
    assert (waited.status_code, waited.json()["error"]["code"]) == (504, "timeout")
    assert forced.status_code == 200
    assert any("worker_died" in line and "unloaded" in line for line in rest)


def test_a_linked_file_survives_the_removal_of_its_model(tektra: Tektra) -> None:
    tektra.start()
    path = tektra.script("mine", [STATE])
    with tektra.client() as client:
        client.post("/api/models/import", json={"path": str(path)})
        assert client.delete("/api/models/mine").json()["name"] == "mine"
        assert client.get("/api/models/mine").status_code == 404
    assert path.exists()


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"GGUF", ""), (b"just a text file\n" * 50, "text"), (b"GGUF\x03\0\0\0" + b"\xff" * 60, "")],
)
def test_a_file_that_is_no_model_is_refused_and_the_daemon_lives_on(shared: Tektra, content: bytes, word: str) -> None:
    path = shared.home / "bad.gguf"
    path.write_bytes(content)
    with shared.client() as client:
        response = client.post("/api/models/import", json={"path": str(path)})
        assert client.get("/healthz").status_code == 200
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_model_file"
    assert word in response.json()["error"]["message"].lower()


def test_a_file_that_was_damaged_after_its_import_is_a_typed_error_at_use(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        original = client.get("/api/models/tektra-starter").json()["model"]["path"]
        damaged = tektra.home / "damaged.gguf"
        data = Path(original).read_bytes()
        damaged.write_bytes(data)
        assert client.post("/api/models/import", json={"path": str(damaged)}).status_code == 201
        damaged.write_bytes(data[: len(data) // 2])
        truncated = client.post("/api/models/damaged/load", json={})
        damaged.unlink()
        missing = client.post("/api/models/damaged/load", json={})
    assert truncated.json()["error"]["code"] == "bad_model_file"
    assert missing.json()["error"]["code"] in ("bad_model_file", "model_missing")


def test_unknown_models_get_suggestions_and_names_are_checked(shared: Tektra) -> None:
    with shared.client() as client:
        near = client.get("/api/models/tektra-startr")
        path = shared.script("evil", [STATE])
        names = [client.post("/api/models/import", json={"path": str(path), "name": n}) for n in ("../x", "a/b", "")]
    assert "tektra-starter" in near.json()["error"]["hint"]
    assert [response.status_code for response in names] == [400, 400, 400]


def test_a_download_that_was_left_two_weeks_ago_is_gone_after_the_next_start(tektra: Tektra) -> None:
    blobs = tektra.home / "data" / "tektra" / "models" / "blobs"
    blobs.mkdir(parents=True)
    for name, days in (("left.part", 15), ("recent.part", 13)):
        (blobs / name).write_bytes(b"GGUF")
        os.utime(blobs / name, (time.time() - days * 24 * 3600,) * 2)
    tektra.start()
    assert [path.name for path in blobs.iterdir()] == ["recent.part"]


def test_a_quantization_whose_client_goes_away_leaves_nothing(tektra: Tektra, tmp_path: Path) -> None:
    whole = tmp_path / "whole.gguf"
    _write_f16(replace(TINY, layers=24, width=512, hidden=2048), whole, counting=False)
    folder = tmp_path / "new"
    folder.mkdir()
    body = {"source": str(whole), "target": str(folder / "small.gguf"), "type": "q4_k_m"}
    with tektra.start().client() as client, client.stream("POST", "/api/models/quantize", json=body) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if '"progress"' in line)
    tektra.stop()  # which waits for what is under way
    assert list(folder.iterdir()) == []
