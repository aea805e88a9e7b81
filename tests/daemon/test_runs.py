"""Runs of agents over HTTP: a real guest in confinement, real tools, a scripted model, and a daemon that is killed."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.test_audit import entries
from tests.guests import needs_guests
from tests.harness import Tektra
from tests.listening import listening

pytestmark = needs_guests


def call(name: str, **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


READ = call("read", path="notes.txt")
DONE = [{"when": "3 lines", "say": call("final_answer", answer="three")}, {"say": READ}]


def folder(tektra: Tektra) -> Path:
    path = tektra.home / "notes"
    path.mkdir(exist_ok=True)
    (path / "notes.txt").write_text("alpha\nbeta\ngamma\n")
    for each in (path, tektra.home):  # as root the sandbox has another user, who reads it
        each.chmod(0o755)
    return path


def agent(
    tektra: Tektra,
    replies: list[dict[str, Any]],
    name: str = "counter",
    script: dict[str, Any] | None = None,
    **fields: Any,
) -> None:
    model = tektra.import_scripted(f"mind-{name}", replies, **(script or {}))
    with tektra.client() as client:
        body = {"agent": {"name": name, "model": model, "tools": ["read", "list", "search"]} | fields}
        made = client.post("/api/agents", json=body)
        assert made.status_code == 201, made.text


def begun(tektra: Tektra, name: str = "counter", task: str = "count the lines") -> str:
    with tektra.client() as client:
        body = {"agent": name, "task": task, "folder": str(folder(tektra))}
        answer = client.post("/api/runs", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run"]["id"])


def ended(tektra: Tektra, run: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How it ended, and what it told."""
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        told = [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]
    assert told[-1]["type"] == "done"
    return told[-1]["run"], told[:-1]


def test_an_agent_reads_a_file_and_answers_and_every_act_is_in_the_log(tektra: Tektra) -> None:
    agent(tektra.start(), DONE)
    run, told = ended(tektra, begun(tektra))
    assert (run["state"], run["result"]["answer"], run["result"]["state"]) == ("succeeded", "three", "done")
    assert [event["number"] for event in told] == list(range(1, len(told) + 1))
    (tool,) = (event["data"] for event in told if event["type"] == "tool")
    assert tool == {"tool": "read", "arguments": {"path": "notes.txt"}}
    (result,) = (event["data"] for event in told if event["type"] == "result")
    assert result["result"].splitlines() == ["3 lines", "alpha", "beta", "gamma"]
    log = entries(tektra, run=run["id"])
    assert [(entry["kind"], entry["outcome"]) for entry in log] == [
        ("run.state", "ok"), ("run.state", "ok"),
        ("permission.decide", "ok"), ("model.call", "begun"), ("model.call", "ok"),
        ("permission.decide", "ok"), ("tool.call", "begun"), ("tool.call", "ok"),
        ("permission.decide", "ok"), ("model.call", "begun"), ("model.call", "ok"),
        ("run.state", "ok"),
    ]  # fmt: skip
    assert {entry["agent"] for entry in log if entry["kind"] == "tool.call"} == {"counter"}
    with tektra.client() as client:
        assert [each["id"] for each in client.get("/api/runs").json()["runs"]] == [run["id"]]
        assert client.get(f"/api/runs/{run['id'][:5]}").json()["events"] == told


def test_a_run_survives_the_daemon_s_death_and_asks_nothing_twice(tektra: Tektra) -> None:
    slow = [{"when": "3 lines", "say": call("final_answer", answer="three"), "first_s": 3.0}, {"say": READ}]
    agent(tektra.start(), slow)
    run = begun(tektra)
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        for line in stream.iter_lines():
            if '"type":"result"' in line.replace(" ", ""):
                break
    tektra.kill()
    tektra.start()
    done, told = ended(tektra, run)
    assert (done["state"], done["result"]["answer"]) == ("succeeded", "three")
    calls = [entry["outcome"] for entry in entries(tektra, run=run, kind="tool.call")]
    assert calls == ["begun", "ok"]
    assert [event["type"] for event in told].count("result") == 1


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"path": "../../secret"}, "outside"),
        ({"path": "/etc/passwd"}, "outside"),
        ({"path": "link"}, "outside"),
        ({"path": "nowhere"}, "No such file"),
        ({"path": "notes.txt", "count": "many"}, "count"),
    ],
)
def test_what_an_agent_may_not_or_cannot_do_it_is_told(tektra: Tektra, wanted: dict[str, Any], said: str) -> None:
    agent(
        tektra.start(),
        [{"when": "rror", "say": call("final_answer", answer="no")}, {"say": call("read", **wanted)}],
        limits={"steps": 3},
    )
    (folder(tektra) / "link").symlink_to("/etc/passwd")
    run, told = ended(tektra, begun(tektra))
    assert said in json.dumps([event["data"].get("error") for event in told])
    assert "root:" not in json.dumps(told)
    assert run["result"]["answer"] == "no"


def test_an_agent_that_goes_in_circles_is_told_so_and_then_stopped(tektra: Tektra) -> None:
    agent(tektra.start(), [{"say": READ}])
    run, told = ended(tektra, begun(tektra))
    assert (run["state"], "5 times in a row" in run["error"]) == ("failed", True)
    assert any("Do something else" in event["data"].get("error", "") for event in told if event["type"] == "step")


def test_a_run_that_is_cancelled_ends_while_its_model_still_writes(tektra: Tektra) -> None:
    agent(tektra.start(), [{"say": READ, "first_s": 60.0}])
    run = begun(tektra)
    with tektra.client() as client:
        answer = client.post(f"/api/runs/{run}/cancel", json={}).json()
        assert (answer["cancelled"], answer["run"]["state"]) == (True, "cancelled")
        assert client.post(f"/api/runs/{run}/cancel", json={}).json()["cancelled"] is False
    assert ended(tektra, run)[0]["state"] == "cancelled"


def test_each_state_of_a_run_is_told_as_it_comes_to_whoever_the_run_belongs_to(tektra: Tektra) -> None:
    agent(tektra.start(), DONE)
    with listening(tektra.socket, "types=run") as heard:
        run = begun(tektra)
        events = heard.until("run.state", state="succeeded")
    assert [event["data"]["state"] for event in events] == ["queued", "running", "succeeded"]
    assert events[0]["data"] == {"run": run, "agent": "counter", "title": "count the lines", "state": "queued"}
    assert {event["uid"] for event in events} == {os.getuid()}


def test_what_cannot_be_run_is_refused_before_anything_is_begun(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        for body, code in (
            ({"agent": "nobody", "task": "x", "folder": str(folder(tektra))}, "agent_not_found"),
            ({"agent": "files", "task": "x", "folder": "relative"}, "invalid_request"),
            ({"agent": "files", "task": "x", "folder": str(tektra.home)}, "forbidden"),
            ({"agent": "files", "task": "", "folder": str(folder(tektra))}, "invalid_request"),
        ):
            assert client.post("/api/runs", json=body).json()["error"]["code"] == code
        assert client.get("/api/runs").json()["runs"] == []
        assert client.get("/api/runs/nothing").json()["error"]["code"] == "run_not_found"


def asked(tektra: Tektra, run: str, step: str, begin: str = "1", expected: int = 200) -> dict[str, Any]:
    with tektra.client() as client:
        answer = client.get(f"/api/runs/{run}/prompt", params={"step": step, "begin": begin})
    assert answer.status_code == expected, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_what_a_model_was_asked_in_a_step_is_shown_as_it_was(tektra: Tektra) -> None:
    agent(tektra.start(), DONE)
    run, told = ended(tektra, begun(tektra))
    first, second = asked(tektra, run["id"], "1"), asked(tektra, run["id"], "2")
    assert (first["schema"], first["step"], first["model"]) == ("tektra.run-prompt/1", 1, "mind-counter")
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert "count the lines" in first["messages"][1]["text"]
    assert first["answer"]["calls"][0]["name"] == "read"
    assert second["messages"][:2] == first["messages"]
    assert second["messages"][2]["text"] == 'read({"path": "notes.txt"})'
    assert "gamma" in second["messages"][3]["text"]
    assert (second["count"], second["next"], second["error"]) == (4, None, "")
    assert {"read", "final_answer"} <= set(first["tools"])
    steps = [event["data"]["at"] for event in told if event["type"] == "step"]
    assert steps == [first["at"], second["at"]]
    assert asked(tektra, run["id"], steps[1]) == second
    for nowhere in ("0", "3", "/9", "x", "-1", "1" * 50):
        asked(tektra, run["id"], nowhere, expected=404)
    for nowhere in ("0", "5", "1:x", "x", ":"):
        asked(tektra, run["id"], "2", nowhere, expected=400)


def test_what_was_asked_is_known_after_a_crash_and_in_a_run_that_takes_it_over(tektra: Tektra) -> None:
    slow = [{"when": "3 lines", "say": call("final_answer", answer="three"), "first_s": 3.0}, {"say": READ}]
    agent(tektra.start(), slow)
    run = begun(tektra)
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        for line in stream.iter_lines():
            if '"type":"result"' in line.replace(" ", ""):
                break
    before = asked(tektra, run, "1")
    tektra.kill()
    tektra.start()
    ended(tektra, run)
    assert asked(tektra, run, "1") == before
    with tektra.client() as client:
        other = client.post(f"/api/runs/{run}/retry", json={"from_step": 2}).json()["run"]["id"]
    ended(tektra, other)
    for step in ("1", "2"):
        assert asked(tektra, other, step)["messages"] == asked(tektra, run, step)["messages"]


def test_secrets_are_in_no_prompt_that_is_shown(tektra: Tektra) -> None:
    agent(tektra.start(), DONE)
    run, _ = ended(tektra, begun(tektra, task="count the lines of hunter2hunter2"))
    assert "hunter2hunter2" in asked(tektra, run["id"], "1")["messages"][1]["text"]
    with tektra.client() as client:
        client.post("/api/secrets", json={"name": "WORD", "value": base64.b64encode(b"hunter2hunter2").decode()})
    text = asked(tektra, run["id"], "1")["messages"][1]["text"]
    assert ("[secret WORD]" in text, "hunter2hunter2" in text) == (True, False)
