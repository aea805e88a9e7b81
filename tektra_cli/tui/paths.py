"""Files and folders as somebody types them: where they are, what is wrong with them, how they may go on."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from tektra_cli.errors import UsageError

MOST_LOOKED_AT, MOST_SHOWN = 5000, 200


def path(said: str) -> Path:
    """The whole path; raises UsageError."""
    try:
        return Path(said).expanduser().absolute()
    except RuntimeError as error:  # ~somebody, and there is nobody of that name
        raise UsageError(f"{said} begins with the home of nobody", "Write the whole path.") from error


def new(said: str) -> str:
    """What is wrong with a file that is to be written; nothing, where it can be."""
    if not said:
        return "where to?"
    try:
        place = path(said)
        if place.exists() or place.is_symlink():
            return "it exists already: choose another name"
        return "" if place.parent.is_dir() else f"there is no directory {place.parent}"
    except UsageError as error:
        return error.message
    except (OSError, ValueError) as error:
        return f"it cannot be written: {error}"


def there(said: str) -> str:
    """What is wrong with a file that is to be read."""
    try:
        return "" if said and path(said).is_file() else "there is no such file"
    except (OSError, ValueError, UsageError):
        return "there is no such file"


def completions(said: str, endings: tuple[str, ...] = ()) -> list[str]:
    """Folders, and files that end so, which a path may become; folders first."""
    begun = said.rpartition("/")[2]
    folder = said.removesuffix(begun)
    try:
        with os.scandir(Path(folder or ".").expanduser()) as found:
            entries = [
                (not is_folder, folder + entry.name + ("/" if is_folder else ""))
                for entry in islice(found, MOST_LOOKED_AT)
                if entry.name.startswith(begun) and (begun.startswith(".") or not entry.name.startswith("."))
                if (is_folder := _is_folder(entry)) or (endings and entry.name.endswith(endings))
            ]
    except (OSError, ValueError, RuntimeError):
        return []
    return [found for _, found in sorted(entries)][:MOST_SHOWN]


def common(said: str, found: list[str]) -> str:
    """As far as all of these go together; at least what was said."""
    together = os.path.commonprefix(found)
    return together if len(together) > len(said) else said


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
