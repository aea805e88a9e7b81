"""Opening what lies in a folder, and nothing else, whatever a path says: the kernel resolves it (openat2)."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

OPENAT2 = 437
RESOLVE_NO_MAGICLINKS, RESOLVE_BENEATH = 0x02, 0x08
AGAIN = 8
"""The kernel asks to try again where something was renamed meanwhile."""


class _How(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


def opened(folder: Path, path: str, flags: int) -> int:
    """A descriptor of what lies at a relative path beneath a folder; raises OSError, also where a link leads out."""
    root = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        how = _How(flags | os.O_CLOEXEC | os.O_NONBLOCK, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
        name = os.fsencode(path)
        if b"\0" in name:
            raise OSError(errno.EINVAL, "a path holds no zero byte")
        syscall = ctypes.CDLL(None, use_errno=True).syscall
        for _ in range(AGAIN):
            found = syscall(OPENAT2, root, name, ctypes.byref(how), ctypes.sizeof(how))
            if found >= 0:
                return int(found)
            if ctypes.get_errno() != errno.EAGAIN:
                break
        number = ctypes.get_errno()
        why = "it leads out of the folder" if number == errno.EXDEV else os.strerror(number)
        raise OSError(number, why)
    finally:
        os.close(root)
