"""The durable engine: the only file that knows DBOS, which remembers steps in an SQLite file of its own.

A body is an ordinary coroutine of the daemon's loop. Its steps are executed by a thread of DBOS, in which they are
recorded, and their work comes back to the loop: so the loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
import queue
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any, Protocol

import structlog

from tektrad.errors import StoreFailed

VERSION = "2"
"""Of what bodies expect in the journal; DBOS would else take a hash of our sources, and forget all runs at an edit."""
UNFINISHED = ("PENDING", "ENQUEUED")
AT_ONCE = 16
"""Runs that are under way at once; more wait."""
REST_S = 10.0
"""How long runs have to come to rest when the daemon stops."""

log = structlog.get_logger()


class Steps(Protocol):
    """What a body may do: every effect that it has is a step."""

    async def step(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something once: its result, a JSON value, is on the disk before it is returned.

        After a crash a step that was finished is not done again, and its result comes from the journal. One that was
        under way is done again.
        """


Body = Callable[[str, Steps], Coroutine[Any, Any, Any]]
"""What a kind of run does: the run's id and its steps in, its result, a JSON value, out."""


class Stopped(BaseException):
    """The daemon stops, and the run goes on when it starts again; no Exception, which DBOS would record as its end."""


class Cancelled(Exception):
    """Somebody ended the run, or the step."""


class Engine:
    """Starts bodies, and goes on with those that a crash interrupted."""

    def __init__(self, dbos: Any, workflows: Mapping[str, Any], threads: _Threads) -> None:
        self._dbos = dbos
        self._workflows = workflows
        self._threads = threads

    async def start(self, kind: str, run: str) -> None:
        """Begin a run on the disk; one of this id that there is already is not begun again. Raises StoreFailed."""
        await asyncio.to_thread(self._start, kind, run)

    def _start(self, kind: str, run: str) -> None:
        from dbos import SetWorkflowID

        try:
            with SetWorkflowID(run):
                self._dbos.start_workflow(self._workflows[kind], run)
        except Exception as error:
            raise StoreFailed(f"the run cannot be recorded: {error}") from error

    async def outcome(self, run: str) -> Any:
        """Wait for a run's end: its result, or its error."""
        handle = await asyncio.to_thread(self._dbos.retrieve_workflow, run)
        return await asyncio.to_thread(handle.get_result)

    async def cancel(self, run: str) -> None:
        """End a run now: the step that is under way is interrupted, and there is no next one."""
        await asyncio.to_thread(self._dbos.cancel_workflow, run)
        self._threads.interrupt(run)

    async def unfinished(self) -> list[str]:
        """The runs that have not come to their end."""
        found = await asyncio.to_thread(self._dbos.list_workflows, status=list(UNFINISHED))
        return [each.workflow_id for each in found]

    async def steps(self, run: str) -> list[tuple[str, Any]]:
        """The names and results of a run's finished steps, in order, up to the first that went wrong."""
        found = await asyncio.to_thread(self._dbos.list_workflow_steps, run)
        well = itertools.takewhile(lambda step: step["error"] is None, found)
        return [(step["function_name"], step["output"]) for step in well]

    def is_under_way(self, run: str) -> bool:
        """Whether it is being done in this process."""
        return self._threads.has(run)

    async def is_over(self, run: str) -> bool:
        """Whether nobody will go on with it here: its body has ended, or a Tektra with other steps began it."""
        found = await asyncio.to_thread(self._dbos.list_workflows, workflow_ids=[run])
        return any(each.status not in UNFINISHED or each.app_version != VERSION for each in found)


class _Work:
    """One step that waits for its thread."""

    def __init__(self, name: str, work: Callable[[], Awaitable[Any]], loop: asyncio.AbstractEventLoop) -> None:
        self.name, self.work = name, work
        self.doing: Future[Any] | None = None
        self.done: asyncio.Future[Any] = loop.create_future()


class _Thread:
    """The thread in which one run's steps are recorded, and the coroutine on the loop that wants them."""

    def __init__(self, dbos: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._dbos, self._loop = dbos, loop
        self._wanted: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._body: Future[Any] | None = None
        self._doing: Future[Any] | None = None
        self._lock = threading.Lock()
        self._recorded = 0
        self._interrupted = False
        self._stopping = False

    async def step(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Hand a step to the thread, and wait for what it says."""
        wanted = _Work(name, work, self._loop)
        if self._recorded:
            self._recorded -= 1
        else:  # the journal does not know it: it is done while the thread makes sure of that
            self._begin(wanted)
        self._wanted.put(wanted)
        return await wanted.done

    def run(self, body: Body, run: str) -> Any:
        """In the thread: let the body run on the loop, and record its steps until it ends. Raises Stopped."""
        # In a context of its own, for what DBOS is asked in a workflow's it takes for a step.
        apart = contextvars.Context()
        self._recorded = len(apart.run(self._dbos.list_workflow_steps, run, load_output=False))
        with self._lock:
            ended = self._body = apart.run(asyncio.run_coroutine_threadsafe, body(run, self), self._loop)
            if self._interrupted:
                ended.cancel()
        ended.add_done_callback(lambda _: self._wanted.put(None))
        try:
            while (wanted := self._wanted.get()) is not None and not self._stopping:
                self._record(wanted)
            if self._stopping:
                raise Stopped
            return ended.result()
        except CancelledError as error:
            raise Cancelled from error
        finally:
            ended.cancel()

    def stop(self) -> None:
        """From another thread: end whatever is under way, so that `run` raises Stopped."""
        self._stopping = True
        self.interrupt()
        self._wanted.put(None)

    def interrupt(self) -> None:
        """From another thread: end the step that is under way, and the body."""
        with self._lock:
            self._interrupted = True
            for under_way in (self._doing, self._body):
                if under_way is not None:
                    under_way.cancel()

    def _record(self, wanted: _Work) -> None:
        try:
            said = self._dbos.run_step({"name": wanted.name}, self._do, wanted)
        except Exception as error:  # noqa: BLE001  the body's to deal with
            if wanted.doing is not None:
                wanted.doing.cancel()
            self._tell(wanted.done.set_exception, wanted, error)
        else:
            self._tell(wanted.done.set_result, wanted, said)

    def _do(self, wanted: _Work) -> Any:
        """Inside DBOS's step: only what is no Exception leaves the step unrecorded."""
        try:
            return (wanted.doing or self._begin(wanted)).result()
        except CancelledError as error:
            if self._stopping:
                raise Stopped from error
            raise Cancelled from error

    def _begin(self, wanted: _Work) -> Future[Any]:
        """Have a step done on the loop."""

        async def work() -> Any:
            return await wanted.work()

        with self._lock:
            doing = self._doing = wanted.doing = asyncio.run_coroutine_threadsafe(work(), self._loop)
            if self._interrupted:
                doing.cancel()
        return doing

    def _tell(self, say: Callable[[Any], None], wanted: _Work, what: Any) -> None:
        self._loop.call_soon_threadsafe(lambda: None if wanted.done.done() else say(what))


class _Threads:
    """The runs that are under way in this process."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._all: dict[str, _Thread] = {}
        self._stopping = False

    def run(self, thread: _Thread, body: Body, run: str) -> Any:
        """In a thread of DBOS: one run, from its beginning or once again, to its end."""
        with self._lock:
            if self._stopping:
                raise Stopped
            self._all[run] = thread
        try:
            return thread.run(body, run)
        finally:
            with self._lock:
                del self._all[run]
                self._lock.notify_all()

    def has(self, run: str) -> bool:
        """Whether it is under way."""
        with self._lock:
            return run in self._all

    def interrupt(self, run: str) -> None:
        """End the step of a run that is under way."""
        with self._lock:
            thread = self._all.get(run)
        if thread is not None:
            thread.interrupt()

    def stop(self, seconds: float) -> None:
        """Let all runs rest, and wait until they do; what does not rest in time is done again like after a crash."""
        with self._lock:
            self._stopping = True
            for thread in self._all.values():
                thread.stop()
            if not self._lock.wait_for(lambda: not self._all, timeout=seconds):
                log.warning("runs did not come to rest in time", runs=sorted(self._all))


@contextlib.asynccontextmanager
async def durable(path: Path, bodies: Mapping[str, Body]) -> AsyncIterator[Engine]:
    """The engine over one file, with what was interrupted under way again; at the end runs rest where they are."""
    threads = _Threads()
    database = await asyncio.to_thread(_database, path)
    try:
        dbos, workflows = await asyncio.to_thread(_launched, database, bodies, asyncio.get_running_loop(), threads)
        try:
            yield Engine(dbos, workflows, threads)
        finally:
            await asyncio.to_thread(threads.stop, REST_S)
            await asyncio.to_thread(dbos.destroy, destroy_registry=True)
    finally:
        await asyncio.to_thread(database.dispose)  # which DBOS leaves to whoever made it


def _launched(
    database: Any, bodies: Mapping[str, Body], loop: asyncio.AbstractEventLoop, threads: _Threads
) -> tuple[Any, dict[str, Any]]:
    """Load DBOS, which takes a second, and launch it: what was interrupted begins at once."""
    from dbos import DBOS, DBOSConfig
    from dbos._serialization import DBOSPortableJSONSerializer

    config: DBOSConfig = {
        "name": "tektra",
        "system_database_url": str(database.url),
        "system_database_engine": database,
        "application_version": VERSION,
        "executor_id": "local",
        "log_level": "WARNING",
        "serializer": DBOSPortableJSONSerializer(),
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": 0.25,
        "max_executor_threads": AT_ONCE,
    }
    DBOS(config=config)
    workflows = {kind: _workflow(DBOS, kind, body, loop, threads) for kind, body in bodies.items()}
    DBOS.launch()
    return DBOS, workflows


def _workflow(
    dbos: Any, kind: str, body: Body, loop: asyncio.AbstractEventLoop, threads: _Threads
) -> Callable[[str], Any]:
    def workflow(run: str) -> Any:
        return threads.run(_Thread(dbos, loop), body, run)

    registered: Callable[[str], Any] = dbos.workflow(name=kind)(workflow)
    return registered


def _database(path: Path) -> Any:
    """The file, as durable as SQLite can be."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"sqlite:///{path}", pool_size=4, max_overflow=0)

    @sqlalchemy.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.create_function("unixepoch", -1, _unixepoch)  # SQLite before 3.42 knows no parts of seconds
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def _unixepoch(*modifiers: str) -> float:
    now = time.time()
    return now if "subsec" in modifiers else int(now)
