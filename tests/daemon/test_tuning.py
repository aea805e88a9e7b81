"""Tuning through the socket: what was found is kept and can be forgotten, and loads use it unless told otherwise."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tektra_models.machine import machine
from tektra_models.starter import MODEL_PATH
from tektra_models.tuning import Best, Speed, Tuning
from tests.bench.random_model import TINY, random_gguf
from tests.harness import Tektra, events_of

QUICK = {"model": "tiny", "types": ["q4_0", "q8_0"], "seconds": 0.1, "anyway": True}
SPEEDS = {"Q4_K_M": (315.0, 61.0), "IQ4_NL": (619.0, 88.0), "Q8_0": (500.0, 70.0)}
FOUND = Best(threads=3, micro_batch=128, flash_attention="off")


def noted(tektra: Tektra, digest: str = "", where: str | None = None, best: Best = FOUND) -> None:
    """Write a tuning into the store of a daemon that does not run, as one that ran here has left it."""
    if not (tektra.home / "data" / "tektra" / "tektra.db").exists():
        tektra.start().stop()
    speeds = tuple(
        Speed(quantization=name, prompt_per_s=prompt, written_per_s=written, bits_per_weight=4.5)
        for name, (prompt, written) in SPEEDS.items()
    )
    tuning = Tuning(
        model=None, weights=494_000_000, layers=24, of_layers=24, speeds=speeds, trials=(), chosen="IQ4_NL",
        best=best, seconds=30.0, load_average=0.1,
    )  # fmt: skip
    with sqlite3.connect(tektra.home / "data" / "tektra" / "tektra.db") as store:
        row = (digest, where or machine(), msgspec.json.encode(tuning).decode(), "2026-11-01T00:00:00Z")
        store.execute("INSERT INTO tuned VALUES (?, ?, ?, ?)", row)
    store.close()


def digest_of_built_in() -> str:
    return hashlib.sha256(MODEL_PATH.read_bytes()).hexdigest()


@pytest.fixture
def tiny(tektra: Tektra, tmp_path: Path) -> Tektra:
    """A daemon that runs and has a small model of random weights."""
    path = random_gguf(TINY, tmp_path, "Q8_0")
    with tektra.start().client() as client:
        client.post("/api/models/import", json={"path": str(path), "name": "tiny"})
    return tektra


def tuned(tektra: Tektra, **body: Any) -> list[Any]:
    with tektra.client() as client:
        return events_of(client.post("/api/models/tune", json=body).text)


def test_what_was_found_is_kept_over_a_restart_and_can_be_forgotten(tiny: Tektra) -> None:
    began, *steps, done = tuned(tiny, **QUICK)
    assert (began["type"], began["cores"] > 0, done["type"]) == ("began", True, "done")
    assert {step["type"] for step in steps} == {"progress"}
    assert [speed["quantization"] for speed in done["speeds"]] == ["Q4_0", "Q8_0"]
    assert done["preferred"] == {"4-bit": "Q4_0", "8-bit": "Q8_0"}
    assert (done["chosen"], done["text"]) == ("Q4_0", None)
    tiny.stop()
    tiny.start()
    with tiny.client() as client:
        (kept,) = client.get("/api/tuned").json()["tunings"]
        assert kept == {key: value for key, value in done.items() if key != "type"}
        assert kept["holds"]
        assert client.get("/api/tuned", params={"model": "tiny"}).json()["tunings"] == [kept]
        assert client.delete("/api/tuned", params={"model": "tiny"}).json()["forgotten"] == 1
        assert client.delete("/api/tuned").json()["forgotten"] == 0
        assert client.get("/api/tuned").json()["tunings"] == []
    assert not (tiny.home / "cache" / "tektra" / "tuning").exists()


def test_a_load_uses_what_was_found_unless_somebody_says_otherwise(tektra: Tektra) -> None:
    noted(tektra, digest_of_built_in())
    tektra.start(TEKTRA_THREADS="1", TEKTRA_MICRO_BATCH="0")
    with tektra.client() as client:
        loaded = client.post("/api/models/tektra-starter/load", json={"micro_batch": 64}).json()["model"]
        settings = loaded["settings"]
        assert settings["threads"] == {"value": 1, "by": "settings"}
        assert settings["micro_batch"] == {"value": 64, "by": "request"}
        assert settings["flash_attention"] == {"value": "off", "by": "tuned"}
        assert settings["kv_type"] == {"value": "f16", "by": "default"}
        shown = client.get("/api/models/tektra-starter").json()["settings"]
        assert shown["micro_batch"] == {"value": 0, "by": "settings"}
        other = client.post("/api/models/tektra-starter/load", json={"flash_attention": "on", "kv_type": "q8_0"}).json()
        assert other["model"]["settings"]["flash_attention"] == {"value": "on", "by": "request"}
        refused = client.post("/api/models/tektra-starter/load", json={"flash_attention": "off", "kv_type": "q8_0"})
        assert (refused.status_code, "flash attention" in refused.text) == (400, True)
        bad = client.post("/api/models/tektra-starter/load", json={"micro_batch": 33})
        assert (bad.status_code, bad.json()["error"]["param"]) == (400, "micro_batch")


def test_a_model_that_was_tuned_answers(tektra: Tektra) -> None:
    noted(tektra, digest_of_built_in())
    tektra.start()
    with tektra.client() as client:
        body = {"content": "hello", "stream": False, "save": False, "sampling": {"max_tokens": 4}}
        assert client.post("/api/chat", json=body).json()["content"]
        (loaded,) = client.get("/api/ps").json()["models"]
    assert loaded["settings"]["micro_batch"] == {"value": 128, "by": "tuned"}


def test_what_was_found_in_general_says_nothing_about_tiny_models(tektra: Tektra) -> None:
    noted(tektra)
    tektra.start()
    with tektra.client() as client:
        settings = client.get("/api/models/tektra-starter").json()["settings"]
    assert {chosen["by"] for chosen in settings.values()} == {"default", "settings"}


def test_what_was_found_on_another_machine_is_shown_and_counts_for_nothing(tektra: Tektra, tmp_path: Path) -> None:
    noted(tektra, digest_of_built_in(), where="another processor, 64 cores")
    noted(tektra, where="another processor, 64 cores")
    tektra.start()
    with tektra.client() as client:
        assert [kept["holds"] for kept in client.get("/api/tuned").json()["tunings"]] == [False, False]
        settings = client.get("/api/models/tektra-starter").json()["settings"]
        assert "tuned" not in {chosen["by"] for chosen in settings.values()}
        file = shutil.copy(MODEL_PATH, tmp_path / "copy.gguf")
        document = client.post("/api/models/import", json={"path": str(file)}).json()
    assert document["recommended"] is None


def test_a_damaged_tuning_keeps_no_daemon_from_starting(tektra: Tektra) -> None:
    tektra.start().stop()
    with sqlite3.connect(tektra.home / "data" / "tektra" / "tektra.db") as store:
        store.execute("INSERT INTO tuned VALUES ('', 'here', '{\"speeds\": 3}', 'now')")
    store.close()
    tektra.start()
    with tektra.client() as client:
        assert client.get("/api/tuned").json()["tunings"] == []


def test_nothing_is_timed_beside_an_answer_or_another_tuning(tiny: Tektra) -> None:
    model = tiny.import_scripted("slow", [{"say": "a b c", "first_s": 60.0}])
    with tiny.client() as client:
        with client.stream("POST", "/api/chat", json={"content": "go", "model": model}) as answer:
            begun = answer.iter_lines()
            next(line for line in begun if '"start"' in line)
            refused = client.post("/api/models/tune", json=QUICK | {"anyway": False})
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")
            assert "slow is answering" in refused.text
            assert tuned(tiny, **QUICK)[-1]["type"] == "done"
        with client.stream("POST", "/api/models/tune", json=QUICK | {"seconds": 600}) as first:
            told = first.iter_lines()
            next(line for line in told if '"progress"' in line)
            assert tuned(tiny, **QUICK)[-1]["error"]["code"] == "busy"
    assert tuned(tiny, **QUICK)[-1]["type"] == "done"


@pytest.mark.parametrize(
    "body",
    [
        {"types": ["q9"]}, {"types": ["q4_0"] * 10_000 + ["x" * 10_000]}, {"seconds": 0}, {"seconds": 1e9},
        {"seconds": "NaN"}, {"model": "../../etc/passwd"}, {"model": "tektra-starter", "text": "relative.txt"},
        {"model": "tektra-starter", "text": "/dev/zero"}, {"text": "/etc/passwd"}, {"speed": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_timed_is_refused(shared: Tektra, body: dict[str, Any]) -> None:
    with shared.client() as client:
        response = client.post("/api/models/tune", json=body)
    assert response.status_code in (400, 404), response.text
    assert len(response.text) < 1000


def test_a_faster_type_is_recommended_at_an_import_and_before_quantizing(tektra: Tektra, tmp_path: Path) -> None:
    noted(tektra)
    tektra.start()
    with tektra.client() as client:
        body = {"source": "tektra-starter", "target": str(tmp_path / "small.gguf"), "type": "q4_k_m", "again": True}
        events = events_of(client.post("/api/models/quantize", json=body).text)
        assert events[0] == {"type": "recommended", "quantization": "IQ4_NL", "ratio": 1.63}
        assert events[-1]["type"] == "done"
        document = client.post("/api/models/import", json={"path": str(tmp_path / "small.gguf")}).json()
        assert document["recommended"] == {"quantization": "IQ4_NL", "ratio": 1.63}
        other = body | {"target": str(tmp_path / "q8.gguf"), "type": "q8_0"}
        assert events_of(client.post("/api/models/quantize", json=other).text)[0]["type"] == "progress"
