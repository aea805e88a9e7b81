"""Downloads a model from a Hugging Face style hub: resumable across processes, digest-checked, never half a file.

`pull` is an async generator of events; closing it, or killing the process, leaves a `.part` file that the next pull of
the same file goes on with. Only a file whose SHA-256 and header were checked gets a final name.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

import httpx2
import msgspec

from tektra_models.blobs import ensure_room
from tektra_models.catalog import Catalog
from tektra_models.errors import BadModelFile, DigestMismatch, PullFailed
from tektra_models.hub import HubFile, check_status, find_file, find_token, parse_source
from tektra_models.manifest import Model, check_name, name_for, read_facts
from tektra_models.part import PartFile
from tektra_models.reach import Endpoint, HubClient
from tektra_models.tuning import Speed

FLUSH_BYTES = 1024 * 1024
REPORT_SECONDS = 0.25
TRIES = 5

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], float]


class Plan(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    """What will be downloaded, and how much of it is here already."""

    repository: str
    revision: str
    file: str
    total_bytes: int
    sha256: str
    name: str
    resumed_bytes: int


class Recommended(msgspec.Struct, frozen=True, kw_only=True, tag="recommended"):
    """The repository has a type of the same class that is clearly faster on this machine."""

    quantization: str
    ratio: float


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """How far the download is; the speed is that of this pull."""

    done_bytes: int
    total_bytes: int
    bytes_per_s: float


class Verifying(msgspec.Struct, frozen=True, kw_only=True, tag="verifying"):
    """All bytes are here and are being checked."""


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """The model is in the catalog."""

    model: Model


PullEvent = Plan | Recommended | Progress | Verifying | Done


async def pull(
    source: str,
    *,
    models_dir: Path,
    name: str | None = None,
    revision: str | None = None,
    speeds: Sequence[Speed] = (),
    best: bool = False,
    endpoint: str | None = None,
    token: str | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
    sleep: Sleep = asyncio.sleep,
    clock: Clock = time.monotonic,
) -> AsyncGenerator[PullEvent, None]:
    """Download a model into the catalog, telling how it goes; raises a ModelError when it does not.

    `speeds` are those of types on this machine: by them a better file is recommended, or with `best` taken.
    """
    hub = Endpoint(endpoint)
    wanted = parse_source(source, hub)
    name = None if name is None else check_name(name)
    catalog = Catalog(models_dir)
    token = token or await asyncio.to_thread(find_token, hub)
    async with HubClient(hub, token, transport) as client:
        file = await find_file(client, wanted, revision, speeds, best=best)
        name = name or name_for(Path(file.file).name)
        await asyncio.to_thread(catalog.ensure_free, name, file.sha256)
        if file.advice is not None:
            yield Recommended(quantization=file.advice.quantization, ratio=file.advice.ratio)
        blob = catalog.blob(file.sha256)
        with PartFile(blob.parent, file) as part:
            if blob.exists():
                # An earlier pull, perhaps under another name: final names are only given to checked files.
                part.drop()
                yield _plan(file, name, file.size_bytes)
            else:
                await asyncio.to_thread(part.rehash)
                await asyncio.to_thread(ensure_room, blob.parent, file.size_bytes - part.size, file.file)
                yield _plan(file, name, part.size)
                async with aclosing(_download(client, part, sleep, clock)) as reports:
                    async for progress in reports:
                        yield progress
                yield Verifying()
                await asyncio.to_thread(_accept, part, blob)
        yield Done(model=await asyncio.to_thread(catalog.add_pulled, blob, name, file.repository, file.sha256))


def _plan(file: HubFile, name: str, resumed: int) -> Plan:
    return Plan(
        repository=file.repository,
        revision=file.revision,
        file=file.file,
        total_bytes=file.size_bytes,
        sha256=file.sha256,
        name=name,
        resumed_bytes=resumed,
    )


def _accept(part: PartFile, blob: Path) -> None:
    part.verify()
    try:
        read_facts(part.path)
    except BadModelFile:
        part.drop()
        raise
    part.finish(blob)


async def _download(client: HubClient, part: PartFile, sleep: Sleep, clock: Clock) -> AsyncGenerator[Progress, None]:
    meter = _Meter(part, clock)
    failures, furthest = 0, part.size
    while part.size < part.file.size_bytes:
        try:
            async with aclosing(_one_try(client, part, meter)) as reports:
                async for progress in reports:
                    yield progress
        except httpx2.HTTPError as exc:
            # Only real headway earns new tries; a server that hands out a byte at a time does not get them for ever.
            failures = 1 if part.size >= furthest + FLUSH_BYTES else failures + 1
            furthest = max(furthest, part.size)
            if failures >= TRIES:
                raise _given_up(part, exc) from exc
            await sleep(2.0 ** (failures - 1))
    yield meter.progress()


def _given_up(part: PartFile, exc: Exception) -> PullFailed:
    reason = str(exc) or type(exc).__name__
    return PullFailed(
        f"{part.file.file} stopped at {part.size:,} of {part.file.size_bytes:,} bytes: {reason}.",
        "What arrived is kept: run the same command again to go on.",
    )


async def _one_try(client: HubClient, part: PartFile, meter: _Meter) -> AsyncGenerator[Progress, None]:
    headers = {"Range": f"bytes={part.size}-"} if part.size else {}
    async with client.get(part.file.path, headers) as response:
        _check_answer(response, part)
        buffer = bytearray()
        try:
            async for chunk in response.aiter_raw():
                buffer += chunk
                if part.size + len(buffer) > part.file.size_bytes:
                    buffer.clear()
                    part.drop()
                    raise _too_long(part)
                if len(buffer) >= FLUSH_BYTES or meter.due():
                    data, buffer = buffer, bytearray()
                    await asyncio.to_thread(part.write, data)
                    if meter.due():
                        yield meter.progress()
        finally:
            # Also when the connection broke or nobody listens any more: what arrived is worth keeping.
            part.write(buffer)
    if part.size < part.file.size_bytes:
        raise httpx2.RemoteProtocolError("the hub closed the connection early")


def _check_answer(response: httpx2.Response, part: PartFile) -> None:
    status = response.status_code
    if status == 416:
        part.start_over()
        raise httpx2.RemoteProtocolError("the hub could not continue where the kept part ends")
    check_status(response, part.file.repository, part.file.file)
    if response.headers.get("content-encoding", "identity") != "identity":
        raise PullFailed(f"The hub sent {part.file.file} packed although asked not to.", "Use another hub or mirror.")
    if status == 200:
        if part.size:
            part.start_over()  # the server does not do ranges
        return
    expected = f"bytes {part.size}-{part.file.size_bytes - 1}/{part.file.size_bytes}"
    if status != 206 or response.headers.get("content-range") != expected:
        got = response.headers.get("content-range", f"status {status}")[:100]
        raise httpx2.RemoteProtocolError(f"the hub answered with {got!r} and not {expected!r}")


def _too_long(part: PartFile) -> DigestMismatch:
    return DigestMismatch(
        f"{part.file.file} is longer than the {part.file.size_bytes:,} bytes that the hub promised. "
        "It was thrown away.",
        "Run the same command again; if it happens again, the hub's file is damaged: tell its owner.",
    )


class _Meter:
    """Measures the speed of this pull and says when the next report is due."""

    def __init__(self, part: PartFile, clock: Clock) -> None:
        self._part, self._clock = part, clock
        self._begun = self._reported = clock()
        self._at_start = part.size

    def due(self) -> bool:
        return self._clock() - self._reported >= REPORT_SECONDS

    def progress(self) -> Progress:
        self._reported = self._clock()
        seconds = self._reported - self._begun
        arrived = max(0, self._part.size - self._at_start)
        return Progress(
            done_bytes=self._part.size,
            total_bytes=self._part.file.size_bytes,
            bytes_per_s=round(arrived / seconds, 1) if seconds > 0 else 0.0,
        )
