"""Tools of one's own, pages, databases and the time, over HTTP: real guests, real confinement, a scripted model."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from tests.daemon.test_audit import entries
from tests.daemon.test_runs import agent, begun, call, ended, folder
from tests.guests import needs_guests
from tests.harness import Tektra
from tests.pages import Answer, Pages

SOURCE = '''from typing import Literal
from tektra import tool

@tool(timeout=30)
def brew(kind: Literal["green", "black"], cups: int = 1) -> dict:
    """Brew tea.

    Args:
        kind: Which tea.
        cups: How many cups.
    """
    if cups > 9:
        raise ValueError("the pot is too small")
    return {"kind": kind, "cups": cups}

@tool
def stir() -> str:
    """Stir it."""
    return "stirred"
'''


def added(tektra: Tektra, source: str = SOURCE) -> dict[str, Any]:
    with tektra.client() as client:
        answer = client.post("/api/tools", json={"source": source})
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        return document


def results(tektra: Tektra, name: str) -> tuple[str, list[Any]]:
    """How a run of an agent ended, and what its tools gave it."""
    run, told = ended(tektra, begun(tektra, name))
    assert run["state"] == "succeeded", run
    return run["result"]["answer"], [event["data"] for event in told if event["type"] == "result"]


@needs_guests
def test_an_agent_calls_a_tool_of_one_s_own_and_hears_what_is_wrong_with_a_call(tektra: Tektra) -> None:
    tektra.start()
    added(tektra)
    replies = [
        {"when": '"cups": 2', "say": call("final_answer", answer="two cups")},
        {"when": "Invalid enum", "say": call("brew", kind="black", cups=2)},
        {"when": "pot is too small", "say": call("brew", kind="white")},
    ]
    agent(tektra, [*replies, {"say": call("brew", kind="green", cups=10)}], tools=["file:brew"])
    answer, told = results(tektra, "counter")
    assert answer == "two cups"
    assert "ValueError: the pot is too small" in told[0]["error"]
    assert "line 13, in brew" in told[0]["error"]
    assert "Invalid enum value 'white'" in told[1]["error"]
    assert told[2] == {"result": '{"kind": "black", "cups": 2}', "data": {"kind": "black", "cups": 2}}
    calls = entries(tektra, kind="tool.call")
    assert [(each["outcome"], each["details"].get("resource")) for each in calls] == [
        ("begun", "file:brew"), ("failed", None), ("failed", None), ("begun", "file:brew"), ("ok", None),
    ]  # fmt: skip


@needs_guests
def test_tools_that_hang_flood_or_die_leave_the_agent_and_the_daemon_as_they_were(tektra: Tektra) -> None:
    tektra.start()
    bodies = {
        "hang": "while True: pass",
        "flood": "while True: print('x' * 9999)",
        "die": "import os; os.kill(os.getpid(), 9)",
    }
    marked = "\n@tool(timeout=1)\ndef {}() -> str:\n    'Do it.'\n    {}\n"
    added(tektra, "from tektra import tool\n" + "".join(marked.format(*each) for each in bodies.items()))
    replies = [
        {"when": "without a result", "say": call("final_answer", answer="all failed")},
        {"when": "it printed too much", "say": call("die")},
        {"when": "more than 1 seconds", "say": call("flood")},
        {"say": call("hang")},
    ]
    agent(tektra, replies, tools=[f"file:{name}" for name in bodies])
    answer, told = results(tektra, "counter")
    assert (answer, [sorted(each) for each in told]) == ("all failed", [["error"]] * 3)
    with tektra.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}


@needs_guests
def test_a_run_says_which_tools_there_are_not_and_goes_on(tektra: Tektra) -> None:
    tektra.start()
    added(tektra)
    with tektra.client() as client:
        client.post("/api/tools/brew/disable", json={})
    agent(tektra, [{"say": call("final_answer", answer="none")}], tools=["file:brew", "file:nothing", "file:stir"])
    run, told = ended(tektra, begun(tektra))
    assert run["result"]["answer"] == "none"
    (note,) = (event["data"]["text"] for event in told if event["type"] == "note")
    assert ("file:brew" in note, "file:nothing" in note, "file:stir" in note) == (True, True, False)


@needs_guests
def test_an_agent_reads_a_page_asks_a_database_and_the_time(tektra: Tektra) -> None:
    tektra.start(TEKTRA_PRIVATE_HOSTS="127.0.0.1")
    with closing(sqlite3.connect(folder(tektra) / "tea.db")) as db, db:
        db.execute("CREATE TABLE tea (kind)")
        db.execute("INSERT INTO tea VALUES ('green')")
    with Pages({"/tea": Answer(b"<h1>Tea</h1>", "text/html"), "/logo": Answer(b"\x89PNG", "image/png")}) as web:
        url = f"http://127.0.0.1:{web.port}"
        replies = [
            {"when": "UTC: 2", "say": call("final_answer", answer="done")},
            {"when": r"kind", "say": call("now")},
            {"when": "# Tea", "say": call("sqlite", path="tea.db", query="SELECT * FROM tea")},
            {"when": "is image/png", "say": call("fetch", url=f"{url}/tea")},
            {"when": "may not reach", "say": call("fetch", url=f"{url}/logo")},
            {"say": call("fetch", url="http://192.0.2.1/")},
        ]
        agent(tektra, replies, tools=["fetch", "sqlite", "now"], limits={"network": ["127.0.0.1"]})
        with tektra.client() as client:
            grant = {"decision": "allow", "action": "fetch", "resource": "127.0.0.1", "agent": "counter"}
            assert client.post("/api/permissions", json=grant).status_code == 201
        answer, told = results(tektra, "counter")
    assert answer == "done"
    assert "may not reach 192.0.2.1" in told[0]["error"]
    assert "is image/png, 4 bytes, and no text" in told[1]["error"]
    assert told[2]["result"].endswith("# Tea")
    assert told[3] == {"result": "kind\ngreen", "data": {"columns": ["kind"], "rows": [["green"]]}}
    assert [path for path, _ in web.asked] == ["/logo", "/tea"]


@needs_guests
def test_a_host_on_the_agent_s_list_still_goes_before_the_policy(tektra: Tektra) -> None:
    tektra.start(TEKTRA_PRIVATE_HOSTS="127.0.0.1")
    with Pages({"/": Answer(b"tea")}) as web:
        replies = [
            {"when": "rror", "say": call("final_answer", answer="no")},
            {"say": call("fetch", url=f"http://127.0.0.1:{web.port}/")},
        ]
        agent(tektra, replies, tools=["fetch"], limits={"network": ["127.0.0.1"]}, human="never")
        assert results(tektra, "counter")[0] == "no"
    assert web.asked == []


def test_tools_are_kept_shown_switched_and_forgotten_and_the_log_says_so(tektra: Tektra) -> None:
    tektra.start()
    document = added(tektra)
    assert [tool["name"] for tool in document["tools"]] == ["brew", "stir"]
    assert document["tools"][0] | {"added_at": "", "sha256": ""} == {
        "name": "brew",
        "description": "Brew tea.",
        "inputs": {
            "kind": {"type": "string", "enum": ["green", "black"], "description": "Which tea."},
            "cups": {"type": "integer", "description": "How many cups.", "nullable": True},
        },
        "output_type": "object", "timeout_s": 30.0, "retries": 0, "enabled": True, "added_at": "", "sha256": "",
    }  # fmt: skip
    with tektra.client() as client:
        found = client.get("/api/tools").json()
        assert [tool["name"] for tool in found["tools"]] == ["brew", "stir"]
        assert {"read", "fetch", "sqlite", "now"} <= {tool["name"] for tool in found["built_in"]}
        assert client.get("/api/tools/brew").json()["source"] == SOURCE
        for what, enabled in (("disable", False), ("disable", False), ("enable", True)):
            assert client.post(f"/api/tools/brew/{what}", json={}).json()["tool"]["enabled"] is enabled
        other = added(tektra, SOURCE.replace("stirred", "stirred twice"))
        assert other["sha256"] != document["sha256"]
        assert client.delete("/api/tools/brew").json()["name"] == "brew"
        for method, path in (("DELETE", "brew"), ("GET", "brew"), ("POST", "no%2Fne/enable"), ("POST", "brew/disable")):
            assert client.request(method, f"/api/tools/{path}").status_code == 404
        for source, why in (("x = 1", "there is no tool"), ("from tektra import tool\n@tool\ndef f(x): 'x'", "line 3")):
            refused = client.post("/api/tools", json={"source": source})
            assert (refused.status_code, why in refused.json()["error"]["message"]) == (400, True)
    told = [each for kind in ("add", "disable", "enable", "remove") for each in entries(tektra, kind=f"tool.{kind}")]
    assert [(each["kind"], each["details"]["name"]) for each in told] == [
        ("tool.add", "brew"), ("tool.add", "stir"), ("tool.add", "brew"), ("tool.add", "stir"),
        ("tool.disable", "brew"), ("tool.enable", "brew"), ("tool.remove", "brew"),
    ]  # fmt: skip
    assert told[2]["details"]["was"] == document["sha256"]
    assert SOURCE.splitlines()[4] not in json.dumps(told)


def test_looking_at_a_source_says_which_tools_it_has_and_runs_it_with_its_module(shared: Tektra) -> None:
    with shared.client() as client:
        found = client.post("/api/tools/check", json={"source": SOURCE}).json()
        assert ([tool["name"] for tool in found["tools"]], found["refused"]) == (["brew", "stir"], "")
        if found["dry_run"] is not None:
            assert found["dry_run"]["error"] == ""
        none = client.post("/api/tools/check", json={"source": "x = 1", "dry_run": False}).json()
        assert (none["tools"], "there is no tool in it" in none["refused"]) == ([], True)


@needs_guests
def test_a_run_goes_on_after_a_crash_though_its_tools_were_changed_meanwhile(tektra: Tektra) -> None:
    tektra.start()
    added(tektra)
    replies = [
        {"when": "changed or removed", "say": call("final_answer", answer="no tea")},
        {"when": "stirred", "say": call("brew", kind="green"), "first_s": 2.0},
        {"say": call("stir")},
    ]
    agent(tektra, replies, tools=["file:stir", "file:brew"])
    run = begun(tektra)
    with tektra.client() as client:
        with client.stream("GET", f"/api/runs/{run}/events") as stream:
            next(line for line in stream.iter_lines() if '"result":"stirred"' in line.replace(" ", ""))
        added(tektra, SOURCE.replace("Brew tea.", "Brew strong tea."))
        assert client.delete("/api/tools/stir").is_success
    tektra.kill()
    tektra.start()
    done, told = ended(tektra, run)
    assert (done["state"], done["result"]["answer"]) == ("succeeded", "no tea"), done
    assert [event["data"].get("result", "") for event in told if event["type"] == "result"] == ["stirred", ""]
