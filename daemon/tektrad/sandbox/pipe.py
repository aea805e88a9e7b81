"""The daemon's ends of what programs read and write: pipes that are read as they fill, and data that cannot change."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator

from tektrad.sandbox import identity

AT_ONCE = 1 << 16
MOST_IN_A_PIPE = 1 << 20
"""As large as an ordinary user may make one."""
SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class Pipe:
    """A pipe into which programs write; what comes is handed on, and `ended` when nobody can write any more."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._read, self.write = os.pipe()
        os.set_blocking(self._read, False)
        if identity.is_root():
            os.fchown(self.write, identity.SANDBOX_ID, identity.SANDBOX_ID)  # else they could not open /dev/stdout
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._read, self._take)

    def _take(self) -> int:
        try:
            data = os.read(self._read, AT_ONCE)
        except BlockingIOError:
            return 0
        if data:
            self._hear(data)
        elif not self.ended.done():
            self._loop.remove_reader(self._read)
            self.ended.set_result(None)
        return len(data)

    def drain(self) -> None:
        """Hand on what was written before now."""
        taken = 0
        while taken < MOST_IN_A_PIPE and (more := self._take()):
            taken += more

    def close_theirs(self) -> None:
        """Forget the end that programs have, so that theirs are the only ones."""
        if self.write >= 0:
            os.close(self.write)
            self.write = -1

    def close(self) -> None:
        """Hear no more."""
        self._loop.remove_reader(self._read)
        os.close(self._read)
        self.close_theirs()


@contextlib.contextmanager
def piped(hear: Callable[[bytes], None]) -> Iterator[Pipe]:
    """A pipe for as long as the block lasts."""
    pipe = Pipe(hear)
    try:
        yield pipe
    finally:
        pipe.close()


@contextlib.contextmanager
def readable(data: bytes) -> Iterator[int]:
    """A descriptor from which these bytes can be read, and into which nobody can write, whoever has it."""
    file = os.memfd_create("data", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    try:
        with open(file, "wb", closefd=False) as writer:
            writer.write(data)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, SEALS)
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)
