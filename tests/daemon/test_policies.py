"""Policy files over HTTP: writing them, and noticing those that somebody writes by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.daemon.test_audit import entries
from tests.harness import Tektra

FORBID = """@id("no-github") @why("not from here")
forbid (principal, action == Action::"use", resource == Secret::"github");
"""
WRONG = "permit (principal, action, resource) when { context.colour == 1 };"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def put(
    tektra: Tektra, name: str, text: str | None, was: str | None = None, **fields: Any
) -> tuple[int, dict[str, Any]]:
    with tektra.client() as client:
        answer = client.post(f"/api/policies/{name}", json={"text": text, "was": was} | fields)
    return answer.status_code, answer.json()


def decided(tektra: Tektra) -> str:
    with tektra.client() as client:
        said = client.post("/api/permissions/test", json={"action": "use", "resource": "github"}).json()
    return f"{said['outcome']} {said['rule']}"


def folder(tektra: Tektra) -> Path:
    with tektra.client() as client:
        return Path(client.get("/api/policies").json()["folder"])


def test_a_written_file_is_in_force_at_once_and_no_more_when_it_is_removed(tektra: Tektra) -> None:
    tektra.start()
    assert decided(tektra) == "allow base#owner"
    status, done = put(tektra, "mine.cedar", FORBID)
    assert (status, done["schema"], done["sha256"], done["rules"]) == (
        200,
        "tektra.policy-changed/1",
        digest(FORBID),
        1,
    )
    assert decided(tektra) == "deny mine.cedar#no-github"
    assert (folder(tektra) / "mine.cedar").stat().st_mode & 0o777 == 0o600
    with tektra.client() as client:
        assert client.get("/api/policies/mine.cedar").json()["text"] == FORBID
        assert client.get("/api/policies").json()["files"] == [{"name": "mine.cedar", "sha256": digest(FORBID)}]
    status, done = put(tektra, "mine.cedar", None, digest(FORBID))
    assert (status, done["sha256"], done["rules"]) == (200, None, 0)
    assert decided(tektra) == "allow base#owner"
    assert list(folder(tektra).iterdir()) == []


def test_who_looked_at_an_older_file_changes_nothing(tektra: Tektra) -> None:
    tektra.start()
    put(tektra, "mine.cedar", FORBID)
    for was in (None, digest("something else")):
        status, refused = put(tektra, "mine.cedar", FORBID + FORBID, was)
        assert (status, refused["error"]["code"]) == (409, "policy_changed")
    assert put(tektra, "mine.cedar", None, None)[0] == 409
    assert (folder(tektra) / "mine.cedar").read_text() == FORBID


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("mine.cedar", "permit (principal;", "mine.cedar:1"),
        (
            "mine.cedar",
            f"{FORBID}\n{WRONG}",
            "mine.cedar:4",
        ),
        ("mine.cedar", " \n", "says nothing"),
        ("mine.cedar", "// " + "x" * (256 << 10), "256 KiB are allowed"),
        ("mine.txt", FORBID, "no name of a policy file"),
        (".cedar", FORBID, "no name of a policy file"),
        ("..cedar", FORBID, "no name of a policy file"),
        ("a%2f..%2fb.cedar", FORBID, "no"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_place_and_nothing_is_changed(
    shared: Tektra, name: str, text: str, said: str
) -> None:
    status, refused = put(shared, name, text)
    assert status in (400, 404)
    assert said in refused["error"]["message"]
    assert decided(shared) == "allow base#owner"


def test_every_change_is_in_the_log_and_one_by_hand_is_an_alert(tektra: Tektra) -> None:
    tektra.start()
    put(tektra, "mine.cedar", FORBID)
    by_hand = folder(tektra) / "other.cedar"
    by_hand.write_text(FORBID)
    by_hand.chmod(0o600)
    assert decided(tektra).startswith("deny")
    begun, ended = entries(tektra, kind="policy.edit")
    assert (begun["outcome"], ended["outcome"]) == ("begun", "ok")
    assert begun["details"] == {"path": "mine.cedar", "was": None, "sha256": digest(FORBID)}
    first, second = entries(tektra, kind="policy.changed")
    assert first["details"] == {"files": {"mine.cedar": digest(FORBID)}, "changed": ["mine.cedar"]}
    assert second["details"]["changed"] == ["other.cedar"]
    (alert,) = entries(tektra, kind="security")
    assert (alert["kind"], alert["details"]) == ("security.policy_changed", {"by_hand": ["other.cedar"]})
    by_hand.write_text("permit (")
    assert decided(tektra) == "deny other.cedar:1"
    by_hand.write_text(FORBID.replace("github", "gitlab"))  # else nobody may read the log
    said = [entry["details"].get("problem") for entry in entries(tektra, kind="policy.changed")]
    assert [problem.split(":")[0] if problem else None for problem in said] == [None, None, "other.cedar", None]


def test_a_file_that_was_changed_while_no_daemon_ran_is_noticed_when_one_starts(tektra: Tektra) -> None:
    tektra.start()
    put(tektra, "mine.cedar", FORBID)
    place = folder(tektra)
    tektra.stop()
    tektra.start()
    assert len(entries(tektra, kind="policy.changed")) == 1
    tektra.stop()
    (place / "mine.cedar").unlink()
    tektra.start()
    assert entries(tektra, kind="policy.changed")[-1]["details"] == {"files": {}, "changed": ["mine.cedar"]}
    assert entries(tektra, kind="security")[-1]["details"] == {"by_hand": ["mine.cedar"]}


def test_where_codes_are_asked_for_a_policy_needs_one(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        totp = pyotp.TOTP(client.post("/api/mfa/enroll", json={"account": "me"}).json()["secret"])
        recovery = client.post("/api/mfa/confirm", json={"code": totp.now()}).json()["recovery_codes"]
    status, refused = put(tektra, "mine.cedar", FORBID)
    assert (status, refused["error"]["code"]) == (403, "code_needed")
    assert decided(tektra) == "allow base#owner"
    assert put(tektra, "mine.cedar", FORBID, code=recovery[0])[0] == 200
    assert decided(tektra) == "deny mine.cedar#no-github"


def test_where_codes_are_asked_for_what_denies_ends_only_with_one_and_what_allows_without(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        wish = {"action": "use", "resource": "github", "scope": "session", "bound_to": "s"}
        denies, allows = (
            client.post("/api/permissions", json=wish | {"decision": decision}).json()["grant"]["id"]
            for decision in ("deny", "allow")
        )
        totp = pyotp.TOTP(client.post("/api/mfa/enroll", json={"account": "me"}).json()["secret"])
        recovery = client.post("/api/mfa/confirm", json={"code": totp.now()}).json()["recovery_codes"]
        refused = client.post(f"/api/permissions/{denies}/revoke", json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "code_needed")
        assert client.post(f"/api/permissions/{allows}/revoke", json={}).status_code == 200
        assert [grant["id"] for grant in client.get("/api/permissions").json()["grants"]] == [denies]
        assert client.post(f"/api/permissions/{denies}/revoke", json={"code": recovery[0]}).status_code == 200
