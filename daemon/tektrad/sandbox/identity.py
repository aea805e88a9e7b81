"""As whom confined programs run, and which Python they find: the daemon's own user, or for root one of their own."""

from __future__ import annotations

import functools
import os
import stat
import sys
from pathlib import Path

SANDBOX_ID = 64_817
"""The user and group of confined programs where the daemon is root: of the range that systemd gives to services of
their own, without a name and without files."""
SYSTEM_PYTHON = "/usr/bin/python3"


def is_root() -> bool:
    """Whether programs have to run as somebody else."""
    return os.getuid() == 0


def may_reach(path: Path) -> bool:
    """Whether confined programs' user may go to a path and read what lies there."""
    if not is_root():
        return True
    try:
        modes = [each.stat().st_mode for each in (path, *path.parents)]
    except OSError:
        return False
    return bool(modes[0] & stat.S_IROTH) and all(mode & stat.S_IXOTH for mode in modes[1:])


@functools.cache
def interpreter() -> str | None:
    """The Python that confined programs find: the daemon's own if they may reach it, else the system's; or none."""
    for place in (Path(sys.executable), Path(SYSTEM_PYTHON)):
        # A link in a folder that only root may enter can lead to where all may go: both have to be reached.
        if place.exists() and may_reach(place) and may_reach(place.resolve()):
            return str(place)
    return None


def python() -> str:
    """What to start as Python: where programs may reach none, the system's, of which it is then said that it failed."""
    return interpreter() or SYSTEM_PYTHON


@functools.cache
def prefixes() -> tuple[Path, ...]:
    """The folders of that Python's installation that are not in /usr."""
    if interpreter() != sys.executable:
        return ()
    found = {Path(each).resolve() for each in (sys.prefix, sys.base_prefix)}
    return tuple(sorted(path for path in found if not path.is_relative_to("/usr")))
