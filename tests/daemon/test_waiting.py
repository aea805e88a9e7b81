"""Waiting is visible: who stands in line, for what, how long still; and nobody waits without an end or a number."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.daemon.test_chat import ENDLESS, chat
from tests.harness import Tektra, events_of

ONE_MODEL = str(100 << 20)


class Asking:
    """A request under way, and its events as they come."""

    def __init__(self, stack: ExitStack, tektra: Tektra, model: str, **body: Any) -> None:
        client = stack.enter_context(tektra.client())
        body = {"content": "go", "model": model} | body
        lines = stack.enter_context(client.stream("POST", "/api/chat", json=body)).iter_lines()
        self.events: Iterator[dict[str, Any]] = (event for line in lines for event in events_of(line))
        stack.callback(lambda: self.events)  # an answer that nobody holds is closed

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next event that is wanted."""
        return next(event for event in self.events if wanted(event))

    def queued_at(self, position: int) -> dict[str, Any]:
        """The event that says that this is its place in line."""
        return self.until(lambda event: event.get("position") == position)


@contextmanager
def busy(tektra: Tektra, **env: str) -> Iterator[tuple[ExitStack, Asking]]:
    """A Tektra with memory for one model only, which is answering without end."""
    tektra.start(TEKTRA_MEMORY_BUDGET=ONE_MODEL, **env)
    tektra.import_scripted("busy", ENDLESS)
    with ExitStack() as stack:
        answer = Asking(stack, tektra, "busy")
        answer.until(lambda event: event["type"] == "delta")
        yield stack, answer


def queue(tektra: Tektra) -> list[dict[str, Any]]:
    with tektra.client() as client:
        shown: list[dict[str, Any]] = client.get("/api/ps").json()["queue"]
        return shown


def test_everybody_in_line_hears_the_place_and_an_estimate_and_moves_up(tektra: Tektra) -> None:
    with busy(tektra) as (stack, _), tektra.client() as client:
        for name in ("second", "third"):
            tektra.import_scripted(name, [{"say": "at last"}])
        second = Asking(stack, tektra, "second")
        second.queued_at(1)
        third = Asking(stack, tektra, "third", priority="batch")
        later = third.queued_at(2)
        shown = queue(tektra)
        assert [(each["position"], each["model"], each["priority"]) for each in shown] == [
            (1, "second", "interactive"),
            (2, "third", "batch"),
        ]
        assert shown[1]["estimate_s"] >= shown[0]["estimate_s"] > 0
        assert {each["waits_for"] for each in shown} == {"memory"}
        assert later["estimate_s"] > 0
        client.post("/api/models/busy/unload?force=true").raise_for_status()
        assert second.until(lambda event: event["type"] == "finish")
        third.queued_at(1)
        assert third.until(lambda event: event["type"] == "finish")
    assert queue(tektra) == []


def test_ps_shows_the_line(tektra: Tektra) -> None:
    with busy(tektra) as (stack, _):
        tektra.import_scripted("other", [{"say": "x"}])
        Asking(stack, tektra, "other").queued_at(1)
        assert [each["model"] for each in tektra.json("ps")["queue"]] == ["other"]
        assert re.search(r"^1 +other +memory +interactive", tektra.run("ps").stdout, re.MULTILINE)


def test_who_comes_when_too_many_wait_hears_how_many_and_when_to_come_again(tektra: Tektra) -> None:
    with busy(tektra, TEKTRA_QUEUE_LIMIT="1") as (stack, _), tektra.client() as client:
        tektra.import_scripted("other", [{"say": "x"}])
        Asking(stack, tektra, "other").queued_at(1)
        refused = client.post("/v1/completions", json={"model": "other", "prompt": "x"})
        assert [each["model"] for each in queue(tektra)] == ["other"]
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")
    assert refused.json()["error"]["message"].startswith("1 requests already wait for memory")
    assert int(refused.headers["Retry-After"]) >= 1


def test_who_has_waited_too_long_hears_when_to_come_again(tektra: Tektra) -> None:
    with busy(tektra, TEKTRA_QUEUE_WAIT="0.1"), tektra.client() as client:
        tektra.import_scripted("other", [{"say": "x"}])
        refused = client.post("/v1/completions", json={"model": "other", "prompt": "x"})
        assert queue(tektra) == []
    assert (refused.status_code, refused.json()["error"]["code"]) == (504, "timeout")
    assert int(refused.headers["Retry-After"]) >= 1


def test_who_goes_away_leaves_the_line(tektra: Tektra) -> None:
    with busy(tektra) as (stack, _):
        tektra.import_scripted("other", [{"say": "x"}])
        with ExitStack() as short:
            Asking(short, tektra, "other").queued_at(1)
        Asking(stack, tektra, "other").queued_at(1)
        while len(queue(tektra)) > 1:
            pass


def test_a_model_in_steady_use_makes_way_though_it_is_never_idle(tektra: Tektra) -> None:
    with busy(tektra) as (stack, endless):
        tektra.import_scripted("other", [{"say": "x"}])
        other = Asking(stack, tektra, "other")
        other.queued_at(1)
        # Others come to the model in use and wait behind: else it would never be idle.
        behind = Asking(stack, tektra, "busy")
        assert behind.queued_at(2)["detail"] == "busy"
        stack.enter_context(tektra.client()).post("/api/models/busy/unload?force=true")
        assert other.until(lambda event: event["type"] == "finish")
        assert endless.until(lambda event: event["type"] == "error")


def test_more_requests_than_fit_wait_for_a_slot_without_a_limit(tektra: Tektra) -> None:
    tektra.start(TEKTRA_QUEUE_LIMIT="1", TEKTRA_QUEUE_WAIT="0.05", TEKTRA_SLOTS="2")
    model = tektra.import_scripted("popular", [{"say": "x" * 20, "pace_s": 0.005}])
    ends: list[str] = []
    users = [
        threading.Thread(target=lambda: ends.append(chat(tektra, content="go", model=model)[-1]["type"]))
        for _ in range(16)
    ]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert ends == ["finish"] * 16


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat", {"content": "hi", "stream": False, "sampling": {"max_tokens": 1}}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}),
        ("/v1/completions", {"prompt": "hi", "max_tokens": 1}),
        ("/v1/embeddings", {"input": "hi"}),
    ],
)
def test_every_route_that_uses_a_model_says_how_long_it_stays(shared: Tektra, path: str, body: dict[str, Any]) -> None:
    def expiry(keep_alive: object) -> float | None:
        client.post(path, json=body | {"model": "tektra-starter", "keep_alive": keep_alive}).raise_for_status()
        shown = client.get("/api/ps").json()["models"]
        (model,) = (model for model in shown if model["name"] == "tektra-starter")
        expires: float | None = model["expires_in_s"]
        return expires

    with shared.client() as client:
        assert 3000 < (expiry(3600) or 0) <= 3600
        assert 500 < (expiry("10m") or 0) <= 600
        assert expiry("-1") is None
        client.post(path, json=body | {"model": "tektra-starter", "keep_alive": 0}).raise_for_status()
        assert "tektra-starter" not in [model["name"] for model in client.get("/api/ps").json()["models"]]
        assert client.post(path, json=body | {"keep_alive": "soon"}).status_code == 400
