"""Permissions over HTTP: granting, revoking, listing, and trying what would be decided."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import Tektra


def granted(tektra: Tektra, **fields: Any) -> dict[str, Any]:
    body = {"decision": "allow", "action": "use", "resource": "github", "agent": "coder"} | fields
    with tektra.client() as client:
        answer = client.post("/api/permissions", json=body)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    assert document["schema"] == "tektra.permission/1"
    grant: dict[str, Any] = document["grant"]
    return grant


def tried(tektra: Tektra, **fields: Any) -> tuple[str, str]:
    body = {"action": "use", "resource": "github", "agent": "coder"} | fields
    with tektra.client() as client:
        answer = client.post("/api/permissions/test", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["outcome"], answer.json()["rule"]


def test_what_is_granted_holds_until_it_is_revoked(shared: Tektra) -> None:
    assert tried(shared) == ("ask", "default")
    made = granted(shared, why="to push")
    assert tried(shared) == ("allow", f"grant#{made['id']}")
    with shared.client() as client:
        held = client.get("/api/permissions").json()
        revoked = client.post(f"/api/permissions/{made['id'][:8]}/revoke", json={}).json()
        left = client.get("/api/permissions").json()
        ever = client.get("/api/permissions", params={"all": "true"}).json()
    assert held["schema"] == "tektra.permissions/1"
    assert made in held["grants"]
    assert (revoked["schema"], revoked["grant"]["id"]) == ("tektra.permission-revoked/1", made["id"])
    assert made["id"] not in {each["id"] for each in left["grants"]}
    assert [each["holds"] for each in ever["grants"] if each["id"] == made["id"]] == [False]
    assert tried(shared) == ("ask", "default")


def test_a_grant_tells_all_about_itself(shared: Tektra) -> None:
    made = granted(
        shared,
        action="fetch",
        resource="*.Bücher.example",
        scope="run",
        bound_to="r1",
        uses=2,
        expires_s=60,
        conditions={"confinement": "B", "cost": 5, "workspace": "/work/"},
        why="日本",
    )
    assert (made["kind"], made["resource"], made["rule"]) == (
        "subdomains", "*.xn--bcher-kva.example", f"grant#{made['id']}",
    )  # fmt: skip
    assert made["conditions"] == {"confinement": "B", "cost": 5, "workspace": "/work"}
    assert (made["scope"], made["bound_to"], made["uses_left"], made["why"]) == ("run", "r1", 2, "日本")
    assert made["created_at"] < made["expires_at"]
    circumstances = {"action": "fetch", "resource": "a.bücher.example", "workspace": "/work", "confinement": "A"}
    assert tried(shared, **circumstances, run="r1")[1] == made["rule"]
    assert tried(shared, **circumstances, run="r2")[1] == "default"


def test_a_command_is_one_exact_list_of_words_or_a_program(shared: Tektra) -> None:
    exact = granted(shared, action="run", resource=["git", "log", "-p"])
    program = granted(shared, action="run", resource="make")
    here = {"action": "run", "confinement": "A"}
    assert tried(shared, **here, resource=["git", "log", "-p"])[1] == exact["rule"]
    assert tried(shared, **here, resource=["git", "log -p"])[1] == "default"
    assert tried(shared, **here, resource=["make", "install"])[1] == program["rule"]
    assert tried(shared, action="run", resource=["make"]) == ("deny", "base#unconfined")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"action": "raed"}, "action"),
        ({"action": "configure", "resource": "permissions"}, "action"),
        ({"action": "read", "resource": "relative"}, "resource"),
        ({"action": "read", "resource": "/a/../b"}, "resource"),
        ({"action": "fetch", "resource": "http://example.org"}, "resource"),
        ({"resource": []}, "resource.list[constrained-str]"),
        ({"agent": "a b"}, "agent"),
        ({"scope": "run"}, "bound_to"),
        ({"decision": "maybe"}, "decision"),
        ({"uses": 0}, "uses"),
        ({"expires_s": -1}, "expires_s"),
        ({"conditions": {"workspace": "here"}}, "conditions.workspace"),
        ({"conditions": {"moon": "full"}}, "conditions.moon"),
        ({"nice": True}, "nice"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused_by_the_field_at_fault(
    shared: Tektra, body: dict[str, Any], param: str
) -> None:
    usual = {"decision": "allow", "action": "use", "resource": "x"}
    with shared.client() as client:
        before = client.get("/api/permissions", params={"all": "true"}).json()["grants"]
        answer = client.post("/api/permissions", json=usual | body)
        after = client.get("/api/permissions", params={"all": "true"}).json()["grants"]
    assert answer.status_code == 400
    assert param.split(".list")[0] in answer.json()["error"]["param"]
    assert before == after


def test_an_unknown_grant_is_not_found(shared: Tektra) -> None:
    with shared.client() as client:
        answer = client.post("/api/permissions/nothing/revoke", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "grant_not_found")


def test_a_grant_survives_a_killed_daemon_and_policy_files_hold_while_it_runs(tektra: Tektra) -> None:
    tektra.start()
    made = granted(tektra)
    tektra.kill()
    tektra.start()
    assert tried(tektra) == ("allow", made["rule"])
    folder = tektra.home / "config" / "tektra" / "policies"
    folder.mkdir(parents=True)
    (folder / "mine.cedar").write_text('@id("none") forbid (principal is Agent, action == Action::"use", resource);\n')
    assert tried(tektra) == ("deny", "mine.cedar#none")
    (folder / "mine.cedar").write_text("permit everything;\n")
    assert tried(tektra) == ("deny", "mine.cedar:1")
    with tektra.client() as client:
        found = client.get("/api/permissions").json()
        refused = client.post("/api/permissions", json={"decision": "allow", "action": "use", "resource": "x"})
    assert (found["problem"]["source"], found["problem"]["line"], found["rules"]) == ("mine.cedar", 1, [])
    assert (refused.status_code, "mine.cedar:1" in refused.json()["error"]["message"]) == (403, True)


def test_the_rules_that_hold_are_told(shared: Tektra) -> None:
    with shared.client() as client:
        found = client.get("/api/permissions").json()
    assert found["problem"] is None
    by_name = {rule["name"]: rule for rule in found["rules"]}
    assert by_name["base#unconfined"]["outcome"] == "deny"
    assert by_name["base#workspace"]["source"] == "base"


def test_what_is_granted_and_revoked_is_in_the_audit_log(tektra: Tektra) -> None:
    with tektra.start().client() as client:
        body = {
            "decision": "deny",
            "action": "fetch",
            "resource": "*.example.org",
            "agent": "coder",
            "why": "not there",
        }
        made = client.post("/api/permissions", json=body).json()["grant"]
        client.post(f"/api/permissions/{made['id']}/revoke", json={})
        revoked, granted = client.get("/api/audit", params={"kind": "permission"}).json()["entries"]
    assert (granted["kind"], revoked["kind"]) == ("permission.grant", "permission.revoke")
    assert granted["details"]["id"] == revoked["details"]["id"] == made["id"]
    assert (granted["details"]["decision"], granted["details"]["why"]) == ("deny", "not there")
