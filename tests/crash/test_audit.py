"""The audit log when the daemon is killed between any two writes, or the disk is full."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tektrad.trust.keys import read_key
from tektrad.trust.verify import store_steps
from tests.crash.test_answers import FILLER_BYTES, small_disk
from tests.daemon.test_audit import acts, entries, verified
from tests.harness import Tektra, events_of


def test_a_kill_between_any_two_writes_leaves_a_log_that_verifies_and_can_go_on(tmp_path: Path) -> None:
    line = [sys.executable, "-W", "error", "-m", "tests.crash.audit_scenario", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    writes = int(done.stdout)
    assert writes > 60
    for killed_at in range(1, writes + 1):
        folder = tmp_path / str(killed_at)
        for store in (folder / "killed" / "store.db", folder / "store.db"):
            *_, found = store_steps(store, read_key(folder / "audit.key"), None)
            assert found["ok"], (killed_at, found)
        with contextlib.closing(sqlite3.connect(folder / "store.db")) as connection:
            assert connection.execute("SELECT * FROM messages WHERE status = 'generating'").fetchall() == []


def test_an_answer_that_a_crash_cut_off_is_told_at_the_next_start(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("endless", [{"say": "tick ", "forever": True, "pace_s": 0.001}])
    with (
        tektra.client() as client,
        client.stream("POST", "/api/chat", json={"content": "go", "model": model}) as answer,
    ):
        next(line for line in answer.iter_lines() if any(e["type"] == "delta" for e in events_of(line)))
        tektra.kill()
    tektra.start()
    begun, ended = entries(tektra, kind="model.call")
    assert (ended["outcome"], ended["act"]) == ("interrupted", begun["act"])
    assert [e["details"]["after_crash"] for e in entries(tektra, kind="daemon.started")] == [False, True]
    assert verified(tektra)["ok"]
    tektra.stop()
    tektra.start()
    assert entries(tektra, kind="daemon.started")[-1]["details"]["after_crash"] is False


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount a small disk")
def test_nothing_is_done_that_cannot_be_recorded(tektra: Tektra) -> None:
    """On a full disk no model answers, none is loaded, no program runs; with room again all do."""
    disk = tektra.home / "data"
    with small_disk(disk, "4m"):
        model = tektra.start().import_scripted("echo", [{"say": "done"}])
        filler = disk / "filler"
        asked = (
            ("/v1/completions", {"prompt": "x", "model": model}),
            ("/api/chat", {"content": "x", "model": model, "save": False, "stream": False}),
            (f"/api/models/{model}/load", {}),
        )
        with tektra.client() as client:
            with contextlib.suppress(OSError), filler.open("wb") as file:
                file.write(b"\0" * FILLER_BYTES)
            while client.post("/v1/completions", json=asked[0][1]).status_code == 200:
                pass  # until the store has used up what it had
            before = acts(tektra)
            for route, body in asked:
                answer = client.post(route, json=body)
                assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk_full")
                assert "done" not in answer.text
            ran = events_of(client.post("/api/sandbox/run", json={"arguments": ["/bin/echo", "ran"]}).text)
            assert [event["type"] for event in ran] == ["error"]
            assert acts(tektra) == before
            filler.unlink()
            for route, body in asked:
                assert client.post(route, json=body).status_code == 200
            assert verified(tektra)["ok"]
        tektra.stop()
