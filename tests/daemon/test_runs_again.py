"""Runs once more: from a step on, behind the last finished one, and those that nobody does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.daemon.test_run_changes import DONE, TOOLS, results
from tests.daemon.test_runs import agent, begun, call, ended
from tests.guests import needs_guests
from tests.harness import Tektra

pytestmark = needs_guests

COUNTING = [
    {"when": "1\n2\n3", "say": DONE},
    {"when": "second", "say": call("shell", command="echo 3 >> log; cat log")},
    {"when": "first", "say": call("shell", command="echo 2 >> log; echo second")},
    {"say": call("shell", command="echo 1 >> log; echo first")},
]


def posted(tektra: Tektra, path: str, **body: Any) -> dict[str, Any]:
    with tektra.client() as client:
        answer = client.post(f"/api/runs/{path}", json=body)
        return dict(answer.json())


@pytest.mark.parametrize(("step", "taken_over"), [(None, 0), (1, 0), (2, 1), (4, 3)])
def test_a_run_is_done_once_more_from_any_of_its_steps_on(tektra: Tektra, step: int | None, taken_over: int) -> None:
    agent(tektra.start(), COUNTING, tools=TOOLS)
    first, told = ended(tektra, begun(tektra))
    again = posted(tektra, f"{first['id']}/retry", **({} if step is None else {"from_step": step}))["run"]
    assert again["id"] != first["id"]
    second, told_again = ended(tektra, again["id"])
    assert second["result"] == first["result"] | {"cached_tokens": second["result"]["cached_tokens"]}
    assert results(told_again) == results(told)
    with tektra.client() as client:
        begun_calls = client.get("/api/audit", params={"kind": "tool.call", "run": again["id"]}).json()["entries"]
    assert sum(entry["outcome"] == "begun" for entry in begun_calls) == 3 - taken_over


def test_a_cancelled_run_goes_on_behind_its_last_finished_step(tektra: Tektra) -> None:
    slow = [COUNTING[0], COUNTING[1], COUNTING[2] | {"first_s": 3.0}, COUNTING[3]]
    agent(tektra.start(), slow, tools=TOOLS)
    run = begun(tektra)
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        next(line for line in stream.iter_lines() if '"type":"result"' in line.replace(" ", ""))
    posted(tektra, f"{run}/cancel")
    assert ended(tektra, run)[0]["state"] == "cancelled"
    tektra.import_scripted("mind-counter", COUNTING)
    taken_up = posted(tektra, f"{run}/resume")["run"]
    assert (taken_up["id"], taken_up["state"], taken_up["attempt"]) == (run, "queued", 1)
    done, told = ended(tektra, run)
    assert (done["state"], results(told)) == ("succeeded", ["first", "second", "1\n2\n3"])
    assert "only one that failed or was cancelled" in posted(tektra, f"{run}/resume")["error"]["message"]


def test_a_run_that_was_taken_up_again_survives_the_daemon_s_death(tektra: Tektra) -> None:
    agent(tektra.start(), [COUNTING[0], COUNTING[1], COUNTING[2] | {"first_s": 2.0}, COUNTING[3]], tools=TOOLS)
    run = begun(tektra)
    for times in (1, 2):
        with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
            next(line for line in stream.iter_lines() if '"type":"result"' in line.replace(" ", ""))
        if times == 1:
            posted(tektra, f"{run}/cancel")
            posted(tektra, f"{run}/resume")
    tektra.kill()
    tektra.start()
    done, told = ended(tektra, run)
    assert (done["state"], results(told)) == ("succeeded", ["first", "second", "1\n2\n3"])


def test_what_cannot_be_done_once_more_is_refused(tektra: Tektra) -> None:
    agent(tektra.start(), COUNTING, tools=TOOLS)
    run, _ = ended(tektra, begun(tektra))
    assert "has 4 steps" in posted(tektra, f"{run['id']}/retry", from_step=9)["error"]["message"]
    assert posted(tektra, "nothing/retry")["error"]["code"] == "run_not_found"
    assert posted(tektra, "unstick") == {"schema": "tektra.runs-unstuck/1", "runs": []}
