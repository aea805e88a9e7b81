"""Agents over HTTP: versions, who was quicker, going back, and whose they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.daemon.test_audit import entries
from tests.harness import Tektra
from tests.people import Workstation, workstation


def asked(tektra: Tektra, method: str, path: str = "", body: Any = None) -> tuple[int, dict[str, Any]]:
    with tektra.client() as client:
        answer = client.request(method, f"/api/agents{path}", json=body)
    return answer.status_code, answer.json()


def made(tektra: Tektra, **fields: Any) -> dict[str, Any]:
    status, answer = asked(tektra, "POST", body={"agent": fields})
    assert status == 201, answer
    return answer


def edited(tektra: Tektra, name: str, was: str, **fields: Any) -> dict[str, Any]:
    status, answer = asked(tektra, "POST", f"/{name}", {"agent": fields, "was": was})
    assert status == 200, answer
    return answer


def refused(tektra: Tektra, method: str, path: str = "", body: Any = None) -> tuple[int, str]:
    status, answer = asked(tektra, method, path, body)
    return status, answer["error"]["code"]


def history(tektra: Tektra, name: str) -> list[tuple[str, str, bool, list[str]]]:
    changes = asked(tektra, "GET", f"/{name}/versions")[1]["changes"]
    return [(each["what"], each["version"], each["current"], each["changed"]) for each in changes]


def test_every_edit_is_a_version_and_the_earlier_ones_stay(shared: Tektra) -> None:
    first = made(shared, name="kept", tools=["read"], limits={"steps": 3})
    assert (first.pop("schema"), first.pop("shipped")) == ("tektra.agent/1", False)
    assert (first["source"], first["made_by"]) == ("own", os.getuid())
    second = edited(shared, "kept", first["version"], limits={"steps": 4}, model="other")
    assert (second["before"], second["copied"]) == (first["version"], False)
    assert second["agent"] == first["agent"] | {"model": "other", "limits": first["agent"]["limits"] | {"steps": 4}}
    assert history(shared, "kept") == [
        ("edit", second["version"], True, ["model", "limits.steps"]),
        ("create", first["version"], False, []),
    ]
    assert asked(shared, "GET", "/kept")[1]["version"] == second["version"]
    status, found = asked(shared, "GET", f"/kept/versions/{first['version'][:8].upper()}")
    assert (status, found) == (200, first | {"schema": "tektra.agent/1"})
    for reference in ("0" * 64, "%20", "*"):
        assert refused(shared, "GET", f"/kept/versions/{reference}") == (404, "agent_not_found")


def test_an_edit_that_changes_nothing_makes_no_version(shared: Tektra) -> None:
    first = made(shared, name="same")
    again = edited(shared, "same", first["version"], limits={"steps": first["agent"]["limits"]["steps"]})
    assert again["version"] == again["before"] == first["version"]
    assert len(history(shared, "same")) == 1


def test_who_looked_at_another_version_changes_nothing(shared: Tektra) -> None:
    first = made(shared, name="quick")
    second = edited(shared, "quick", first["version"], thinking=True)
    late = {"agent": {"thinking": False}, "was": first["version"]}
    assert refused(shared, "POST", "/quick", late) == (409, "agent_changed")
    assert refused(shared, "POST", "/quick", {"agent": {"memory": True}, "was": "0" * 64}) == (409, "agent_changed")
    back = {"version": first["version"], "was": first["version"]}
    assert refused(shared, "POST", "/quick/rollback", back) == (409, "agent_changed")
    assert refused(shared, "POST", "/quick/rollback", back | {"was": None}) == (409, "agent_changed")
    assert refused(shared, "DELETE", f"/quick?was={first['version']}") == (409, "agent_changed")
    assert asked(shared, "GET", "/quick")[1]["version"] == second["version"]


def test_going_back_is_history_too(shared: Tektra) -> None:
    first = made(shared, name="back", instructions="one")
    second = edited(shared, "back", first["version"], instructions="two")
    status, again = asked(
        shared, "POST", "/back/rollback", {"version": first["version"][:12], "was": second["version"]}
    )
    assert (status, again["version"], again["before"]) == (200, first["version"], second["version"])
    assert history(shared, "back") == [
        ("rollback", first["version"], True, ["instructions"]),
        ("edit", second["version"], False, ["instructions"]),
        ("create", first["version"], False, []),
    ]
    stays = asked(shared, "POST", "/back/rollback", {"version": first["version"], "was": first["version"]})
    assert (stays[0], len(history(shared, "back"))) == (200, 3)
    nothing = {"version": "0" * 12, "was": first["version"]}
    assert refused(shared, "POST", "/back/rollback", nothing) == (404, "agent_not_found")


def test_a_removed_agent_is_not_there_and_comes_back_as_any_version(shared: Tektra) -> None:
    first = made(shared, name="gone")
    second = edited(shared, "gone", first["version"], memory=True)
    status, answer = asked(shared, "DELETE", f"/gone?was={second['version']}")
    assert (status, answer) == (
        200,
        {
            "schema": "tektra.agent-removed/1",
            "name": "gone",
            "version": second["version"],
            "shipped": False,
            "notes": 0,
        },
    )
    assert refused(shared, "GET", "/gone") == (404, "agent_not_found")
    assert refused(shared, "DELETE", f"/gone?was={second['version']}") == (404, "agent_not_found")
    edit = {"agent": {"memory": False}, "was": second["version"]}
    assert refused(shared, "POST", "/gone", edit) == (404, "agent_not_found")
    assert "gone" not in [each["agent"]["name"] for each in asked(shared, "GET")[1]["agents"]]
    assert history(shared, "gone")[0][:3] == ("remove", second["version"], False)
    assert asked(shared, "GET", f"/gone/versions/{second['version']}")[1]["version"] == second["version"]
    assert asked(shared, "POST", "/gone/rollback", {"version": first["version"], "was": None})[0] == 200
    assert asked(shared, "GET", "/gone")[1]["version"] == first["version"]
    asked(shared, "DELETE", f"/gone?was={first['version']}")
    assert made(shared, name="gone", thinking=True)["version"] not in (first["version"], second["version"])
    assert [what for what, *_ in history(shared, "gone")] == [
        "create", "remove", "rollback", "remove", "edit", "create",
    ]  # fmt: skip


def test_a_shipped_agent_is_copied_before_it_is_changed_and_ones_own_goes_before_it(tektra: Tektra) -> None:
    tektra.start()
    status, answer = asked(tektra, "GET")
    assert (status, answer["schema"]) == (200, "tektra.agents/1")
    assert {each["agent"]["name"]: each["source"] for each in answer["agents"]} == dict.fromkeys(
        ["data", "files", "research", "shell"], "shipped"
    )
    ships = asked(tektra, "GET", "/files")[1]
    assert (ships["made_at"], ships["made_by"]) == (None, None)
    assert history(tektra, "files") == [("shipped", ships["version"], True, [])]
    assert asked(tektra, "GET", f"/files/versions/{ships['version'][:6]}")[1] | {"notes": 0} == ships
    assert refused(tektra, "DELETE", f"/files?was={ships['version']}") == (400, "invalid_request")
    assert edited(tektra, "files", ships["version"], model="")["copied"] is False
    mine = edited(tektra, "files", ships["version"], model="large")
    assert (mine["copied"], mine["source"]) == (True, "own")
    assert history(tektra, "files") == [
        ("edit", mine["version"], True, ["model"]),
        ("copy", ships["version"], False, []),
    ]
    assert len(asked(tektra, "GET")[1]["agents"]) == 4
    assert asked(tektra, "DELETE", f"/files?was={mine['version']}")[1]["shipped"] is True
    assert asked(tektra, "GET", "/files")[1] == ships
    again = made(tektra, name="files")
    assert (again["source"], again["shipped"]) == ("own", True)
    assert refused(tektra, "POST", body={"agent": {"name": "files"}}) == (409, "agent_exists")


def test_a_file_makes_an_agent_and_is_given_back(shared: Tektra) -> None:
    text = '# mine\nname = "filed"\ninstructions = """\nDo it.\n"""\n[limits]\nsteps = 5\n'
    status, answer = asked(shared, "POST", body={"file": text})
    assert (status, answer["agent"]["limits"]["steps"]) == (201, 5)
    again = asked(shared, "POST", "/filed", {"file": answer["file"], "was": answer["version"]})[1]
    assert again["version"] == answer["version"]
    status, other = asked(shared, "POST", body={"file": answer["file"], "agent": {"name": "filed-too"}})
    assert (status, other["agent"]) == (201, answer["agent"] | {"name": "filed-too"})


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("", {"file": 'name = "x"\nsteps = 3'}, "line 2: "),
        ("", {"file": "a" + ".a" * 60_000}, "words with dots"),
        ("", {"file": "x" * (1 << 18)}, "file"),
        ("", {"agent": {"name": "x", "colour": 1}}, "colour"),
        ("", {"agent": {"name": "../x"}}, "no name of an agent"),
        ("", {"agent": []}, "agent"),
        ("", {}, "says nothing"),
        ("", {"agent": {"name": "x"}, "more": 1}, "more"),
        ("/shell", {"agent": {"name": "shells"}, "was": "@"}, "keeps its name"),
        ("/shell", {"agent": {"tools": ["bash"]}, "was": "@"}, "no tool"),
        ("/shell", {"agent": {"memory": True}}, "was"),
        ("/shell/rollback", {"version": "0"}, "was"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_agent_is_refused_and_nothing_is_changed(
    shared: Tektra, path: str, body: dict[str, Any], said: str
) -> None:
    now = asked(shared, "GET", "/shell")[1]
    status, answer = asked(shared, "POST", path, body | ({"was": now["version"]} if body.get("was") else {}))
    assert (status, answer["error"]["code"]) == (400, "invalid_request")
    assert said in answer["error"]["message"]
    assert asked(shared, "GET", "/shell")[1] == now


def test_every_change_is_in_the_log_and_nothing_of_what_an_agent_is_told(tektra: Tektra) -> None:
    tektra.start()
    first = made(tektra, name="logged", instructions="the secret plan")["version"]
    second = edited(tektra, "logged", first, instructions="another plan")["version"]
    asked(tektra, "POST", "/logged/rollback", {"version": first, "was": second})
    asked(tektra, "DELETE", f"/logged?was={first}")
    found = entries(tektra, kind="agent")
    assert [(entry["kind"], entry["details"]) for entry in found] == [
        ("agent.create", {"name": "logged", "version": first, "was": None}),
        ("agent.edit", {"name": "logged", "version": second, "was": first}),
        ("agent.rollback", {"name": "logged", "version": first, "was": second}),
        ("agent.remove", {"name": "logged", "version": first, "was": first}),
    ]
    assert {entry["uid"] for entry in found} == {os.getuid()}
    assert not any("plan" in str(entry) for entry in found)


def test_agents_are_there_after_a_killed_daemon(tektra: Tektra) -> None:
    tektra.start()
    first = made(tektra, name="lasting")
    tektra.kill()
    tektra.start()
    assert asked(tektra, "GET", "/lasting")[1].items() <= (first | {"notes": 0}).items()


def test_a_long_history_comes_in_pages(shared: Tektra) -> None:
    version = made(shared, name="long")["version"]
    for steps in (1, 2, 3):
        version = edited(shared, "long", version, limits={"steps": steps})["version"]
    whole = asked(shared, "GET", "/long/versions")[1]
    first = asked(shared, "GET", "/long/versions?limit=3")[1]
    rest = asked(shared, "GET", f"/long/versions?limit=3&before={first['next']}")[1]
    assert first["changes"] + rest["changes"] == whole["changes"]
    assert (rest["next"], whole["next"]) == (None, None)
    assert asked(shared, "GET", "/long/versions?before=1")[1]["changes"] == []


@pytest.fixture
def place() -> Iterator[Workstation]:
    with workstation() as started:
        yield started.start()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become other users")
def test_nobody_sees_the_agents_of_others(place: Workstation) -> None:
    anna, ben = place.person(61001, role="user"), place.person(61002, role="auditor")
    hers = anna.post("/api/agents", agent={"name": "coder", "instructions": "hers"}).body
    mine = anna.post("/api/agents/files", agent={"model": "large"}, was=anna.get("/api/agents/files").body["version"])
    assert mine.body["copied"] is True
    names = [each["agent"]["name"] for each in ben.get("/api/agents").body["agents"]]
    assert names == ["data", "files", "research", "shell"]
    assert ben.get("/api/agents/files").body["source"] == "shipped"
    for other in (ben, place.owner):
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/versions", None),
            ("GET", f"/versions/{hers['version']}", None),
            ("DELETE", f"?was={hers['version']}", None),
            ("POST", "", {"agent": {"memory": True}, "was": hers["version"]}),
            ("POST", "/rollback", {"version": hers["version"], "was": None}),
            ("GET", "/notes", None),
            ("POST", "/notes/forget", {"all": True}),
        ):
            answer = other.ask(method, f"/api/agents/coder{path}", body)
            missing = other.ask(method, f"/api/agents/nobody{path}", body)
            assert answer.status == missing.status == 404
            assert answer.text == missing.text.replace("nobody", "coder")
        assert other.get(f"/api/agents/files/versions/{mine.body['version']}").status == 404
    his = ben.post("/api/agents", agent={"name": "coder", "instructions": "his"}).body
    assert his["made_by"] == ben.uid
    assert anna.get("/api/agents/coder").body["file"] == hers["file"]
    assert [each["version"] for each in anna.get("/api/agents/coder/versions").body["changes"]] == [hers["version"]]
