"""`tektra models pull` against a small hub on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from tests.cli.screen import Terminal
from tests.harness import Tektra
from tests.hub import FILE, SOURCE, Hub


def test_a_pull_off_a_terminal_says_one_line_at_each_end(puller: Tektra, hub: Hub) -> None:
    done = puller.run("models", "pull", SOURCE, "--name", "tiny")
    assert done.returncode == 0
    assert done.stdout.startswith("tiny is ready to use (")
    assert done.stderr.startswith(f"pulling {FILE} from {SOURCE} (")
    assert done.stderr.count("\n") == 1
    model = puller.json("models", "show", "tiny")["model"]
    assert (model["source"], model["origin"], model["sha256"]) == ("pulled", SOURCE, hub.digest(SOURCE, FILE))


def test_a_pull_on_a_terminal_draws_a_bar_and_erases_it(puller: Tektra) -> None:
    with Terminal(puller, "models", "pull", SOURCE, "--name", "tiny") as terminal:
        assert terminal.end() == 0
        assert "█" in terminal.sent
        assert "█" not in terminal.screen.text
        assert "tiny is ready to use" in terminal.screen.text


def test_a_pull_as_json_is_the_model_and_as_json_lines_the_events(puller: Tektra) -> None:
    document = puller.json("models", "pull", SOURCE, "--name", "tiny")
    assert (document["schema"], document["model"]["name"]) == ("tektra.model/1", "tiny")
    done = puller.run("models", "pull", SOURCE, "--name", "again", "--jsonl")
    kinds = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert (kinds[0], kinds[-1]) == ("plan", "done")


def test_a_pull_that_was_stopped_goes_on_where_it_was(puller: Tektra, hub: Hub) -> None:
    hub.hold_after = 100_000
    process = subprocess.Popen(
        [sys.executable, "-m", "tektra_cli", "models", "pull", SOURCE, "--name", "tiny"],
        env=puller.env,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert hub.holding.wait(60)
    process.send_signal(signal.SIGINT)
    talk = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130
    assert "the same command goes on where it was" in talk
    hub.hold_after = None
    hub.release.set()
    done = puller.run("models", "pull", SOURCE, "--name", "tiny")
    assert done.returncode == 0
    assert "resuming at" in done.stderr


def test_a_file_that_is_not_what_the_hub_promised_is_an_integrity_error(puller: Tektra, hub: Hub) -> None:
    content = bytearray(hub.repositories[SOURCE][FILE])
    content[-1] ^= 1
    hub.wrong_bytes = {FILE: bytes(content)}
    done = puller.run("models", "pull", SOURCE, "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (8, "digest_mismatch")
    assert [model["name"] for model in puller.json("models", "list")["models"]] == ["tektra-starter"]


def test_a_repository_that_the_hub_does_not_know_is_told(puller: Tektra) -> None:
    done = puller.run("models", "pull", "some/nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "some/nothing" in done.stderr


def test_a_hub_that_cannot_be_reached_is_told(tektra: Tektra) -> None:
    tektra.start(HF_ENDPOINT="http://127.0.0.1:1")
    done = tektra.run("models", "pull", SOURCE, "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "hub_unreachable")
