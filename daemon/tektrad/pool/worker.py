"""The parent's side of one worker process: start it, talk frames with it, notice its death.

The only writer of a worker's state. States: cold → starting → ready → stopping → cold, and broken after a crash, which
is final: the pool replaces a broken worker by a new one.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import itertools
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from typing import Literal

import structlog

from tektra_models import frames
from tektra_models.errors import BadRequest, LoadFailed, ModelError, WorkerDied, from_code
from tektra_models.generation import Delta, Embedding, Finish, Pooling, Prompt, Ranking, Sampling
from tektra_models.spec import Spec
from tektrad.pool.totals import Totals

State = Literal["cold", "starting", "ready", "stopping", "broken"]
Answer = frames.Began | Delta | Finish
STOP_SECONDS = 5.0
TAIL_LINES = 12
LINE_BYTES = 500
READ_BYTES = 65536

log = structlog.get_logger()


class Worker:
    """One process that holds one model."""

    def __init__(self, spec: Spec, on_death: Callable[[Worker], None], totals: Totals) -> None:
        self.spec = spec
        self.totals = totals
        self.state: State = "cold"
        self.info: frames.ModelInfo | None = None
        self.load_seconds = 0.0
        self.running = 0
        self.waiting = 0
        self.largest_prompt = 0
        self._on_death = on_death
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._loaded: asyncio.Future[None] | None = None
        self._requests: dict[str, asyncio.Queue[frames.FromWorker | ModelError]] = {}
        self._ids = itertools.count(1)
        self._tail: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)

    @property
    def pid(self) -> int | None:
        """The process id while there is a process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the process and wait until the model is loaded; raises a ModelError and leaves nothing behind."""
        self.state = "starting"
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as unless_started, theirs:
            unless_started.enter_context(ours)
            # -P: a file of the current directory must not be imported in place of a module.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "tektra_models.worker", str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            unless_started.pop_all()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._loaded = asyncio.get_running_loop().create_future()
        self._tasks = [asyncio.create_task(self._read_log()), asyncio.create_task(self._read_frames(reader))]
        self._send(frames.Load(version=frames.VERSION, spec=self.spec))
        try:
            await self._loaded
        except BaseException:
            await self.stop()
            raise
        log.info("model loaded", model=self.spec.name, pid=self.pid, seconds=round(self.load_seconds, 3))

    async def generate(self, prompt: Prompt, sampling: Sampling, party: str = "") -> AsyncGenerator[Answer, None]:
        """Yield Began, then Deltas, then Finish; closing the iterator early cancels the sequence.

        Raises a ModelError: what the engine refused, or WorkerDied.
        """
        request, answers = self._open()
        now, pieces = asyncio.get_running_loop().time, 0
        asked = now()
        try:
            self._send(frames.Generate(id=request, prompt=prompt, sampling=sampling, party=party))
            while True:
                match await self._next(answers):
                    case frames.Began() as began:
                        self.largest_prompt = max(self.largest_prompt, began.prompt_tokens)
                        yield began
                    case frames.Piece(delta=delta):
                        if not pieces:
                            self.totals.began(now() - asked)
                        pieces += 1
                        self.totals.written += 1
                        yield delta
                    case frames.Ended(finish=finish):
                        self.totals.written += finish.usage.completion_tokens - pieces
                        self.totals.add(finish)
                        yield finish
                        return
        except ModelError:
            self.totals.failures += 1
            raise
        finally:
            self._forget(request)

    async def embed(self, inputs: list[Prompt], pooling: Pooling | None = None) -> Embedding:
        """One vector per input; raises a ModelError."""
        frame = await self._ask(lambda request: frames.Embed(id=request, inputs=inputs, pooling=pooling))
        assert isinstance(frame, frames.Embedded)
        return frame.embedding

    async def rank(self, query: str, documents: list[str]) -> Ranking:
        """How well each document fits the query; raises a ModelError."""
        frame = await self._ask(lambda request: frames.Rank(id=request, query=query, documents=documents))
        assert isinstance(frame, frames.Ranked)
        return frame.ranking

    async def count(self, prompt: Prompt) -> int:
        """Tokens of a prompt as this model's template writes it; raises a ModelError."""
        frame = await self._ask(lambda request: frames.Count(id=request, prompt=prompt))
        assert isinstance(frame, frames.Counted)
        return frame.tokens

    async def forget_states(self) -> None:
        """Wait until the worker has forgotten what it keeps of earlier requests; a dead one keeps nothing."""
        if self.state == "ready":
            with contextlib.suppress(WorkerDied):
                await self._ask(lambda request: frames.Forget(id=request))

    async def stop(self) -> None:
        """End the process: by request, after a few seconds by force; idempotent."""
        if self.state != "broken":
            self.state = "stopping"
        process = self._process
        if process is not None and process.returncode is None:
            self._send(frames.Stop())
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._writer is not None:
            self._writer.close()
        for task in self._tasks:
            await asyncio.wait([task])
        if self.state != "broken":
            self.state = "cold"

    def kill(self) -> None:
        """End the process now, whatever it does."""
        if self.pid is not None and self._process is not None:
            self._process.kill()

    async def _ask(self, make: Callable[[str], frames.ToWorker]) -> frames.FromWorker:
        request, answers = self._open()
        try:
            self._send(make(request))
            return await self._next(answers)
        finally:
            self._forget(request)

    def _open(self) -> tuple[str, asyncio.Queue[frames.FromWorker | ModelError]]:
        if self.state != "ready":
            raise self._death()
        request = str(next(self._ids))
        answers: asyncio.Queue[frames.FromWorker | ModelError] = asyncio.Queue()
        self._requests[request] = answers
        return request, answers

    @staticmethod
    async def _next(answers: asyncio.Queue[frames.FromWorker | ModelError]) -> frames.FromWorker:
        answer = await answers.get()
        if isinstance(answer, ModelError):
            raise answer
        return answer

    def _forget(self, request: str) -> None:
        """Listen no more to a request, and let the worker drop it if its last answer has not come."""
        if self._requests.pop(request, None) is not None and self.state == "ready":
            self._send(frames.Cancel(id=request))

    def _send(self, frame: frames.ToWorker) -> None:
        if self._writer is None or self._writer.is_closing():
            return
        try:
            self._writer.write(frames.encode(frame))
        except frames.BadFrame as error:
            raise BadRequest(f"the request cannot be passed on: {error.message}") from error

    async def _read_frames(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                length = frames.read_length(await reader.readexactly(frames.LENGTH_BYTES))
                self._dispatch(frames.decode_from_worker(await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the process is gone, or about to be
        except frames.BadFrame as error:
            log.error("worker sent a bad frame", model=self.spec.name, error=str(error))
            self.kill()
        finally:
            await self._bury()

    async def _bury(self) -> None:
        """Wait for the process, let its last words arrive, and tell everybody who waited for it."""
        assert self._process is not None
        await self._process.wait()
        await asyncio.wait([self._tasks[0]])
        died = self.state != "stopping"
        error = self._death()
        self.running = self.waiting = 0
        if died:
            self.state = "broken"
        for request in list(self._requests):
            self._deliver_last(request, error)
        if self._loaded is not None and not self._loaded.done():
            self._loaded.set_exception(LoadFailed(error.message, error.hint))
        if died:
            self._on_death(self)
            log.error("worker died", model=self.spec.name, why=error.message, last_words=list(self._tail))

    def _death(self) -> WorkerDied:
        code = self._process.returncode if self._process is not None else None
        if code is None:
            how = "closed its connection"
        elif code < 0:
            how = f"was ended by {_signal_name(-code)}"
        else:
            how = f"ended with code {code}"
        said = f": {self._tail[-1]}" if self._tail else ""
        if self.state == "stopping":
            return WorkerDied(f'"{self.spec.name}" was unloaded', "The next request loads it again.")
        return WorkerDied(
            f'the worker of "{self.spec.name}" {how}{said}',
            "It is started anew with the next request; tektra daemon logs shows its last words.",
        )

    def _dispatch(self, frame: frames.FromWorker) -> None:
        match frame:
            case frames.Loaded(info=info, load_seconds=seconds):
                self.info, self.load_seconds = info, seconds
                self.totals.loads += 1
                self.totals.load_s += seconds
                if self.state == "starting":
                    self.state = "ready"
                if self._loaded is not None and not self._loaded.done():
                    self._loaded.set_result(None)
            case frames.Gauge(running=running, waiting=waiting):
                self.running, self.waiting = running, waiting
            case frames.Refused(id="") as refused:
                if self._loaded is not None and not self._loaded.done():
                    self._loaded.set_exception(_error(refused))
            case frames.Refused(id=request) as refused:
                self._deliver_last(request, _error(refused))
            case frames.Began(id=request) | frames.Piece(id=request):
                if (answers := self._requests.get(request)) is not None:
                    answers.put_nowait(frame)
            case _:
                self._deliver_last(frame.id, frame)

    def _deliver_last(self, request: str, answer: frames.FromWorker | ModelError) -> None:
        """Hand over what ends a request; nothing more is expected for it."""
        if (answers := self._requests.pop(request, None)) is not None:
            answers.put_nowait(answer)

    async def _read_log(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        rest = b""
        while chunk := await self._process.stderr.read(READ_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[:LINE_BYTES]  # a file may make a worker write lines without end
            for line in lines:
                self._hear(line)
        self._hear(rest)

    def _hear(self, line: bytes) -> None:
        text = line[:LINE_BYTES].decode("utf-8", "replace").strip()
        if text:
            self._tail.append(text)
            log.debug("worker says", model=self.spec.name, line=text)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _error(refused: frames.Refused) -> ModelError:
    return from_code(refused.code, refused.message, refused.hint)
