"""Workers and clients that misbehave: everybody who waits hears what happened, and the daemon goes on."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import httpx2
import numpy as np
import psutil
import pytest

from tests.harness import Tektra, events_of

ENDLESS = [{"say": "tick ", "forever": True, "pace_s": 0.001}]
SLOW_LOAD_S = 60.0


@contextlib.contextmanager
def answering(tektra: Tektra, model: str, **body: Any) -> Iterator[httpx2.Response]:
    body = {"content": "go", "model": model} | body
    with tektra.client() as client, client.stream("POST", "/api/chat", json=body) as answer:
        yield answer


def loaded(tektra: Tektra, name: str) -> dict[str, Any]:
    with tektra.client() as client:
        return next(model for model in client.get("/api/ps").json()["models"] if model["name"] == name)


def in_background(tektra: Tektra, path: str, body: dict[str, Any]) -> tuple[threading.Thread, list[httpx2.Response]]:
    """Send a request in a thread; its response is in the list once the thread has ended."""
    answers: list[httpx2.Response] = []

    def ask() -> None:
        with tektra.client() as client:
            answers.append(client.post(path, json=body))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


def wait_for_loading(tektra: Tektra, name: str) -> None:
    with tektra.client() as client:
        while name not in [model["name"] for model in client.get("/api/ps").json()["models"]]:
            pass


def test_a_file_whose_names_never_end_is_refused_and_nobody_hangs(shared: Tektra) -> None:
    path = shared.home / "endless.gguf"
    writer = gguf.GGUFWriter(path, "A" * (1 << 20))
    writer.add_tensor("t", np.zeros((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with shared.client() as client:
        imported = client.post("/api/models/import", json={"path": str(path)})
        if imported.status_code == 201:
            answer = client.post("/api/chat", json={"content": "hi", "model": "endless", "stream": False})
            assert answer.json()["error"]["code"] in ("load_failed", "bad_model_file")
        else:
            assert imported.json()["error"]["code"] == "bad_model_file"


def test_a_worker_ended_by_a_signal_without_a_name_is_still_a_typed_error(shared: Tektra) -> None:
    model = shared.import_scripted("realtime", ENDLESS)
    with answering(shared, model) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if '"delta"' in line)
        os.kill(loaded(shared, model)["pid"], signal.SIGRTMIN + 6)
        events = [event for line in lines for event in events_of(line)]
    assert events[-1]["error"]["code"] == "worker_died"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
def test_unloading_by_force_while_a_model_loads_tells_those_who_wait(tektra: Tektra, path: str) -> None:
    tektra.start()
    model = tektra.import_scripted("slow", [{"say": "x"}], load_s=SLOW_LOAD_S)
    body = {"model": model, "stream": False, "content": "hi", "messages": [{"role": "user", "content": "hi"}]}
    body.pop("messages" if path == "/api/chat" else "content")
    thread, answers = in_background(tektra, path, body)
    wait_for_loading(tektra, model)
    with tektra.client() as client:
        assert client.post(f"/api/models/{model}/unload?force=true").status_code == 200
    thread.join()
    assert answers[0].json()["error"]["code"] == "worker_died"
    assert "unloaded" in answers[0].json()["error"]["message"]


def test_stopping_while_a_model_loads_tells_those_who_wait(tektra: Tektra) -> None:
    tektra.start(TEKTRA_DRAIN="0.05")
    model = tektra.import_scripted("slow", [{"say": "x"}], load_s=SLOW_LOAD_S)
    thread, answers = in_background(tektra, "/api/chat", {"content": "hi", "model": model, "stream": False})
    wait_for_loading(tektra, model)
    tektra.stop()
    thread.join()
    assert answers[0].json()["error"]["code"] == "draining"


def test_who_waits_for_memory_gets_it_when_a_model_leaves(tektra: Tektra) -> None:
    tektra.start(TEKTRA_MEMORY_BUDGET=str(100 << 20))
    first = tektra.import_scripted("first", ENDLESS)
    second = tektra.import_scripted("second", [{"say": "at last"}])
    with answering(tektra, first) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if '"delta"' in line)
        with answering(tektra, second) as waiting:
            events = (event for line in waiting.iter_lines() for event in events_of(line))
            queued = next(events)
            assert (queued["state"], queued["detail"], queued["position"]) == ("queued", second, 1)
            with tektra.client() as client:
                client.post(f"/api/models/{first}/unload?force=true")
            rest = list(events)
    assert "".join(e["text"] for e in rest if e["type"] == "delta") == "at last"


def test_a_log_that_cannot_be_written_stops_neither_daemon_nor_answers(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("doomed", ENDLESS)
    with answering(tektra, model) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if '"delta"' in line)
        # From now on every write to a regular file fails, the log's first.
        resource.prlimit(tektra.pid(), resource.RLIMIT_FSIZE, (0, 0))
        psutil.Process(loaded(tektra, model)["pid"]).kill()
        events = [event for line in lines for event in events_of(line)]
    assert events[-1]["type"] == "error"
    with tektra.client() as client:
        assert client.get("/healthz").status_code == 200


def test_a_daemon_starts_though_nothing_can_be_logged(tektra: Tektra) -> None:
    with Path("/dev/full").open("w") as full:
        daemon = subprocess.Popen([sys.executable, "-m", "tektrad"], env=tektra.env, stderr=full)
    while not tektra.socket.exists():
        assert daemon.poll() is None
    with tektra.client() as client:
        assert client.get("/healthz").status_code == 200
    daemon.terminate()
    assert daemon.wait(30) == 0


def test_asking_again_keeps_the_old_answer_until_there_is_a_whole_new_one(shared: Tektra) -> None:
    model = shared.import_scripted("first-try", [{"say": "The first answer."}])
    slow = shared.import_scripted("second-try", ENDLESS)
    with shared.client() as client:
        made = client.post("/api/chat", json={"content": "q", "model": model, "stream": False}).json()
        again = {"conversation_id": made["conversation_id"], "regenerate": True}
        with answering(shared, slow, **again) as answer:
            next(line for line in answer.iter_lines() if '"delta"' in line)
        kept: list[dict[str, Any]] = [{"status": "generating"}]
        while any(message["status"] == "generating" for message in kept):
            kept = client.get(f"/api/conversations/{made['conversation_id']}").json()["messages"]
        assert [(m["content"], m["status"]) for m in kept[1:2]] == [("The first answer.", "complete")]
        client.post("/api/chat", json={"content": "", "model": model, "stream": False} | again)
        kept = client.get(f"/api/conversations/{made['conversation_id']}").json()["messages"]
    assert [(m["role"], m["status"]) for m in kept] == [("user", "complete"), ("assistant", "complete")]


def test_a_conversation_is_not_removed_while_it_is_answered(shared: Tektra) -> None:
    model = shared.import_scripted("unfinished", ENDLESS)
    with answering(shared, model) as answer:
        events = (event for line in answer.iter_lines() for event in events_of(line))
        start = next(event for event in events if event["type"] == "start")
        with shared.client() as client:
            refused = client.delete(f"/api/conversations/{start['conversation_id']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conversation_busy")


def test_one_bad_prompt_of_many_ends_the_others(shared: Tektra) -> None:
    model = shared.import_scripted("many", ENDLESS)
    with shared.client() as client:
        response = client.post("/v1/completions", json={"model": model, "prompt": ["a", ""]})
        assert response.status_code == 400
        while loaded(shared, model)["leases"]:
            pass


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"tool_choice": {"function": "add"}}, 400),
        ({"tool_choice": "garbage"}, 400),
        ({"tool_choice": {"type": "function", "function": {"name": "missing"}}}, 400),
        ({"tools": [{"type": "function"}]}, 400),
        ({"functions": [{"name": "add"}]}, 400),
        ({"max_tokens": 10**30}, 400),
        ({"top_k": 10**30}, 400),
        ({"seed": 10**30}, 400),
        ({"model": "\ud800"}, 404),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, 400),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, 400),
        ({"keep_alive": float("inf")}, 400),
    ],
)
def test_a_client_s_mistake_is_never_called_a_bug(shared: Tektra, body: dict[str, Any], status: int) -> None:
    request = {"model": "tektra-starter", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1} | body
    with shared.client() as client:
        headers = {"Content-Type": "application/json"}
        response = client.post("/v1/chat/completions", content=json.dumps(request).encode(), headers=headers)
        assert client.get("/healthz").status_code == 200
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] != "internal"


def test_a_body_that_grows_beyond_the_limit_is_said_to_be_too_large(shared: Tektra) -> None:
    def endless() -> Any:
        yield b'{"content": "'
        for _ in range(40):
            yield b"x" * (1 << 20)

    with shared.client() as client:
        response = client.post("/api/chat", content=endless(), headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


def test_the_built_in_model_stays_loaded_when_its_removal_is_refused(shared: Tektra) -> None:
    with shared.client() as client:
        client.post("/api/models/tektra-starter/load", json={})
        assert client.delete("/api/models/tektra-starter").status_code == 400
        assert loaded(shared, "tektra-starter")["state"] == "ready"


def test_a_client_that_leaves_a_whole_answer_is_no_bug_in_the_log(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("patient", ENDLESS)
    with tektra.client() as client, contextlib.suppress(httpx2.ReadTimeout):
        client.post("/api/chat", json={"content": "x", "model": model, "stream": False}, timeout=1.0)
    while loaded(tektra, model)["leases"]:
        pass
    tektra.stop()
    assert '"level": "error"' not in tektra.log.read_text()
