"""Code in confinement that calls functions elsewhere: what it gets, and that whatever it sends harms nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tektrad.sandbox.answers import Call
from tektrad.sandbox.interpreter import Interpreter, Result
from tektrad.sandbox.uninterrupted import in_threads
from tests.sandbox.conftest import Confined
from tests.sandbox.test_interpreter import ANSWERS, LONG, SMALL

FUNCTIONS = {"add": ["a", "b"], "end": ["answer"]}
Answering = Callable[[Call], Mapping[str, Any]]
CALL = (
    ANSWERS + "def call(**f): return json.dumps({'says': 'call', 'id': 2, 'name': 'add', 'arguments': {}} | f).encode()"
)


def usual(call: Call) -> Mapping[str, Any]:
    if call.name == "end":
        return {}
    try:
        return {"result": call.arguments["a"] + call.arguments["b"]}
    except (KeyError, TypeError) as error:
        return {"error": str(error)}


async def done(session: Interpreter, code: str, answer: Answering = usual, timeout: float = LONG) -> Result:
    said = await session.start(code, timeout)
    while isinstance(said, Call):
        said = await session.answer(answer(said))
    return said


def ask(confined: Confined, *codes: str, answer: Answering = usual) -> list[Result]:
    async def main() -> list[Result]:
        sandbox = confined.sandbox
        async with (
            in_threads(sandbox.fresh_folder()) as folder,
            sandbox.interpreter(folder, SMALL, FUNCTIONS) as session,
        ):
            return [await done(session, code, answer) for code in codes]

    return asyncio.run(main())


def test_code_calls_functions_by_place_and_by_name_and_gets_what_they_give(confined: Confined) -> None:
    first, second = ask(confined, "x = add(1, 2)\nprint('between')\ny = add(b=x, a=4)", "add([x], [y])")
    assert (first.error, first.stdout) == (None, "between\n")
    assert second.value == "[3, 7]"


def test_what_goes_wrong_elsewhere_is_an_exception_that_code_can_catch(confined: Confined) -> None:
    failed, caught, after = ask(
        confined,
        "def f():\n    return add(1, 'a')\nf()",
        "try:\n    add(1, 'a')\nexcept CallFailed as e:\n    print(e)",
        "add(1, 1)",
    )
    assert failed.error is not None
    assert (failed.error.type, failed.error.line) == ("CallFailed", "return add(1, 'a')")
    assert "unsupported operand" in failed.error.message
    assert "unsupported operand" in caught.stdout
    assert after.value == "2"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("add(1, 2, 3)", "TypeError"),
        ("add(1, a=1)", "TypeError"),
        ("add('x' * 600_000, '')", "ValueError"),
        ("import os\nif os.fork(): os.wait()\nelse: add(1, 2)", None),
        ("x +", "SyntaxError"),
    ],
)
def test_a_call_that_cannot_be_made_is_an_error_of_the_codes_own(
    confined: Confined, code: str, why: str | None
) -> None:
    failed, after = ask(confined, code, "add(1, 1)")
    assert (failed.error and failed.error.type) == why
    assert (after.value, after.state_lost) == ("2", False)


def test_a_function_may_end_the_code_and_what_it_was_given_is_json_or_what_it_looks_like(confined: Confined) -> None:
    given: list[Any] = []

    def answer(call: Call) -> Mapping[str, Any]:
        given.append(call.arguments.get("answer"))
        return {}

    codes = (
        "import pathlib; end({'a': (1, 2)}); print('never')",
        "end(object)", "end(float('nan'))", "end({'x': {1}})", "end(pathlib.Path('a/b'))", "end('\\ud800')", "end()",
    )  # fmt: skip
    for result in ask(confined, *codes, answer=answer):
        assert (result.error, result.value, result.stdout, result.ended_by) == (None, None, "", None)
    assert given == [{"a": [1, 2]}, "<class 'object'>", "nan", {"x": "{1}"}, "a/b", "?", None]


def test_threads_call_one_after_the_other(confined: Confined) -> None:
    code = """
import threading
found = []
threads = [threading.Thread(target=lambda n=n: found.append(add(n, n))) for n in range(8)]
for t in threads: t.start()
for t in threads: t.join()
sorted(found)
"""
    (result,) = ask(confined, code)
    assert result.value == str([2 * n for n in range(8)])


def test_a_thread_that_still_calls_when_the_code_is_over_breaks_nothing(confined: Confined) -> None:
    code = """
import threading
def work():
    try:
        for _ in range(20): add(1, 1)
    except RuntimeError:  # between two pieces of code nobody may call
        pass
thread = threading.Thread(target=work)
thread.start()
"""
    first, second = ask(confined, code, "thread.join(); add(1, 2)")
    assert (first.ended_by, second.ended_by, second.value) == (None, None, "3")


def test_the_time_of_calls_is_not_the_codes(confined: Confined) -> None:
    async def main() -> tuple[Result, Result]:
        sandbox = confined.sandbox
        async with (
            in_threads(sandbox.fresh_folder()) as folder,
            sandbox.interpreter(folder, SMALL, FUNCTIONS) as session,
        ):
            await done(session, "1")
            said = await session.start("add(1, 2)", 1.0)
            await asyncio.sleep(1.1)  # there is no other way to let its time pass
            assert isinstance(said, Call)
            first = await session.answer({"result": 3})
            assert isinstance(first, Result)
            return first, await done(session, "add(1, 2)\nwhile True: pass", timeout=0.5)

    first, endless = asyncio.run(main())
    assert (first.value, first.ended_by) == ("3", None)
    assert (endless.ended_by, endless.state_lost) == ("time", True)


@pytest.mark.parametrize(
    "code",
    [
        "send(call(name='more'))",
        "send(call(id=1))",
        "send(call(arguments=[]))",
        "send(call(more=1))",
        'send(b\'{"says":"call","id":2,"name":"add","arguments":\' + b\'{"a":\' * 100_000)',
        "os.write(answers, framed(call()) * 2)",
        "import threading; threading.Thread(target=lambda: os.write(answers, b'x' * 9)).start(); add(1, 2)",
    ],
)
def test_frames_that_are_no_call_end_the_interpreter_and_nothing_else(confined: Confined, code: str) -> None:
    first, hostile, after = ask(confined, CALL, code + "\nwhile True: pass", "add(40, 2)")
    assert first.error is None
    assert (hostile.ended_by, hostile.state_lost) == ("frames", True)
    assert (after.value, after.ended_by) == ("42", None)


def test_chance_and_the_order_of_sets_are_the_same_each_time(confined: Confined) -> None:
    code = "import random; print(random.random(), list({'a', 'b', 'c', 'd', 'e'}))"
    said = [ask(confined, code)[0].stdout for _ in range(2)]
    assert said[0] == said[1] != ""


def test_a_process_that_ends_while_somebody_is_called_is_told_when_the_call_is_answered(confined: Confined) -> None:
    code = "import os, threading; threading.Timer(0.05, os._exit, [7]).start(); add(1, 2); import time; time.sleep(60)"
    (result,) = ask(confined, code)
    assert (result.ended_by, result.code, result.state_lost) == ("itself", 7, True)


def test_the_folder_is_the_code_s_to_change(confined: Confined, tmp_path: Path) -> None:
    (result,) = ask(confined, "open('a', 'w').write('x'); import os; os.listdir()")
    assert result.value == "['a']"
