"""Writes a file that does not exist yet: afterwards it is there and whole, or it is not there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tektra_cli import errors
from tektra_cli.errors import CliError, UsageError


def write(path: Path, text: str) -> None:
    """Put `text` at `path`; raises CliError, and never touches what lies there already."""
    write_all(path, [text.encode("utf-8", "replace")])


def write_all(path: Path, chunks: Iterable[bytes]) -> None:
    """The same with bytes as they come."""
    if not path.parent.is_dir():
        raise CliError("not_found", f"there is no directory {path.parent}")
    try:
        _write(path, chunks)
    except FileExistsError:
        raise UsageError(f"{path} exists already", "Choose another name, or remove it first.") from None
    except OSError as error:
        raise errors.of_system(OSError(error.errno, error.strerror, str(path))) from error


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    """Everything goes to a file beside it first, which gets the name only when the disk has taken everything."""
    beside = path.parent / f".tektra-{os.urandom(8).hex()}"
    with beside.open("xb") as file:
        try:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
            _name(beside, path)
        finally:
            beside.unlink(missing_ok=True)


def _name(beside: Path, path: Path) -> None:
    """A link takes no name from anybody; where the file system knows none, looking first must do."""
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError from None
        beside.rename(path)
