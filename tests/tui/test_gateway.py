"""What the dashboard asks the daemon."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from tektra_cli.client import Client
from tektra_cli.errors import CliError, DaemonUnreachable
from tektra_cli.tui.gateway import AT_ONCE, Gateway, address
from tests.harness import Tektra

pytestmark = pytest.mark.anyio


async def test_leaving_a_stream_ends_the_work_behind_it(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("slow", [{"say": "word " * 10_000, "pace_s": 0.01}])
    gateway = Gateway(Client(tektra.socket))
    stream = gateway.stream(address("chat"), {"content": "go on", "model": model})
    async for batch in stream:
        if any(event["type"] == "delta" for event in batch):
            break
    await stream.aclose()
    while (await gateway.get(address("ps")))["models"][0]["running"]:
        pass
    gateway.close()


async def test_what_the_daemon_refuses_comes_as_its_own_error(tektra: Tektra) -> None:
    gateway = Gateway(Client(tektra.socket))
    with pytest.raises(DaemonUnreachable):
        await gateway.get(address("status"))
    tektra.start()
    with pytest.raises(CliError, match="no run"):
        await gateway.get(address("runs", "a?c"))
    with pytest.raises(CliError, match="no model"):
        async for _ in gateway.stream(address("chat"), {"content": "hello", "model": "none"}):
            pass
    gateway.close()


async def test_what_takes_long_keeps_nothing_else_waiting(tektra: Tektra) -> None:
    tektra.start(TEKTRA_MEMORY_BUDGET=str(100 << 20))  # of one model; the others wait for its memory
    names = [tektra.import_scripted(f"m{number}", [{"say": "x"}], load_s=600.0) for number in range(AT_ONCE + 1)]
    gateway = Gateway(Client(tektra.socket))
    loading = [asyncio.create_task(gateway.patient_post(address("models", name, "load"), {})) for name in names]
    while len((await gateway.get(address("ps")))["queue"]) < AT_ONCE:
        pass
    assert not any(task.done() for task in loading)
    tektra.kill()
    ends = await asyncio.gather(*loading, return_exceptions=True)
    assert {type(end) for end in ends} == {DaemonUnreachable}
    gateway.close()


@pytest.mark.parametrize(
    ("parts", "path"), [(("runs",), "/api/runs"), (("models", "a b/c", "load"), "/api/models/a%20b%2Fc/load")]
)
def test_names_are_safe_in_paths(parts: tuple[str, ...], path: str) -> None:
    assert address(*parts) == path


async def test_a_download_is_a_whole_file_or_none(tektra: Tektra, tmp_path: Path) -> None:
    tektra.start()
    gateway, path, heard = Gateway(Client(tektra.socket)), tmp_path / "log.jsonl", bytearray()
    await gateway.download(address("audit", "export"), {}, path, heard.extend)
    assert path.read_bytes() == bytes(heard)
    with pytest.raises(CliError, match="exists already"):
        await gateway.download(address("audit", "export"), {}, path, heard.extend)
    begun = threading.Event()
    slow = tmp_path / "slow.jsonl"
    goes_on = threading.Event()

    def told(_: bytes) -> None:
        begun.set()
        goes_on.wait()

    writing = asyncio.create_task(gateway.download(address("audit", "export"), {}, slow, told))
    await asyncio.to_thread(begun.wait)
    writing.cancel()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob(".tektra-*")))
    gateway.close()
