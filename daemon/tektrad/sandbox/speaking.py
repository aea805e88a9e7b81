"""A confined program that speaks with the daemon in frames: its process, its pipes, and whatever ends it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from tektrad.sandbox.confinement import Ending, Limits, Outcome, Program, Stream
from tektrad.sandbox.frames import BadFrame, Frames
from tektrad.sandbox.pipe import piped

T = TypeVar("T")
Run = Callable[[Program, Limits, Callable[[Stream, bytes], None], Counter[str]], Awaitable[Outcome]]
"""As `Sandbox.run`."""
Why = Ending | Literal["frames"]
"""What ended a program: itself, a limit, or frames that were none or that nobody asked for."""


class Speaker(Generic[T]):
    """One process from its start to its end. Its arguments end with four descriptors: REQUESTS FRAMES STDOUT STDERR."""

    def __init__(
        self,
        run: Run,
        arguments: tuple[str, ...],
        folder: Path,
        limits: Limits,
        shape: Any,
        wanted: Callable[[], bool],
        take: Callable[[T], None],
        hear: Callable[[Stream, bytes], None],
        ended: Callable[[], None],
    ) -> None:
        """`take` gets each frame, which has to be `wanted` and may raise BadFrame; `hear` gets what is printed."""
        self._frames: Frames[T] = Frames(shape)
        self._wanted, self._take = wanted, take
        self.why: Why | None = None
        self.denied: Counter[str] = Counter()
        with contextlib.ExitStack() as held:
            theirs, self._requests = os.pipe()
            held.callback(os.close, theirs)
            held.callback(os.close, self._requests)
            os.set_blocking(self._requests, False)
            frames = held.enter_context(piped(self._took))
            self._out = held.enter_context(piped(functools.partial(hear, "stdout")))
            self._err = held.enter_context(piped(functools.partial(hear, "stderr")))
            self._held = held.pop_all()
        descriptors = (theirs, frames.write, self._out.write, self._err.write)
        program = Program((*arguments, *map(str, descriptors)), folder, descriptors=descriptors)
        self.task = asyncio.ensure_future(run(program, limits, hear, self.denied))
        self.task.add_done_callback(lambda _: ended())

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self.task.done() or self.why is not None

    async def send(self, request: bytes) -> None:
        """Write a frame; where nobody reads it, for as long as somebody waits."""
        left = memoryview(request)
        while left and not self.task.done():
            try:
                left = left[os.write(self._requests, left) :]
            except BlockingIOError:
                await self._room()

    def drain(self) -> None:
        """Hear what was printed before now."""
        self._out.drain()
        self._err.drain()

    def end(self, why: Why) -> None:
        """Let it end; the first reason counts."""
        if self.why is None:
            self.why = why
            self.task.cancel()

    async def stop(self) -> None:
        """End the process and all that it started, and forget its pipes."""
        self.task.cancel()
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.exception()  # told already, or of no interest any more
        self._held.close()

    async def _room(self) -> None:
        """Wait until more can be written, or nobody reads any more."""
        loop = asyncio.get_running_loop()
        room = asyncio.Event()
        loop.add_writer(self._requests, room.set)
        self.task.add_done_callback(lambda _: room.set())
        try:
            await room.wait()
        finally:
            loop.remove_writer(self._requests)

    def _took(self, data: bytes) -> None:
        if self.why is not None:
            return
        try:
            for frame in self._frames.take(data):
                if not self._wanted():
                    raise BadFrame("nobody asked for it")
                self._take(frame)
            if self._frames.has_begun and not self._wanted():
                raise BadFrame("nobody asked for more")
        except BadFrame:
            self.end("frames")
