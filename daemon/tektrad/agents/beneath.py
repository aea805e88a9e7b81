"""Opening and replacing what lies in a folder and nothing else, whatever a path says: the kernel resolves it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from pathlib import Path, PurePosixPath

OPENAT2 = 437
RESOLVE_NO_MAGICLINKS, RESOLVE_BENEATH = 0x02, 0x08
MOST_LEVELS = 100
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


def replace(folder: Path, path: str, data: bytes) -> None:
    """Make a file hold this, whole or not at all, and make the folders that lead to it; raises OSError.

    What is no regular file is not replaced. A file stays whose it was; a new one belongs to whom its folder belongs to.
    """
    *above, name = PurePosixPath(path).parts or ("",)
    if name in ("", "/", "..") or ".." in above or len(above) > MOST_LEVELS:
        raise OSError(errno.EINVAL, "it names no file in the folder")
    at = _folder(folder, above)
    try:
        here = os.fstat(at)
        uid, gid, mode = here.st_uid, here.st_gid, 0o644
        with contextlib.suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=at, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            uid, gid, mode = found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode) & 0o777
        new = f".{name[:100]}.tektra"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=at)
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=at)
        try:
            with os.fdopen(file, "wb") as opened:
                opened.write(data)
                opened.flush()
                if (uid, gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file, uid, gid)
                os.fchmod(file, mode)
            os.replace(new, name, src_dir_fd=at, dst_dir_fd=at)
        except BaseException:
            os.unlink(new, dir_fd=at)
            raise
    finally:
        os.close(at)


def _folder(folder: Path, names: list[str]) -> int:
    """The folder that these names lead to, made where there is none."""
    try:
        return opened(folder, "/".join(names) or ".", os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        if not names:
            raise
    above = _folder(folder, names[:-1])
    try:
        os.mkdir(names[-1], 0o755, dir_fd=above)
        made = os.open(names[-1], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
        owner = os.fstat(above)
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(made, owner.st_uid, owner.st_gid)
        return made
    finally:
        os.close(above)
