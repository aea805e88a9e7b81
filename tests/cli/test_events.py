"""`tektra events` and what else follows the daemon, as people and scripts use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pexpect
import pytest

from tests.harness import Tektra

PATIENCE_S = 60


class Follower:
    """A command that goes on until it is stopped."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> Any:
        """The next line of JSON."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def word(self) -> str:
        """The next line for people."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().strip()

    def stop(self) -> int:
        """End it as ^C does; returns its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)


@contextmanager
def following(tektra: Tektra, *words: str) -> Iterator[Follower]:
    command = [sys.executable, "-m", "tektra_cli", *words]
    with subprocess.Popen(
        command, env=tektra.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Follower(process)
        finally:
            process.kill()


def denied(tektra: Tektra) -> None:
    """Something that is an alert."""
    assert tektra.run("permissions", "grant", "deny", "use", "gitlab").returncode == 0
    assert tektra.run("permissions", "ask", "--wait", "0", "use", "gitlab").returncode == 5


def asked(tektra: Tektra) -> None:
    """Something that waits for a person."""
    words = ("permissions", "ask", "--wait", "0", "use", "github", "--agent", "coder")
    assert tektra.run(*words).returncode == 7


def last_place(tektra: Tektra) -> str:
    """The id of an event that is there."""
    with tektra.client() as client, client.stream("GET", "/api/events") as answer:
        return next(line for line in answer.iter_lines() if line.startswith("id:")).removeprefix("id: ")


def test_events_come_as_json_lines_in_a_pipe_until_interrupted(tektra: Tektra) -> None:
    tektra.start()
    with following(tektra, "events", "--after", last_place(tektra), "--type", "alert", "--type", "ask") as follower:
        denied(tektra)
        event = follower.line()
        assert (event["type"], event["data"]["kind"]) == ("alert", "security.denied")
        asked(tektra)
        assert follower.line()["type"] == "ask.opened"
        assert follower.stop() == 130


def test_a_follower_waits_for_a_daemon_that_went_away_and_says_what_is_missing(tektra: Tektra) -> None:
    tektra.start()
    with following(tektra, "events", "--type", "daemon", "--type", "ask", "--after", last_place(tektra)) as follower:
        asked(tektra)
        assert follower.line()["type"] == "ask.opened"
        tektra.stop()
        assert follower.line()["data"] == {"state": "draining"}
        assert "gone" in follower.word()
        tektra.start()
        assert "back" in follower.word()
        assert [follower.line()["type"] for _ in range(2)] == ["gap", "daemon.state"]


def test_the_log_is_followed_across_a_restart_and_no_entry_is_missing_or_told_twice(tektra: Tektra) -> None:
    tektra.start()
    with following(tektra, "audit", "tail", "--follow", "--lines", "1") as follower:
        first = follower.line()["number"]
        tektra.import_scripted("echo", [{"say": "x"}])
        tektra.stop()
        tektra.start()
        tektra.import_scripted("again", [{"say": "x"}])
        told = [follower.line() for _ in range(6)]
    assert [entry["kind"] for entry in told] == [
        "model.import", "model.import", "daemon.stopped", "daemon.started", "model.import", "model.import",
    ]  # fmt: skip
    numbers = [entry["number"] for entry in told]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == first + 1


def test_only_the_wanted_kind_of_entry_is_followed(tektra: Tektra) -> None:
    tektra.start()
    denied(tektra)
    with following(tektra, "audit", "tail", "-f", "-n", "1", "--kind", "permission.decide") as follower:
        first = follower.line()["number"]
        tektra.import_scripted("echo", [{"say": "x"}])
        assert tektra.run("permissions", "ask", "--wait", "0", "use", "gitlab").returncode == 5
        later = follower.line()
    assert (later["kind"], later["number"]) == ("permission.decide", first + 4)


def test_on_a_terminal_an_event_is_a_line_and_an_alert_has_colour(tektra: Tektra) -> None:
    tektra.start()
    line = ["-m", "tektra_cli", "events", "--after", last_place(tektra)]
    follower = pexpect.spawn(sys.executable, line, env=tektra.env, encoding="utf-8", timeout=PATIENCE_S)
    denied(tektra)
    follower.expect(r"permission\.decide denied")
    follower.expect_exact("\x1b[31malert")
    follower.expect(r"security\.denied \S+ action=use rule=grant#\w+ #\d+")
    asked(tektra)
    follower.expect(r"ask\.opened.*use github by coder \(tektra approvals show \w{4}\)")
    follower.sendintr()
    follower.expect("stopped")
    follower.wait()
    assert follower.exitstatus == 130


@pytest.mark.parametrize("arguments", [("--after", "yesterday"), ("--type", "gossip")])
def test_what_is_no_id_or_no_type_is_told(common: Tektra, arguments: tuple[str, str]) -> None:
    done = common.run("events", *arguments)
    assert (done.returncode, arguments[1] in done.stderr) == (2, True)


def test_the_status_says_how_to_follow_alerts(common: Tektra) -> None:
    assert "tektra events --type alert" in common.run("daemon", "status").stdout
