"""What the dashboard asks the daemon: blocking requests in threads, streams as batches of what has come."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from tektra_cli import new_file
from tektra_cli.client import ANSWER_SECONDS, LOAD_SECONDS, Document, Hangup, error_of, segment
from tektra_cli.errors import CliError

T = TypeVar("T")
AT_ONCE = 8
"""Requests under way at once; each stream has a thread of its own."""


def address(*parts: str) -> str:
    """The path of a thing: `address("runs", id, "apply")`, whatever characters its name has."""
    return "/api/" + "/".join(segment(part) for part in parts)


class Asked(Protocol):
    """Whoever answers: a Client, or the recording of a demonstration."""

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """As Client.get."""

    def post(self, path: str, body: Mapping[str, Any], *, timeout: float | None = None) -> Document:
        """As Client.post."""

    def delete(self, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """As Client.delete."""

    def events(self, path: str, body: Mapping[str, Any], hangup: Hangup) -> Iterator[Document]:
        """As Client.events."""

    def follow(
        self, path: str, query: Mapping[str, Any], timeout: float, hangup: Hangup
    ) -> Iterator[tuple[str, Document | None]]:
        """As Client.follow."""

    def download(self, path: str, body: Mapping[str, Any], hangup: Hangup) -> Iterator[bytes]:
        """As Client.download."""


class Gateway:
    """The daemon, for the one event loop that it is used on. All of it raises CliError."""

    def __init__(self, client: Asked) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tektra-asks")
        self.asking = 0
        """Requests that are not answered yet, apart from streams."""

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """The document at `path`."""
        return await self._asked(partial(self._client.get, path, query))

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, timeout: float | None = ANSWER_SECONDS
    ) -> Document:
        """The document that answers `body`."""
        return await self._asked(partial(self._client.post, path, body or {}, timeout=timeout))

    async def patient_post(self, path: str, body: Mapping[str, Any]) -> Document:
        """As `post`, for what may take minutes: in a thread of its own, so that nothing else waits for it."""
        async for (document,) in self._streamed(lambda hangup: self._posted(path, body)):
            return document
        raise CliError("connection_lost", "the daemon did not answer")

    async def delete(self, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """The document that says what is gone."""
        return await self._asked(partial(self._client.delete, path, query))

    def stream(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[list[Document], None]:
        """The events that answer `body`, as many at once as have come; leaving it ends that work.

        What comes as an event of an error is raised.
        """
        return self._streamed(lambda hangup: _checked(self._client.events(path, body, hangup)))

    def follow(
        self, path: str, query: Mapping[str, Any], timeout: float
    ) -> AsyncGenerator[list[tuple[str, Document | None]], None]:
        """Ids and events of a stream, None for a sign of life; raises CliError where none comes in time."""
        return self._streamed(lambda hangup: self._client.follow(path, query, timeout, hangup))

    async def download(self, path: str, body: Mapping[str, Any], to: Path, told: Callable[[bytes], None]) -> None:
        """Write what answers `body` to a file that does not exist yet; `told`, in a thread, of each piece of it.

        Cancelling it leaves no file.
        """
        hangup, loop = Hangup(), asyncio.get_running_loop()

        def written() -> None:
            new_file.write_all(to, _heard(self._client.download(path, body, hangup), told))

        writing = loop.run_in_executor(None, written)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            hangup.hang_up()
            with contextlib.suppress(CliError):
                await writing
            raise

    def close(self) -> None:
        """Take nothing more; what is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _posted(self, path: str, body: Mapping[str, Any]) -> Iterator[Document]:
        yield self._client.post(path, body, timeout=LOAD_SECONDS)

    async def _asked(self, ask: Callable[[], Document]) -> Document:
        self.asking += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        finally:
            self.asking -= 1

    async def _streamed(self, begin: Callable[[Hangup], Iterator[T]]) -> AsyncGenerator[list[T], None]:
        hangup, coming = Hangup(), _Coming[T](asyncio.get_running_loop())
        reading = threading.Thread(target=coming.read, args=(partial(begin, hangup),), daemon=True)
        reading.start()
        try:
            while batch := await coming.taken():
                yield batch
        finally:
            hangup.hang_up()


def _heard(pieces: Iterable[bytes], told: Callable[[bytes], None]) -> Iterator[bytes]:
    for piece in pieces:
        told(piece)
        yield piece


def _checked(events: Iterable[Document]) -> Iterator[Document]:
    for event in events:
        if event["type"] == "error":
            raise error_of(event, "the daemon ended the stream")
        yield event


class _Coming(Generic[T]):
    """What a thread reads, until the loop takes it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._items: list[T] = []
        self._news = asyncio.Event()
        self._error: BaseException | None = None
        self._ended = False

    def read(self, begin: Callable[[], Iterator[T]]) -> None:
        """In the thread: take in all that there is."""
        try:
            for item in begin():
                with self._lock:
                    self._items.append(item)
                    is_first = len(self._items) == 1
                if is_first:
                    self._tell()
        except BaseException as error:  # noqa: BLE001  the loop's to deal with
            self._error = error
        self._ended = True
        self._tell()

    async def taken(self) -> list[T]:
        """All that has come, once there is something; nothing at the end. Raises what reading raised."""
        while True:
            self._news.clear()
            with self._lock:
                items, self._items = self._items, []
            if items:
                return items
            if self._ended:
                if self._error is not None:
                    raise self._error
                return []
            await self._news.wait()

    def _tell(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
            self._loop.call_soon_threadsafe(self._news.set)
