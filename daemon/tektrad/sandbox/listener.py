"""Hears which system calls a confined program is denied: the kernel asks about each, and the answer is always no.

The last step before the program (`inside.py`) sends the listener of its filter through a socket. What waits for an
answer when nobody listens any more is refused by the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import select
import socket
import struct
from collections import Counter
from collections.abc import Iterator

import structlog

from tektrad.sandbox import seccomp

RECEIVE, SEND = 0xC0502100, 0xC0182101
"""ioctls; they hold the sizes of what is asked and answered, so that a kernel with others refuses them."""
QUESTION = struct.Struct("=QIIiI56x")
"""Its number, the process, flags, the number of the call, the architecture; and where it was made, its arguments."""
ANSWER = struct.Struct("=Qqi4x")
"""The question's number, a result, an error; and flags, of which one would let the call be made."""
AT_ONCE = 64
PAUSE_S = 0.1
"""After so many answers there are none for a while: who asks without end waits, and the daemon does other things."""

log = structlog.get_logger()


class Listener:
    """Of one program, with all that it starts: counts its denied calls by their names."""

    def __init__(self, denied: Counter[str]) -> None:
        self._denied = denied
        self._names = seccomp.names()
        self._loop = asyncio.get_running_loop()
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        self._file = -1
        self._poll = select.poll()
        self._left = AT_ONCE
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._ours, self._begin)

    @property
    def door(self) -> int:
        """What the last step before the program sends the kernel's listener through."""
        return self._theirs.fileno()

    def close(self) -> None:
        """Hear no more; the kernel refuses by itself what is asked from now on."""
        self._close_ours()
        self._close_file()
        self._theirs.close()

    def _begin(self) -> None:
        """Take the listener, if that is what came, and listen."""
        try:
            _, files, _, _ = socket.recv_fds(self._ours, 1, 1, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        self._close_ours()
        if files:
            self._file = files[0]
            self._poll.register(self._file, select.POLLIN)
            self._loop.add_reader(self._file, self._answer)

    def _answer(self) -> None:
        """Refuse what is asked just now."""
        try:
            while self._left:
                ((_, events),) = self._poll.poll(0) or [(self._file, 0)]
                if not events & select.POLLIN:  # without a question, asking for one would wait
                    if events:  # nobody is left who could ask
                        self._close_file()
                    return
                self._refuse()
        except OSError as error:
            log.warning("denied system calls are no longer heard", why=error.strerror)
            self._close_file()
            return
        self._loop.remove_reader(self._file)
        self._pause = self._loop.call_later(PAUSE_S, self._go_on)

    def _refuse(self) -> None:
        """Take one question, and say no."""
        self._left -= 1
        question = bytearray(QUESTION.size)
        try:
            fcntl.ioctl(self._file, RECEIVE, question)
            asked, _, _, call, _ = QUESTION.unpack(question)
            self._denied[self._names.get(call, str(call))] += 1
            fcntl.ioctl(self._file, SEND, ANSWER.pack(asked, 0, -seccomp.DENIED))
        except FileNotFoundError:  # whoever asked is dead, or was called away by a signal
            return

    def _go_on(self) -> None:
        self._left = AT_ONCE
        self._loop.add_reader(self._file, self._answer)

    def _close_ours(self) -> None:
        if self._ours.fileno() >= 0:
            self._loop.remove_reader(self._ours)
            self._ours.close()

    def _close_file(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        if self._file >= 0:
            self._loop.remove_reader(self._file)
            os.close(self._file)
            self._file = -1


@contextlib.contextmanager
def listening(denied: Counter[str]) -> Iterator[int]:
    """Count for as long as the block lasts; the door of the listener, for the program's process."""
    listener = Listener(denied)
    try:
        yield listener.door
    finally:
        listener.close()
