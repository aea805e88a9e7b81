"""Keys in files of their own: made so that nobody else can read them, and not read where somebody else could have."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tektrad.errors import KeyUnusable
from tektrad.paths import UnsafePath, make_private
from tektrad.trust import own_file


def write(path: Path, key: bytes) -> None:
    """Make the file, which must not exist yet, and wait until the disk has it; raises KeyUnusable."""
    try:
        make_private(path.parent)
        own_file.create(path, key, 0o600)
        for directory in (path.parent, path.parent.parent):
            own_file.settle(directory)
    except UnsafePath as error:
        raise KeyUnusable(error.message, f"Nobody but you may enter it: chmod 700 {path.parent}") from error
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be written: {error.strerror}") from error


def read(path: Path, length: int) -> bytes:
    """The key; raises KeyUnusable unless it is a whole file of ours that nobody else may open."""
    try:
        with own_file.regular(path) as (file, info):
            if info.st_uid != os.geteuid():
                raise KeyUnusable(f"{path} is no file of yours", "Somebody else put it there; set all secrets anew.")
            if info.st_mode & 0o077:
                raise KeyUnusable(
                    f"others may open the key file {path} (mode {stat.S_IMODE(info.st_mode):04o})",
                    f"Close it (chmod 600 {path}), then make a new key: tektra secrets rotate",
                )
            key = file.read(length + 1)
    except OSError as error:
        raise KeyUnusable(
            f"the key file {path} cannot be read: {error.strerror or error}",
            "Put it back from a backup. Without it no secret can be read: remove those, and set them again.",
        ) from error
    if len(key) != length:
        raise KeyUnusable(f"the key file {path} holds no key of {length} bytes", "Put it back from a backup.")
    return key


def erase(path: Path) -> None:
    """Overwrite and remove the file, if it is there; raises KeyUnusable."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise KeyUnusable(f"the old key file {path} cannot be removed: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(os.fstat(file.fileno()).st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        own_file.settle(path.parent)
    except OSError as error:
        raise KeyUnusable(f"the old key file {path} cannot be removed: {error.strerror}") from error
