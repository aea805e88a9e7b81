"""An MCP server that is a program: its process, confined or not, and the lines that go to and fro.

It is read only as long as somebody wants an answer, so that what it says unasked stays in its pipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

from tektrad.errors import InvalidRequest, TektraError
from tektrad.mcp.definitions import visible
from tektrad.mcp.server import Server
from tektrad.sandbox import identity
from tektrad.sandbox.confinement import Limits, Outcome, Program, Stream
from tektrad.sandbox.identity import python
from tektrad.sandbox.pipe import piped, readable
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.uninterrupted import in_threads, uninterrupted

INSIDE = Path(__file__).with_name("inside.py")
LIMITS = Limits(seconds=86_400.0, output_bytes=64 << 20)
PATH = "/usr/local/bin:/usr/bin:/bin"
MOST_LINE = 4 << 20
MOST_BYTES = 16 << 20
"""Of all that a server says while one answer is waited for."""
AT_ONCE = 1 << 16
KEPT_BYTES = 4 << 10
LAST_WORDS = 300
STOP_S = 2.0
"""How long an ordinary program may take to end by itself."""


class Flood(Exception):
    """It says more than anybody asked for."""


class Spoken:
    """The daemon's ends of one server's standard input and output, and how its process ends."""

    def __init__(self) -> None:
        self.given, self._write = os.pipe()
        self._read, self.said = os.pipe()
        for ours in (self._write, self._read):
            os.set_blocking(ours, False)
        if identity.is_root():
            os.fchown(self.said, identity.SANDBOX_ID, identity.SANDBOX_ID)  # else it could not open /dev/stdout
        self._loop = asyncio.get_running_loop()
        self._left = bytearray()
        self._heard = 0
        self._printed = bytearray()
        self._over = asyncio.Event()
        self.why = ""
        """How it ended, once it has."""

    def asked(self) -> None:
        """Somebody asks something: what came before is not counted any more."""
        self._heard = 0

    async def line(self) -> bytes | None:
        """The next line; None: it has ended. Raises Flood."""
        searched = 0
        while (end := self._left.find(b"\n", searched)) < 0:
            searched = len(self._left)
            if searched > MOST_LINE:
                raise Flood(f"it says a line of more than {MOST_LINE >> 20} MiB")
            data = await self._some()
            if not data:
                return None
            self._left += data
            self._heard += len(data)
            if self._heard > MOST_BYTES:
                raise Flood(f"it says more than {MOST_BYTES >> 20} MiB for one answer")
        found = bytes(self._left[:end])
        del self._left[: end + 1]
        return found

    async def say(self, line: bytes) -> None:
        """Give it a line, for as long as somebody reads it."""
        left = memoryview(line)
        while left and not self._over.is_set():
            try:
                left = left[os.write(self._write, left) :]
            except BlockingIOError:
                await self._wait(self._write, self._loop.add_writer, self._loop.remove_writer)
            except BrokenPipeError:
                return

    def print(self, data: bytes) -> None:
        """Keep the end of what it prints beside, which may say why it ended."""
        self._printed += data
        del self._printed[:-KEPT_BYTES]

    async def ended(self) -> None:
        """Wait for its end."""
        await self._over.wait()

    def end(self, why: str) -> None:
        """It has ended."""
        if not self._over.is_set():
            last = bytes(self._printed).decode("utf-8", "replace").strip().splitlines()[-1:]
            self.why = f"{why}: {visible(last[0], LAST_WORDS)}" if last else why
            os.close(self.said)  # so that there is an end of what can be read
            os.close(self.given)
            self._over.set()

    def close(self) -> None:
        """Forget it."""
        self.end("it was ended")
        os.close(self._read)
        os.close(self._write)

    async def _some(self) -> bytes:
        while True:
            try:
                return os.read(self._read, AT_ONCE)
            except BlockingIOError:
                await self._wait(self._read, self._loop.add_reader, self._loop.remove_reader)

    async def _wait(self, descriptor: int, add: Callable[..., object], remove: Callable[[int], object]) -> None:
        """Until it can be read or written, or the process has ended."""
        ready = asyncio.Event()
        add(descriptor, ready.set)
        both = [asyncio.ensure_future(ready.wait()), asyncio.ensure_future(self._over.wait())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            remove(descriptor)
            for each in both:
                each.cancel()


@contextlib.asynccontextmanager
async def spoken(
    sandbox: Sandbox,
    server: Server,
    secret: Mapping[str, str],
    denied: Callable[[Mapping[str, int]], Awaitable[None]],
) -> AsyncIterator[Spoken]:
    """The server's process, for as long as the block lasts; `denied` hears of system calls that it was denied."""
    found = Spoken()
    told = b"\0".join(f"{name}={value}".encode() for name, value in ({**server.env, **secret}).items())
    source = INSIDE.read_text()
    command = ("-I", "-S", "-c", source, str(found.given), str(found.said), *server.command)
    work = _confined(sandbox, server, found, command, told, denied) if server.kind == "confined" else None
    task = asyncio.ensure_future(work or _ordinary(server, found, command, told))
    try:
        yield found
    finally:
        task.cancel()
        await uninterrupted(_gone(task))
        found.close()


async def _gone(task: asyncio.Future[None]) -> None:
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # told already


async def _confined(
    sandbox: Sandbox,
    server: Server,
    found: Spoken,
    command: tuple[str, ...],
    told: bytes,
    denied: Callable[[Mapping[str, int]], Awaitable[None]],
) -> None:
    calls: Counter[str] = Counter()

    def hear(_: Stream, data: bytes) -> None:
        found.print(data)

    why = "it was ended"
    try:
        async with contextlib.AsyncExitStack() as held:
            folder = Path(server.folder) if server.folder else None
            if folder is None:
                folder = await held.enter_async_context(in_threads(sandbox.fresh_folder()))
            program = Program((python(), *command), folder, told, (found.given, found.said))
            why = _words(await sandbox.run(program, LIMITS, hear, calls))
    except TektraError as error:
        why = f"{error.message}. {error.hint}".rstrip()
    except OSError as error:
        why = f"it cannot be started: {error.strerror}"
    finally:
        found.end(why)
        if calls:
            await uninterrupted(_tell(denied, calls))


async def _tell(denied: Callable[[Mapping[str, int]], Awaitable[None]], calls: Mapping[str, int]) -> None:
    await denied(dict(calls))


def _words(outcome: Outcome) -> str:
    if outcome.ended_by != "itself":
        return f"it was stopped at its limit of {outcome.ended_by}"
    return f"it ended with code {outcome.code}"


async def _ordinary(server: Server, found: Spoken, command: tuple[str, ...], told: bytes) -> None:
    """With the rights of the daemon's user, and nothing of its environment."""
    home = str(Path.home())
    why = "it was ended"
    try:
        with readable(told) as variables, piped(found.print) as err:
            process = subprocess.Popen(  # noqa: ASYNC220  as the supervisor does
                [sys.executable, *command],
                stdin=variables,
                stdout=subprocess.DEVNULL,
                stderr=err.write,
                pass_fds=(found.given, found.said),
                cwd=server.folder or home,
                env={"PATH": PATH, "HOME": home, "LANG": "C.UTF-8"},
                start_new_session=True,
            )
            err.close_theirs()
            gone = asyncio.ensure_future(_gone_by_itself(process.pid))
            try:
                await asyncio.shield(gone)
            finally:
                await uninterrupted(_stopped(process.pid, gone))
                code = process.wait()
                err.drain()
            why = f"it ended with code {code if code >= 0 else 128 - code}"
    except OSError as error:
        why = f"it cannot be started: {error.strerror}"
    finally:
        found.end(why)


async def _gone_by_itself(pid: int) -> None:
    """Wait for a child's end, and leave it to be buried: until then nobody else can have its number."""
    gone = asyncio.Event()
    descriptor = os.pidfd_open(pid)
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(descriptor, gone.set)
        await gone.wait()
        loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)


async def _stopped(pid: int, gone: asyncio.Future[None]) -> None:
    """End it and what it started: politely first."""
    if not gone.done():
        _signal(pid, signal.SIGTERM)
        await asyncio.wait([gone], timeout=STOP_S)
    _signal(pid, signal.SIGKILL)
    await gone


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def check_folder(sandbox: Sandbox, server: Server) -> None:
    """Raise InvalidRequest or Forbidden for a folder that cannot be lent."""
    if server.kind == "confined" and server.folder:
        sandbox.check_folder(Path(server.folder))
    elif server.folder and not Path(server.folder).is_dir():
        raise InvalidRequest(f"{server.folder} is no folder", "Name one that exists: --dir DIR", param="folder")
