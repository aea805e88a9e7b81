"""`tektra conversations …`."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.cli.screen import Terminal
from tests.harness import Tektra


@pytest.fixture(scope="module")
def talked(shared: Tektra) -> Tektra:
    """An installation with two conversations: about gardens, and about ships."""
    model = shared.import_scripted(
        "talker", [{"when": "garden", "say": "Roses\x1b[2J and *tulips*."}, {"say": "A ship with 日本 sails."}]
    )
    shared.run("chat", "Describe a garden", "-m", model)
    shared.run("chat", "Describe a ship", "-m", model)
    return shared


def identity(talked: Tektra, title: str) -> str:
    found = talked.json("conversations", "list")["conversations"]
    return next(str(each["id"]) for each in found if title in each["title"])


def test_the_list_is_newest_first(talked: Tektra) -> None:
    done = talked.run("conversations", "list")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["ID", "UPDATED", "MESSAGES", "MODEL", "TITLE"]
    assert [row.split("  ")[-1] for row in rows] == ["Describe a ship", "Describe a garden"]
    document = talked.json("conversations", "list", "--limit", "1")
    assert document["schema"] == "tektra.conversations/1"
    assert [each["title"] for each in document["conversations"]] == ["Describe a ship"]
    told = talked.run("conversations", "list", "--limit", "1").stderr
    assert told == "these are the newest 1; --limit 10 shows more\n"


def test_the_list_is_as_long_as_was_asked_for(tektra: Tektra) -> None:
    tektra.start()
    with closing(sqlite3.connect(tektra.home / "data" / "tektra" / "tektra.db")) as store, store:
        rows = [(f"{n:026}", f"2026-01-01T00:00:00.{n:06}Z") for n in range(2500)]
        columns = "id, title, model, created_at, updated_at, uid"
        insert = f"INSERT INTO conversations ({columns}) VALUES (?1, 'title', 'model', ?2, ?2, {os.getuid()})"
        store.executemany(insert, rows)
    document = tektra.json("conversations", "list", "--limit", "2200")
    assert [each["id"] for each in document["conversations"]] == [identity for identity, _ in rows[:-2201:-1]]
    assert document["next"]
    done = tektra.run("conversations", "list", "--limit", "3000")
    assert (len(done.stdout.splitlines()), done.stderr) == (1 + 2500, "")


def test_show_prints_what_was_said(talked: Tektra) -> None:
    shown = talked.run("conversations", "show", "latest").stdout
    assert re.fullmatch(
        r"# Describe a ship\n\n\*talker · .*Z · \w+\*\n\n## You\n\nDescribe a ship\n\n"
        r"## Model\n\nA ship with 日本 sails\.\n",
        shown,
    )
    document = talked.json("conversations", "show", "latest")
    assert document["schema"] == "tektra.conversation/1"
    assert [message["role"] for message in document["messages"]] == ["user", "assistant"]


def test_what_a_model_said_does_nothing_to_a_terminal(talked: Tektra) -> None:
    with Terminal(talked, "conversations", "show", identity(talked, "garden")) as terminal:
        assert terminal.end() == 0
        assert "Roses and *tulips*." in terminal.screen.text
        assert "\x1b" not in terminal.sent


def test_search_finds_words_and_marks_them(talked: Tektra) -> None:
    found = talked.run("conversations", "search", "ship", "sails").stdout
    assert found.splitlines()[0].split() == ["CONVERSATION", "WHEN", "WHO", "TEXT"]
    assert re.search(r"assistant +A «ship» with 日本 «sails»\.$", found, re.MULTILINE)
    document = talked.json("conversations", "search", "roses")
    assert document["schema"] == "tektra.search/1"
    assert [hit["conversation_id"] for hit in document["hits"]] == [identity(talked, "garden")]


def test_search_without_a_hit_is_empty(talked: Tektra) -> None:
    done = talked.run("conversations", "search", "zeppelin")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no message holds these words\n")


@pytest.mark.parametrize("query", ['"', "AND", "a*b", "NEAR(", "-x", "'; DROP TABLE"])
def test_search_takes_any_characters(talked: Tektra, query: str) -> None:
    assert talked.run("conversations", "search", "--", query).returncode in (0, 2)


def test_export_writes_three_forms(talked: Tektra) -> None:
    exported = {
        form: talked.run("conversations", "export", "latest", "--format", form).stdout
        for form in ("markdown", "json", "text")
    }
    assert exported["markdown"].startswith("# Describe a ship\n")
    assert json.loads(exported["json"])["schema"] == "tektra.conversation/1"
    assert exported["text"] == "You:\nDescribe a ship\n\nModel:\nA ship with 日本 sails.\n"


def test_export_to_a_file_never_overwrites(talked: Tektra) -> None:
    file = talked.home / "ship.txt"
    done = talked.run("conversations", "export", "latest", "--format", "text", "--output", str(file))
    assert done.stdout == f"saved {file}\n"
    assert file.read_text().startswith("You:\n")
    done = talked.run("conversations", "export", "latest", "-o", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert "exists already" in done.stderr
    done = talked.run("conversations", "export", "latest", "-o", "nowhere/ship.txt")
    assert (done.returncode, "there is no directory nowhere" in done.stderr) == (4, True)


def test_an_export_to_a_full_disk_leaves_no_half_file(talked: Tektra) -> None:
    folder = talked.home / "full"
    folder.mkdir()
    export = [sys.executable, "-m", "tektra_cli", "conversations", "export", "latest", "-o", str(folder / "ship.md")]
    done = subprocess.run(
        ["/bin/sh", "-c", f"ulimit -f 0; exec {shlex.join(export)}"],
        env=talked.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"tektra: File too large: {folder / 'ship.md'}\n")
    assert list(folder.iterdir()) == []


def test_an_export_leaves_nothing_but_itself(talked: Tektra) -> None:
    folder = talked.home / "exports"
    folder.mkdir()
    talked.run("conversations", "export", "latest", "-o", str(folder / "ship.md"))
    (file,) = folder.iterdir()
    assert (file.name, file.stat().st_nlink) == ("ship.md", 1)
    assert file.read_text().startswith("# Describe a ship\n")


def test_the_beginning_of_an_id_is_enough(talked: Tektra) -> None:
    whole = identity(talked, "garden")
    assert talked.json("conversations", "show", whole[:8])["conversation"]["id"] == whole


def test_an_unknown_id_is_not_found(talked: Tektra) -> None:
    done = talked.run("conversations", "show", "zzzzzzzz", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (4, "conversation_not_found")


def test_a_conversation_gets_another_title_and_stands_above_all_others(talked: Tektra) -> None:
    garden = identity(talked, "garden")
    assert talked.run("conversations", "rename", garden, "Roses,\nall of them").stdout == f"renamed {garden}\n"
    assert talked.run("conversations", "pin", garden).stdout == f"pinned {garden}\n"
    first = talked.run("conversations", "list").stdout.splitlines()[1]
    assert first.endswith("Roses, all of them (pinned)")
    assert talked.json("conversations", "unpin", garden)["conversation"]["pinned"] is False
    assert talked.json("conversations", "list")["conversations"][0]["id"] != garden
    done = talked.run("conversations", "rename", garden, " ")
    assert (done.returncode, "a title has at least one character" in done.stderr) == (2, True)
    talked.run("conversations", "rename", garden, "Describe a garden")


def test_a_branch_begins_as_the_other_did(talked: Tektra) -> None:
    ship = identity(talked, "ship")
    question, answer = talked.json("conversations", "show", ship)["messages"]
    whole = talked.json("conversations", "branch", ship)["conversation"]
    assert (whole["title"], whole["messages"]) == ("Branch: Describe a ship", 2)
    done = talked.run("conversations", "branch", ship, "--at", question["id"])
    assert re.fullmatch(r"\w+, with 1 message\n", done.stdout)
    done = talked.run("conversations", "branch", ship, "--at", answer["id"][:-1] + "?")
    assert (done.returncode, "has no message" in done.stderr) == (2, True)
    for branch in (whole["id"], talked.json("conversations", "list")["conversations"][0]["id"]):
        talked.run("conversations", "rm", branch, "--yes")


def test_rm_needs_a_yes(talked: Tektra) -> None:
    talked.run("chat", "Describe a doomed thing", "-m", "talker")
    doomed = identity(talked, "doomed")
    done = talked.run("conversations", "rm", doomed)
    assert done.returncode == 2
    assert "Remove the conversation" in done.stderr
    assert "2 messages" in done.stderr
    assert talked.run("conversations", "rm", doomed, "--yes").stdout == f"removed {doomed}\n"
    assert talked.run("conversations", "show", doomed).returncode == 4
