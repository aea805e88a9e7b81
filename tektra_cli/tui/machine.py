"""What the dashboard looks at on this machine itself, beside the daemon: checks, the log, files of settings."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tektra_cli import log_lines, wording
from tektrad.paths import SYSTEM_FILE, find_paths

if TYPE_CHECKING:
    from tektra_cli.checks import Check

MOST_BYTES = 1 << 20
"""Of a log that grew while nobody looked; the lines before it are left out."""


@dataclass(frozen=True)
class SettingsFile:
    """A file of settings: what it says, or why that cannot be told."""

    path: Path
    values: Mapping[str, Any]
    problem: str = ""


class Machine:
    """This one. All of it blocks, and is asked in threads."""

    def name(self, uid: int) -> str | None:
        """What it calls a user."""
        return wording.name(uid)

    def checks(self) -> Iterator[Check]:
        """What `tektra doctor` finds, as it finds it."""
        from tektra_cli import checks  # whoever looks at something else need not wait for it

        yield from checks.all_checks(find_paths())

    def last_lines(self, log: Path, count: int) -> tuple[Sequence[str], int]:
        """The end of the log, and how far that is. Raises OSError."""
        return log_lines.last(log, count)

    def more_lines(self, log: Path, position: int) -> tuple[Sequence[str], int]:
        """Whole lines behind a position, and how far that is; from its beginning, where the file is another one."""
        with log.open("rb") as file:
            size = file.seek(0, 2)
            start = 0 if size < position else max(position, size - MOST_BYTES)
            file.seek(start)
            *lines, rest = file.read(MOST_BYTES).split(b"\n")
            return [line.decode("utf-8", "replace") for line in lines], file.tell() - len(rest)

    def settings_files(self) -> list[SettingsFile]:
        """The user's and the system's, the stronger one first."""
        return [_read(path) for path in (find_paths().config_file, SYSTEM_FILE)]


def _read(path: Path) -> SettingsFile:
    try:
        return SettingsFile(path, tomllib.loads(path.read_text()))
    except FileNotFoundError:
        return SettingsFile(path, {})
    except (OSError, ValueError) as error:
        return SettingsFile(path, {}, str(error))
