"""A daemon killed with all its processes again and again while an agent works: nothing is lost, or done twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tektrad.sandbox.sandbox import ROOTS_WORKSPACES
from tests.crash.test_answers import FILLER_BYTES, small_disk
from tests.daemon.test_audit import entries
from tests.daemon.test_runs import agent, begun, call, ended
from tests.guests import guest_of, needs_guests
from tests.harness import Tektra
from tests.sandbox.test_kept import told as held

pytestmark = needs_guests
STEPS = 20
KILLS = int(os.environ.get("TEKTRA_KILLS", "6"))


def step(number: int) -> str:
    """One of three kinds of things that an agent does; each says that it was this step."""
    if number % 3 == 0:
        return call("write", path=f"notes/{number}.txt", content=f"step {number};\n" * number)
    line = f"echo 'step {number};' | tee -a log; rm -f notes/{number - 4}.txt; mkdir -p d{number}"
    if number % 3 == 1:
        return call("shell", command=line)
    return call("python", code=f"import os\nos.system({line!r})\nos.symlink('log', 'link{number}')")


def script() -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = [{"say": step(1)}]
    for number in range(1, STEPS):
        seen = f"step {number};|made notes/{number}.txt"
        said.append({"when": f"({seen})(?!.*(step|made notes/){number + 1})", "say": step(number + 1)})
    said.append({"when": f"step {STEPS};", "say": call("final_answer", answer="done")})
    return said[::-1]


@pytest.fixture
def working(tektra: Tektra) -> Tektra:
    agent(tektra.start(), script(), tools=["write", "shell", "python"], limits={"steps": STEPS + 5})
    return tektra


def work(tektra: Tektra, run: str) -> dict[str, object]:
    """What lies in the private copy."""
    folder = ROOTS_WORKSPACES if os.getuid() == 0 else tektra.home / ".local/share/tektra/workspaces"
    found = held(Path(folder) / run / "work")
    assert found
    return found


def test_a_run_ends_as_if_nothing_had_happened_however_often_everything_is_killed(working: Tektra) -> None:
    undisturbed = begun(working)
    assert ended(working, undisturbed)[0]["state"] == "succeeded"
    expected = work(working, undisturbed)
    chance = random.Random(KILLS)
    run, kills = begun(working), 0
    finished: Counter[str] = Counter()
    while kills < KILLS:
        wanted = chance.randrange(1, 8)
        with working.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
            new = (line for line in stream.iter_lines() if line.startswith("data:"))
            before = len(finished)
            for line in new:
                if '"type":"done"' in line.replace(" ", ""):
                    assert_undisturbed(working, run, expected, kills)
                    run = begun(working)
                    finished.clear()
                    break
                finished[line] += 1
                if len(finished) >= before + wanted:
                    break
        working.kill()
        working.start()
        kills += 1
    assert_undisturbed(working, run, expected, kills)


def assert_undisturbed(tektra: Tektra, run: str, expected: dict[str, object], kills: int) -> None:
    done, told = ended(tektra, run)
    assert (done["state"], done["result"]["answer"]) == ("succeeded", "done"), done
    assert work(tektra, run) == expected
    results = [event["data"]["result"] for event in told if event["type"] == "result"]
    assert len(results) == STEPS, "each step told its result once"
    log = entries(tektra, run=run, kind="tool.call")
    begun_steps = sum(entry["outcome"] == "begun" for entry in log)
    assert STEPS <= begun_steps <= STEPS + kills, "only a step that was under way is done again"


def test_another_guest_goes_on_where_one_is_killed(tektra: Tektra) -> None:
    said = script()
    said[-2]["first_s"] = 2.0
    agent(tektra.start(), said, tools=["write", "shell", "python"], limits={"steps": STEPS + 5})
    run = begun(tektra)
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        next(line for line in stream.iter_lines() if '"type":"result"' in line.replace(" ", ""))
        guest_of(tektra).kill()
    done, told = ended(tektra, run)
    assert (done["state"], done["result"]["answer"]) == ("succeeded", "done"), done
    assert len([event for event in told if event["type"] == "result"]) == STEPS
    begun_steps = [entry for entry in entries(tektra, run=run, kind="tool.call") if entry["outcome"] == "begun"]
    assert len(begun_steps) == STEPS, "no step is done again"


def test_a_model_whose_worker_is_killed_while_it_answers_is_asked_again(tektra: Tektra) -> None:
    said = [{"when": "step 1;", "say": call("final_answer", answer="done"), "pace_s": 0.05}, {"say": step(1)}]
    agent(tektra.start(), said, tools=["shell"])
    run = begun(tektra)
    with tektra.client() as client:
        with client.stream("GET", f"/api/runs/{run}/events") as stream:
            next(line for line in stream.iter_lines() if '"type":"step"' in line.replace(" ", ""))
        while len(entries(tektra, run=run, kind="model.call")) < 3:
            pass  # the second answer is being written by then
        (loaded,) = client.get("/api/ps").json()["models"]
        os.kill(loaded["pid"], signal.SIGKILL)
    assert ended(tektra, run)[0]["result"]["answer"] == "done"


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount a small disk")
def test_a_run_on_a_disk_that_fills_up_ends_in_words_and_goes_on_when_there_is_room(tektra: Tektra) -> None:
    disk = tektra.home / "data"
    with small_disk(disk, "6m"):
        agent(tektra.start(), script(), tools=["write", "shell", "python"], limits={"steps": STEPS + 5})
        run = begun(tektra)
        with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
            next(line for line in stream.iter_lines() if '"type":"result"' in line.replace(" ", ""))
            with contextlib.suppress(OSError), (disk / "filler").open("wb") as file:
                file.write(b"\0" * FILLER_BYTES)
        body = {"prompt": "x", "model": "mind-counter"}
        with tektra.client() as client:
            while client.post("/v1/completions", json=body).status_code == 200:
                pass  # until the store has used up what it had
        (disk / "filler").unlink()
        done, _ = ended(tektra, run)
        if done["state"] == "failed":
            assert "no room left" in done["error"] or "full" in done["error"], done["error"]
            with tektra.client() as client:
                assert client.post(f"/api/runs/{run}/resume", json={}).status_code == 202
            done, _ = ended(tektra, run)
        assert (done["state"], done["result"]["answer"]) == ("succeeded", "done"), done
        lines = Path(ROOTS_WORKSPACES, run, "work", "log").read_text().splitlines()
        assert lines == [f"step {number};" for number in range(1, STEPS + 1) if number % 3]
        tektra.stop()
