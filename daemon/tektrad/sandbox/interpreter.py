"""A Python in confinement whose state lasts from run to run, for one folder; what it says is believed in nothing.

It is a confined program like any other, with four pipes of its own: for frames in both directions, and for what code
prints, so that nothing printed is ever a frame.

Code may be given functions that are not there: it calls one and waits, and whoever runs it says what comes of it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from tektrad.errors import InvalidRequest
from tektrad.sandbox import interpreter_inside
from tektrad.sandbox.answers import Answer, Call, Raised
from tektrad.sandbox.confinement import Limits, Stream
from tektrad.sandbox.frames import BadFrame, framed
from tektrad.sandbox.identity import python
from tektrad.sandbox.speaking import Run, Speaker, Why
from tektrad.sandbox.uninterrupted import uninterrupted

SESSION_S = 24 * 3600.0
KEPT_BYTES = 256 << 10
"""Of what one run prints, on each stream; the rest is counted and dropped."""
Functions = Mapping[str, Sequence[str]]
"""What code may call elsewhere: names, and each one's parameters in order."""
NO_FUNCTIONS: Functions = {}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one piece of code.

    `ended_by` is what ended the interpreter, if anything did: a limit, its own end (with an exit code), or frames that
    were none. `state_lost` says that what earlier runs had defined is gone, by this run or before it. `denied` counts
    the system calls that are heard of, by their names.
    """

    value: str | None = None
    error: Raised | None = None
    stdout: str = ""
    stderr: str = ""
    cut: bool = False
    ended_by: Why | None = None
    code: int | None = None
    state_lost: bool = False
    denied: dict[str, int] = field(default_factory=dict)


class Interpreter:
    """One session; runs one piece of code after the other."""

    def __init__(self, run: Run, folder: Path, limits: Limits, functions: Functions = NO_FUNCTIONS) -> None:
        """`run` is the sandbox's way of running any program."""
        self._start = functools.partial(_Process, run, folder, replace(limits, seconds=SESSION_S), functions)
        self._process = self._start()
        self._turn = asyncio.Lock()
        self._lost = self._was_lost = False

    @property
    def is_over(self) -> bool:
        """Whether its process has ended; the next run begins with another one."""
        return self._process.is_over

    async def run(self, code: str, timeout: float) -> Result:
        """Run code, for so many seconds at most; raises what running any program raises."""
        async with self._turn:
            found = await self.start(code, timeout)
            assert isinstance(found, Result)  # a session without functions has none that code could call
            return found

    async def start(self, code: str, timeout: float) -> Result | Call:
        """Run code to its first call, or to its end; for one at a time, who answers its calls.

        The seconds are those that the code itself takes, and not what its calls do.
        """
        if self._process.is_over:
            await self._renew()
        try:
            request = framed(code)
        except ValueError as error:
            raise InvalidRequest(f"the code cannot be sent: {error}", "Put it into a file.") from error
        self._was_lost, self._lost = self._lost, False
        return await self._went_on(self._process.ask(request, timeout))

    async def answer(self, said: Mapping[str, Any]) -> Result | Call:
        """Say what came of a call, and run on: its `result`, the words of its `error`; neither ends the code."""
        try:
            reply = framed(said)
        except ValueError as error:
            reply = framed({"error": f"what came of it cannot be told: {error}"})
        return await self._went_on(self._process.answer(reply))

    async def _went_on(self, going: Coroutine[Any, Any, Result | Call]) -> Result | Call:
        try:
            found = await going
        except BaseException:
            await self._renew()
            raise
        if isinstance(found, Call):
            return found
        if found.ended_by is not None:
            await self._renew()
            self._lost = False  # this result says so
        return replace(found, state_lost=self._was_lost or found.ended_by is not None)

    async def close(self) -> None:
        """End it."""
        await self._process.stop()

    async def _renew(self) -> None:
        """End the process, whoever is cancelled meanwhile, and start another one."""
        self._lost = True
        await uninterrupted(self._process.stop())
        self._process = self._start()


class _Process:
    """One process of a session, from its start to its end."""

    def __init__(self, run: Run, folder: Path, limits: Limits, functions: Functions) -> None:
        self._limits = limits
        self._functions = functions
        self._waiting: asyncio.Future[Answer | Call | None] | None = None
        self._asked = 0
        self._left_s = 0.0
        self._kept: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._said = 0
        self._cut = False
        source = Path(interpreter_inside.__file__).read_text()
        # Code that calls elsewhere shall do the same each time, also where it goes through a set.
        start = ("/usr/bin/env", "PYTHONHASHSEED=0", python(), "-s", "-P") if functions else (python(), "-I")
        self._speaker: Speaker[Answer | Call] = Speaker(
            run,
            (*start, "-c", source, msgspec.json.encode(functions).decode()),
            folder,
            limits,
            Answer | Call,
            self._is_waiting,
            self._took,
            self._heard,
            self._over,
        )

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self._speaker.is_over

    async def ask(self, request: bytes, timeout: float) -> Result | Call:
        """Send a request and wait for what becomes of it."""
        self._asked += 1
        self._left_s = timeout
        return await self.answer(request)

    async def answer(self, request: bytes) -> Result | Call:
        """The same with what came of a call, in the seconds that are left."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        if self._speaker.task.done():
            self._over()
        said, began = None, loop.time()
        try:
            async with asyncio.timeout(self._left_s):
                await self._speaker.send(request)
                said = await self._waiting
        except TimeoutError:
            self._speaker.end("time")
        finally:
            self._waiting = None
            self._left_s = max(0.0, self._left_s - (loop.time() - began))
        if isinstance(said, Call) and self._speaker.why is None:
            return said
        if isinstance(said, Answer):
            self._speaker.drain()
            if self._speaker.why is None:
                return self._result(value=said.value, error=said.error)
        await asyncio.wait([self._speaker.task])
        if self._speaker.why is not None:
            return self._result(ended_by=self._speaker.why)
        outcome = self._speaker.task.result()
        return self._result(ended_by=outcome.ended_by, code=outcome.code)

    async def stop(self) -> None:
        """End the process and all that it started, and forget its pipes."""
        await self._speaker.stop()

    def _is_waiting(self) -> bool:
        return self._waiting is not None and not self._waiting.done()

    def _over(self) -> None:
        """Whoever waits for an answer gets none."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _took(self, said: Answer | Call) -> None:
        if self._waiting is None or said.id != self._asked:
            raise BadFrame("it answers something else")
        if isinstance(said, Call) and said.name not in self._functions:
            raise BadFrame("it calls what there is not")
        self._waiting.set_result(said)

    def _heard(self, stream: Stream, data: bytes) -> None:
        """What the code prints, or what its start failed at."""
        self._said += len(data)
        room = KEPT_BYTES - len(self._kept[stream])
        self._kept[stream] += data[:room]
        self._cut |= len(data) > room
        if self._said > self._limits.output_bytes:
            self._speaker.end("output")

    def _result(
        self,
        value: str | None = None,
        error: Raised | None = None,
        ended_by: Why | None = None,
        code: int | None = None,
    ) -> Result:
        """All of a run; what is printed from now on belongs to the next."""
        texts = {stream: bytes(kept).decode("utf-8", "replace") for stream, kept in self._kept.items()}
        told = (value, error, texts["stdout"], texts["stderr"], self._cut, ended_by, code)
        result = Result(*told, denied=dict(self._speaker.denied))
        for kept in self._kept.values():
            kept.clear()
        self._speaker.denied.clear()
        self._said, self._cut = 0, False
        return result
