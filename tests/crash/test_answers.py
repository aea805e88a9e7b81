"""What survives when the daemon is killed, or the disk is full, in the middle of an answer."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Tektra, events_of

ENDLESS = [{"say": "tick ", "forever": True, "pace_s": 0.001}]
FILLER_BYTES = 64 << 20


def kept_answer(tektra: Tektra) -> dict:
    with tektra.client() as client:
        return client.get("/api/conversations/latest").json()["messages"][-1]


@pytest.mark.parametrize("deltas", [1, 60])
def test_an_answer_cut_off_by_kill_9_is_kept_and_marked_and_the_next_start_is_clean(
    tektra: Tektra, deltas: int
) -> None:
    tektra.start()
    model = tektra.import_scripted("endless", ENDLESS)
    with (
        tektra.client() as client,
        client.stream("POST", "/api/chat", json={"content": "go", "model": model}) as answer,
    ):
        lines = answer.iter_lines()
        for _ in range(deltas):
            next(line for line in lines if '"delta"' in line)
        while not (on_disk := kept_answer(tektra)["content"]):
            pass
        tektra.kill()
    tektra.start()
    kept = kept_answer(tektra)
    assert kept["status"] == "interrupted"
    assert kept["content"].startswith(on_disk)
    assert set(kept["content"].replace("tick ", "")) <= set("tick")
    with tektra.client() as client:
        found = client.get("/api/conversations/search", params={"q": kept["content"].split()[0]}).json()["hits"]
        body = {"content": "go on", "conversation_id": "latest", "model": "tektra-starter", "stream": False}
        assert client.post("/api/chat", json=body | {"sampling": {"max_tokens": 1}}).status_code == 200
    assert len(found) == 1


def test_killing_the_daemon_many_times_loses_no_finished_turn(tektra: Tektra) -> None:
    for round_number in range(4):
        tektra.start()
        model = tektra.import_scripted("echo", [{"say": "done"}])
        with tektra.client() as client:
            body = {"content": f"turn {round_number}", "model": model, "stream": False}
            if round_number:
                body["conversation_id"] = "latest"
            assert client.post("/api/chat", json=body).status_code == 200
        tektra.kill()
    tektra.start()
    with tektra.client() as client:
        said = client.get("/api/conversations/latest").json()["messages"]
    assert [m["content"] for m in said if m["role"] == "user"] == [f"turn {n}" for n in range(4)]
    assert {m["status"] for m in said} == {"complete"}


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    path.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount a small disk")
def test_a_full_disk_is_a_typed_error_and_the_daemon_recovers_when_there_is_room_again(tektra: Tektra) -> None:
    disk = tektra.home / "data"
    with small_disk(disk, "4m"):
        tektra.start()
        model = tektra.import_scripted("echo", [{"say": "done"}])
        body = {"content": "x" * 2000, "model": model, "stream": False}
        filler = disk / "filler"
        with tektra.client() as client:
            assert client.post("/api/chat", json=body).status_code == 200
            with contextlib.suppress(OSError), filler.open("wb") as file:
                file.write(b"\0" * FILLER_BYTES)
            answers = [client.post("/api/chat", json=body) for _ in range(200)]
            full = [answer for answer in answers if answer.status_code != 200]
            assert full, "two hundred turns fitted onto a full disk"
            assert {(a.status_code, a.json()["error"]["code"]) for a in full} == {(507, "disk_full")}
            filler.unlink()
            assert client.post("/api/chat", json=body).status_code == 200
            assert client.get("/api/conversations/latest").json()["messages"][-1]["status"] == "complete"
        tektra.stop()


def test_a_worker_dies_with_its_killed_daemon_even_in_mid_answer(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("endless", ENDLESS)
    with (
        tektra.client() as client,
        client.stream("POST", "/api/chat", json={"content": "go", "model": model}) as answer,
    ):
        next(line for line in answer.iter_lines() if any(e["type"] == "delta" for e in events_of(line)))
        tektra.kill()  # asserts that no worker outlives it
