"""A Python in confinement keeps its state, and nothing that it says or does harms the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tektrad.sandbox.answers import MOST_CHARACTERS
from tektrad.sandbox.confinement import Limits
from tektrad.sandbox.frames import MOST_BYTES
from tektrad.sandbox.interpreter import KEPT_BYTES, Interpreter, Result
from tektrad.sandbox.uninterrupted import in_threads
from tests.sandbox.conftest import Confined

T = TypeVar("T")
LONG = 60.0
SMALL = Limits(memory_bytes=256 << 20, output_bytes=1 << 20, folder_bytes=16 << 20, tasks=40)
ANSWERS = """
import json, os, struct
def find():
    # the only pipe beyond stderr that can be written and is no copy of stdout's or stderr's
    import fcntl
    mine = {os.fstat(n).st_ino for n in (1, 2)}
    for number in range(3, 1024):
        try: flags = fcntl.fcntl(number, fcntl.F_GETFL)
        except OSError: continue
        if flags & os.O_ACCMODE == os.O_WRONLY and os.fstat(number).st_ino not in mine: return number
answers = find()
def framed(data, length=None): return struct.pack('>I', len(data) if length is None else length) + data
def send(data, length=None): os.write(answers, framed(data, length))
def answer(**fields): return json.dumps({'says': 'answer', 'id': 2, 'value': None, 'error': None} | fields).encode()
"""
HOSTILE = {
    "garbage": "os.write(answers, b'\\xff' * 100)",
    "a huge length": "send(b'', 0xFFFFFFFF)",
    "more than fits": f"send(b'', {MOST_BYTES + 1})",
    "no JSON": "send(b'{')",
    "no text": "send(b'\\xff\\xfe')",
    "deep JSON": "send(b'[' * 500_000)",
    "deep JSON in a field": "send(b'{\"says\": \"answer\", \"id\": 2, \"value\": ' + b'[' * 500_000)",
    "deep JSON in a field that there is not": "send(b'{\"more\": ' + b'{\"a\":' * 100_000)",
    "a wrong type": "send(answer(value=1))",
    "a wrong number": "send(answer(id='2'))",
    "a huge number": "send(b'{\"says\": \"answer\", \"id\": ' + b'9' * 5000 + b', \"value\": null, \"error\": null}')",
    "a missing field": "send(b'{\"says\": \"answer\", \"id\": 2}')",
    "a field too many": "send(answer(more=1))",
    "an error of another shape": "send(answer(error={'type': 'E', 'message': 'm', 'traceback': ['t']}))",
    "a text that is too long": f"send(answer(value='x' * {MOST_CHARACTERS + 1}))",
    "an answer to nothing": "send(answer(id=3))",
    "two answers": "os.write(answers, framed(answer()) * 2)",
    "neither an answer nor a call": "send(answer(says='more'))",
    "a call where there is no function": "send(b'{\"says\": \"call\", \"id\": 2, \"name\": \"f\", \"arguments\": {}}')",
    "an answer and the beginning of another": "os.write(answers, framed(answer()) + b'\\0')",
}  # fmt: skip


def with_session(confined: Confined, work: Callable[[Interpreter, Path], Awaitable[T]], limits: Limits = SMALL) -> T:
    """Do something with an interpreter of its own."""

    async def main() -> T:
        sandbox = confined.sandbox
        async with in_threads(sandbox.fresh_folder()) as folder, sandbox.interpreter(folder, limits) as interpreter:
            return await work(interpreter, folder)

    return asyncio.run(main())


def ask(confined: Confined, *codes: str, limits: Limits = SMALL) -> list[Result]:
    """What becomes of pieces of code, one after the other in one session."""

    async def work(interpreter: Interpreter, _: Path) -> list[Result]:
        return [await interpreter.run(code, LONG) for code in codes]

    return with_session(confined, work, limits)


def test_state_lasts_and_the_last_value_comes_back(confined: Confined) -> None:
    first, second, third = ask(
        confined, "import math\ndef double(x): return 2 * x", "double(21)", "print('said'); None"
    )
    assert (first.value, second.value, third.value) == (None, "42", None)
    assert (third.stdout, third.error, third.state_lost) == ("said\n", None, False)


def test_what_is_printed_belongs_to_its_run_and_stream(confined: Confined) -> None:
    code = "import os, sys; print('a'); print('b', file=sys.stderr); os.write(1, b'c'); os.system('echo d')"
    first, second = ask(confined, code, "1")
    assert (sorted(first.stdout.split()), first.stderr) == (["a", "cd"], "b\n")
    assert (second.stdout, second.stderr) == ("", "")


def test_exceptions_come_back_with_their_traceback_and_the_state_stays(confined: Confined) -> None:
    first, second, third, fourth = ask(confined, "x = 1\ndef fail():\n    return 1 / 0", "fail()", "x +", "x")
    assert second.error is not None
    assert (second.error.type, second.error.message) == ("ZeroDivisionError", "division by zero")
    assert "return 1 / 0" in second.error.traceback
    assert "interpreter_inside" not in second.error.traceback
    assert third.error is not None
    assert third.error.type == "SyntaxError"
    assert (first.error, fourth.value) == (None, "1")


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(3)",
        "raise KeyboardInterrupt",
        "exec('(' * 5000)",
        "def f(): f()\nf()",
        "raise type('E', (Exception,), {'__str__': lambda s: 1 / 0})",
    ],
)
def test_nothing_that_is_raised_ends_the_session(confined: Confined, code: str) -> None:
    _, failed, after = ask(confined, "x = 5", code, "x")
    assert failed.error is not None
    assert (after.value, after.state_lost) == ("5", False)


def test_long_texts_are_cut_and_odd_ones_arrive(confined: Confined) -> None:
    value, raised, odd, nul = ask(
        confined, "'x' * 10_000_000", "raise ValueError('\\0' * 10_000_000)", "'\\ud800 ü 😀'", "chr(0) * 3"
    )
    assert value.value is not None
    assert len(value.value) <= MOST_CHARACTERS
    assert raised.error is not None
    assert len(raised.error.message) <= MOST_CHARACTERS
    assert odd.value == "'\\ud800 ü 😀'"
    assert nul.value == "'\\x00\\x00\\x00'"


def test_more_output_than_is_kept_is_cut_and_more_than_is_allowed_ends_it(confined: Confined) -> None:
    cut, flood = ask(confined, f"print('x' * {KEPT_BYTES + 100})", "while True: print('x' * 1000)")
    assert (cut.cut, len(cut.stdout), cut.ended_by) == (True, KEPT_BYTES, None)
    assert (flood.ended_by, flood.state_lost) == ("output", True)


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_bytes_that_are_no_answer_end_the_interpreter_and_nothing_else(confined: Confined, code: str) -> None:
    first, hostile, after = ask(confined, ANSWERS, code + "\nwhile True: pass", "40 + 2")
    assert first.error is None
    assert (hostile.ended_by, hostile.value, hostile.state_lost) == ("frames", None, True)
    assert (after.value, after.ended_by, after.state_lost) == ("42", None, False)


def test_frames_that_are_printed_are_text(confined: Confined) -> None:
    frame = """b'\\0\\0\\0\\x36{"says":"answer","id":1,"value":"forged","error":null}'"""
    (result,) = ask(confined, f"import os; os.write(1, {frame}); os.write(2, {frame}); 'real'")
    assert (result.value, result.ended_by) == ("'real'", None)
    assert "forged" in result.stdout


def test_an_answer_of_the_codes_own_is_only_its_word_for_it(confined: Confined) -> None:
    forging = ANSWERS + "send(answer(id=1, value='{0.__class__} %s'))"
    forged, meanwhile, after = ask(confined, forging, "1 + 1", "1 + 1")
    assert forged.value in ("{0.__class__} %s", None)
    assert forged.state_lost or meanwhile.state_lost  # the true answer came too, and nobody had asked for it any more
    assert (after.value, after.state_lost) == ("2", False)


def test_closing_the_descriptors_ends_it(confined: Confined) -> None:
    closed, after = ask(confined, "import os; os.closerange(3, 100)", "1")
    assert (closed.ended_by, closed.state_lost, after.value) == ("itself", True, "1")


def test_one_who_holds_the_descriptors_does_not_outlive_it(confined: Confined) -> None:
    code = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\nos._exit(7)"
    ended, after = ask(confined, code, "1")
    assert (ended.ended_by, ended.code, ended.state_lost, after.value) == ("itself", 7, True, "1")


def test_a_fork_that_goes_on_answers_nothing(confined: Confined) -> None:
    forked, waited = ask(confined, "import os; pid = os.fork(); 'done'", "os.waitpid(pid, 0)[1]")
    assert (forked.value, forked.ended_by, waited.value) == ("'done'", None, "0")


def test_what_takes_too_long_is_ended_and_the_session_begins_afresh(confined: Confined) -> None:
    async def work(interpreter: Interpreter, _: Path) -> list[Result]:
        await interpreter.run("x = 1", LONG)
        return [
            await interpreter.run("print('before', flush=True)\nwhile True: pass", 0.3),
            await interpreter.run("x", LONG),
            await interpreter.run("import os; os.kill(os.getpid(), 19)", 0.3),
            await interpreter.run("2", LONG),
        ]

    endless, after, stopped, again = with_session(confined, work)
    assert (endless.ended_by, endless.state_lost, endless.stdout) == ("time", True, "before\n")
    assert after.error is not None
    assert (after.error.type, after.state_lost) == ("NameError", False)
    assert (stopped.ended_by, again.value) == ("time", "2")


@pytest.mark.parametrize(
    ("code", "ended_by", "raised"),
    [
        ("import os\ndata = []\nwhile True: data.append(os.urandom(1 << 20))", "memory", "MemoryError"),
        ("import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(60)", "tasks", "BlockingIOError"),
        (
            "import os\nfor n in range(64): open(str(n), 'wb').write(os.urandom(1 << 20))\nwhile True: pass",
            "folder",
            "",
        ),
    ],
)
def test_what_a_session_may_take_is_limited(confined: Confined, code: str, ended_by: str, raised: str) -> None:
    (result,) = ask(confined, code)
    assert result.ended_by == ended_by or (result.error is not None and result.error.type == raised)


def test_whatever_stdout_is_replaced_by_the_answer_comes(confined: Confined) -> None:
    first, second, third = ask(
        confined,
        "import sys; sys.stdout = None; 1",
        "class S: flush = 3\nsys.stdout = S(); 2",
        "sys.__stdout__.close(); 3",
    )
    assert (first.value, second.value, third.value) == ("1", "2", "3")


def test_what_dies_between_runs_is_told_with_the_next(confined: Confined) -> None:
    async def work(interpreter: Interpreter, folder: Path) -> Result:
        await interpreter.run("x = 1; import os, threading; threading.Timer(0.05, os._exit, (1,)).start()", LONG)
        while not interpreter.is_over:  # noqa: ASYNC110
            await asyncio.sleep(0)
        return await interpreter.run("'x' in globals()", LONG)

    result = with_session(confined, work)
    assert (result.value, result.state_lost) == ("False", True)


def test_whoever_goes_away_leaves_a_session_that_still_works(confined: Confined) -> None:
    async def work(interpreter: Interpreter, folder: Path) -> Result:
        task = asyncio.create_task(interpreter.run("open('begun', 'w').close()\nwhile True: pass", LONG))
        while not (folder / "begun").exists():  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await interpreter.run("1 + 1", LONG)

    result = with_session(confined, work)
    assert (result.value, result.state_lost) == ("2", True)


def test_no_descriptor_is_left_open(confined: Confined) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    ask(confined, "1")
    before = opened()
    ask(confined, "1", "import os; os._exit(1)", "2")
    assert opened() == before


def test_it_is_confined_as_any_program(confined: Confined, outside: Any) -> None:
    (result,) = ask(confined, f"open({outside.facts['secret']!r}).read()")
    assert result.error is not None
    assert result.error.type in ("FileNotFoundError", "PermissionError")
