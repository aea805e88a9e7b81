"""Attention states outlive models and daemons, and nothing of them outlives its conversation."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tests.daemon.test_chat import chat
from tests.harness import Tektra

LONG = "Please remember these words: " + "apple, river, stone, cloud, " * 70
MANY = 20_000


def kept(tektra: Tektra) -> list[Path]:
    return list((tektra.home / "cache" / "tektra" / "states").glob("*.kv"))


def ask(tektra: Tektra, content: str, **fields: Any) -> dict[str, Any]:
    """One turn; gives its last event."""
    events = chat(tektra, content=content, sampling={"temperature": 0, "max_tokens": 8}, **fields)
    assert events[-1]["type"] == "finish", events[-1]
    return events[-1]


def wait_for_a_state(tektra: Tektra) -> None:
    """Ask for the daemon's health until something is on disk."""
    with tektra.client() as client:
        for _ in range(MANY):
            if kept(tektra):
                return
            client.get("/health")
    raise AssertionError("nothing was kept")


def test_the_next_turn_after_an_unload_computes_only_what_is_new(tektra: Tektra) -> None:
    tektra.start()
    first = ask(tektra, LONG)
    with tektra.client() as client:
        client.post("/api/models/tektra-starter/unload").raise_for_status()
    again = ask(tektra, "And now?", conversation_id=first["conversation_id"])
    known = again["usage"]["cached_tokens"]
    assert known >= first["usage"]["prompt_tokens"]
    tektra.stop()
    later = ask(tektra.start(), "And then?", conversation_id=first["conversation_id"])
    assert later["usage"]["cached_tokens"] > known


def test_what_was_computed_survives_kill_nine_once_it_is_quiet(tektra: Tektra) -> None:
    first = ask(tektra.start(), LONG)
    wait_for_a_state(tektra)
    tektra.kill()
    again = ask(tektra.start(), "And now?", conversation_id=first["conversation_id"])
    assert again["usage"]["cached_tokens"] >= first["usage"]["prompt_tokens"]


def test_states_go_with_their_conversation(tektra: Tektra) -> None:
    first = ask(tektra.start(), LONG)
    wait_for_a_state(tektra)
    with tektra.client() as client:
        client.delete(f"/api/conversations/{first['conversation_id']}").raise_for_status()
    tektra.stop()
    assert kept(tektra) == []


def test_a_worker_that_is_leaving_writes_nothing_of_a_conversation_that_was_removed_meanwhile(tektra: Tektra) -> None:
    first = ask(tektra.start(), LONG)
    with tektra.client() as client, tektra.client() as another:
        unloading = threading.Thread(target=another.post, args=("/api/models/tektra-starter/unload",))
        unloading.start()
        while client.get("/api/ps").json()["models"]:
            pass
        client.delete(f"/api/conversations/{first['conversation_id']}").raise_for_status()
        assert kept(tektra) == []
        unloading.join()
    assert kept(tektra) == []


def test_what_shall_not_be_saved_leaves_no_state(tektra: Tektra) -> None:
    ask(tektra.start(), LONG, save=False)
    tektra.stop()
    assert kept(tektra) == []


def test_states_can_be_switched_off(tektra: Tektra) -> None:
    ask(tektra.start(TEKTRA_STATES_BYTES="0"), LONG)
    tektra.stop()
    assert kept(tektra) == []


def test_a_folder_that_cannot_be_used_costs_the_states_and_nothing_else(tektra: Tektra) -> None:
    (tektra.home / "cache" / "tektra").mkdir()
    (tektra.home / "cache" / "tektra" / "states").write_text("in the way")
    assert ask(tektra.start(), LONG)["reason"] in ("stop", "length")
