"""`tektra audit …` as people and scripts use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.harness import Tektra


@pytest.fixture(scope="module")
def used(shared: Tektra) -> Tektra:
    """A daemon that has done a few things."""
    shared.import_scripted("echo", [{"say": "x"}])
    assert shared.run("chat", "go", "-m", "echo").returncode == 0
    assert shared.run("models", "import", "/nowhere.gguf").returncode != 0
    return shared


def test_what_happened_is_listed_newest_first_and_chosen_by_its_traits(used: Tektra) -> None:
    listed = used.json("audit", "list")
    kinds = [entry["kind"] for entry in listed["entries"]]
    assert kinds[-1] == "daemon.started"
    assert kinds.count("model.call") == 2
    assert {e["kind"] for e in used.json("audit", "list", "--kind", "model.call")["entries"]} == {"model.call"}
    failed = used.json("audit", "list", "--outcome", "failed", "--since", "1h", "--user", str(os.getuid()))
    assert [entry["kind"] for entry in failed["entries"]] == ["model.import"]
    assert used.json("audit", "list", "--until", "1h")["entries"] == []
    shown = used.run("audit", "list", "--limit", "2")
    assert shown.stdout.splitlines()[0].split() == ["NUMBER", "WHEN", "WHO", "KIND", "OUTCOME", "ACT", "WHAT"]
    assert "--limit 20 shows more" in shown.stderr


def test_one_entry_is_shown_whole_and_found_by_its_words(used: Tektra) -> None:
    (entry, *_) = used.json("audit", "search", "echo", "chat")["entries"]
    shown = used.run("audit", "show", str(entry["number"])).stdout
    assert "tektra audit" not in shown
    for said in ("model.call", entry["act"], entry["hash"], "sha256:"):
        assert said in shown
    assert used.run("audit", "show", "123456").returncode == 4
    assert "no entry is like that" in used.run("audit", "search", "nowhere-to-be-found").stderr


def test_bad_questions_say_what_would_be_good_ones(used: Tektra) -> None:
    for arguments, words in (
        (("list", "--since", "yesterday"), "no time"),
        (("list", "--user", "nobody-of-that-name"), "no user"),
        (("verify", "--head", "17"), "no head"),
        (("verify", "--key", "ab"), "belongs to a FILE"),
        (("verify", "/etc/hostname", "--key", "zz"), "no public key"),
        (("prune", "--before", "1d"), "--yes"),
    ):
        done = used.run("audit", *arguments)
        assert (done.returncode, words in done.stderr) == (2, True), (arguments, done.stderr)
    refused = used.run("audit", "export", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (2, "usage")


def test_the_figures_count_everything(used: Tektra) -> None:
    stats = used.json("audit", "stats")
    assert stats["entries"] == sum(kind["entries"] for kind in stats["kinds"])
    assert "model.call" in used.run("audit", "stats").stdout


def test_a_sound_log_verifies_and_so_does_its_file_without_the_daemon(tektra: Tektra) -> None:
    assert tektra.run("audit", "verify").returncode == 0
    path = tektra.home / "log.jsonl"
    saved = tektra.json("audit", "export", "--output", str(path))
    assert saved["bytes"] == path.stat().st_size
    assert tektra.run("audit", "export", "--output", str(path)).returncode == 2  # never over another file
    tektra.stop()
    found = tektra.json("audit", "verify", str(path))
    assert (found["ok"], found["key_from"]) == (True, "this machine")
    key = tektra.home / "data" / "tektra" / "keys" / "audit.pub"
    assert tektra.json("audit", "verify", str(path), "--key", str(key))["ok"]
    assert tektra.json("audit", "verify", str(path), "--key", key.read_text().strip())["ok"]
    elsewhere = tektra.run("audit", "verify", str(path), env={"XDG_DATA_HOME": str(tektra.home / "elsewhere")})
    assert (elsewhere.returncode, "the file's own word" in elsewhere.stdout) == (0, True)
    assert "compare it" in elsewhere.stderr
    assert not tektra.socket.exists()


def test_a_changed_file_ends_with_8_and_names_the_first_bad_entry(tektra: Tektra) -> None:
    path = tektra.home / "log.jsonl"
    path.write_text(tektra.run("audit", "export").stdout.replace('"kind":"audit.export"', '"kind":"audit.exp0rt"'))
    done = tektra.run("audit", "verify", str(path))
    assert done.returncode == 8
    assert "the first bad entry is 2" in done.stderr
    told = tektra.run("audit", "verify", str(path), "--json")
    assert (told.returncode, json.loads(told.stdout)["first_bad"]["number"]) == (8, 2)
    assert tektra.run("audit", "verify", str(tektra.home / "nothing.jsonl")).returncode == 4
    (tektra.home / "junk").write_bytes(os.urandom(5000))
    assert tektra.run("audit", "verify", str(tektra.home / "junk")).returncode == 1


def test_the_log_can_be_followed_while_things_happen(tektra: Tektra) -> None:
    tektra.start()
    line = [sys.executable, "-m", "tektra_cli", "audit", "tail", "--follow", "--lines", "1"]
    with subprocess.Popen(line, env=tektra.env, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        assert json.loads(follower.stdout.readline())["kind"] == "daemon.started"
        tektra.import_scripted("echo", [{"say": "x"}])
        told = [json.loads(follower.stdout.readline()) for _ in range(2)]
        follower.terminate()
        follower.wait()
    assert [(entry["kind"], entry["outcome"]) for entry in told] == [("model.import", "begun"), ("model.import", "ok")]


def test_old_entries_are_removed_only_on_request(tektra: Tektra) -> None:
    tektra.start()
    tektra.import_scripted("echo", [{"say": "x"}])
    done = tektra.run("audit", "prune", "--before", "0s", "--yes")
    assert (done.returncode, done.stdout) == (0, "removed 3 entries\n")
    assert tektra.json("audit", "verify")["ok"]


def test_what_was_refused_is_an_alert_in_the_status(tektra: Tektra) -> None:
    tektra.start()
    assert "alerts            none" in tektra.run("daemon", "status").stdout
    if tektra.json("sandbox", "probe")["level"] == "C":
        pytest.skip("nothing confines programs here")
    assert tektra.run("sandbox", "run", "--timeout", "0.2", "--", "sleep", "60").returncode == 7
    assert "the last security.limit" in tektra.run("daemon", "status").stdout
