"""A worker that dies: what has not begun is asked again, what has is told, what keeps dying is left alone."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from tests.daemon.test_chat import chat
from tests.harness import Tektra


@pytest.mark.parametrize("route", ["/api/chat", "/v1/chat/completions"])
def test_a_worker_killed_before_the_first_token_is_replaced_unseen(tektra: Tektra, route: str) -> None:
    model = tektra.start().import_scripted("slow", [{"say": "A", "first_s": 3.0}])
    body: dict[str, Any] = {"model": model, "stream": True}
    body |= {"content": "go"} if route == "/api/chat" else {"messages": [{"role": "user", "content": "go"}]}
    with tektra.client() as client, client.stream("POST", route, json=body) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if '"start"' in line or '"role"' in line)
        (loaded,) = client.get("/api/ps").json()["models"]
        os.kill(loaded["pid"], signal.SIGKILL)
        rest = "".join(lines)
    assert '"error"' not in rest
    assert '"A"' in rest
    with tektra.client() as client:
        (again,) = client.get("/api/ps").json()["models"]
    assert again["pid"] != loaded["pid"]


def test_an_answer_that_has_begun_is_not_begun_again(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("fragile", [{"say": "some words", "abort": 4}])
    events = chat(tektra, content="go", model=model)
    assert "".join(event.get("text", "") for event in events) == "some"
    assert events[-1]["error"]["code"] == "worker_died"


def test_what_keeps_dying_is_left_alone_for_a_while(tektra: Tektra) -> None:
    tektra.start()
    broken = tektra.import_scripted("broken", [{"say": "x", "abort": 0}])
    sound = tektra.import_scripted("sound", [{"say": "fine"}])
    codes = [chat(tektra, content="go", model=broken)[-1]["error"]["code"] for _ in range(3)]
    assert codes[-1] == "keeps_failing"
    assert set(codes) <= {"worker_died", "keeps_failing"}
    with tektra.client() as client:
        refused = client.post(
            "/v1/chat/completions", json={"model": broken, "messages": [{"role": "user", "content": "go"}]}
        )
    assert refused.status_code == 503
    assert 0 < int(refused.headers["Retry-After"]) <= 30
    assert chat(tektra, content="go", model=sound)[-1]["type"] == "finish"
    told = tektra.run("chat", "go", "-m", broken, "--json")
    assert json.loads(told.stderr or told.stdout)["error"]["code"] == "keeps_failing"
