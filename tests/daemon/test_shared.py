"""A daemon that several users share: each sees what is theirs, and whoever was not added gets nothing."""

from __future__ import annotations

import base64
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Tektra, events_of
from tests.people import Person, Workstation, workstation

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root to become other users")

ANNA, BEN, OTTO, AUDREY, STRANGER = 61001, 61002, 61003, 61004, 61005
PARROT = [{"say": "the same to everybody"}]


@pytest.fixture(scope="module")
def place() -> Iterator[Workstation]:
    with workstation() as shared:
        shared.start()
        shared.tektra.import_scripted("parrot", PARROT)
        yield shared


@pytest.fixture
def empty() -> Iterator[Workstation]:
    with workstation() as shared:
        yield shared


@pytest.fixture(scope="module")
def anna(place: Workstation) -> Person:
    return place.person(ANNA, role="user")


@pytest.fixture(scope="module")
def ben(place: Workstation) -> Person:
    return place.person(BEN, role="user")


@pytest.fixture(scope="module")
def otto(place: Workstation) -> Person:
    return place.person(OTTO, role="operator")


@pytest.fixture(scope="module")
def audrey(place: Workstation) -> Person:
    return place.person(AUDREY, role="auditor")


# The socket


def test_the_socket_is_for_its_owner_and_the_group(place: Workstation) -> None:
    for path, mode in ((place.socket, 0o660), (place.socket.parent, 0o750)):
        info = path.lstat()
        assert (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) == (mode, os.getuid(), place.group.gr_gid)


def test_who_is_not_in_the_group_cannot_even_connect(place: Workstation) -> None:
    outside = place.person(STRANGER, in_group=False)
    assert outside.get("/healthz").status == 0


def test_who_was_not_added_is_refused_and_leaves_a_security_event(place: Workstation) -> None:
    stranger = place.person(STRANGER)
    for forged in ({}, {"X-Forwarded-User": "root", "X-Tektra-Uid": "0", "Authorization": "Bearer root"}):
        for method, path in (("GET", "/healthz"), ("GET", "/api/status"), ("POST", "/api/chat"), ("GET", "/v1/models")):
            answer = stranger.ask(method, path, {"uid": 0, "user": "root"}, forged)
            assert (answer.status, answer.code) == (403, "forbidden")
    (event,) = place.audit(kind="security.peer_refused", uid=STRANGER)
    assert event["outcome"] == "denied"


def test_the_first_request_of_somebody_is_in_the_log_and_again_when_they_were_added_anew(
    place: Workstation,
) -> None:
    came = place.person(61011, role="user")
    for _ in range(3):
        assert came.get("/api/status").status == 200
    assert [entry["details"] for entry in place.audit(kind="user.login", uid=61011)] == [{"role": "user"}]
    assert place.owner.delete("/api/users/61011").status == 200
    assert came.get("/api/status").status == 403
    assert place.owner.post("/api/users", uid=61011, role="auditor").status == 201
    assert came.get("/api/status").status == 200
    assert [entry["details"]["role"] for entry in place.audit(kind="user.login", uid=61011)] == ["auditor", "user"]
    assert place.audit(kind="user.login", uid=place.owner.uid) == []


def test_who_is_removed_is_refused_at_once_also_on_a_connection_that_is_open(place: Workstation) -> None:
    gone = place.person(61010, role="user")
    assert gone.ask("GET", "/api/status", keep=True).body["role"] == "user"
    assert place.owner.delete("/api/users/61010").status == 200
    assert gone.ask("GET", "/api/status", keep=True).status == 403
    assert place.owner.delete("/api/users/61010").code == "user_not_found"


@pytest.mark.parametrize(
    ("mode", "said"),
    [(0o770, "writable by its group"), (0o755, "open to everybody"), (0o700, "is not open to the group")],
)
def test_a_directory_that_is_not_as_it_should_be_is_not_used(empty: Workstation, mode: int, said: str) -> None:
    empty.socket.parent.mkdir()
    empty.socket.parent.chmod(mode)
    os.chown(empty.socket.parent, -1, empty.group.gr_gid)
    assert said in started_in_vain(empty)


def test_a_directory_that_is_a_link_or_somebody_else_s_is_not_used(empty: Workstation) -> None:
    real = empty.socket.parent.with_name("real")
    real.mkdir(mode=0o750)
    empty.socket.parent.symlink_to(real)
    assert "is not a directory" in started_in_vain(empty)
    empty.socket.parent.unlink()
    real.rename(empty.socket.parent)
    os.chown(empty.socket.parent, ANNA, empty.group.gr_gid)
    assert f"belongs to uid {ANNA}" in started_in_vain(empty)


def test_a_group_that_does_not_exist_is_named(empty: Workstation) -> None:
    assert "no-such-group" in started_in_vain(empty, TEKTRA_SHARED_GROUP="no-such-group")


def started_in_vain(place: Workstation, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tektrad"],
        env=place.tektra.env | place.env | env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_socket_that_was_put_in_the_daemon_s_place_is_a_security_event(empty: Workstation) -> None:
    empty.start()
    empty.socket.rename(empty.socket.with_name("elsewhere"))
    empty.socket.touch()
    process = empty.tektra.process
    assert process is not None
    process.terminate()
    assert process.wait(30) == 0
    assert "is in the way" in started_in_vain(empty)
    empty.socket.unlink()
    empty.start()
    told = [event["details"]["when"] for event in empty.audit(kind="security.socket_taken")]
    assert told == ["before it started", "while the daemon ran"]


# What is whose


def test_nobody_sees_the_conversations_of_others(place: Workstation, otto: Person) -> None:
    people = {place.person(uid, role="user"): word for uid, word in ((61011, "herons"), (61012, "bitterns"))}
    theirs = {person: person.chat(f"about {word}")["conversation_id"] for person, word in people.items()}
    for person, own in theirs.items():
        listed = person.get("/api/conversations").body["conversations"]
        assert [each["id"] for each in listed] == [own]
        assert person.get("/api/conversations/latest").body["conversation"]["id"] == own
        assert person.get("/api/status").body["conversations"] == 1
        hits = person.get("/api/conversations/search?q=about").body["hits"]
        assert {hit["conversation_id"] for hit in hits} == {own}
        (other,) = (word for somebody, word in people.items() if somebody is not person)
        assert person.get(f"/api/conversations/search?q={other}").body["hits"] == []
    for person in (place.owner, otto):
        assert person.get("/api/conversations").body["conversations"] == []
        assert person.get("/api/conversations/latest").code == "conversation_not_found"


def test_a_conversation_of_somebody_else_is_as_one_that_does_not_exist(anna: Person, ben: Person) -> None:
    hers = anna.chat("a secret")["conversation_id"]
    nowhere = "zzzzzzzzzzzz"

    def said(method: str, path: str, ident: str, **body: Any) -> str:
        answer = ben.ask(method, path.replace("ID", ident), {"model": "parrot", **body} if body else None)
        assert answer.status == 404
        return answer.text.replace(ident, "ID")

    for reference in (hers, hers[:6]):
        for method in ("GET", "DELETE"):
            path = "/api/conversations/ID"
            assert said(method, path, reference) == said(method, path, nowhere[: len(reference)])
        for more in ({}, {"regenerate": True}):
            asked = [
                said("POST", "/api/chat", ident, conversation_id=ident, content="go on", stream=False, **more)
                for ident in (reference, nowhere[: len(reference)])
            ]
            assert asked[0] == asked[1]
    assert len(anna.get(f"/api/conversations/{hers}").body["messages"]) == 2


def test_a_stream_into_somebody_else_s_conversation_is_refused_before_anything_is_said(
    anna: Person, ben: Person
) -> None:
    hers = anna.chat("mine")["conversation_id"]
    answer = ben.post("/api/chat", content="and mine", conversation_id=hers, model="parrot")
    (event,) = events_of(answer.text)
    assert (event["type"], event["error"]["code"]) == ("error", "conversation_not_found")


def test_a_beginning_that_ids_of_two_users_share_means_one_s_own(place: Workstation, anna: Person, ben: Person) -> None:
    with sqlite3.connect(place.tektra.home / "data" / "tektra" / "tektra.db") as store:
        for number, person in enumerate((anna, ben)):
            store.execute(
                "INSERT INTO conversations (id, uid, title, model, created_at, updated_at) VALUES (?, ?, '', '', ?, ?)",
                [f"twin{number}", person.uid, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"],
            )
    store.close()
    for number, person in enumerate((anna, ben)):
        assert person.get("/api/conversations/twin").body["conversation"]["id"] == f"twin{number}"


def test_what_a_client_claims_to_be_changes_nothing(place: Workstation, anna: Person, ben: Person) -> None:
    before = len(ben.get("/api/conversations").body["conversations"])
    claims = {"X-Forwarded-User": "root", "X-Tektra-Uid": str(BEN), "Authorization": f"Bearer {BEN}", "Cookie": "uid=0"}
    said = {"content": "as ben", "stream": False, "model": "parrot"}
    made = anna.ask("POST", "/api/chat", said, claims).body["conversation_id"]
    assert ben.get(f"/api/conversations/{made}").status == 404
    assert len(ben.get("/api/conversations").body["conversations"]) == before
    body = {"model": "parrot", "messages": [{"role": "user", "content": "x"}], "user": str(BEN), "uid": 0}
    assert anna.ask("POST", "/v1/chat/completions", body, claims).status == 200
    assert anna.ask("GET", "/api/audit", headers=claims).status == 403
    assert place.audit(kind="model.call")[0]["uid"] == ANNA


def test_what_is_from_before_there_were_several_users_is_the_owner_s(empty: Workstation) -> None:
    empty.start()
    empty.tektra.import_scripted("parrot", PARROT)
    old = empty.owner.chat("long ago")["conversation_id"]
    empty.close()
    empty.tektra.stop()
    with sqlite3.connect(empty.tektra.home / "data" / "tektra" / "tektra.db") as store:
        store.execute("UPDATE conversations SET uid = NULL")
    store.close()
    again = Workstation(empty.tektra, empty.socket.parent.parent).start()
    anna = again.person(ANNA, role="user")
    try:
        assert [each["id"] for each in again.owner.get("/api/conversations").body["conversations"]] == [old]
        assert anna.get("/api/conversations").body["conversations"] == []
    finally:
        again.close()


def test_how_much_of_a_prompt_was_known_says_nothing_of_what_others_asked(anna: Person, ben: Person) -> None:
    body = {
        "model": "tektra-starter",
        "messages": [{"role": "user", "content": "Remember: " + "heron, reed, river, " * 20}],
        "max_tokens": 1,
        "temperature": 0,
    }

    def known(person: Person) -> int:
        answer = person.ask("POST", "/v1/chat/completions", body)
        assert answer.status == 200, answer.text
        tokens: int = answer.body["usage"]["prompt_tokens_details"]["cached_tokens"]
        return tokens

    assert known(anna) == 0
    assert known(anna) > 0
    assert known(ben) == 0


# What each role may do


def test_a_user_asks_models_and_sees_nothing_of_the_log(place: Workstation, anna: Person) -> None:
    assert anna.post("/api/models/parrot/load").status == 200
    assert anna.get("/api/models").status == 200
    refused = {
        ("GET", "/api/audit"): None,
        ("GET", "/api/audit/1"): None,
        ("GET", "/api/audit/stats"): None,
        ("POST", "/api/audit/export"): {},
        ("POST", "/api/audit/verify"): {},
        ("POST", "/api/audit/prune"): {"before": "2026-01-01T00:00:00Z"},
        ("GET", "/metrics"): None,
        ("GET", "/api/users"): None,
        ("POST", "/api/users"): {"uid": ANNA, "role": "operator"},
        ("DELETE", f"/api/users/{BEN}"): None,
        ("POST", "/api/permissions"): {"decision": "allow", "action": "audit", "resource": "*"},
        ("POST", "/api/permissions/x/revoke"): {},
        ("DELETE", "/api/models/parrot"): None,
        ("POST", "/api/models/parrot/unload?force=true"): None,
        ("POST", "/api/models/import"): {"path": "/etc/shadow"},
        ("POST", "/api/models/pull"): {"source": "a/b"},
        ("POST", "/api/models/quantize"): {"source": "parrot", "target": "/tmp/x", "type": "q8_0"},
        ("POST", "/api/models/tune"): {},
        ("DELETE", "/api/tuned"): None,
        ("POST", "/api/sandbox/run"): {"arguments": ["id"]},
    }
    for (method, path), body in refused.items():
        answer = anna.ask(method, path, body)
        assert (answer.status, answer.code) == (403, "forbidden"), (path, answer.text)
        assert "by rule default" in answer.body["error"]["message"]
    assert anna.get("/api/status").body["alerts"] == {"count": 0, "hours": 24, "latest": None}
    assert place.audit(kind="security.refused", uid=ANNA)


def test_an_auditor_reads_all_of_the_log_and_does_nothing_else(
    place: Workstation, anna: Person, audrey: Person
) -> None:
    anna.chat("for the log")
    seen = audrey.get("/api/audit?kind=model.call&limit=1000").body["entries"]
    assert {entry["uid"] for entry in seen} == {entry["uid"] for entry in place.audit(kind="model.call")}
    assert audrey.post("/api/audit/verify").status == 200
    assert audrey.post("/api/chat", content="x", model="parrot").code == "forbidden"
    assert audrey.post("/v1/embeddings", input="x").code == "forbidden"
    assert audrey.post("/api/models/parrot/load").code == "forbidden"
    assert audrey.post("/api/audit/prune", before="2026-01-01T00:00:00Z").code == "forbidden"
    assert audrey.get("/api/conversations").body["conversations"] == []
    assert place.audit(kind="security.refused", uid=AUDREY)


def test_an_operator_looks_after_models_and_not_after_files_users_or_rules(place: Workstation, otto: Person) -> None:
    place.tektra.script("brief", PARROT)
    assert (
        otto.ask("POST", "/api/models/import", {"path": str(place.tektra.home / "brief.scripted.json")}).code
        == "forbidden"
    )
    place.tektra.import_scripted("brief", PARROT)
    assert otto.post("/api/models/brief/load").status == 200
    assert otto.post("/api/models/brief/unload?force=true").status == 200
    assert otto.delete("/api/models/brief").status == 200
    assert otto.delete("/api/tuned").status == 200
    assert otto.get("/metrics").status == 200
    assert otto.post("/api/users", uid=61020, role="user").code == "forbidden"
    assert otto.post("/api/permissions", decision="allow", action="run", resource="*").code == "forbidden"
    assert otto.post("/api/sandbox/run", arguments=["id"]).code == "forbidden"


def test_a_refusal_names_the_rule_and_a_policy_can_open_or_close_what_a_role_may_do(empty: Workstation) -> None:
    empty.start()
    empty.tektra.import_scripted("parrot", PARROT)
    anna = empty.person(ANNA, role="user")
    policies = empty.tektra.home / "config" / "tektra" / "policies"
    policies.mkdir(parents=True, mode=0o700)
    file = policies / "house.cedar"
    file.write_text(
        f'@id("not-the-parrot") forbid (principal == User::"{ANNA}", action == Action::"generate", resource)'
        ' when { context.name == "parrot" };\n'
        f'@id("log") permit (principal == User::"{ANNA}", action == Action::"audit", resource);\n'
    )
    file.chmod(0o600)
    for said in ("parrot", "PARROT"):
        refused = anna.post("/api/chat", content="x", model=said, stream=False)
        assert "house#not-the-parrot" in refused.body["error"]["message"].replace(".cedar", "")
    body = {"messages": [{"role": "user", "content": "x"}], "model": "Parrot"}
    assert anna.ask("POST", "/v1/chat/completions", body).status == 403
    assert anna.get("/api/audit").status == 200


def test_a_conversation_goes_on_only_with_a_model_that_is_still_allowed(empty: Workstation) -> None:
    empty.start()
    empty.tektra.import_scripted("parrot", PARROT)
    anna = empty.person(ANNA, role="user")
    own = anna.chat("hello")["conversation_id"]
    policies = empty.tektra.home / "config" / "tektra" / "policies"
    policies.mkdir(parents=True, mode=0o700)
    (policies / "house.cedar").write_text(
        'forbid (principal, action == Action::"generate", resource) when { context.name == "parrot" };\n'
    )
    (policies / "house.cedar").chmod(0o600)
    assert anna.post("/api/chat", content="and?", conversation_id=own, stream=False).status == 403


# Who may connect


def test_adding_and_removing_somebody_is_in_the_log(place: Workstation) -> None:
    for role in ("user", "auditor"):
        made = place.owner.post("/api/users", uid=61030, role=role).body
        assert (made["schema"], made["shared"], made["user"]["role"]) == ("tektra.user/1", True, role)
    listed = place.owner.get("/api/users").body
    assert (listed["schema"], listed["owner"]) == ("tektra.users/1", os.getuid())
    assert {"uid": 61030, "role": "auditor"}.items() <= next(u for u in listed["users"] if u["uid"] == 61030).items()
    assert place.owner.delete("/api/users/61030").body["user"]["uid"] == 61030
    told = [(each["kind"], each["details"]) for each in place.audit(kind="user") if each["details"].get("uid") == 61030]
    assert told == [
        ("user.remove", {"uid": 61030, "role": "auditor"}),
        ("user.add", {"uid": 61030, "role": "auditor"}),
        ("user.add", {"uid": 61030, "role": "user"}),
    ]


@pytest.mark.parametrize(
    ("uid", "role"), [(0, "user"), (65534, "user"), (64817, "user"), (2**32, "user"), (-1, "user"), (7, "owner")]
)
def test_nobody_is_added_whom_the_kernel_cannot_name_nor_a_second_owner(
    place: Workstation, uid: int, role: str
) -> None:
    assert place.owner.post("/api/users", uid=uid, role=role).code == "invalid_request"


def test_users_are_remembered_and_let_in_only_where_the_daemon_is_shared(empty: Workstation) -> None:
    empty.start()
    assert empty.person(ANNA, role="user").get("/healthz").status == 200
    empty.close()
    empty.tektra.stop()
    again = Workstation(empty.tektra, empty.socket.parent.parent).start()
    assert again.person(ANNA).get("/api/status").body["role"] == "user"
    again.close()
    empty.tektra.stop()
    alone = Path(f"{empty.socket.parent}-alone") / "tektra.sock"
    empty.tektra.env["TEKTRA_SOCKET"] = str(alone)
    empty.tektra.start()
    for path, mode in ((alone, 0o777), (alone.parent, 0o755)):
        path.chmod(mode)
    person = Person(ANNA, [], alone)
    assert person.get("/healthz").status == 403
    person.close()


def test_a_daemon_that_is_not_shared_is_as_it_was(shared: Tektra) -> None:
    assert stat.S_IMODE(shared.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(shared.socket.parent.stat().st_mode) == 0o700
    with shared.client() as client:
        assert client.get("/api/users").json()["shared"] is False


def test_nobody_sees_the_secrets_or_the_asks_of_others_and_the_owner_answers_for_all(
    place: Workstation, anna: Person, ben: Person
) -> None:
    value = base64.b64encode(b"anna's own token").decode()
    assert anna.post("/api/secrets", name="TOKEN", value=value).status == 201
    assert ben.get("/api/secrets").body["secrets"] == []
    assert ben.post("/api/secrets/TOKEN/show").status == 404
    assert ben.delete("/api/secrets/TOKEN").status == 404
    assert ben.post("/api/secrets", name="TOKEN", value=base64.b64encode(b"ben's own").decode()).status == 201
    assert base64.b64decode(anna.post("/api/secrets/TOKEN/show").body["value"]) == b"anna's own token"
    assert anna.post("/api/secrets/rotate").status == 403
    ask = anna.post("/api/permissions/ask", action="use", resource="github", agent="coder").body["ask"]
    assert (ask["uid"], ask["state"]) == (anna.uid, "pending")
    assert ben.get("/api/approvals?all=true").body["asks"] == []
    assert ben.get(f"/api/approvals/{ask['id']}").status == 404
    assert ben.post(f"/api/approvals/{ask['id']}", answer="allow").status == 404
    assert ben.get("/api/status").body["asks"] == 0
    with place.tektra.client() as owner:
        answered = owner.post(f"/api/approvals/{ask['id']}", json={"answer": "allow"}).json()["ask"]
    assert (answered["state"], answered["answered_by"]) == ("allowed", 0)
    used = anna.post("/api/permissions/ask", action="use", resource="github", agent="coder").body
    assert used["outcome"] == "allow"
