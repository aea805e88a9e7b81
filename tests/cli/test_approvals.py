"""`tektra permissions ask` and `tektra approvals` in two terminals."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.harness import Tektra


def asking(tektra: Tektra, *arguments: str) -> subprocess.Popen[str]:
    """A script that waits for an answer."""
    line = [sys.executable, "-m", "tektra_cli", "permissions", "ask", *arguments]
    return subprocess.Popen(line, env=tektra.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def the_ask(tektra: Tektra) -> str:
    while not (asks := tektra.json("approvals", "list")["asks"]):
        pass
    return str(asks[0]["id"])


@pytest.mark.parametrize(("word", "code"), [("allow", 0), ("deny", 5)])
def test_one_terminal_asks_and_another_answers(tektra: Tektra, word: str, code: int) -> None:
    tektra.start()
    (tektra.home / "change.diff").write_text("-old\n+new\n")
    preview = ("--preview", str(tektra.home / "change.diff"))
    with asking(tektra, "use", "github", "--agent", "coder", *preview, "--wait", "5m") as script:
        ask = the_ask(tektra)
        shown = tektra.run("approvals", "show", ask).stdout
        for said in ("agent coder", "use github", "+new", "default (no rule speaks of it)"):
            assert said in shown
        told = tektra.run("approvals", word, ask, "--why", "as I say")
        assert (told.returncode, "use github" in told.stdout) == (0, True)
        said, _ = script.communicate()
    assert script.returncode == code
    assert said == f"{word}: by rule ask#{ask} (as I say)\n"
    again = tektra.run("approvals", "deny", ask)
    assert (again.returncode, "The first answer counts." in again.stderr) == (6, True)
    assert "nothing waits for you" in tektra.run("approvals", "list").stderr
    assert ask in tektra.run("approvals", "list", "--all").stdout


def test_what_is_worth_a_look_is_shown_before_an_answer(tektra: Tektra) -> None:
    tektra.start()
    tektra.run(
        "permissions", "ask", "run", "rm", "-rf", "../other", "--agent", "coder", "--confinement", "A", "--wait", "0"
    )
    shown = tektra.run("approvals", "show", the_ask(tektra)).stdout
    assert "\n  \u203c danger   removes what lies outside of the folder: ../other\n" in shown
    tektra.run("approvals", "deny", the_ask(tektra))
    tektra.run(
        "permissions", "ask", "run", "rm", "-rf", "\x1b[2J", "--agent", "coder", "--confinement", "A", "--wait", "0"
    )
    assert "\x1b" not in tektra.run("approvals", "show", the_ask(tektra)).stdout.partition("worth a look")[2]


def test_who_does_not_wait_finds_the_answer_later(tektra: Tektra) -> None:
    tektra.start()
    question = ("permissions", "ask", "use", "github", "--agent", "coder", "--wait", "0")
    assert tektra.run(*question).returncode == 7
    assert "1 ask" in tektra.run("daemon", "status").stdout
    assert tektra.run("approvals", "allow", the_ask(tektra), "--always").returncode == 0
    allowed = tektra.run(*question, "--json")
    assert (allowed.returncode, json.loads(allowed.stdout)["outcome"]) == (0, "allow")


def test_answers_that_cannot_be_are_usage_errors(tektra: Tektra) -> None:
    tektra.start()
    assert tektra.run("approvals", "allow", "nothing").returncode == 4
    assert tektra.run("approvals", "allow", "nothing", "--once", "--always").returncode == 2
