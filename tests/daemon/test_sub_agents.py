"""Agents that ask agents: one run, one folder, one log."""

from __future__ import annotations

from typing import Any

from tests.daemon.test_audit import entries
from tests.daemon.test_run_changes import DONE, results
from tests.daemon.test_runs import agent, begun, call, ended
from tests.guests import guest_of, needs_guests
from tests.harness import Tektra

pytestmark = needs_guests


def family(tektra: Tektra, second: list[dict[str, Any]], **fields: Any) -> None:
    """A first agent that has a second one write, and reads what that wrote."""
    agent(tektra, second, "writer", tools=["write"], **fields)
    first = [
        {"when": "1 line|failed", "say": DONE},
        {"when": "written", "say": call("read", path="new.txt")},
        {"say": call("ask_writer", task="Write new.txt")},
    ]
    agent(tektra, first, "first", tools=["agent:writer", "read"])


WRITER = [
    {"when": "made new.txt", "say": call("final_answer", answer="written")},
    {"say": call("write", path="new.txt", content="by the second\n")},
]


def test_an_agent_has_another_one_do_a_task_in_the_same_folder_and_run(tektra: Tektra) -> None:
    family(tektra.start(), WRITER)
    run, told = ended(tektra, begun(tektra, "first"))
    assert (run["state"], run["result"]["answer"], run["result"]["has_changes"]) == ("succeeded", "done", True), told
    assert results(told) == ["made new.txt: 1 line added, 0 removed", "written", "1 line\nby the second"]
    whose = [(event["data"].get("agent", ""), event["data"]["tool"]) for event in told if event["type"] == "tool"]
    assert whose == [("", "ask_writer"), ("writer", "write"), ("", "read")]
    log = [entry for entry in entries(tektra, run=run["id"], kind="tool.call") if entry["outcome"] == "begun"]
    calls = [(entry["agent"], entry["details"]["tool"]) for entry in log]
    assert calls == [("first", "ask_writer"), ("writer", "write"), ("first", "read")]
    assert run["result"]["prompt_tokens"] > 0


def test_a_run_goes_on_in_the_middle_of_another_agent_s_work(tektra: Tektra) -> None:
    family(tektra.start(), [WRITER[0] | {"first_s": 2.0}, WRITER[1]])
    run = begun(tektra, "first")
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        next(line for line in stream.iter_lines() if "made new.txt" in line)
    tektra.kill()
    tektra.start()
    done, told = ended(tektra, run)
    assert (done["state"], results(told)[-1]) == ("succeeded", "1 line\nby the second")
    log = [entry for entry in entries(tektra, run=run, kind="tool.call") if entry["outcome"] == "begun"]
    assert [entry["details"]["tool"] for entry in log] == ["ask_writer", "write", "read"]


def test_what_another_agent_did_is_not_done_again_where_the_first_one_s_process_dies(tektra: Tektra) -> None:
    family(tektra.start(), WRITER)
    slow = [
        {"when": "1 line|failed", "say": DONE},
        {"when": "written", "say": call("read", path="new.txt"), "first_s": 2.0},
        {"say": call("ask_writer", task="Write new.txt")},
    ]
    agent(tektra, slow, "slow", tools=["agent:writer", "read"])
    run = begun(tektra, "slow")
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        next(line for line in stream.iter_lines() if '"result":"written"' in line.replace(" ", ""))
        guest_of(tektra).kill()
    done, told = ended(tektra, run)
    assert (done["state"], results(told)[-1]) == ("succeeded", "1 line\nby the second"), done
    assert done["attempt"] == 0
    log = [entry for entry in entries(tektra, run=run, kind="tool.call") if entry["outcome"] == "begun"]
    assert [entry["details"]["tool"] for entry in log] == ["ask_writer", "write", "read"]
    asked = [entry for entry in entries(tektra, run=run, kind="model.call") if entry["outcome"] == "begun"]
    assert len(asked) == len(slow) + len(WRITER)


def test_what_another_agent_fails_at_is_a_result_that_can_be_acted_on(tektra: Tektra) -> None:
    family(tektra.start(), [{"say": call("write", path="new.txt", content="x")}], limits={"steps": 1})
    run, told = ended(tektra, begun(tektra, "first"))
    assert (run["state"], run["result"]["answer"]) == ("succeeded", "done")
    assert "writer failed: it used its 1 steps" in results(told)[-1]


def test_agents_that_ask_each_other_for_ever_come_to_an_end(tektra: Tektra) -> None:
    say = [{"when": "levels deep", "say": DONE}, {"when": "done", "say": DONE}, {"say": call("ask_loop", task="go on")}]
    agent(tektra.start(), say, "loop", tools=["agent:loop"])
    run, told = ended(tektra, begun(tektra, "loop"))
    assert run["state"] == "succeeded"
    assert any("3 levels deep at most" in result for result in results(told))
