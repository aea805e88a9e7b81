"""Runs that change files, over HTTP: in a private copy, with a person's word where it is wanted, through any crash."""

from __future__ import annotations

import json
from typing import Any

from tests.daemon.test_audit import entries
from tests.daemon.test_runs import agent, begun, call, ended
from tests.guests import needs_guests
from tests.harness import Tektra

pytestmark = needs_guests
TOOLS = ["read", "write", "edit", "shell", "python", "ask_user"]
DONE = call("final_answer", answer="done")


def results(told: list[dict[str, Any]]) -> list[str]:
    return [event["data"].get("result") or event["data"]["error"] for event in told if event["type"] == "result"]


def answered(tektra: Tektra, **body: Any) -> dict[str, Any]:
    """Answer the one ask that there is, once there is one."""
    with tektra.client() as client, client.stream("GET", "/api/events?type=ask") as stream:
        while not (asks := client.get("/api/approvals").json()["asks"]):
            next(line for line in stream.iter_lines() if "ask.opened" in line)
        (ask,) = asks
        answer = client.post(f"/api/approvals/{ask['id']}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(ask)


def test_what_an_agent_writes_is_in_its_copy_and_the_folder_stays_as_it_was(tektra: Tektra) -> None:
    script = [
        {"when": "x = 2", "say": DONE},
        {"when": "changed notes.txt", "say": call("shell", command="cat notes.txt new/a.py")},
        {"when": "made new/a.py", "say": call("edit", path="notes.txt", old="beta", new="BETA")},
        {"say": call("write", path="new/a.py", content="x = 2\n")},
    ]
    agent(tektra.start(), script, tools=TOOLS)
    run, told = ended(tektra, begun(tektra))
    assert (run["state"], run["result"]["has_changes"]) == ("succeeded", True), told
    assert results(told) == [
        "made new/a.py: 1 line added, 0 removed",
        "changed notes.txt: 1 line added, 1 removed",
        "alpha\nBETA\ngamma\nx = 2",
    ]
    assert (tektra.home / "notes/notes.txt").read_text() == "alpha\nbeta\ngamma\n"
    assert not (tektra.home / "notes/new").exists()
    shell = entries(tektra, run=run["id"], kind="tool.call")[-1]
    assert (shell["confinement"] in ("A", "B"), shell["details"]["code"]) == (True, 0)


def test_nothing_is_left_of_a_run_that_changed_nothing(tektra: Tektra) -> None:
    agent(tektra.start(), [{"when": "nothing", "say": DONE}, {"say": call("shell", command="true")}], tools=TOOLS)
    run, _ = ended(tektra, begun(tektra))
    assert run["result"]["has_changes"] is False


def test_a_careful_agent_waits_for_a_person_and_does_what_was_allowed(tektra: Tektra) -> None:
    script = [{"when": "made", "say": DONE}, {"say": call("write", path="a.txt", content="a\n")}]
    agent(tektra.start(), script, tools=TOOLS, human="always")
    run = begun(tektra)
    ask = answered(tektra, answer="allow")
    assert (ask["request"]["action"], ask["request"]["run"]) == ("write", run)
    assert "+a" in ask["request"]["preview"]
    done, told = ended(tektra, run)
    assert (done["state"], results(told)) == ("succeeded", ["made a.txt: 1 line added, 0 removed"])
    states = [event["data"]["state"] for event in told if event["type"] == "state"]
    assert states == ["running", "waiting", "running", "succeeded"]
    (opened,) = (event["data"] for event in told if event["type"] == "ask")
    assert (opened["ask"], opened["action"]) == (ask["id"], "write")


def test_what_is_denied_is_not_done_and_the_agent_hears_why(tektra: Tektra) -> None:
    script = [{"when": "rather not", "say": DONE}, {"say": call("write", path="a.txt", content="a\n")}]
    agent(tektra.start(), script, tools=TOOLS, human="always")
    run = begun(tektra)
    answered(tektra, answer="deny", why="rather not")
    done, told = ended(tektra, run)
    assert "rather not" in results(told)[0]
    assert done["result"]["has_changes"] is False


def test_who_says_nothing_has_said_no(tektra: Tektra) -> None:
    script = [{"when": "nobody answered", "say": DONE}, {"say": call("write", path="a.txt", content="a\n")}]
    agent(tektra.start(TEKTRA_ANSWER_WAIT="0.5"), script, tools=TOOLS, human="always")
    done, told = ended(tektra, begun(tektra))
    assert (done["state"], done["result"]["has_changes"]) == ("succeeded", False)
    assert "nobody answered in time" in results(told)[0]
    assert [entry["outcome"] for entry in entries(tektra, run=done["id"], kind="consent.expire")] == ["denied"]


def test_a_question_is_answered_in_the_person_s_words(tektra: Tektra) -> None:
    script = [{"when": "the blue one", "say": DONE}, {"say": call("ask_user", question="Which one?")}]
    agent(tektra.start(), script, tools=TOOLS)
    run = begun(tektra)
    assert answered(tektra, answer="allow", why="the blue one")["request"]["preview"] == "Which one?"
    assert results(ended(tektra, run)[1]) == ["the blue one"]


def test_an_agent_that_never_asks_is_refused_what_somebody_would_be_asked_about(tektra: Tektra) -> None:
    script = [{"when": "rule", "say": DONE}, {"say": call("ask_user", question="Which one?")}]
    agent(tektra.start(), script, tools=TOOLS, human="never")
    assert "by rule question" in results(ended(tektra, begun(tektra))[1])[0]


def test_a_run_that_is_killed_finds_its_copy_as_its_last_finished_step_left_it(tektra: Tektra) -> None:
    script = [
        {"when": "1\n2\n3", "say": DONE},
        {"when": "second", "say": call("shell", command="echo 3 >> log; cat log")},
        {"when": "first", "say": call("shell", command="echo 2 >> log; echo second"), "first_s": 2.0},
        {"say": call("shell", command="echo 1 >> log; echo first")},
    ]
    agent(tektra.start(), script, tools=TOOLS)
    run = begun(tektra)
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        next(line for line in stream.iter_lines() if '"type":"result"' in line.replace(" ", ""))
    tektra.kill()
    tektra.start()
    done, told = ended(tektra, run)
    assert (done["state"], results(told)) == ("succeeded", ["first", "second", "1\n2\n3"])


def test_nobody_is_asked_any_more_for_a_run_that_was_cancelled(tektra: Tektra) -> None:
    agent(tektra.start(), [{"say": call("write", path="a.txt", content="a\n")}], tools=TOOLS, human="always")
    run = begun(tektra)
    with tektra.client() as client:
        with client.stream("GET", f"/api/runs/{run}/events") as stream:
            next(line for line in stream.iter_lines() if '"type":"ask"' in line.replace(" ", ""))
        (ask,) = client.get("/api/approvals").json()["asks"]
        assert client.post(f"/api/runs/{run}/cancel").json()["cancelled"] is True
        assert client.get("/api/approvals").json()["asks"] == []
        late = client.post(f"/api/approvals/{ask['id']}", json={"answer": "allow"})
        assert (late.status_code, late.json()["error"]["code"]) == (409, "already_answered")
        assert "the run that asked has ended" in late.json()["error"]["message"]
        assert client.post(f"/api/runs/{run}/resume").status_code == 202
    assert answered(tektra, answer="deny")["id"] != ask["id"]


def test_an_approval_outlives_the_daemon(tektra: Tektra) -> None:
    script = [{"when": "made", "say": DONE}, {"say": call("write", path="a.txt", content="a\n")}]
    agent(tektra.start(), script, tools=TOOLS, human="always")
    run = begun(tektra)
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        next(line for line in stream.iter_lines() if '"type":"ask"' in line.replace(" ", ""))
    tektra.kill()
    tektra.start()
    answered(tektra, answer="allow")
    done, told = ended(tektra, run)
    assert (done["state"], json.dumps(told).count('"type": "ask"')) == ("succeeded", 1)


def test_what_a_program_does_wrong_is_said_so_that_the_agent_can_act_on_it(tektra: Tektra) -> None:
    script = [
        {"when": "took too long", "say": DONE},
        {"when": "ValueError", "say": call("shell", command="sleep 30", seconds=1)},
        {"when": "exit code 3", "say": call("python", code="raise ValueError('no')")},
        {"say": call("shell", command="echo out; echo err >&2; exit 3")},
    ]
    agent(tektra.start(), script, tools=TOOLS)
    run, told = ended(tektra, begun(tektra))
    first, second, third = results(told)
    assert (first.splitlines()[-1], "err" in first) == ("[it ended with exit code 3]", True)
    assert "ValueError: no" in second
    assert third == "[it was stopped: it took too long (1 s)]"
    assert run["state"] == "succeeded"
