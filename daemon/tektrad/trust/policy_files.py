"""Policy files: `policies/*.cedar` beside the settings, and the two that come with Tektra.

A file that is there and cannot be taken is a source with a problem, which denies everything, since what it forbids is
not known.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from importlib import resources
from pathlib import Path

from tektrad.errors import InvalidRequest, StoreFailed
from tektrad.paths import UnsafePath, make_private
from tektrad.trust import own_file
from tektrad.trust.cedar import Source

SUFFIX = ".cedar"
MOST_BYTES = 256 << 10
MOST_FILES = 64
BASE = "base"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.cedar")
Signature = tuple[tuple[object, ...], ...]


class PolicyFiles:
    """The files of one folder, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def signature(self) -> Signature:
        """What is different whenever a file may be; cheap enough to be asked before every decision."""
        try:
            with os.scandir(self.folder) as entries:
                found = [(entry.name, _identity(entry)) for entry in entries if _is_policy(entry.name)]
        except FileNotFoundError:
            return ()
        except OSError as error:
            return ((error.errno,),)
        return tuple(sorted(found))

    def sources(self) -> list[Source]:
        """The shipped policies, then every file by its name."""
        base = Source(BASE, shipped("base.cedar"))
        try:
            names = sorted(path.name for path in self.folder.iterdir() if _is_policy(path.name))
        except FileNotFoundError:
            return [base]
        except OSError as error:
            return [Source(str(self.folder), "", f"the folder cannot be read: {error.strerror}")]
        if len(names) > MOST_FILES:
            return [Source(str(self.folder), "", f"there are more than {MOST_FILES} policy files")]
        return [base, *(self._source(name) for name in names)]

    def write(self, name: str, text: str | None) -> None:
        """Put a whole file in the place of what was there, or remove it; raises StoreFailed."""
        path = self.folder / name
        try:
            make_private(self.folder)
            if text is None:
                path.unlink(missing_ok=True)
            else:
                part = self.folder / f".{secrets.token_hex(8)}.part"
                own_file.create(part, text.encode(), 0o600)
                part.replace(path)
            own_file.settle(self.folder)
        except UnsafePath as error:
            raise StoreFailed(error.message, f"Nobody but you may enter it: chmod 700 {self.folder}") from error
        except OSError as error:
            raise StoreFailed(f"{path} cannot be written: {error.strerror}", "Make room, or make it yours.") from error

    def _source(self, name: str) -> Source:
        shown = name.encode("utf-8", "replace").decode()
        try:
            return Source(shown, _read(self.folder / name))
        except OSError as error:
            return Source(shown, "", f"the file cannot be read: {error.strerror or error}")
        except UnicodeDecodeError:
            return Source(shown, "", "the file is not UTF-8")


def shipped(name: str) -> str:
    """A file of this room."""
    return (resources.files("tektrad.trust") / name).read_text("utf-8")


def check_name(name: str) -> None:
    """Raise InvalidRequest unless a file of policies may be called so."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f'"{name}" is no name of a policy file',
            "Letters, digits, dots and dashes, and .cedar behind.",
            param="name",
        )


def check_text(text: str, others: int) -> None:
    """Raise InvalidRequest where a text could not be read back, being beside so many others."""
    size = len(text.encode())
    if size > MOST_BYTES:
        raise InvalidRequest(f"it has {size} bytes, and {MOST_BYTES >> 10} KiB are allowed", param="text")
    if not text.strip():
        raise InvalidRequest("it says nothing", "To remove the file: --remove", param="text")
    if others >= MOST_FILES:
        raise InvalidRequest(f"there are {others} policy files already", "Write it into one of them.", param="name")


def _is_policy(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")


def _identity(entry: os.DirEntry[str]) -> tuple[int, ...]:
    try:
        info = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return ()
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_mode, info.st_uid


def _read(path: Path) -> str:
    """The text of a file that nobody but its owner can have written; raises OSError or UnicodeDecodeError."""
    with own_file.regular(path) as (file, info):
        if info.st_uid not in (os.geteuid(), 0):
            raise OSError(f"it belongs to uid {info.st_uid}")
        if info.st_mode & stat.S_IWOTH or (info.st_mode & stat.S_IWGRP and info.st_gid != os.getegid()):
            raise OSError("others may write to it")
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise OSError(f"it is larger than {MOST_BYTES >> 10} KiB")
    if not text:
        raise OSError("it is empty, as a file is that is just being written")
    return text.decode("utf-8")
