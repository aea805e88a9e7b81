"""A process that does one long piece of work and tells line by line how far it is; it can be stopped at any time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator

import anyio

from tektra_models.errors import ModelError

LAST_BYTES = 64 * 1024
LAST_WORDS = 400
"""So many characters of it are shown to people."""


class ChildFailed(ModelError):
    """The process ended without having done its work; the message is the last of what it said, perhaps nothing."""


async def lines_of(module: str, *arguments: str) -> AsyncGenerator[bytes, None]:
    """Run a module in a process of its own and give its lines; closing the iterator kills it. Raises ChildFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", module, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    words = asyncio.create_task(_last_words(process.stderr))
    try:
        async for line in process.stdout:
            yield line
        if await process.wait() != 0:
            raise ChildFailed(await words)
    finally:
        with anyio.CancelScope(shield=True):  # who is called off by a scope is called off again at every await
            if process.returncode is None:
                process.kill()
                await process.wait()
            await asyncio.wait([words])


async def _last_words(stream: asyncio.StreamReader) -> str:
    """What a process said last, however much it says."""
    kept = b""
    while chunk := await stream.read(LAST_BYTES):
        kept = (kept + chunk)[-LAST_BYTES:]
    return kept.decode("utf-8", "replace").strip()
