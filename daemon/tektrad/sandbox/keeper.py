"""Level B: starts a program and ends all that it started; on level A the kernel does that with the namespace.

Run as `python -I -S -c SOURCE CONTROL COMMAND…`: when the program ends, or the other end of CONTROL is closed, every
process that came of it is killed, also those that left its session. The standard library only.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys

SUBREAPER = 36


def main() -> None:
    """Keep one program."""
    import ctypes

    control = int(sys.argv[1])
    os.set_inheritable(control, False)
    if ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "orphans cannot be kept")
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  a command of our own making
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    code = _ended(child, control, woken)
    _kill_all()
    os._exit(code)


def _ended(child: int, control: int, woken: int) -> int:
    """The exit code of the child; of one that is still there when nobody wants it any more, that of SIGKILL."""
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            code = _reaped(child)
            if code is not None:
                return code
        if control in ready:
            return 128 + signal.SIGKILL


def _reaped(child: int) -> int | None:
    """Bury all that ended; the code of the child if it was among them."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == child:
                ended = os.waitstatus_to_exitcode(status)
                code = ended if ended >= 0 else 128 - ended
    return code


def _kill_all() -> None:
    """Kill children until there are none: what a killed one leaves behind becomes a child."""
    with contextlib.suppress(ChildProcessError):
        while True:
            with open("/proc/thread-self/children") as file:  # noqa: PTH123  pathlib would load for 10 ms
                for pid in file.read().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            os.waitpid(-1, 0)


if __name__ == "__main__":
    main()
