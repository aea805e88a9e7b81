"""Watches one confined process from outside: feeds it, takes what it says, holds it to its limits, ends its tree."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tektrad.sandbox import usage
from tektrad.sandbox.confinement import Ending, Level, Limits, Outcome, Stream
from tektrad.sandbox.pipe import piped, readable
from tektrad.sandbox.uninterrupted import uninterrupted

LOOK_S = 0.1
FOLDER_SHARE = 0.2
"""Counting a folder may take this share of the time."""
Hear = Callable[[Stream, bytes], None]


class Supervisor:
    """One program from its start to the end of all that it started."""

    def __init__(self, limits: Limits, folders: Sequence[Path], level: Level, hear: Hear) -> None:
        self._limits, self._folders, self._level, self._hear = limits, folders, level, hear
        self._said = 0
        self._peak = 0
        self._over: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def run(
        self, command: Sequence[str], descriptors: Sequence[int], stdin: bytes, close: Callable[[], None]
    ) -> Outcome:
        """Start the command and stay until nothing of it is left; `close` lets a keeper end it. Raises OSError.

        Cancelling ends the program too.
        """
        work = self._run(command, descriptors, stdin, close)
        return await uninterrupted(work, hurry=lambda: self._end("itself"))

    async def _run(
        self, command: Sequence[str], descriptors: Sequence[int], stdin: bytes, close: Callable[[], None]
    ) -> Outcome:
        begun = time.monotonic()
        with (
            readable(stdin) as given,
            piped(lambda data: self._said_so("stdout", data)) as out,
            piped(lambda data: self._said_so("stderr", data)) as err,
        ):
            process = _started(command, descriptors, given, out.write, err.write)
            out.close_theirs()
            err.close_theirs()
            watch = asyncio.create_task(self._watch(process.pid))
            ended = asyncio.create_task(_ended(process.pid))
            either: list[asyncio.Future[Any]] = [ended, self._over, watch]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            ending: Ending = self._over.result() if self._over.done() else "itself"
            failed = watch.exception() if watch.done() else None
            watch.cancel()
            close()
            if self._level == "A":  # its namespace goes with it; a keeper has to live to kill
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            process.returncode, peak = await ended
            await asyncio.wait([out.ended, err.ended])
        if failed is not None:
            raise failed  # nobody looked after its limits
        return Outcome(
            code=process.returncode if process.returncode >= 0 else 128 - process.returncode,
            ended_by=ending,
            level=self._level,
            seconds=round(time.monotonic() - begun, 3),
            peak_bytes=max(self._peak, peak),
            output_bytes=self._said,
        )

    def _said_so(self, stream: Stream, data: bytes) -> None:
        """Hand on what is said, up to the limit, and drop the rest."""
        room = max(0, self._limits.output_bytes - self._said)
        self._said += len(data)
        if room:
            self._hear(stream, data[:room])
        if len(data) > room:
            self._end("output")

    async def _watch(self, pid: int) -> None:
        """Look at what is taken, ten times a second."""
        begun = time.monotonic()
        folder_due = 0.0
        await asyncio.sleep(min(LOOK_S, self._limits.seconds))  # most are over by then
        while not self._over.done():
            memory, tasks = await asyncio.to_thread(usage.taken, pid)
            self._peak = max(self._peak, memory)
            if memory > self._limits.memory_bytes:
                self._end("memory")
            if tasks > self._limits.tasks:
                self._end("tasks")
            now = time.monotonic()
            if now >= folder_due:
                most = self._limits.folder_bytes + 1
                size = sum([await asyncio.to_thread(usage.folder, folder, most) for folder in self._folders])
                took = time.monotonic() - now
                folder_due = now + took / FOLDER_SHARE
                if size > self._limits.folder_bytes:
                    self._end("folder")
            left = begun + self._limits.seconds - time.monotonic()
            if left <= 0:
                self._end("time")
            await asyncio.sleep(min(LOOK_S, max(left, 0.0)))

    def _end(self, why: Ending) -> None:
        if not self._over.done():
            self._over.set_result(why)


def _started(command: Sequence[str], descriptors: Sequence[int], *standard: int) -> subprocess.Popen[bytes]:
    """The process, by a way that takes a millisecond however large the daemon is; uvloop's copies its page tables.

    By the thread of the event loop: bubblewrap ends with the thread that started it.
    """
    stdin, stdout, stderr = standard
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=tuple(descriptors),
        cwd="/",
        env={},
        start_new_session=True,
    )


async def _ended(pid: int) -> tuple[int, int]:
    """Wait for a child's end: its exit code (negative for a signal), and what it took at most, as the kernel saw it."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    descriptor = os.pidfd_open(pid)
    try:
        loop.add_reader(descriptor, gone.set)
        await gone.wait()
        loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)
    _, status, used = os.wait4(pid, 0)  # noqa: ASYNC222  it is over
    return os.waitstatus_to_exitcode(status), used.ru_maxrss << 10
