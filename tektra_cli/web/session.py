"""One tab's dashboard: a process of its own, spoken to as Textual's driver for browsers wants it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

DRIVER = "tektra_cli.web.driver:BrowserDriver"
PRELUDE = b"__GANGLION__\n"
"""Textual's first line; what it says before is no picture."""
MOST_BYTES = 16 << 20
"""No picture of a terminal is larger."""
MOST_LINES = 100
END_S = 3.0
"""How long a dashboard may take to leave by itself."""
PLAIN = {"TEXTUAL_DRIVER": DRIVER, "TEXTUAL_COLOR_SYSTEM": "truecolor", "TEXTUAL_FPS": "60", "TERM": "xterm-256color"}


class Session:
    """A running dashboard: what it draws comes out of `drawn`, what is typed goes in by `typed`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    async def drawn(self) -> AsyncIterator[bytes]:
        """What a terminal would be sent, until the dashboard ends."""
        reader = self._process.stdout
        assert reader is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError):
            await _begun(reader)
            while True:
                kind = await reader.readexactly(1)
                size = int.from_bytes(await reader.readexactly(4), "big")
                if size > MOST_BYTES:
                    return
                payload = await reader.readexactly(size)
                if kind == b"D":
                    yield payload
                elif kind == b"M" and _is_end(payload):
                    return
                # Anything else opens pages and delivers files, which nothing here is asked to do.

    async def typed(self, text: str) -> None:
        """Keys and mouse, as a terminal sends them."""
        await self._send(b"D", text.encode("utf-8", "replace"))

    async def told(self, **meta: Any) -> None:
        """What happens around the terminal: its size, who looks."""
        await self._send(b"M", json.dumps(meta).encode())

    async def end(self) -> None:
        """Let it leave; make it, where it does not."""
        await self.told(type="quit")
        assert self._process.stdin is not None
        self._process.stdin.close()
        for harder in (self._process.terminate, self._process.kill):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained(), END_S)
            if self._process.returncode is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                harder()
        await self._drained()

    async def _drained(self) -> None:
        """Until its end; what it still draws would keep it from that, if nobody took it."""
        reader = self._process.stdout
        assert reader is not None
        while await reader.read(1 << 16):
            pass
        await self._process.wait()

    async def _send(self, kind: bytes, payload: bytes) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with contextlib.suppress(ConnectionError, RuntimeError):  # it has ended
            pipe.write(kind + len(payload).to_bytes(4, "big") + payload)
            await pipe.drain()


@asynccontextmanager
async def begun(place: str, size: tuple[int, int], env: Mapping[str, str] = os.environ) -> AsyncIterator[Session]:
    """A dashboard, which ends with the block."""
    columns, rows = size
    words: Sequence[str] = (sys.executable, "-m", "tektra_cli", "tui", place)
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**env, **PLAIN, "COLUMNS": str(columns), "ROWS": str(rows)},
        start_new_session=True,
    )
    session = Session(process)
    try:
        yield session
    finally:
        await asyncio.shield(session.end())


async def _begun(reader: asyncio.StreamReader) -> None:
    for _ in range(MOST_LINES):
        if await reader.readline() in (PRELUDE, b""):
            return


def _is_end(payload: bytes) -> bool:
    try:
        return bool(json.loads(payload)["type"] == "exit")
    except (ValueError, KeyError, TypeError):
        return False
