"""`tektra agents notes` and `forget`: looking at what an agent has noted, and taking it away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.cli.screen import Terminal
from tests.daemon.test_runs import call, folder
from tests.guests import needs_guests
from tests.harness import Tektra, installation

pytestmark = needs_guests
NOTES = ("the database\nis blue", "tea at \x1b[31mfive", "third")


@pytest.fixture(scope="module")
def noting() -> Iterator[Tektra]:
    """A Tektra with an agent that has made three notes."""
    with installation() as tektra:
        tektra.start(TEKTRA_CONTEXT="65536")
        said = [*(call("remember", text=text) for text in NOTES), call("final_answer", answer="done")]
        model = tektra.import_scripted("noting", [{"say": each} for each in said], in_turn=True, context=65536)
        assert tektra.run("agents", "create", "mine", "--model", model, "--remember").returncode == 0
        run = tektra.run("run", "mine", "note three things", "--dir", str(folder(tektra)))
        assert run.returncode == 0, run.stderr
        yield tektra


def test_notes_are_shown_with_their_numbers_and_found_by_words(noting: Tektra) -> None:
    head, *rows = noting.run("agents", "notes", "mine").stdout.splitlines()
    assert head.split() == ["ID", "WHEN", "RUN", "NOTE"]
    assert [re.sub(r" +\S+ +\S+ +", "|", row, count=1) for row in rows] == [
        "3|third", "2|tea at [31mfive", "1|the database is blue",
    ]  # fmt: skip
    found = noting.json("agents", "notes", "mine", "--search", "which databases?")
    assert (found["schema"], found["count"]) == ("tektra.agent-notes/1", 3)
    assert [(note["id"], note["text"]) for note in found["notes"]] == [(1, NOTES[0])]
    none = noting.run("agents", "notes", "mine", "--search", "coffee")
    assert (none.returncode, none.stdout) == (0, "")
    assert "none of the 3 notes of mine holds any of these words" in none.stderr
    other = noting.run("agents", "notes", "files")
    assert (other.returncode, other.stdout) == (0, "")
    assert "files has no notes" in other.stderr
    assert "tektra agents edit files --remember" in other.stderr


def test_how_many_there_are_stands_beside_the_switch(noting: Tektra) -> None:
    assert re.search(r"^memory +on, 3 notes$", noting.run("agents", "show", "mine").stdout, re.MULTILINE)
    assert re.search(r"^memory +off$", noting.run("agents", "show", "files").stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["mine"], 2, "it is not clear which notes"),
        (["mine", "1", "--all"], 2, "it is not clear which notes"),
        (["mine", "1", "9"], 4, '"mine" has no note 9'),
        (["mine", "one"], 2, "one"),
        (["mine", "0"], 2, "ids"),
        (["mine", "--all"], 2, "Take all notes of mine away? It has 3. Nobody can be asked here."),
        (["nobody", "1"], 4, 'no agent "nobody"'),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_forgotten_is_said_and_nothing_is(
    noting: Tektra, arguments: list[str], code: int, said: str
) -> None:
    done = noting.run("agents", "forget", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert noting.json("agents", "notes", "mine")["count"] == 3


def test_some_are_forgotten_then_all_and_an_agent_is_removed_with_its_notes(noting: Tektra) -> None:
    made = noting.json("agents", "create", "theirs", "--model", "noting", "--remember")
    assert noting.run("run", "theirs", "note", "--dir", str(folder(noting))).returncode == 0
    assert noting.run("agents", "forget", "theirs", "1", "2").stdout == "forgot 2 notes\n"
    with Terminal(noting, "agents", "rm", "theirs") as terminal:
        terminal.until("Remove the agent theirs and its 1 note? [y/N]").type("y\n")
        assert terminal.end() == 0
    assert "removed theirs and its 1 note" in terminal.screen.text
    assert noting.run("agents", "rollback", "theirs", made["version"][:12]).returncode == 0
    assert noting.json("agents", "show", "theirs")["notes"] == 0
    assert noting.run("run", "theirs", "note", "--dir", str(folder(noting))).returncode == 0
    with Terminal(noting, "agents", "forget", "theirs", "--all") as terminal:
        terminal.until("Take all notes of theirs away? It has 3. [y/N]").type("n\n")
        assert terminal.end() == 1
    gone = noting.run("agents", "forget", "theirs", "--all", "--yes", "--json")
    assert json.loads(gone.stdout)["forgotten"] == [4, 5, 6]
    assert noting.json("agents", "notes", "theirs")["notes"] == []
