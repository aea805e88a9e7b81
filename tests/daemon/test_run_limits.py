"""Runs that are long, results that are long, and runs that use up what they may use: real guests, a scripted model."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.daemon.test_audit import entries
from tests.daemon.test_runs import READ, agent, asked, begun, call, ended, folder
from tests.guests import needs_guests
from tests.harness import Tektra

pytestmark = needs_guests
NAMES = "abcdef"


def reader(tektra: Tektra, context: int = 4000, first_s: float = 0.0) -> None:
    """An agent that reads six files of 500 characters one after the other, more than its model's context holds."""
    for name in NAMES:
        (folder(tektra) / f"{name}.txt").write_text(f"{name * 500} end-{name}\n")
    replies = [{"when": "end-f", "say": call("final_answer", answer="all read"), "first_s": first_s}]
    replies += [
        {"when": f"end-{name}", "say": call("read", path=f"{after}.txt")}
        for name, after in reversed(list(itertools.pairwise(NAMES)))
    ]
    replies += [{"say": call("read", path="a.txt")}]
    model = tektra.import_scripted("small", replies, context=context)
    with tektra.client() as client:
        made = client.post("/api/agents", json={"agent": {"name": "reader", "model": model, "tools": ["read"]}})
        assert made.status_code == 201


def of(told: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in told if event["type"] == kind]


def test_a_run_longer_than_its_model_s_context_goes_on_and_tells_what_it_left_out(tektra: Tektra) -> None:
    reader(tektra.start())
    run, told = ended(tektra, begun(tektra, "reader"))
    assert (run["state"], run["result"]["answer"]) == ("succeeded", "all read")
    (gone,) = of(told, "left_out")
    assert gone["results"][:2] == ["read(path='a.txt')", "read(path='b.txt')"]
    assert gone["characters"] > 800
    sizes = [entry["details"]["prompt_tokens"] for entry in entries(tektra, run=run["id"], kind="model.call")]
    assert max(sizes) <= 4000 * 3 // 4
    assert sizes != sorted(sizes)  # so what the log tells is what was sent


def test_a_killed_daemon_leaves_out_the_same_and_goes_on(tektra: Tektra) -> None:
    reader(tektra.start(), first_s=3.0)
    run = begun(tektra, "reader")
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        for line in stream.iter_lines():
            if "end-f" in line and '"result"' in line:
                break
    tektra.kill()
    tektra.start()
    done, told = ended(tektra, run)
    assert (done["state"], done["result"]["answer"]) == ("succeeded", "all read")
    assert len(of(told, "left_out")) == 1
    assert len(of(told, "result")) == len(NAMES)


def test_a_task_that_no_cut_makes_fit_ends_with_both_numbers(tektra: Tektra) -> None:
    reader(tektra.start(), context=1000)
    run, _ = ended(tektra, begun(tektra, "reader", task="count " * 300))
    assert run["state"] == "failed"
    assert run["error"].startswith("the task needs more context than small has: ")
    assert run["error"].endswith(" of 750 tokens")


def test_a_long_result_is_kept_and_its_middle_is_read_without_asking_anybody(tektra: Tektra) -> None:
    lines = [f"line {number} {'x' * 90}" for number in range(1, 301)]
    (folder(tektra) / "long.txt").write_text("\n".join(lines))
    replies = [
        {"when": "here 151 to 152", "say": call("final_answer", answer="found")},
        {"when": "result:1", "say": call("read", path="result:1", first=151, count=2)},
        {"say": call("read", path="long.txt")},
    ]
    agent(tektra.start(), replies, limits={"steps": 4})
    run, told = ended(tektra, begun(tektra))
    assert run["result"]["answer"] == "found"
    assert [data["longest"] for data in of(told, "left_out")] == [1500]  # its model's context is 4,096 tokens
    cut, rest = (data["result"] for data in of(told, "result"))
    assert 12_000 < len(cut) < 12_200
    assert cut.endswith('\n[read(path="result:1") with first and count shows all of it]')
    assert rest.splitlines() == ["result:1: 301 lines, here 151 to 152; go on with first=153", *lines[149:151]]
    assert len(entries(tektra, run=run["id"], kind="tool.call")) == 4
    asked = [entry["details"]["resource"] for entry in entries(tektra, run=run["id"], kind="permission.decide")]
    assert "result:1" not in json.dumps(asked)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"path": "result:7"}, "there is no result:7"),
        ({"path": "result:07"}, "No such file"),
    ],
)
def test_a_result_that_there_is_not_is_said_to_be_none(tektra: Tektra, wanted: dict[str, Any], said: str) -> None:
    answer = {"when": "rror", "say": call("final_answer", answer="no")}
    agent(tektra.start(), [answer, {"say": call("read", **wanted)}], limits={"steps": 3})
    _, told = ended(tektra, begun(tektra))
    (result,) = of(told, "result")
    assert said in result["error"]


def test_an_agent_without_more_steps_ends_with_its_last_words(tektra: Tektra) -> None:
    turns = [{"when": "Answer now", "say": "I was nearly there."}, {"say": READ}]
    agent(tektra.start(), turns, limits={"steps": 2})
    run, _ = ended(tektra, begun(tektra))
    assert (run["state"], run["error"]) == ("failed", "it used its 2 steps")
    assert (run["result"]["state"], run["result"]["answer"]) == ("steps", "I was nearly there.")
    assert run["result"]["steps"] >= 2


def test_tokens_are_counted_after_each_answer_and_an_answer_that_is_there_still_counts(tektra: Tektra) -> None:
    agent(tektra.start(), [{"say": f"I read. {READ}"}], limits={"tokens": 10})
    run, told = ended(tektra, begun(tektra))
    assert (run["state"], run["error"]) == ("failed", "it used its 10 tokens")
    assert (run["result"]["state"], run["result"]["answer"].strip()) == ("tokens", "I read.")
    assert of(told, "tool") == []
    agent(tektra, [{"say": call("final_answer", answer="at once")}], "brief", limits={"tokens": 10})
    run, _ = ended(tektra, begun(tektra, "brief"))
    assert (run["state"], run["result"]["answer"]) == ("succeeded", "at once")


def test_time_ends_a_run_in_the_middle_of_an_answer(tektra: Tektra) -> None:
    agent(tektra.start(), [{"say": READ, "first_s": 60.0}], limits={"seconds": 4})
    run, _ = ended(tektra, begun(tektra))
    assert (run["state"], run["error"]) == ("failed", "it used its 4 seconds")
    assert run["result"]["state"] == "seconds"


def test_time_that_a_run_took_before_the_daemon_died_counts(tektra: Tektra) -> None:
    last = {"when": "3 lines", "say": call("final_answer", answer="three"), "first_s": 6.0}
    agent(tektra.start(), [last, {"say": READ, "first_s": 6.0}], limits={"seconds": 11})
    run = begun(tektra)
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        for line in stream.iter_lines():
            if '"result"' in line:
                break
    tektra.kill()
    tektra.start()
    done, _ = ended(tektra, run)
    assert (done["state"], done["error"]) == ("failed", "it used its 11 seconds")


def test_a_prompt_is_shown_with_what_was_left_out_of_it_then(tektra: Tektra) -> None:
    reader(tektra.start())
    run, told = ended(tektra, begun(tektra, "reader"))
    (gone,) = of(told, "left_out")
    prompts = [asked(tektra, run["id"], str(step + 1)) for step in range(len(of(told, "step")))]
    cut = [prompt for prompt in prompts if prompt["left_out"]["results"]]
    assert (cut[0]["left_out"]["results"], prompts[0]["left_out"]["results"]) == (gone["results"], [])
    texts = [message["text"] for message in cut[0]["messages"]]
    assert any("the result of read(path='a.txt') was left out here" in text for text in texts)
    assert not any("end-a" in text for text in texts)
    assert any("end-a" in message["text"] for message in prompts[1]["messages"])
