"""Agents that write code, over HTTP: a real guest and interpreter, a scripted model, and a daemon that is killed."""

from __future__ import annotations

import json
from typing import Any

from tests.daemon.test_audit import entries
from tests.daemon.test_runs import agent, begun, call, ended, folder
from tests.guests import needs_guests
from tests.harness import Tektra

pytestmark = needs_guests


def code(*lines: str) -> str:
    return "<code>\n" + "\n".join(lines) + "\n</code>"


def coder(tektra: Tektra, *answers: str | dict[str, Any], **fields: Any) -> None:
    """An agent whose model gives these answers, one after the other."""
    replies = [{"say": each} if isinstance(each, str) else each for each in answers]
    agent(tektra, replies, "coder", kind="code", script={"in_turn": True, "context": 65536}, **fields)


def done(tektra: Tektra, *answers: str | dict[str, Any], **fields: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    coder(tektra.start(TEKTRA_CONTEXT="65536"), *answers, **fields)
    run, told = ended(tektra, begun(tektra, "coder"))
    assert run["state"] == "succeeded", run["error"]
    return run, told


def ran(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["data"] for event in told if event["type"] == "ran"]


def test_code_calls_tools_keeps_its_state_and_gives_the_answer(tektra: Tektra) -> None:
    run, told = done(
        tektra,
        "I read it.\n" + code("text = read('notes.txt')", "print(text.splitlines()[0])", "len(list('abc'))"),
        code("import json", "names = list_()", "text.count('a')"),
        code("final_answer({'lines': len(text.splitlines()) - 1, 'files': names.split()})"),
    )
    assert run["state"] == "succeeded", run["error"]
    assert (run["state"], run["result"]["state"], run["result"]["steps"]) == ("succeeded", "done", 3)
    assert run["result"]["answer"] == {"lines": 3, "files": ["notes.txt", "17", "bytes"]}
    first, second, third = ran(told)
    assert first == {"output": "3", "logs": "3 lines\n", "error": ""}
    assert (second["output"], third["logs"]) == ("5", "")
    assert [event["data"]["tool"] for event in told if event["type"] == "tool"] == ["read", "list"]
    steps = [event["data"]["observed"] for event in told if event["type"] == "step"]
    assert steps[0] == "Execution logs:\n3 lines\nLast output from code snippet:\n3"
    log = [(each["kind"], each["outcome"]) for each in entries(tektra, run=run["id"]) if each["kind"] != "model.call"]
    assert [each for each in log if each[0] in ("sandbox.run", "tool.call")] == [
        ("sandbox.run", "begun"), ("tool.call", "begun"), ("tool.call", "ok"), ("sandbox.run", "ok"),
        ("sandbox.run", "begun"), ("tool.call", "begun"), ("tool.call", "ok"), ("sandbox.run", "ok"),
        ("sandbox.run", "begun"), ("sandbox.run", "ok"),
    ]  # fmt: skip


def killed_after(tektra: Tektra, type: str, *answers: str | dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """A run whose daemon is killed as soon as it told of something of this type, and started again."""
    coder(tektra.start(), *answers)
    run = begun(tektra, "coder")
    with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        for line in stream.iter_lines():
            if f'"type":"{type}"' in line.replace(" ", ""):
                break
    tektra.kill()
    tektra.start()
    return ended(tektra, run)


def test_an_error_comes_with_its_line_and_what_was_printed_before_and_the_state_stays(tektra: Tektra) -> None:
    seen = "<tool_response>\nbefore\nError: Code execution failed at line 'y = 1 / 0' due to: ZeroDivisionError"
    run, told = done(
        tektra,
        code("x = 20", "print('before')", "y = 1 / 0", "x = 0"),
        {"when": seen, "say": code("print(x", "final_answer(1)")},
        {
            "when": "Error: Code parsing failed on line 'print\\(x' due to: SyntaxError",
            "say": code("final_answer(x + 1)"),
        },
        code("final_answer('the errors were not seen')"),
    )
    assert run["result"]["answer"] == 21
    assert [bool(each["error"]) for each in ran(told)] == [True, True, False]


def test_code_that_never_ends_is_killed_and_the_run_goes_on(tektra: Tektra) -> None:
    run, told = done(
        tektra,
        code("x = 1", "while True: pass"),
        {"when": "it took too long", "say": code("final_answer('x' in globals())")},
        limits={"seconds": 20},
    )
    assert (run["result"]["answer"], ran(told)[0]["error"]) == (
        False,
        "The code was ended: it took too long. What it and earlier code had defined is gone.",
    )


def test_floods_bad_frames_and_an_end_of_its_own_harm_nobody(tektra: Tektra) -> None:
    find = "for n in range(3, 64):\n    try: os.write(n, b'\\xff' * 100)\n    except OSError: pass"
    run, told = done(
        tektra,
        code("print('x' * 100_000)", "'y' * 100_000"),
        code("while True: print('x' * 100_000)"),
        code("import os, time", find, "time.sleep(60)"),
        code("import os; os._exit(3)"),
        code("x = bytearray(10**10)"),
        code("import threading", "while True: read('notes.txt')"),
        code("final_answer('here')"),
        limits={"memory_bytes": 256 << 20, "tokens": 10**7},
    )
    assert (run["state"], run["result"]["answer"]) == ("succeeded", "here")
    printed, flood, frames, own, memory, turning, _ = ran(told)
    assert "are left out here" in printed["logs"]
    assert max(len(text) for each in ran(told) for text in (each["logs"], str(each["output"]))) < 26_000
    assert "printed too much" in flood["error"]
    assert "spoke out of turn" in frames["error"]
    assert "ended its own interpreter" in own["error"]
    assert "emory" in memory["error"]
    assert "Do something else" in turning["error"]
    alerts = {each["kind"] for each in entries(tektra, run=run["id"]) if each["kind"].startswith("security")}
    assert "security.limit" in alerts


def test_an_agent_that_only_writes_code_has_so_many_tokens_too(tektra: Tektra) -> None:
    coder(tektra.start(), code("1"), limits={"tokens": 1000})
    run, _ = ended(tektra, begun(tektra, "coder"))
    assert (run["state"], "tokens" in run["error"]) == ("failed", True)


def test_code_may_not_call_for_ever(tektra: Tektra) -> None:
    run, told = done(
        tektra,
        code("first = 0", "while True:", "    first += 1", "    read('notes.txt', first)"),
        code("final_answer(first)"),
    )
    assert (run["result"]["answer"], "more than 100 calls" in ran(told)[0]["error"]) == (101, True)


def test_what_code_may_not_do_it_is_told_and_what_it_does_by_itself_reaches_nothing(tektra: Tektra) -> None:
    secret = tektra.home / "notes" / "secret"
    folder(tektra)
    secret.write_text("hunter2")
    secret.chmod(0o644)
    run, told = done(
        tektra,
        code("try: read('/etc/shadow')", "except CallFailed as error: print(error)"),
        code(
            "import os, socket",
            f"os.system('cat {secret}; touch {tektra.home}/notes/new; kill -9 -1; id -u')",
            "socket.create_connection(('127.0.0.1', 22))",
        ),
        code(f"open({str(secret)!r}).read()"),
        code("import os", "final_answer(sorted(os.listdir()))"),
    )
    assert "outside of the folder" in ran(told)[0]["logs"]
    assert all(each["error"] for each in ran(told)[1:3])
    assert "hunter2" not in json.dumps(told)
    assert sorted(path.name for path in secret.parent.iterdir()) == ["notes.txt", "secret"]
    assert (run["state"], run["result"]["answer"]) == ("succeeded", ["notes.txt", "secret"])


def test_a_policy_decides_about_code(tektra: Tektra) -> None:
    coder(tektra.start(), code("x = 1"), {"when": "Error: .*rule", "say": "no code"}, limits={"steps": 1})
    granted = tektra.run("permissions", "grant", "deny", "run", "python", "--agent", "coder")
    assert granted.returncode == 0, granted.stderr
    run, told = ended(tektra, begun(tektra, "coder"))
    assert run["result"]["answer"] == "no code"
    assert "by rule" in ran(told)[0]["error"]
    assert not entries(tektra, run=run["id"], kind="sandbox.run")


def test_the_state_of_code_survives_the_daemon_s_death_and_no_call_is_made_twice(tektra: Tektra) -> None:
    run, told = killed_after(
        tektra,
        "ran",
        code("import random", "text = read('notes.txt')", "chance = random.random()", "print(chance)"),
        {"say": code("final_answer([len(text), chance, list_()])"), "first_s": 3.0},
    )
    first = ran(told)[0]["logs"]
    assert run["result"]["answer"] == [24, float(first), "notes.txt  17 bytes"]
    assert [each["outcome"] for each in entries(tektra, run=run["id"], kind="tool.call")] == ["begun", "ok"] * 2
    assert [event["type"] for event in told].count("ran") == 2
    assert not [event for event in told if event["type"] == "note"]


def test_code_that_was_under_way_goes_on_behind_the_calls_that_it_had_made(tektra: Tektra) -> None:
    run, _ = killed_after(
        tektra,
        "result",
        code("x = 3"),
        code("text = read('notes.txt')", "import time; time.sleep(2)", "final_answer([x, len(text), list_()])"),
    )
    assert run["result"]["answer"] == [3, 24, "notes.txt  17 bytes"]
    assert [each["outcome"] for each in entries(tektra, run=run["id"], kind="tool.call")] == ["begun", "ok"] * 2


def test_code_that_does_something_else_when_it_is_done_again_is_told_of(tektra: Tektra) -> None:
    by_the_clock = ("import time", "text = read('notes.txt', time.time_ns())", "print('read')")
    run, told = killed_after(
        tektra, "ran", code(*by_the_clock), {"say": code("final_answer('text' in globals())"), "first_s": 3.0}
    )
    (note,) = (event["data"]["text"] for event in told if event["type"] == "note")
    assert "something else" in note
    assert run["result"]["answer"] is False


def test_code_under_way_that_does_something_else_is_ended_and_the_agent_is_told(tektra: Tektra) -> None:
    run, _ = killed_after(
        tektra,
        "result",
        code("import time", "read('notes.txt', time.time_ns())", "time.sleep(2)", "final_answer('never')"),
        {"when": "did something else", "say": code("final_answer('told')")},
        code("final_answer('not told')"),
    )
    assert run["result"]["answer"] == "told"


def test_smolagents_own_examples_of_code_agents_run(tektra: Tektra) -> None:
    """The guided tour's Fibonacci number, and the README's leopard, whose facts are searched for in files here."""
    (folder(tektra) / "facts.txt").write_text("A leopard runs 58 km/h.\nThe Pont des Arts is 155 metres long.\n")
    fibonacci = code(
        "def fibonacci(n):",
        "    a, b = 0, 1",
        "    for _ in range(n - 1):",
        "        a, b = b, a + b",
        "    return b",
        "final_answer(fibonacci(118))",
    )
    run, _ = done(tektra, fibonacci, tools=[])
    assert run["result"]["answer"] == 2046711111473984623691759
    leopard = (
        "Thought: I need the speed and the length.\n"
        + code("print(search('leopard'))", "print(search('Pont des Arts'))"),
        {
            "when": "58 km/h(.|\n)*155 metres",
            "say": code("speed = 58 / 3.6", "length = 155", "final_answer(f'{length / speed:.2f} seconds')"),
        },
    )
    replies = [{"say": each} if isinstance(each, str) else each for each in leopard]
    agent(tektra, replies, "leopard", kind="code", script={"in_turn": True})
    task = "How many seconds would it take for a leopard at full speed to run through Pont des Arts?"
    run, _ = ended(tektra, begun(tektra, "leopard", task))
    assert run["result"]["answer"] == "9.62 seconds"


def test_smolagents_own_example_of_a_tool_calling_agent_runs(tektra: Tektra) -> None:
    (folder(tektra) / "blog.html").write_text("<head><title>Hugging Face Blog</title></head>\n")
    replies = [
        {"when": "<title>", "say": call("final_answer", answer="Hugging Face Blog")},
        {"say": call("read", path="blog.html")},
    ]
    agent(tektra.start(), replies)
    run, _ = ended(tektra, begun(tektra, task="Could you get me the title of the page blog.html?"))
    assert run["result"]["answer"] == "Hugging Face Blog"
