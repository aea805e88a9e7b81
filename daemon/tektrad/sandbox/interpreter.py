"""A Python in confinement whose state lasts from run to run, for one folder; what it says is believed in nothing.

It is a confined program like any other, with four pipes of its own: for frames in both directions, and for what code
prints, so that nothing printed is ever a frame.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass, field, replace
from pathlib import Path

from tektrad.errors import InvalidRequest
from tektrad.sandbox import interpreter_inside
from tektrad.sandbox.answers import Answer, Raised
from tektrad.sandbox.confinement import Limits, Stream
from tektrad.sandbox.frames import BadFrame, framed
from tektrad.sandbox.identity import python
from tektrad.sandbox.speaking import Run, Speaker, Why
from tektrad.sandbox.uninterrupted import uninterrupted

SESSION_S = 24 * 3600.0
KEPT_BYTES = 256 << 10
"""Of what one run prints, on each stream; the rest is counted and dropped."""


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

    def __init__(self, run: Run, folder: Path, limits: Limits) -> None:
        """`run` is the sandbox's way of running any program."""
        self._start = functools.partial(_Process, run, folder, replace(limits, seconds=SESSION_S))
        self._process = self._start()
        self._turn = asyncio.Lock()
        self._lost = False

    @property
    def is_over(self) -> bool:
        """Whether its process has ended; the next run begins with another one."""
        return self._process.is_over

    async def run(self, code: str, timeout: float) -> Result:
        """Run code, for so many seconds at most; raises what running any program raises."""
        async with self._turn:
            if self._process.is_over:
                await self._renew()
            try:
                request = framed(code)
            except ValueError as error:
                raise InvalidRequest(f"the code cannot be sent: {error}", "Put it into a file.") from error
            lost, self._lost = self._lost, False
            try:
                result = await self._process.ask(request, timeout)
            except BaseException:
                await self._renew()
                raise
            if result.ended_by is not None:
                await self._renew()
                self._lost = False  # this result says so
            return replace(result, state_lost=lost or result.ended_by is not None)

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

    def __init__(self, run: Run, folder: Path, limits: Limits) -> None:
        self._limits = limits
        self._waiting: asyncio.Future[Answer | None] | None = None
        self._asked = 0
        self._kept: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._said = 0
        self._cut = False
        self._speaker: Speaker[Answer] = Speaker(
            run,
            (python(), "-I", "-c", Path(interpreter_inside.__file__).read_text()),
            folder,
            limits,
            Answer,
            self._is_waiting,
            self._took,
            self._heard,
            self._over,
        )

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self._speaker.is_over

    async def ask(self, request: bytes, timeout: float) -> Result:
        """Send a request and wait for what becomes of it."""
        self._asked += 1
        self._waiting = asyncio.get_running_loop().create_future()
        answer = None
        try:
            async with asyncio.timeout(timeout):
                await self._speaker.send(request)
                answer = await self._waiting
        except TimeoutError:
            self._speaker.end("time")
        finally:
            self._waiting = None
        if answer is not None:
            self._speaker.drain()
            if self._speaker.why is None:
                return self._result(value=answer.value, error=answer.error)
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

    def _took(self, answer: Answer) -> None:
        if self._waiting is None or answer.id != self._asked:
            raise BadFrame("it answers something else")
        self._waiting.set_result(answer)

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
