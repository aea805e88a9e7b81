"""The last step before a confined program, in its own process: how many tasks it may have, and becoming it.

On level A run as `python -I -S -c SOURCE TASKS DOOR CALL FILTER ARGUMENTS…`, inside the confinement: the standard
library only, and of that what loads fast.
"""

from __future__ import annotations

import _ctypes  # ctypes and socket would load for 5 ms
import _socket
import os
import resource
import sys

NOT_FOUND, NOT_RUN = 127, 126
SET_FILTER, NEW_LISTENER, WAIT_KILLABLE = 1, 1 << 3, 1 << 5


def main() -> None:
    """Become a program that may have so many tasks (0: as many as it likes), and whose denied calls are heard."""
    tasks, door, call, telling = sys.argv[1:5]
    if int(tasks):
        limit_tasks(int(tasks))
    if telling:
        try:
            be_heard(int(door), int(call), bytes.fromhex(telling))
        except OSError as error:
            os.write(2, f"{error.strerror}\n".encode())
            os._exit(NOT_RUN)
    become(sys.argv[5:], dict(os.environ))


def limit_tasks(most: int) -> None:
    """Processes and threads of this user; on level A the kernel counts those of the user namespace."""
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def be_heard(door: int, call: int, telling: bytes) -> None:
    """Put a filter into force that tells of calls, and send its listener through a socket; neither is kept.

    Whoever has the listener could let the calls be made. From here on each of them waits for the other end's answer.
    """

    class Short(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "H"

    class Bytes(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "z"

    class Program(_ctypes.Structure):
        _fields_ = [("length", Short), ("filter", Bytes)]  # noqa: RUF012  as ctypes wants it

    class Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO

    syscall = Function(_ctypes.dlsym(_ctypes.dlopen(None, os.RTLD_NOW), "syscall"))  # type: ignore[arg-type]
    program = Program(len(telling) // 8, telling)
    for flags in (NEW_LISTENER | WAIT_KILLABLE, NEW_LISTENER):  # the second for kernels before 5.19
        listener = syscall(call, SET_FILTER, flags, _ctypes.byref(program))
        if listener >= 0:
            break
    else:
        raise OSError(_ctypes.get_errno(), "nobody can be told of denied calls: " + os.strerror(_ctypes.get_errno()))
    socket = _socket.socket(fileno=door)
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, listener.to_bytes(4, sys.byteorder))
    socket.sendmsg([b"."], [rights])
    socket.close()
    os.close(listener)


def become(arguments: list[str], environment: dict[str, str]) -> None:
    """Become the program, or say why not, as shells do; never returns."""
    try:
        os.execvpe(arguments[0], arguments, environment)  # noqa: S606  confined
    except FileNotFoundError:
        code = NOT_FOUND
        why = "not found"
    except OSError as error:
        code = NOT_RUN
        why = error.strerror or "cannot be run"
    os.write(2, f"{arguments[0]}: {why}\n".encode("utf-8", "surrogateescape"))
    os._exit(code)


if __name__ == "__main__":
    main()
