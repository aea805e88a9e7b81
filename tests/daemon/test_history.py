"""The daemon keeps how busy it was, also while nobody looks."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.daemon.test_chat import ENDLESS, chat
from tests.harness import Tektra, events_of


def samples(client: httpx2.Client, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/history", params=query).raise_for_status().json()["samples"]
    return found


def test_an_answer_shows_in_the_samples_while_it_is_under_way_and_when_it_began(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("endless", ENDLESS)
    body = {"content": "go", "model": model}
    with tektra.client() as client, client.stream("POST", "/api/chat", json=body) as answer:
        lines = answer.iter_lines()  # held, since the answer ends with it
        assert any(event["type"] == "delta" for line in lines for event in events_of(line))
        while not any(sample["tokens_per_s"] and sample["running"] == 1 for sample in samples(client)):
            pass
        found = samples(client)
        assert [sample for sample in found if (sample["first_token_s"] or 0) > 0]
        assert all(sample["memory_bytes"] > 1 << 20 for sample in found)
        assert max(sample["cpu"] for sample in found) > 0


def test_what_is_written_is_counted_exactly_in_the_end(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("counted", [{"say": "one two three"}])
    written = chat(tektra, content="hi", model=model)[-1]["usage"]["completion_tokens"]
    with tektra.client() as client:
        while not (busy := [sample for sample in samples(client) if sample["first_token_s"] is not None]):
            pass
        step_s = client.get("/api/history").json()["step_s"]
    assert busy[0]["tokens_per_s"] == pytest.approx(written / step_s, rel=0.5)


def test_a_span_is_one_of_two_and_only_what_is_new_can_be_asked_for(shared: Tektra) -> None:
    with shared.client() as client:
        assert client.get("/api/history", params={"span": "24h"}).json() == {
            "schema": "tektra.history/1", "span": "24h", "step_s": 60.0, "samples": [],
        }  # fmt: skip
        assert client.get("/api/history", params={"span": "1y"}).status_code == 400
        while not (known := samples(client)):
            pass
        assert samples(client, after=known[-1]["time"]) == []
