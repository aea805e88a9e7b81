"""What the audit log holds of all that a daemon does, through HTTP."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket as sockets
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tektrad.clock import SystemClock
from tektrad.store.db import open_store
from tektrad.trust import journal
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.keys import UnsafeKey, make_key, read_key
from tektrad.trust.reading import Filter
from tektrad.trust.statements import Head
from tektrad.trust.verify import store_steps
from tests.daemon.test_gate import PROBE
from tests.harness import Tektra, events_of

SECRET = "a question that stays between us"


def entries(tektra: Tektra, **query: Any) -> list[dict[str, Any]]:
    """What happened, oldest first."""
    with tektra.client() as client:
        answer = client.get("/api/audit", params={"limit": 1000} | query)
        assert answer.status_code == 200, answer.text
        return list(reversed(answer.json()["entries"]))


def acts(tektra: Tektra, **query: Any) -> list[tuple[str, str]]:
    return [(entry["kind"], entry["outcome"]) for entry in entries(tektra, **query)]


def verified(tektra: Tektra, **body: Any) -> dict[str, Any]:
    with tektra.client() as client:
        return events_of(client.post("/api/audit/verify", json=body).text)[-1]


def database(tektra: Tektra) -> sqlite3.Connection:
    return sqlite3.connect(tektra.home / "data" / "tektra" / "tektra.db", isolation_level=None)


def export(tektra: Tektra, **body: Any) -> bytes:
    with tektra.client() as client:
        answer = client.post("/api/audit/export", json=body)
        assert answer.status_code == 200, answer.text
        return answer.content


def check_file(path: Path, *arguments: str) -> dict[str, Any]:
    """What the verifier says of a file, in a process that knows of no daemon."""
    line = [sys.executable, "-m", "tektrad.trust.verify", "--file", str(path), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=os.environ | {"HOME": "/nowhere"})
    return json.loads(done.stdout.splitlines()[-1])


def test_a_chat_leaves_what_was_asked_of_which_model_and_what_came_of_it_but_not_what_was_said(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "an answer that stays too"}])
    with tektra.client() as client:
        body = {"content": SECRET, "model": model, "stream": False, "sampling": {"top_k": 3, "stop": ["."]}}
        turn = client.post("/api/chat", json=body).json()
    begun, ended = entries(tektra, kind="model.call")
    assert (begun["outcome"], ended["outcome"]) == ("begun", "ok")
    assert begun["act"] == ended["act"] == turn["message_id"]
    assert begun["uid"] == os.getuid()
    told = begun["details"]
    assert (told["model"], told["what"], told["conversation"]) == (model, "chat", turn["conversation_id"])
    assert told["template"].startswith("sha256:")
    assert told["digest"]
    assert told["sampler"] | {"seed": 0} == {"temperature": "0.7", "seed": 0, "top_k": 3, "stop": ["."]}
    assert told["sampler"]["seed"] is not None
    counts = ended["details"]
    assert counts["prompt_tokens"] == turn["usage"]["prompt_tokens"]
    assert counts["completion_tokens"] == turn["usage"]["completion_tokens"]
    assert (counts["finish_reason"], counts["cached_tokens"]) == ("stop", 0)
    written = json.dumps(entries(tektra))
    assert "stays" not in written


def test_the_seed_that_the_log_names_gives_the_same_answer_again(shared: Tektra) -> None:
    body: dict[str, Any] = {"content": "Tell me a story.", "save": False, "stream": False}
    with shared.client() as client:
        client.post("/api/chat", json=body)  # so that both know as much of the prompt, and round alike
        first = client.post("/api/chat", json=body | {"sampling": {"temperature": 1.5, "max_tokens": 24}}).json()
        seed = entries(shared, kind="model.call", outcome="begun")[-1]["details"]["sampler"]["seed"]
        sampling = {"temperature": 1.5, "max_tokens": 24, "seed": seed}
        again = client.post("/api/chat", json=body | {"sampling": sampling}).json()
    assert first["content"] == again["content"]


def test_every_way_to_ask_a_model_is_recorded_before_and_after(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    with tektra.client() as client:
        messages = [{"role": "user", "content": SECRET}]
        asked = [
            client.post("/api/chat", json={"content": SECRET, "model": model, "save": False, "stream": False}),
            client.post("/v1/chat/completions", json={"messages": messages, "model": model, "n": 2}),
            client.post("/v1/chat/completions", json={"messages": messages, "model": model, "stream": True}),
            client.post("/v1/completions", json={"prompt": [SECRET, SECRET], "model": model}),
            client.post("/v1/embeddings", json={"input": [SECRET, SECRET], "model": model}),
        ]
    assert [answer.status_code for answer in asked] == [200] * 5
    found = entries(tektra, kind="model.call")
    begun = {entry["act"]: entry["details"] for entry in found if entry["outcome"] == "begun"}
    ended = {entry["act"]: entry["outcome"] for entry in found if entry["outcome"] != "begun"}
    assert [each["what"] for each in begun.values()] == ["chat"] * 4 + ["completion"] * 2 + ["embedding"]
    assert ended == dict.fromkeys(begun, "ok")
    assert SECRET not in json.dumps(found)


def test_a_refused_question_leaves_nothing_and_one_whose_client_goes_away_is_cancelled(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("endless", [{"say": "tick ", "forever": True, "pace_s": 0.001}])
    body = {"messages": [{"role": "user", "content": "go"}], "model": model, "stream": True}
    with tektra.client() as client:
        assert client.post("/v1/completions", json={"prompt": "x", "model": "no-such-model"}).status_code == 404
        assert acts(tektra, kind="model.call") == []
        with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            next(line for line in answer.iter_lines() if '"content":"t"' in line)
        while len(found := acts(tektra, kind="model.call")) < 2:
            pass
    assert found == [("model.call", "begun"), ("model.call", "cancelled")]


def test_a_worker_that_dies_leaves_a_failed_call(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("fragile", [{"say": "some words", "abort": 4}])
    with tektra.client() as client:
        client.post("/v1/completions", json={"prompt": "x", "model": model})
    *_, last = entries(tektra, kind="model.call")
    assert (last["outcome"], last["details"]["error"]) == ("failed", "worker_died")


def test_what_is_done_to_models_and_conversations_is_recorded(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    with tektra.client() as client:
        client.post(f"/api/models/{model}/load", json={})
        client.post("/api/chat", json={"content": "go", "model": model, "stream": False})
        client.post(f"/api/models/{model}/unload")
        client.delete("/api/conversations/latest")
        client.delete(f"/api/models/{model}")
        client.post("/api/models/import", json={"path": "/nowhere.gguf"})
        client.delete("/api/tuned")
    kinds = [kind for kind, outcome in acts(tektra) if outcome != "begun"]
    assert kinds == [
        "daemon.started", "model.import", "model.load", "model.call", "model.unload", "conversation.remove",
        "model.remove", "model.import", "model.forget_tuning",
    ]  # fmt: skip
    assert entries(tektra, kind="model.import")[-1]["outcome"] == "failed"


def test_a_confined_program_is_recorded_with_what_confined_it_and_one_beyond_its_limit_raises_an_alert(
    tektra: Tektra,
) -> None:
    with tektra.start().client() as client:
        level = client.get("/api/sandbox").json()["level"]
        if level == "C":
            pytest.skip("nothing confines programs here")
        client.post("/api/sandbox/run", json={"arguments": ["/bin/true"]})
        client.post("/api/sandbox/run", json={"arguments": ["/bin/sleep", "60"], "timeout_s": 0.2})
        alerts = client.get("/api/status").json()["alerts"]
    found = entries(tektra, kind="sandbox.run")
    assert [(entry["outcome"], entry["confinement"]) for entry in found] == [
        ("begun", level), ("ok", level), ("begun", level), ("failed", level),
    ]  # fmt: skip
    assert found[0]["details"]["arguments"] == ["/bin/true"]
    (limit,) = entries(tektra, kind="security")
    assert (limit["kind"], limit["details"]) == ("security.limit", {"limit": "time", "act": found[-1]["act"]})
    assert (alerts["count"], alerts["latest"]["kind"]) == (1, "security.limit")


TRIES_TO_GET_OUT = """
import os
for _ in range(3):
    try: os.chroot("/")
    except PermissionError: pass
print("tried", flush=True)
"""


def test_denied_system_calls_raise_one_alert_of_a_program_that_names_and_counts_them(hearing: Tektra) -> None:
    with hearing.client() as client:
        (*_, done) = events_of(client.post("/api/sandbox/run", json=_python(TRIES_TO_GET_OUT)).text)
        client.post("/api/sandbox/run", json=_python("print(1)"))
        alerts = client.get("/api/status").json()["alerts"]
    assert (done["code"], done["denied"]) == (0, {"chroot": 3})
    ran = entries(hearing, kind="sandbox.run")[1]
    (denied,) = entries(hearing, kind="security")
    assert (denied["kind"], denied["outcome"], denied["confinement"]) == (
        "security.denied_call", "denied", ran["confinement"],
    )  # fmt: skip
    assert denied["details"] == {"calls": {"chroot": 3}, "act": ran["act"]}
    assert (alerts["count"], alerts["latest"]["kind"]) == (1, "security.denied_call")


def test_denied_system_calls_are_told_also_when_nobody_waits_for_the_program_any_more(hearing: Tektra) -> None:
    endless = _python(TRIES_TO_GET_OUT + "while True: pass")
    with hearing.client() as client, client.stream("POST", "/api/sandbox/run", json=endless) as answer:
        assert "output" in next(answer.iter_lines())
    while not (found := entries(hearing, kind="security")):
        pass  # until the daemon has noticed
    assert found[0]["details"]["calls"] == {"chroot": 3}
    assert entries(hearing, kind="sandbox.run")[-1]["outcome"] == "cancelled"


@pytest.fixture
def hearing(tektra: Tektra) -> Tektra:
    """A daemon that hears of denied calls."""
    with tektra.start().client() as client:
        found = client.get("/api/sandbox").json()
    if found["level"] == "C" or found["unseen"]:
        pytest.skip(f"denied calls are not seen here: {found['why']} {found['unseen']}")
    return tektra


def _python(code: str) -> dict[str, Any]:
    return {"arguments": ["-"], "stdin": base64.b64encode(code.encode()).decode()}


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another user")
def test_a_refused_peer_leaves_one_security_event_however_often_he_tries(tektra: Tektra) -> None:
    tektra.start()
    for path in (tektra.socket, *list(tektra.socket.parents)[:3]):
        path.chmod(0o777)
    for _ in range(3):
        subprocess.run(
            [sys.executable, "-I", "-c", PROBE, str(tektra.socket)], cwd="/", check=True, capture_output=True
        )
    (event,) = entries(tektra, kind="security")
    assert (event["kind"], event["uid"], event["outcome"]) == ("security.peer_refused", 65534, "denied")
    assert event["details"] == {"method": "GET", "path": "/api/status"}


def paged(client: httpx2.Client, **wanted: str) -> list[int]:
    """The numbers of all entries that are wanted, asked for two at a time."""
    numbers: list[int] = []
    before: dict[str, Any] = {}
    while True:
        page = client.get("/api/audit", params={"limit": 2} | wanted | before).json()
        numbers += [entry["number"] for entry in page["entries"]]
        if page["next"] is None:
            return numbers
        before = {"before": page["next"]}


def test_entries_are_found_by_time_kind_outcome_user_and_words_a_page_at_a_time(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo_1", [{"say": "x"}])
    with tektra.client() as client:
        for _ in range(3):
            client.post("/api/chat", json={"content": "go", "model": model, "stream": False})
        everything = client.get("/api/audit").json()["entries"]
        numbers = [entry["number"] for entry in everything]
        assert numbers == sorted(numbers, reverse=True)
        assert paged(client) == numbers
        of_models = [entry["number"] for entry in everything if entry["kind"].startswith("model.")]
        assert paged(client, kind="model") == of_models
        of_models_later = client.get("/api/audit", params={"kind": "model", "after": of_models[-3]}).json()["entries"]
        assert [entry["number"] for entry in of_models_later] == sorted(of_models)[3:]
        later = client.get("/api/audit", params={"after": numbers[-3]}).json()["entries"]
        assert [entry["number"] for entry in later] == sorted(numbers)[3:]
        assert len(entries(tektra, kind="model")) == 8
        assert len(entries(tektra, kind="mod")) == 0
        assert len(entries(tektra, kind="model.call", outcome="ok")) == 3
        assert len(entries(tektra, uid=os.getuid())) == 8
        assert len(entries(tektra, words="ECHO_1 chat")) == 3
        assert entries(tektra, words="echo%1") == []
        assert len(entries(tektra, since=everything[1]["time"])) == 2
        assert len(entries(tektra, until=everything[1]["time"])) == len(everything) - 2
        assert client.get("/api/audit", params={"since": "yesterday"}).status_code == 400
        assert client.get(f"/api/audit/{numbers[0]}").json()["entry"] == everything[0]
        assert client.get("/api/audit/999999").status_code == 404
        stats = client.get("/api/audit/stats").json()
    assert sum(kind["entries"] for kind in stats["kinds"]) == stats["entries"] == len(everything)
    assert sum(user["entries"] for user in stats["users"]) == stats["entries"]


def test_all_entries_of_an_act_are_found_however_long_the_log_is(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    for _ in range(2):
        with tektra.client() as client:
            client.post("/api/chat", json={"content": "x", "model": model, "stream": False})
    begun, *_, done = entries(tektra, kind="model.call")
    assert begun["act"] != done["act"]
    assert [entry["outcome"] for entry in entries(tektra, act=begun["act"])] == ["begun", "ok"]
    assert entries(tektra, act=begun["act"], outcome="ok")[0]["act"] == begun["act"]
    assert entries(tektra, act="nothing") == []
    where, values = Filter(act=begun["act"], run="x").where()
    with contextlib.closing(database(tektra)) as store:
        plan = store.execute(f"EXPLAIN QUERY PLAN SELECT number FROM audit WHERE {where} ORDER BY number", values)
        assert "USING INDEX audit_by_" in str(plan.fetchall())


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(agent="coder"),
        Filter(uid=1000),
        Filter(run="k3vq7m2hx4ta"),
        Filter(act="qfoeqh5av2ri"),
        Filter(outcome="denied"),
        Filter(kind="model.call"),
    ],
)
def test_of_a_long_log_only_what_is_wanted_is_looked_at(tektra: Tektra, wanted: Filter) -> None:
    tektra.start()
    where, values = wanted.where(wanted.kind)
    with closing(database(tektra)) as store:
        plan = f"EXPLAIN QUERY PLAN SELECT number, body FROM audit WHERE {where} ORDER BY number DESC LIMIT 100"
        steps = [row[3] for row in store.execute(plan, values)]
    assert len(steps) == 1
    assert steps[0].startswith("SEARCH audit USING INDEX audit_by_")


@pytest.mark.parametrize(
    ("damage", "first_bad"),
    [
        ("UPDATE audit SET body = replace(body, 'echo', 'ecHo') WHERE number = 3", 3),
        ("UPDATE audit SET body = 'no json', hash = seal WHERE number = 4", 4),
        ("UPDATE audit SET body = x'ff00' || body WHERE number = 2", 2),
        ("UPDATE audit SET seal = zeroblob(32) WHERE number = 5", 5),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number <= 2", 1),
        ("UPDATE audit SET number = -1 WHERE number = 3", 1),
    ],
)
def test_what_is_changed_in_the_store_is_found_and_raises_an_alert(tektra: Tektra, damage: str, first_bad: int) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    with tektra.client() as client:
        for _ in range(3):
            client.post("/api/chat", json={"content": "go", "model": model, "stream": False})
        assert verified(tektra)["ok"]
        with closing(database(tektra)) as store:
            store.execute(damage)
        found = verified(tektra)
        assert not found["ok"]
        assert found["first_bad"]["number"] == first_bad
        assert client.get("/api/status").json()["alerts"]["latest"]["kind"] == "security.log_damaged"
        assert client.get("/api/audit").status_code == 200


def test_a_log_that_was_cut_is_found_by_a_head_that_was_known(tektra: Tektra) -> None:
    tektra.start().import_scripted("echo", [{"say": "x"}])
    head = verified(tektra)["head"]
    number = int(head.split(":")[0])
    assert verified(tektra, head=head)["ok"]
    with closing(database(tektra)) as store:
        store.execute("DELETE FROM audit WHERE number >= ?", [number])
    found = verified(tektra, head=head)
    assert not found["ok"]
    assert found["first_bad"]["number"] == number
    with tektra.client() as client:
        assert client.post("/api/audit/verify", json={"head": "1:zz"}).status_code == 400


def test_an_exported_log_is_verified_without_the_daemon_by_its_public_key(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    with tektra.client() as client:
        for _ in range(70):  # past a checkpoint
            client.post("/api/chat", json={"content": "go", "model": model, "stream": False})
    whole, path = export(tektra), tektra.home / "log.jsonl"
    path.write_bytes(whole)
    public = (tektra.home / "data" / "tektra" / "keys" / "audit.pub").read_text().strip()
    tektra.stop()
    found = check_file(path, "--public-key", public)
    assert (found["ok"], found["entries"], found["checkpoints"]) == (True, len(whole.splitlines()) - 2, 2)
    assert check_file(path)["ok"]
    assert check_file(path, "--public-key", "ab" * 32)["first_bad"]["number"] == 1
    path.write_bytes(whole.replace(b'"act":"', b'"act":"x', 1))
    bad = check_file(path, "--public-key", public)
    assert (bad["ok"], bad["first_bad"]["number"]) == (False, 1)
    path.write_bytes(b"\0" * 1000)
    assert check_file(path)["type"] == "failed"


def test_a_part_of_the_log_can_be_exported_and_verified_and_a_table_cannot(tektra: Tektra) -> None:
    tektra.start()
    for name in ("one", "two", "three"):
        tektra.import_scripted(name, [{"say": "x"}])
    second = entries(tektra, kind="model.import", words="two")[0]
    path = tektra.home / "part.jsonl"
    path.write_bytes(export(tektra, since=second["time"]))
    assert str(second["number"]) in path.read_text().splitlines()[1]
    assert check_file(path)["ok"]
    table = export(tektra, format="csv").decode().splitlines()
    assert table[0].startswith("number,time,kind,outcome")
    assert table[1].split(",")[2] == "daemon.started"
    with tektra.client() as client:
        nothing = client.post("/api/audit/export", json={"until": "2001-01-01"})
    assert nothing.status_code == 404


def test_old_entries_go_only_with_a_signed_word_about_it(tektra: Tektra) -> None:
    tektra.start()
    for name in ("one", "two", "three"):
        tektra.import_scripted(name, [{"say": "x"}])
    last = entries(tektra)[-1]
    with tektra.client() as client:
        assert client.post("/api/audit/prune", json={"before": "2001-01-01"}).json()["removed"] == 0
        gone = client.post("/api/audit/prune", json={"before": last["time"]}).json()["removed"]
    assert gone == last["number"] - 1
    left = entries(tektra)
    assert [entry["number"] for entry in left[:2]] == [last["number"], last["number"] + 1]
    assert left[1]["kind"] == "audit.pruned"
    assert verified(tektra)["ok"]
    path = tektra.home / "rest.jsonl"
    path.write_bytes(export(tektra))
    assert check_file(path)["ok"]
    with closing(database(tektra)) as store:
        store.execute("DELETE FROM audit WHERE number = ?", [last["number"]])
    assert verified(tektra)["first_bad"]["number"] == last["number"]


def test_the_key_is_its_owners_alone_and_the_daemon_does_not_start_with_one_that_is_not(tektra: Tektra) -> None:
    tektra.start()
    key = tektra.home / "data" / "tektra" / "keys" / "audit.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    tektra.stop()
    key.chmod(0o644)
    done = tektra.run("daemon", "start")
    assert done.returncode == 1
    assert "nobody else may read" in done.stderr


def test_a_link_or_half_a_key_is_no_key(tmp_path: Path) -> None:
    made = make_key(tmp_path / "keys" / "audit.key", tmp_path / "keys" / "audit.pub")
    assert read_key(tmp_path / "keys" / "audit.key").public == made.public
    (tmp_path / "link").symlink_to(tmp_path / "keys" / "audit.key")
    (tmp_path / "half").write_bytes(b"x" * 31)
    (tmp_path / "half").chmod(0o600)
    os.mkfifo(tmp_path / "fifo", 0o600)
    for name in ("link", "half", "fifo"):
        with pytest.raises(UnsafeKey):
            read_key(tmp_path / name)


def test_the_head_is_told_to_the_system_journal_where_there_is_one(tmp_path: Path) -> None:
    place = tmp_path / "journal"
    head = Head(7, bytes(range(32)))
    assert not journal.tell(head, "nobody listens", place)
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_DGRAM) as listener:
        listener.bind(str(place))
        assert journal.tell(head, "the daemon stops", place)
        fields = dict(line.split("=", 1) for line in listener.recv(4096).decode().splitlines())
    assert fields["TEKTRA_AUDIT_HEAD"] == str(head)
    assert fields["SYSLOG_IDENTIFIER"] == "tektra-audit"


def test_a_transaction_that_came_to_nothing_leaves_no_gap(tmp_path: Path) -> None:
    async def appended() -> None:
        async with open_store(tmp_path / "store.db") as store:
            log = AuditLog(store, SystemClock(), make_key(tmp_path / "audit.key", tmp_path / "audit.pub"))
            await log.record(Entry(kind="one", uid=0))
            with contextlib.suppress(ZeroDivisionError):
                async with store.transaction() as tx:
                    await log.append(tx, Entry(kind="lost", uid=0))
                    raise ZeroDivisionError
            await log.record(Entry(kind="two", uid=0))

    asyncio.run(appended())
    *_, found = store_steps(tmp_path / "store.db", read_key(tmp_path / "audit.key"), None)
    assert (found["ok"], found["entries"]) == (True, 2)


def test_a_log_that_is_cut_while_the_daemon_runs_shows_a_gap_afterwards(tektra: Tektra) -> None:
    tektra.start()
    for name in ("one", "two"):
        tektra.import_scripted(name, [{"say": "x"}])
    last = entries(tektra)[-1]["number"]
    with closing(database(tektra)) as store:
        store.execute("DELETE FROM audit WHERE number >= ?", [last - 1])
    tektra.import_scripted("three", [{"say": "x"}])
    assert verified(tektra)["first_bad"]["number"] == last - 1
