"""`tektra run` and `tektra runs`: an agent at work, seen from the terminal and from scripts."""

from __future__ import annotations

import json

import pytest

from tests.cli.screen import Terminal
from tests.daemon.test_run_limits import reader
from tests.daemon.test_runs import DONE, READ, agent, folder
from tests.guests import needs_guests
from tests.harness import Tektra

pytestmark = needs_guests


@pytest.fixture
def counting(tektra: Tektra) -> Tektra:
    agent(tektra.start(), DONE)
    folder(tektra)
    return tektra


def test_a_run_is_seen_step_by_step_and_the_answer_is_what_a_pipe_gets(counting: Tektra) -> None:
    with Terminal(counting, "run", "counter", "count the lines", "--dir", "notes", columns=100) as terminal:
        terminal.until("read(path='notes.txt')").until("3 lines").until("three")
        assert terminal.end() == 0
    done = counting.run("run", "counter", "-", "--dir", "notes", stdin="count the lines")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "three")
    assert "2 steps" in done.stderr


def test_scripts_get_one_document_or_lines_and_an_exit_code(counting: Tektra) -> None:
    done = counting.run("run", "counter", "count", "--dir", "notes", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["run"]["result"]["answer"]) == (0, "three")
    types = [event["type"] for event in document["events"]]
    assert types == ["state", "tool", "result", "step", "step", "state"]
    lines = counting.run("run", "counter", "count", "--dir", "notes", "--jsonl").stdout.splitlines()
    assert json.loads(lines[-1])["run"]["state"] == "succeeded"
    agent(counting, [{"say": READ}], "circling")
    done = counting.run("run", "circling", "count", "--dir", "notes")
    assert (done.returncode, "times in a row" in done.stderr) == (1, True)
    assert counting.run("run", "nobody", "count", "--dir", "notes").returncode == 4


def test_a_run_that_goes_on_by_itself_is_found_again(counting: Tektra) -> None:
    run = counting.run("run", "counter", "count", "--dir", "notes", "--detach").stdout.strip()
    assert counting.run("runs", "attach", run[:6]).stdout.splitlines()[-1] == "three"
    shown = counting.run("runs", "show", run)
    assert "three" in shown.stdout
    assert [each["id"] for each in counting.json("runs", "list")["runs"]] == [run]
    assert run in counting.run("runs", "list").stdout
    assert counting.run("runs", "cancel", run).stdout == "it had ended already: succeeded\n"
    assert counting.run("runs", "show", "nothing").returncode == 4
    assert counting.json("runs", "events", run)["events"][-1]["type"] == "state"


def test_one_step_shows_the_whole_prompt_and_the_answer(counting: Tektra) -> None:
    run = counting.run("run", "counter", "count the lines", "--dir", "notes", "--detach").stdout.strip()
    counting.run("runs", "attach", run)
    shown = counting.run("runs", "show", run, "--step", "2")
    assert (shown.returncode, "step 2, mind-counter, 4 messages" in shown.stderr) == (0, True)
    parts = ("1  system", "2  user", "count the lines", 'read({"path": "notes.txt"})', "4  tool", "gamma", "\nanswer\n")
    places = [shown.stdout.index(part) for part in parts]
    assert places == sorted(places)
    assert "final_answer" in shown.stdout.rpartition("answer\n")[2]
    document = counting.json("runs", "show", run, "--step", "1")
    assert (document["schema"], document["count"], document["next"]) == ("tektra.run-prompt/1", 2, None)
    missing = counting.run("runs", "show", run, "--step", "3")
    assert (missing.returncode, "asked its model 2 times" in missing.stderr) == (4, True)


def test_a_prompt_longer_than_one_answer_is_shown_whole(counting: Tektra) -> None:
    task = " ".join(f"word{number}" for number in range(8_000))
    run = counting.run("run", "counter", "-", "--dir", "notes", stdin=task).stderr
    ident = counting.json("runs", "list")["runs"][0]["id"]
    document = counting.json("runs", "show", ident, "--step", "1")
    assert document["messages"][1]["text"].endswith(task), run


def test_a_run_is_done_once_more_and_what_has_ended_well_is_not_taken_up(counting: Tektra) -> None:
    run = counting.run("run", "counter", "count", "--dir", "notes", "--detach").stdout.strip()
    assert counting.run("runs", "attach", run).returncode == 0
    again = counting.run("runs", "retry", run, "--from", "2")
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "three")
    assert counting.run("runs", "retry", run, "--from", "9").returncode == 2
    refused = counting.run("runs", "resume", run)
    assert (refused.returncode, "only one that failed" in refused.stderr) == (2, True)
    assert "no run is stuck" in counting.run("runs", "unstick").stderr
    assert counting.json("runs", "unstick")["runs"] == []


def test_what_a_long_run_left_out_is_said_also_later(tektra: Tektra) -> None:
    reader(tektra.start())
    done = tektra.run("run", "reader", "read all", "--dir", "notes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "all read")
    said = "4 older results left out (1,784 characters), so that the rest fits its model"
    assert said in done.stderr
    (run,) = tektra.json("runs", "list")["runs"]
    assert said in tektra.run("runs", "show", run["id"]).stderr


def test_a_run_that_used_its_steps_shows_its_last_words_and_fails(tektra: Tektra) -> None:
    turns = [{"when": "Answer now", "say": "I was nearly there."}, {"say": READ}]
    agent(tektra.start(), turns, limits={"steps": 2})
    folder(tektra)
    done = tektra.run("run", "counter", "count", "--dir", "notes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "I was nearly there.")
    assert "failed: it used its 2 steps" in done.stderr


def test_control_c_ends_the_run(counting: Tektra) -> None:
    agent(counting, [{"say": READ, "first_s": 60.0}], "slow")
    with Terminal(counting, "run", "slow", "count", "--dir", "notes") as terminal:
        while not counting.json("audit", "list", "--kind", "model.call")["entries"]:
            pass  # its model is being asked, so the command follows it by now
        terminal.type("\x03")
        assert terminal.end() == 130
    assert [run["state"] for run in counting.json("runs", "list")["runs"]] == ["cancelled"]


def test_an_agent_is_tried_with_a_script_and_a_run_of_it_is_a_script_for_the_same_run(tektra: Tektra) -> None:
    """As docs/design/agents.md says it."""
    folder(tektra.start())
    (tektra.home / "mine.toml").write_text('name = "mine"\nkind = "code"\ntools = ["read"]\n')
    lines = "<code>\nlines = read('notes.txt').splitlines()\nprint(lines[0])\n</code>"
    tektra.script("counting", [{"say": lines}, {"say": "<code>\nfinal_answer(len(lines) - 1)\n</code>"}], in_turn=True)

    def tried(script: str) -> tuple[object, list[dict[str, object]]]:
        for command in (
            ("models", "import", f"{script}.scripted.json", "--name", script),
            ("agents", "create", f"agent-{script}", "--from", "mine.toml", "--model", script),
        ):
            done = tektra.run(*command)
            assert done.returncode == 0, done.stderr
        document = tektra.json("run", f"agent-{script}", "how many lines?", "--dir", "notes")
        return document["run"]["result"]["answer"], [e["data"] for e in document["events"] if e["type"] == "step"]

    answer, steps = tried("counting")
    assert answer == 3
    tektra.script("again", [{"say": step["said"]} for step in steps], in_turn=True)
    assert tried("again") == (answer, steps)
    seen = tektra.run("run", "agent-again", "how many lines?", "--dir", "notes")
    assert (seen.returncode, seen.stdout.splitlines()[-1]) == (0, "3")
    assert "code  lines = read('notes.txt')" in seen.stdout
