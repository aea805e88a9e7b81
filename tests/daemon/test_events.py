"""What a real daemon tells while it happens, over a real socket: to whom, and to whom not."""

from __future__ import annotations

import base64
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import psutil
import pyotp
import pytest

from tests.harness import Tektra
from tests.listening import Listener, listening
from tests.people import Workstation, workstation

ANNA, BEN, AUDREY = 61021, 61022, 61023
FLOOD = 3000
"""Prompts in one request, each of which begins and ends: more entries than fit into a socket and are kept."""
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root to become other users")


def posted(tektra: Tektra, path: str, body: dict[str, Any] | None = None) -> Any:
    with tektra.client() as client:
        answer = client.post(path, json=body or {})
    assert answer.status_code < 300, answer.text
    return answer.json()


def granted(tektra: Tektra, resource: str) -> str:
    """Something that leaves one entry; returns what tells it from others."""
    body = {"decision": "allow", "action": "use", "resource": resource, "agent": "coder", "uses": 1}
    return str(posted(tektra, "/api/permissions", body)["grant"]["id"])


def asked(tektra: Tektra, resource: str, **more: Any) -> Any:
    return posted(tektra, "/api/permissions/ask", {"action": "use", "resource": resource, "agent": "coder"} | more)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"].get("kind", event["type"]) for event in events]


# Leaving and coming back


@pytest.mark.parametrize("by_header", [False, True])
def test_who_comes_back_by_id_misses_nothing_and_hears_nothing_twice(shared: Tektra, by_header: bool) -> None:
    with listening(shared.socket) as before:
        granted(shared, "one")
        (first,) = before.until("entry", kind="permission.grant")
        granted(shared, "two")
        last = before.next()
    granted(shared, "three")
    asked(shared, "three")
    query, header = ("after=stale", first["id"]) if by_header else (f"after={first['id']}", None)
    with listening(shared.socket, query, last_event_id=header) as after:
        heard = [after.next() for _ in range(3)]
    assert heard[0] == last
    numbers = [event["data"]["number"] for event in (first, *heard)]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    assert kinds(heard) == ["permission.grant", "permission.grant", "permission.decide"]
    with shared.client() as client:
        entry = client.get(f"/api/audit/{numbers[-1]}").json()["entry"]
    told = heard[-1]["data"]
    assert told == {name: entry[name] for name in told}


def test_a_reader_who_stops_reading_holds_up_nobody_and_hears_of_the_gap(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    with listening(tektra.socket) as slow:
        posted(tektra, "/v1/completions", {"model": model, "prompt": ["x"] * FLOOD, "max_tokens": 1})
        granted(tektra, "the-end")
        heard = slow.until("entry", kind="permission.grant")
    gaps = [event for event in heard if event["type"] == "gap"]
    assert [event["data"]["why"] for event in gaps] == ["overflow"]
    numbers = [int(event["id"].split("-")[1]) for event in heard]
    at = heard.index(gaps[0])
    assert numbers[:at] == list(range(numbers[0], numbers[0] + at))
    assert numbers[at:] == list(range(numbers[at], numbers[at] + len(numbers) - at))
    assert numbers[at] > numbers[at - 1] + 1


def test_an_id_of_a_daemon_that_ended_is_a_gap_and_all_since_the_start_follows(tektra: Tektra) -> None:
    with listening(tektra.start().socket) as before:
        granted(tektra, "one")
        before.next()
    tektra.stop()
    with listening(tektra.start().socket, f"after={before.place}") as after:
        gap, ready = after.next(), after.next()
    assert (gap["type"], gap["data"]) == ("gap", {"why": "restart"})
    assert (ready["type"], ready["data"]) == ("daemon.state", {"state": "ready"})


def test_what_is_no_id_or_no_type_is_refused(shared: Tektra) -> None:
    with shared.client() as client:
        for query, param in (("after=%00", "after"), ("types=alert,gossip", "types"), ("types=aler", "types")):
            answer = client.get(f"/api/events?{query}")
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
        answer = client.get("/api/events", headers={"Last-Event-ID": "../../x"})
        assert answer.status_code == 400


def test_only_the_types_that_are_wanted_come_but_the_place_moves_on(shared: Tektra) -> None:
    with listening(shared.socket, "types=ask,alert") as chosen, listening(shared.socket) as everything:
        granted(shared, "not-wanted")
        ask = asked(shared, "wanted")["ask"]["id"]
        opened = chosen.next()
        assert (opened["type"], opened["data"]["ask"]) == ("ask.opened", ask)
        assert everything.until("ask.opened")[-1] == opened


def test_the_newest_of_a_type_can_be_read_at_once(shared: Tektra) -> None:
    granted(shared, "an-entry")
    ids = [asked(shared, name)["ask"]["id"] for name in ("first", "second", "third")]
    with shared.client() as client:
        found = client.get("/api/events/latest?types=ask.opened&limit=2").json()
        assert [event["data"]["ask"] for event in found["events"]] == [ids[2], ids[1]]
        everything = client.get("/api/events/latest?limit=5").json()["events"]
        assert {"entry", "ask.opened"} <= {event["type"] for event in everything}
        numbers = [int(event["id"].split("-")[1]) for event in everything]
        assert numbers == sorted(numbers, reverse=True)
        refused = [client.get(f"/api/events/latest?{query}") for query in ("types=gossip", "limit=0", "limit=501")]
        assert [answer.status_code for answer in refused] == [400, 400, 400]


# What is told


def test_an_act_that_is_denied_and_a_code_that_is_refused_are_alerts_at_once(tektra: Tektra) -> None:
    tektra.start()
    posted(tektra, "/api/permissions", {"decision": "deny", "action": "use", "resource": "gitlab"})
    enrolment = posted(tektra, "/api/mfa/enroll")
    totp = pyotp.TOTP(enrolment["secret"])
    code = next(each for each in map("{:06}".format, range(10)) if not totp.verify(each, valid_window=3))
    with listening(tektra.socket, "types=alert") as alerts:
        assert asked(tektra, "gitlab")["outcome"] == "deny"
        denied = alerts.next()
        with tektra.client() as client:
            assert client.post("/api/mfa/confirm", json={"code": code}).json()["error"]["code"] == "wrong_code"
        refused = alerts.next()
        latest = tektra.json("daemon", "status")["alerts"]["latest"]
    assert (denied["data"]["kind"], denied["uid"]) == ("security.denied", os.getuid())
    assert denied["data"]["details"]["action"] == "use"
    told = refused["data"]
    assert told == {name: latest[name] for name in told}
    assert told["kind"] == "security.code_refused"


def test_asks_are_told_when_they_open_when_they_are_answered_and_when_they_expire_by_themselves(
    tektra: Tektra,
) -> None:
    tektra.start()
    with listening(tektra.socket, "types=ask") as heard:
        ask = asked(tektra, "github")["ask"]
        opened = heard.next()
        posted(tektra, f"/api/approvals/{ask['id']}", {"answer": "allow"})
        answered = heard.next()
        short = asked(tektra, "gitlab", expires_s=0.3)["ask"]
        assert heard.next()["data"]["ask"] == short["id"]
        expired = heard.next()
    assert [event["type"] for event in (opened, answered, expired)] == ["ask.opened", "ask.answered", "ask.expired"]
    assert opened["data"] == {
        "ask": ask["id"], "agent": "coder", "action": "use", "resource": "github", "rule": "default",
        "why": ask["why"], "expires_at": ask["expires_at"],
    }  # fmt: skip
    assert (answered["data"]["state"], answered["data"]["answered_by"]) == ("allowed", os.getuid())
    assert expired["data"]["ask"] == short["id"]


def test_a_model_is_told_of_from_loading_to_its_end_and_when_its_worker_dies(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    with listening(tektra.socket, "types=model") as heard:
        posted(tektra, f"/api/models/{model}/load")
        posted(tektra, f"/api/models/{model}/unload")
        told = heard.until("model.state", state="unloaded")
        posted(tektra, f"/api/models/{model}/load")
        (worker,) = psutil.Process(tektra.pid()).children()
        worker.kill()
        told += heard.until("model.state", state="broken")
    states = ["loading", "loaded", "stopping", "unloaded", "loading", "loaded", "broken"]
    assert [(event["data"]["model"], event["data"]["state"]) for event in told] == [(model, state) for state in states]
    assert told[-1]["data"]["why"] == "worker_died"


def test_a_model_that_cannot_be_loaded_is_told_of_once(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    (tektra.home / "echo.scripted.json").write_text("{")
    with listening(tektra.socket, "types=model") as heard, tektra.client() as client:
        assert client.post(f"/api/models/{model}/load", json={}).status_code >= 400
        granted(tektra, "one")
        assert [event["data"]["state"] for event in (heard.next(), heard.next())] == ["loading", "broken"]


def test_the_value_of_a_secret_is_in_no_event(tektra: Tektra) -> None:
    tektra.start()
    value = "hunter2-and-more"
    body = {"name": "TOKEN", "value": base64.b64encode(value.encode()).decode()}
    with listening(tektra.socket) as heard:
        posted(tektra, "/api/secrets", body)
        asked(tektra, f"it-is-{value}")
        posted(tektra, "/api/permissions", {"decision": "deny", "action": "fetch", "resource": f"{value}.org"})
        posted(tektra, "/api/permissions/ask", {"action": "fetch", "resource": f"{value}.org", "agent": "coder"})
        told = heard.until("alert")
    assert "[secret TOKEN]" in str(told)
    assert value not in str(told)


# Unusual rates and repeated failures


def test_more_than_anybody_does_is_an_alert_that_says_how_often_and_leads_to_no_other(tektra: Tektra) -> None:
    tektra.start()
    posted(tektra, "/api/permissions", {"decision": "deny", "action": "use", "resource": "gitlab"})
    with listening(tektra.socket, "types=alert") as alerts:
        for _ in range(40):
            asked(tektra, "gitlab")
        asked_before = [alerts.next(), alerts.next()]
        tektra.stop()
        assert alerts.rest() == []
    denied, unusual = (event["data"] for event in asked_before)
    assert denied["kind"] == "security.denied"
    assert (unusual["kind"], unusual["uid"]) == ("security.unusual_rate", os.getuid())
    assert unusual["details"] == {"what": "denied acts", "of": "denied", "count": 31, "most": 30, "minutes": 10}


def test_what_fails_again_and_again_is_an_alert(tektra: Tektra) -> None:
    tektra.start()
    with listening(tektra.socket, "types=alert") as alerts, tektra.client() as client:
        for _ in range(10):
            assert client.post("/api/models/import", json={"path": "/nowhere.gguf"}).status_code == 404
        told = alerts.next()["data"]
    assert told["kind"] == "security.repeated_failures"
    assert told["details"] == {"of": "model.import", "in_a_row": 10, "count": 10, "minutes": 10}


# The end


def test_a_stream_ends_with_the_daemon_which_does_not_wait_for_it(tektra: Tektra) -> None:
    tektra.start(TEKTRA_DRAIN="3600")
    with listening(tektra.socket) as heard, listening(tektra.socket):
        with tektra.client() as client:
            assert client.get("/api/status").json()["requests_running"] == 0
        os.kill(tektra.pid(), signal.SIGTERM)
        assert [event["data"] for event in heard.rest()] == [{"state": "draining"}]
        assert tektra.process is not None
        assert tektra.process.wait(30) == 0
    assert "Traceback" not in tektra.log.read_text()


def test_a_reader_who_stopped_reading_does_not_keep_the_daemon_from_stopping(tektra: Tektra) -> None:
    model = tektra.start(TEKTRA_DRAIN="3600").import_scripted("echo", [{"say": "x"}])
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.connect(str(tektra.socket))
        stuck.sendall(b"GET /api/events HTTP/1.1\r\nHost: tektra\r\n\r\n")
        assert b"200" in stuck.recv(100)
        posted(tektra, "/v1/completions", {"model": model, "prompt": ["x"] * (FLOOD // 3), "max_tokens": 1})
        os.kill(tektra.pid(), signal.SIGTERM)
        assert tektra.process is not None
        assert tektra.process.wait(30) == 0


# Whose is what


@pytest.fixture(scope="module")
def place() -> Iterator[Workstation]:
    with workstation() as shared:
        shared.start()
        shared.tektra.import_scripted("parrot", [{"say": "the same to everybody"}])
        yield shared


def as_user(place: Workstation, uid: int, query: str = "") -> Any:
    return listening(place.socket, query, uid=uid, gid=place.group.gr_gid)


def told(listener: Listener, place: Workstation) -> list[dict[str, Any]]:
    """What somebody has heard until a model is loaded and unloaded, of which everybody hears."""
    place.owner.post("/api/models/parrot/load")
    place.owner.post("/api/models/parrot/unload")
    return [event for event in listener.until("model.state", state="unloaded") if event["type"] != "model.state"]


@needs_root
def test_nobody_hears_of_what_others_do_ask_or_are_refused(place: Workstation) -> None:
    anna, ben = place.person(ANNA, role="user"), place.person(BEN, role="user")
    with as_user(place, ANNA) as hers, as_user(place, BEN) as his, as_user(place, os.getuid()) as owners:
        anna.chat("a question")
        ask = anna.post("/api/permissions/ask", action="use", resource="github", agent="coder").body["ask"]["id"]
        assert anna.get("/api/audit").status == 403
        anna.post(f"/api/approvals/{ask}", answer="deny")
        place.owner.post("/api/models/parrot/unload")
        heard = {}
        for name, listener in (("hers", hers), ("his", his), ("owners", owners)):
            events = listener.until("model.state", state="unloaded")
            heard[name] = [event for event in events if event["type"] != "model.state"]
    assert heard["his"] == []
    lately = {
        who: person.get("/api/events/latest?types=ask,alert,entry").body["events"]
        for who, person in (("hers", anna), ("his", ben))
    }
    assert lately["his"] == []
    assert [event["id"] for event in reversed(lately["hers"])] == [event["id"] for event in heard["hers"]]
    assert [(event["type"], event["data"]["ask"]) for event in heard["hers"]] == [
        ("ask.opened", ask),
        ("ask.answered", ask),
    ]
    types = [event["type"] for event in heard["owners"]]
    assert {"entry", "alert", "ask.opened", "ask.answered"} == set(types)
    assert ben.get("/api/approvals?all=true").body["asks"] == []


@needs_root
def test_of_a_run_only_whoever_began_it_hears(place: Workstation) -> None:
    place.person(BEN, role="user")
    folder = place.tektra.home / "notes"
    folder.mkdir(exist_ok=True)
    for each in (folder, place.tektra.home):  # as root the sandbox has another user
        each.chmod(0o755)
    place.owner.post("/api/agents", agent={"name": "parrot", "model": "parrot"})
    with as_user(place, BEN) as his, as_user(place, os.getuid()) as owners:
        begun = place.owner.post("/api/runs", agent="parrot", task="x", folder=str(folder))
        assert begun.status == 202, begun.body
        place.owner.post(f"/api/runs/{begun.body['run']['id']}/cancel")
        assert "cancelled" in [event["data"]["state"] for event in owners.until("run.state", state="cancelled")[-1:]]
        assert told(his, place) == []


@needs_root
def test_an_auditor_hears_of_the_log_and_of_no_asks(place: Workstation) -> None:
    place.person(AUDREY, role="auditor")
    with as_user(place, AUDREY) as hers:
        place.owner.post("/api/permissions/ask", action="use", resource="github", agent="coder")
        assert {event["type"] for event in told(hers, place)} == {"entry"}


@needs_root
def test_the_log_is_heard_as_long_as_the_policy_lets_it_be_read(place: Workstation) -> None:
    place.person(61024, role="user")
    rule = place.tektra.home / "config" / "tektra" / "policies" / "mine.cedar"
    rule.parent.mkdir(parents=True, exist_ok=True)
    with as_user(place, 61024) as heard:
        rule.write_text('permit (principal == User::"61024", action == Action::"audit", resource);\n')
        assert "model.load" in kinds(told(heard, place))
        heard.until("entry", kind="model.unload", outcome="ok")
        rule.unlink()
        assert told(heard, place) == []


@needs_root
def test_the_stream_of_who_is_removed_ends_with_the_next_event(place: Workstation) -> None:
    place.person(61025, role="user")
    with as_user(place, 61025) as heard:
        assert place.owner.delete("/api/users/61025").status == 200
        place.owner.post("/api/models/parrot/load")
        assert heard.rest() == []
    with as_user(place, 61025) as refused:
        assert refused.status == 403
