"""What a person does with what a run changed, over HTTP: look, take over, forget; and what a run is begun with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.daemon.test_audit import entries
from tests.daemon.test_run_changes import DONE, TOOLS, results
from tests.daemon.test_runs import agent, begun, call, ended, folder
from tests.guests import needs_guests
from tests.harness import Tektra, installation
from tests.people import workstation

pytestmark = needs_guests
WRITES = [
    {"when": "made new/a.py", "say": DONE},
    {"when": "changed notes.txt", "say": call("write", path="new/a.py", content="x = 2\n")},
    {"say": call("edit", path="notes.txt", old="beta", new="BETA")},
]
IGNORED = [
    {"when": "made b.log", "say": DONE},
    {"when": "made a.txt", "say": call("write", path="b.log", content="b\n")},
    {"say": call("write", path="a.txt", content="a\n")},
]


@pytest.fixture(scope="module")
def writing() -> Iterator[Tektra]:
    """A daemon with agents that write."""
    with installation() as tektra:
        agent(tektra.start(), WRITES, "writer", tools=TOOLS)
        agent(tektra, IGNORED, "littering", tools=TOOLS)
        yield tektra


def changed(tektra: Tektra, name: str = "writer") -> str:
    """A run that has come to its end and left changes; the folder is as it is at the start of each test."""
    new = folder(tektra) / "new"
    for path in (*new.glob("*"), *folder(tektra).glob("*.log"), folder(tektra) / "a.txt"):
        path.unlink(missing_ok=True)
    if new.exists():
        new.rmdir()
    run = begun(tektra, name)
    assert ended(tektra, run)[0]["result"]["has_changes"] is True
    return run


def asked(tektra: Tektra, run: str, what: str, **body: Any) -> tuple[int, dict[str, Any]]:
    with tektra.client() as client:
        path = f"/api/runs/{run}/{what}"
        answer = client.get(path) if what == "changes" else client.post(path, json=body)
        return answer.status_code, answer.json()


def standing(tektra: Tektra, run: str) -> str:
    with tektra.client() as client:
        return next(str(each["changes"]) for each in client.get("/api/runs").json()["runs"] if each["id"] == run)


def test_what_a_run_changed_is_looked_at_and_then_is_in_the_folder_and_the_copy_is_gone(writing: Tektra) -> None:
    run = changed(writing)
    _, found = asked(writing, run, "changes")
    assert [(each["path"], each["change"]) for each in found["changes"]] == [
        ("new", "added"), ("new/a.py", "added"), ("notes.txt", "changed"),
    ]  # fmt: skip
    assert (found["lines_added"], found["lines_removed"], found["left_out"]) == (2, 1, [])
    assert "-beta\n+BETA\n" in found["changes"][2]["diff"]
    assert standing(writing, run) == "yes"
    status, done = asked(writing, run, "apply", seen=found["digest"])
    assert (status, sorted(done["applied"]), done["left"], done["dropped"]) == (
        200, ["new", "new/a.py", "notes.txt"], [], True,
    )  # fmt: skip
    notes = writing.home / "notes"
    assert ((notes / "notes.txt").read_text(), (notes / "new/a.py").read_text()) == ("alpha\nBETA\ngamma\n", "x = 2\n")
    assert (standing(writing, run), asked(writing, run, "changes")[1]["error"]["code"]) == ("applied", "no_workspace")
    intent, outcome = entries(writing, run=run, kind="run.apply")
    assert (intent["outcome"], outcome["outcome"], outcome["details"]["applied"]) == ("begun", "ok", 3)
    assert (len(intent["details"]["paths"]["notes.txt"]), intent["agent"]) == (64, "writer")
    assert ended(writing, run)[1][-1]["type"] == "applied"


def test_some_changes_are_applied_and_the_others_wait(writing: Tektra) -> None:
    run = changed(writing)
    _, done = asked(writing, run, "apply", paths=["notes.txt"])
    assert (done["applied"], done["dropped"]) == (["notes.txt"], False)
    assert [each["path"] for each in done["left"]] == ["new", "new/a.py"]
    assert (standing(writing, run), (writing.home / "notes/new").exists()) == ("yes", False)
    assert asked(writing, run, "apply", paths=["nothing"])[1]["error"]["code"] == "invalid_request"
    _, done = asked(writing, run, "apply")
    assert (done["already"], done["dropped"]) == (["notes.txt"], True)


def test_what_the_folder_does_not_take_is_told_apart_from_what_was_written(writing: Tektra) -> None:
    sub = folder(writing) / "sub"
    sub.mkdir()
    (sub / "a").write_text("a\n")
    removes = {"say": call("shell", command="rm -r sub; echo x > a.txt; echo removed")}
    agent(writing, [{"when": "removed", "say": DONE}, removes], "removing", tools=TOOLS)
    run = changed(writing, "removing")
    assert asked(writing, run, "changes")[1]["written"] == []
    (sub / "theirs").write_text("not the run's\n")
    status, done = asked(writing, run, "apply")
    why = "it still holds something"
    assert (status, sorted(done["applied"]), done["dropped"]) == (200, ["a.txt", "sub/a"], False)
    assert done["failed"] == done["kept"] == [{"path": "sub", "why": why}]
    assert done["left"] == [{"path": "sub", "is_ignored": False}]
    _, found = asked(writing, run, "changes")
    assert (found["written"], len(found["changes"])) == (["a.txt", "sub/a"], 3)
    told = ended(writing, run)[1][-1]
    assert (told["type"], told["data"]["failed"], told["data"]["left"]) == ("applied", done["failed"], 1)
    entry = entries(writing, run=run, kind="run.apply")[-1]
    assert (entry["outcome"], entry["details"]["failed"]) == ("failed", done["failed"])
    _, done = asked(writing, run, "apply", choices={"sub": "theirs"})
    assert (done["failed"], done["dropped"], (sub / "theirs").exists()) == ([], True, True)
    (sub / "theirs").unlink()
    sub.rmdir()


def test_a_conflict_is_told_with_all_three_sides_and_a_choice_decides_it(writing: Tektra) -> None:
    run = changed(writing)
    notes = writing.home / "notes/notes.txt"
    notes.write_text("alpha\nbeta, by hand\ngamma\n")
    status, refused = asked(writing, run, "apply")
    assert (status, refused["error"]["code"]) == (409, "workspace_conflict")
    (conflict,) = refused["error"]["details"]["conflicts"]
    assert (conflict["path"], "not what it was" in conflict["why"]) == ("notes.txt", True)
    assert ("+beta, by hand" in conflict["theirs"], "+BETA" in conflict["ours"]) == (True, True)
    assert not (writing.home / "notes/new").exists()
    assert [entry["outcome"] for entry in entries(writing, run=run, kind="run.apply")] == ["begun", "failed"]
    _, done = asked(writing, run, "apply", choices={"notes.txt": "theirs"})
    assert (done["dropped"], notes.read_text()) == (True, "alpha\nbeta, by hand\ngamma\n")
    assert [each["path"] for each in done["kept"]] == ["notes.txt"]


def test_what_was_not_looked_at_is_not_applied(writing: Tektra) -> None:
    run = changed(writing)
    assert asked(writing, run, "apply", seen="0" * 64)[1]["error"]["code"] == "workspace_conflict"
    assert (writing.home / "notes/notes.txt").read_text() == "alpha\nbeta\ngamma\n"


def test_what_git_ignores_waits_until_it_is_asked_for(writing: Tektra) -> None:
    (folder(writing) / ".gitignore").write_text("*.log\n")
    run = changed(writing, "littering")
    _, done = asked(writing, run, "apply")
    assert (done["applied"], done["left"], done["dropped"]) == (
        ["a.txt"], [{"path": "b.log", "is_ignored": True}], False,
    )  # fmt: skip
    assert asked(writing, run, "apply", with_ignored=True)[1]["dropped"] is True
    assert (writing.home / "notes/b.log").read_text() == "b\n"
    (folder(writing) / ".gitignore").unlink()


def test_what_is_dropped_is_gone_and_the_folder_stays_as_it_is(writing: Tektra) -> None:
    run = changed(writing)
    assert asked(writing, run, "drop") == (200, {"schema": "tektra.run-dropped/1", "run": run, "changes": 3})
    assert asked(writing, run, "drop")[1]["error"]["code"] == "no_workspace"
    assert (standing(writing, run), (writing.home / "notes/new").exists()) == ("dropped", False)
    assert [entry["outcome"] for entry in entries(writing, run=run, kind="run.drop")] == ["begun", "ok"]
    assert ended(writing, run)[1][-1]["type"] == "dropped"


def test_of_a_run_that_is_under_way_changes_are_looked_at_and_neither_applied_nor_dropped(tektra: Tektra) -> None:
    script = [{"when": "made a.txt", "say": DONE, "first_s": 60.0}, {"say": call("write", path="a.txt", content="a\n")}]
    agent(tektra.start(), script, tools=TOOLS)
    run = begun(tektra)
    assert asked(tektra, run, "drop")[1]["error"]["code"] == "run_not_ended"
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        next(line for line in stream.iter_lines() if '"type":"result"' in line.replace(" ", ""))
    assert [each["path"] for each in asked(tektra, run, "changes")[1]["changes"]] == ["a.txt"]
    status, refused = asked(tektra, run, "apply")
    assert (status, refused["error"]["code"]) == (409, "run_not_ended")
    with tektra.client() as client:
        client.post(f"/api/runs/{run}/cancel", json={})
    while (said := asked(tektra, run, "apply"))[0] == 409:
        assert "coming to its end" in said[1]["error"]["message"]
    assert ((tektra.home / "notes/a.txt").read_text(), said[1]["dropped"]) == ("a\n", True)


def test_a_run_that_changed_nothing_has_nothing_to_be_looked_at(tektra: Tektra) -> None:
    agent(tektra.start(), [{"say": DONE}], tools=TOOLS)
    run, _ = ended(tektra, begun(tektra))
    for what in ("changes", "apply", "drop"):
        status, refused = asked(tektra, run["id"], what)
        assert (status, refused["error"]["code"]) == (404, "no_workspace")
    assert standing(tektra, run["id"]) == ""


def test_a_run_in_place_changes_the_folder_itself(tektra: Tektra) -> None:
    agent(tektra.start(), WRITES, tools=TOOLS)
    with tektra.client() as client:
        body = {"agent": "counter", "task": "write", "folder": str(folder(tektra)), "in_place": True}
        if os.getuid() == 0:
            folder(tektra).chmod(0o777)
        run = client.post("/api/runs", json=body).json()["run"]
    done, told = ended(tektra, run["id"])
    assert (done["state"], done["result"]["has_changes"]) == ("succeeded", False), told
    assert (tektra.home / "notes/notes.txt").read_text() == "alpha\nBETA\ngamma\n"
    assert asked(tektra, run["id"], "changes")[0] == 404


def test_what_a_run_was_begun_with_is_a_grant_for_it_alone(tektra: Tektra) -> None:
    agent(tektra.start(), WRITES, tools=TOOLS, human="always")
    body = {"agent": "counter", "task": "write", "folder": str(folder(tektra))}
    with tektra.client() as client:
        for wrong in ({"action": "read", "resource": "*.txt"}, {"action": "configure", "resource": "models"}):
            refused = client.post("/api/runs", json=body | {"allow": [{"action": "run", "resource": "git"}, wrong]})
            assert refused.status_code == 400, refused.text
        assert client.get("/api/permissions").json()["grants"] == []
        assert client.get("/api/runs").json()["runs"] == []
        allowed = {"action": "write", "resource": str(folder(tektra))}
        run = client.post("/api/runs", json=body | {"allow": [allowed]}).json()["run"]["id"]
        (grant,) = client.get("/api/permissions").json()["grants"]
    assert (grant["scope"], grant["bound_to"], grant["agent"]) == ("run", run, "counter")
    done, told = ended(tektra, run)
    assert (done["state"], [event for event in told if event["type"] == "ask"]) == ("succeeded", [])
    assert "changed notes.txt" in json.dumps(results(told))


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become other users")
def test_what_a_run_changed_and_was_asked_is_its_user_s_alone() -> None:
    with workstation() as shared:
        shared.start()
        agent(shared.tektra, WRITES, tools=TOOLS)
        run = changed(shared.tektra, "counter")
        other = shared.person(61101, role="user")

        def answers() -> list[str]:
            looked = other.get(f"/api/runs/{run}/changes")
            return [looked.code, *(other.post(f"/api/runs/{run}/{what}").code for what in ("apply", "drop"))]

        assert answers() == ["forbidden"] * 3
        others = '@id("others") @why("a test") permit (principal is User, action == Action::"run", resource);'
        assert shared.owner.post("/api/policies/others.cedar", text=others, was=None).status == 200
        assert answers() == ["run_not_found"] * 3
        assert other.get("/api/runs").body["runs"] == []
        unknown = other.get("/api/runs/nothing/prompt?step=1")
        hidden = other.get(f"/api/runs/{run}/prompt?step=1")
        assert (hidden.code, unknown.code, hidden.status) == ("run_not_found", "run_not_found", 404)
        assert asked(shared.tektra, run, "apply")[0] == 200
