"""`tektra status` and `tektra top`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.screen import Terminal
from tests.daemon.test_trouble import ENDLESS, answering
from tests.harness import Tektra


@pytest.fixture(scope="module")
def busy(shared: Tektra) -> Iterator[Tektra]:
    """One model in memory that does nothing, one that answers; something that waits for a person."""
    shared.import_scripted("quiet", [{"say": "done"}])
    shared.import_scripted("talks", ENDLESS)
    with shared.client() as client:
        for name in ("talks", "quiet"):
            assert client.post(f"/api/models/{name}/load", json={}).status_code == 200
    waiting = shared.run("permissions", "ask", "--agent", "coder", "--wait", "0", "fetch", "example.org")
    assert waiting.returncode == 7
    with answering(shared, "talks"):
        yield shared


@pytest.mark.parametrize("command", ["status", "top"])
def test_without_a_daemon_both_say_so_and_start_none(tektra: Tektra, command: str) -> None:
    done = tektra.run(command)
    assert (done.returncode, done.stdout) == (3, "")
    assert "the daemon is not running" in done.stderr
    assert json.loads(tektra.run(command, "--json").stdout)["error"]["code"] == "daemon_unreachable"
    assert not tektra.socket.exists()


def test_a_glance_says_what_works_and_what_waits(busy: Tektra) -> None:
    told = busy.run("status").stdout
    lines = told.splitlines()
    assert [line.split()[0] for line in lines if line[0] != " "] == [
        "daemon", "memory", "models", "runs", "asks", "alerts",
    ]  # fmt: skip
    assert "1 answering" in next(line for line in lines if "talks" in line)
    assert "idle" in next(line for line in lines if "quiet" in line)
    assert "coder wants to fetch example.org" in told
    assert "tektra approvals list" in told


def test_a_glance_as_a_document_holds_what_it_is_made_of(busy: Tektra) -> None:
    document = busy.json("status")
    assert document["schema"] == "tektra.overview/1"
    assert document["daemon"]["pid"] == busy.pid()
    assert {model["name"] for model in document["models"]} == {"quiet", "talks"}
    assert [ask["request"]["resource"] for ask in document["asks"]] == ["example.org"]
    assert document["runs"] == []


def test_top_has_the_busiest_model_first(busy: Tektra) -> None:
    document = busy.json("top")
    assert document["schema"] == "tektra.top/1"
    assert [model["name"] for model in document["models"]] == ["talks", "quiet"]
    told = busy.run("top").stdout
    assert told.index("talks") < told.index("quiet")
    assert "\x1b" not in told


def test_top_draws_anew_in_its_place_until_q(busy: Tektra) -> None:
    with Terminal(busy, "top") as terminal:
        terminal.until("talks").until("quiet")
        with busy.client() as client:
            assert client.post("/api/models/quiet/unload").status_code == 200
        terminal.until_gone("quiet")
        assert terminal.screen.visible.count("RUNNING") == 1, "drawn in the place of the first"
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.sent.endswith("\x1b[?25h\x1b[?1049l"), "the terminal is as it was"


def test_a_watched_glance_outlives_the_daemon_and_ends_by_an_interrupt(tektra: Tektra) -> None:
    tektra.start()
    with Terminal(tektra, "status", "--watch") as terminal:
        terminal.until("ready")
        tektra.kill()
        terminal.until("away")
        tektra.start()
        terminal.until("ready").type("\x03")
        assert terminal.end() == 130


def test_watching_is_no_document(busy: Tektra) -> None:
    assert busy.run("status", "--watch", "--json").returncode == 2
    assert busy.run("status", "--watch").returncode == 0, "in a pipe it looks once"
