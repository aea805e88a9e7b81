"""Level B: starts a program confined and ends all that it started; on level A the kernel does that with the namespace.

When the program ends, or the other end of CONTROL is closed, every process that came of it is killed, also those that
left its session. The standard library only, and of that what loads fast.
"""

from __future__ import annotations

import _signal as signal  # signal itself would load for 10 ms
import ctypes
import marshal
import os
import select

from tektrad.sandbox import enforce, inside, outside

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing would load for 15 ms
    from typing import Any

SUBREAPER = 36


def main(arguments: list[str]) -> None:
    """Keep one program; the arguments are CONTROL, a plan, and the program's own."""
    control = int(arguments[0])
    plan = marshal.loads(bytes.fromhex(arguments[1]))  # noqa: S302  the daemon's own; json would load for 15 ms
    os.set_inheritable(control, False)
    if ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "orphans cannot be kept")
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    child = os.fork()
    if child == 0:
        try:
            _start(plan, arguments[2:])
        except BaseException as error:  # noqa: BLE001  whatever happens, this process must not go on
            os.write(2, f"the program cannot be confined: {error}\n".encode("utf-8", "surrogateescape"))
        finally:
            os._exit(inside.NOT_RUN)
    for descriptor in (0, 1, 2, *(plan["heard"] or ())[:1]):
        os.close(descriptor)
    code = _ended(child, control, woken)
    _kill_all()
    os._exit(code)


def _start(plan: dict[str, Any], arguments: list[str]) -> None:
    """In the child: be confined, and become the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    outside.prepare(plan["outside"])
    os.chdir(plan["folder"])
    if plan["tasks"]:
        inside.limit_tasks(plan["tasks"])
    enforce.confine(plan["landlock"], plan["seccomp"])
    if plan["heard"]:
        inside.be_heard(*plan["heard"])
    inside.become(arguments, plan["environment"])


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
            return 128 + int(signal.SIGKILL)


def _reaped(child: int) -> int | None:
    """Bury all that ended; the code of the child if it was among them."""
    code = None
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == child:
                ended = os.waitstatus_to_exitcode(status)
                code = ended if ended >= 0 else 128 - ended
    except ChildProcessError:
        pass
    return code


def _kill_all() -> None:
    """Kill children until there are none: what a killed one leaves behind becomes a child."""
    try:
        while True:
            with open("/proc/thread-self/children") as file:  # noqa: PTH123  pathlib would load for 10 ms
                for pid in file.read().split():
                    try:
                        os.kill(int(pid), signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
