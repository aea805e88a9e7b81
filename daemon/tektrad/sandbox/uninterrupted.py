"""What has to be gone through with: a cancellation waits for its end, and is raised then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T], hurry: Callable[[], None] | None = None) -> T:
    """Go through with it; a cancellation calls `hurry`, and is raised when the work has come to its end."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):  # which holds off a scope's cancellation, but not a task's own
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
                if hurry is not None:
                    hurry()
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # nobody is left to hear it
        raise cancelled
    return task.result()


@contextlib.asynccontextmanager
async def in_threads(held: contextlib.AbstractContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave in threads; what was entered is left, whatever happens to whoever waits for it."""
    stack = contextlib.ExitStack()
    try:
        yield await uninterrupted(asyncio.to_thread(stack.enter_context, held))
    finally:
        await uninterrupted(asyncio.to_thread(stack.close))
