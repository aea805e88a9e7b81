"""Agents with memory, over HTTP: what one run notes the next one begins with, as data, whatever dies in between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.daemon.test_audit import entries
from tests.daemon.test_code_runs import code
from tests.daemon.test_permissions import granted
from tests.daemon.test_run_changes import DONE, answered, results
from tests.daemon.test_runs import READ, agent, begun, call, ended
from tests.daemon.test_runs_again import posted
from tests.guests import needs_guests
from tests.harness import Tektra

pytestmark = needs_guests
BLUE = "the database is blue"
NOTED = {"when": "noted as", "say": call("final_answer", answer="noted")}
REMEMBER = {"say": call("remember", text=BLUE)}
SHOWN = r'(?s)Your notes of earlier runs.*\n1 \(\d{4}-\d\d-\d\d\): "the database is blue"\n\nThe task:\ncount the lines'
BY_CALLS = [{"when": SHOWN, "say": call("final_answer", answer="blue")}, NOTED, REMEMBER]
BY_CODE = [
    {"when": SHOWN, "say": code("final_answer([note['text'] for note in recall('what is the DATABASE called?')])")},
    {"say": code(f"number = remember({BLUE!r})", "final_answer(number)")},
]


def noted(tektra: Tektra, name: str = "counter", **query: Any) -> dict[str, Any]:
    with tektra.client() as client:
        answer = client.get(f"/api/agents/{name}/notes", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def forgotten(tektra: Tektra, name: str = "counter", **body: Any) -> tuple[int, dict[str, Any]]:
    with tektra.client() as client:
        answer = client.post(f"/api/agents/{name}/notes/forget", json=body)
    return answer.status_code, answer.json()


def texts(tektra: Tektra, name: str = "counter") -> list[str]:
    return [note["text"] for note in noted(tektra, name)["notes"]]


def edited(tektra: Tektra, name: str = "counter", **fields: Any) -> None:
    with tektra.client() as client:
        was = client.get(f"/api/agents/{name}").json()["version"]
        answer = client.post(f"/api/agents/{name}", json={"agent": fields, "was": was})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("kind", "replies", "answers"), [("tools", BY_CALLS, ("noted", "blue")), ("code", BY_CODE, (1, [BLUE]))]
)
def test_what_a_run_noted_the_next_one_begins_with_after_the_daemon_s_death(
    tektra: Tektra, kind: str, replies: list[dict[str, Any]], answers: tuple[Any, Any]
) -> None:
    agent(tektra.start(), replies, kind=kind, memory=True)
    first, told = ended(tektra, begun(tektra))
    assert (first["state"], first["result"]["answer"]) == ("succeeded", answers[0]), first
    assert not [event for event in told if event["type"] in ("ask", "note")]
    tektra.kill()
    tektra.start()
    second, told = ended(tektra, begun(tektra))
    assert (second["state"], second["result"]["answer"]) == ("succeeded", answers[1]), second
    assert [event["data"]["text"] for event in told if event["type"] == "note"] == [
        "it is shown its notes of earlier runs: 1 of 1"
    ]
    (note,) = noted(tektra)["notes"]
    assert (note["id"], note["text"], note["run"]) == (1, BLUE, first["id"])
    (shown,) = entries(tektra, run=second["id"], kind="note.show")
    assert (shown["agent"], shown["details"]) == ("counter", {"notes": [1]})
    called = entries(tektra, run=first["id"], kind="tool.call")
    assert [(entry["outcome"], entry["details"].get("note")) for entry in called] == [("begun", None), ("ok", 1)]


def test_a_run_shows_its_model_the_same_notes_after_a_crash_whatever_became_of_them(tektra: Tektra) -> None:
    slow = {"when": f"{SHOWN}.*3 lines", "say": call("final_answer", answer="blue"), "first_s": 3.0}
    agent(tektra.start(), [slow, {"when": SHOWN, "say": READ}, NOTED, REMEMBER], memory=True)
    ended(tektra, begun(tektra))
    run = begun(tektra)
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        next(line for line in stream.iter_lines() if '"type":"result"' in line.replace(" ", ""))
    assert forgotten(tektra, all=True) == (
        200,
        {"schema": "tektra.agent-notes-forgotten/1", "name": "counter", "forgotten": [1]},
    )
    tektra.kill()
    tektra.start()
    done, told = ended(tektra, run)
    assert (done["state"], done["result"]["answer"]) == ("succeeded", "blue"), done
    assert [event["data"]["text"] for event in told if event["type"] == "note"] == [
        "it is shown its notes of earlier runs: 1 of 1"
    ]
    again = posted(tektra, f"{run}/retry", from_step=2)["run"]["id"]
    assert ended(tektra, again)[0]["result"]["answer"] == "blue", "a run that goes on from another's step, too"
    assert noted(tektra) == {
        "schema": "tektra.agent-notes/1", "name": "counter", "memory": True, "count": 0, "notes": [],
    }  # fmt: skip


def test_an_agent_finds_and_forgets_its_notes_and_is_told_what_it_cannot_do(tektra: Tektra) -> None:
    said = [
        call("remember", text=BLUE),
        call("remember", text="tea at five"),
        call("recall", query="databases, or what is blue"),
        call("recall", query="coffee"),
        call("forget", id=1),
        call("forget", id=9),
        call("remember", text="x" * 1001),
        call("remember", text=" "),
        call("recall", query="?"),
        DONE,
    ]
    replies = [{"say": each} for each in said]
    agent(tektra.start(TEKTRA_CONTEXT="65536"), replies, memory=True, script={"in_turn": True, "context": 65536})
    run, told = ended(tektra, begun(tektra))
    day = run["created_at"][:10]
    assert results(told) == [
        "noted as 1",
        "noted as 2",
        f'1 ({day}): "{BLUE}"',
        "no note holds any of these words",
        "note 1 is gone",
        "there is no note 9: recall shows the numbers",
        "a note has 1,000 characters at most, and this one 1,001: say it shorter",
        "a note needs a text: say in a sentence what is worth knowing in later runs",
        "there is no word to search for: name what a note may hold",
    ]
    outcomes = [entry["outcome"] for entry in entries(tektra, run=run["id"], kind="tool.call")]
    assert (outcomes.count("begun"), outcomes.count("ok"), outcomes.count("failed")) == (7, 5, 4), "what failed, too"
    assert [(note["id"], note["text"]) for note in noted(tektra)["notes"]] == [(2, "tea at five")]
    assert noted(tektra, q="tea")["notes"] == noted(tektra)["notes"]


def test_without_memory_an_agent_has_neither_the_tools_nor_its_notes(tektra: Tektra) -> None:
    seen = {"when": "remember|recall|notes of earlier", "say": call("final_answer", answer="seen")}
    agent(tektra.start(), BY_CALLS, memory=True)
    ended(tektra, begun(tektra))
    model = tektra.import_scripted("unaware", [seen, {"say": call("final_answer", answer="nothing")}])
    edited(tektra, memory=False, model=model)
    run, told = ended(tektra, begun(tektra))
    assert run["result"]["answer"] == "nothing"
    assert [event["type"] for event in told if event["type"] == "note"] == []
    found = noted(tektra)
    assert (found["memory"], found["count"]) == (False, 1), "they are there when it is switched on again"
    edited(tektra, memory=True)
    assert ended(tektra, begun(tektra))[0]["result"]["answer"] == "seen"


def test_agents_that_ask_each_other_have_notes_of_their_own(tektra: Tektra) -> None:
    tektra.start()
    noting = [{"when": "noted as", "say": call("final_answer", answer="it is there")}]
    agent(tektra, [*noting, {"say": call("remember", text="of the second")}], "second", memory=True, tools=[])
    asking = [
        {"when": "it is there|another's", "say": DONE},
        {"when": '(?s)notes of earlier runs.*"of the first"|noted as', "say": call("ask_second", task="Note it")},
    ]
    agent(
        tektra, [*asking, {"say": call("remember", text="of the first")}], "first", memory=True, tools=["agent:second"]
    )
    assert ended(tektra, begun(tektra, "first"))[0]["result"]["answer"] == "done"
    knowing = [
        {"when": "of the first", "say": call("final_answer", answer="another's note")},
        {"when": '(?s)notes of earlier runs.*"of the second"', "say": call("final_answer", answer="it is there still")},
    ]
    edited(tektra, "second", model=tektra.import_scripted("knowing", knowing))
    run, told = ended(tektra, begun(tektra, "first"))
    assert results(told) == ["it is there still"], run
    notes = [event["data"]["text"] for event in told if event["type"] == "note"]
    assert notes == [
        "it is shown its notes of earlier runs: 1 of 1",
        "second is shown its notes of earlier runs: 1 of 1",
    ]
    assert (texts(tektra, "first"), texts(tektra, "second")) == (["of the first"], ["of the second"])


def test_a_person_can_forbid_noting_and_looking_and_is_asked_where_they_want_to_be(tektra: Tektra) -> None:
    agent(tektra.start(), [NOTED, {"when": "not allowed", "say": DONE}, REMEMBER], memory=True, human="always")
    run = begun(tektra)
    ask = answered(tektra, answer="allow")
    assert (ask["request"]["resource"], ask["request"]["preview"]) == ("remember", BLUE)
    assert ended(tektra, run)[0]["result"]["answer"] == "noted"
    for tool in ("recall", "remember"):
        granted(tektra, decision="deny", action="call", resource=tool, agent="counter")
    edited(tektra, human="ask")
    run, told = ended(tektra, begun(tektra))
    assert run["result"]["answer"] == "done"
    (text,) = (event["data"]["text"] for event in told if event["type"] == "note")
    assert "it is not shown its notes: call recall is not allowed, by rule grant#" in text
    assert "call remember is not allowed" in results(told)[0]
    assert texts(tektra) == [BLUE]


def test_notes_go_with_their_agent_and_another_of_its_name_begins_with_none(tektra: Tektra) -> None:
    agent(tektra.start(), BY_CALLS, memory=True)
    ended(tektra, begun(tektra))
    with tektra.client() as client:
        known = client.get("/api/agents/counter").json()
        assert (known["notes"], "blue" in known["file"]) == (1, False)
        gone = client.delete("/api/agents/counter", params={"was": known["version"]}).json()
        assert gone["notes"] == 1
        assert client.get("/api/agents/counter/notes").json()["error"]["code"] == "agent_not_found"
        assert client.post("/api/agents", json={"file": known["file"]}).status_code == 201
        assert client.get("/api/agents/counter").json()["notes"] == 0
    assert entries(tektra, kind="agent.remove")[0]["details"]["notes"] == 1
    assert ended(tektra, begun(tektra))[0]["result"]["answer"] == "noted"
    assert [note["id"] for note in noted(tektra)["notes"]] == [2]


def test_a_run_under_way_notes_nothing_for_an_agent_that_was_removed_meanwhile(tektra: Tektra) -> None:
    refused = {"when": "no notes are kept", "say": call("final_answer", answer="refused")}
    agent(tektra.start(), [refused, REMEMBER], memory=True, human="always")
    run = begun(tektra)
    with tektra.client() as client:
        with client.stream("GET", f"/api/runs/{run}/events") as stream:
            next(line for line in stream.iter_lines() if '"type":"ask"' in line.replace(" ", ""))
        version = client.get("/api/agents/counter").json()["version"]
        assert client.delete("/api/agents/counter", params={"was": version}).status_code == 200
        answered(tektra, answer="allow")
        assert ended(tektra, run)[0]["result"]["answer"] == "refused"
        client.post("/api/agents/counter/rollback", json={"version": version, "was": None})
    assert texts(tektra) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"ids": [1]}, 404, "note_not_found"),
        ({}, 400, "invalid_request"),
        ({"ids": [1], "all": True}, 400, "invalid_request"),
        ({"ids": [0]}, 400, "invalid_request"),
        ({"ids": [2**70]}, 400, "invalid_request"),
        ({"ids": ["1' OR 1=1"]}, 400, "invalid_request"),
    ],
)
def test_what_cannot_be_forgotten_is_said(shared: Tektra, body: dict[str, Any], status: int, code: str) -> None:
    answer = forgotten(shared, "files", **body)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
