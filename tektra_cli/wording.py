"""Numbers → words for people, and durations that people type → seconds. Pure, but for who is looking."""

from __future__ import annotations

import pwd
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tektra_cli import terminal
from tektra_cli.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DAY = 86400
_STEPS = ((365 * _DAY, "year"), (30 * _DAY, "month"), (7 * _DAY, "week"), (_DAY, "day"), (3600, "hour"), (60, "minute"))


def size(count: int | None) -> str:
    """Bytes in the largest binary unit that leaves a number of at least one."""
    if count is None:
        return "-"
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def beside(offload: Sequence[Mapping[str, Any]]) -> str:
    """What of a model lies on devices, behind what lies in RAM; nothing where nothing does."""
    return "".join(f" and {size(each['bytes'])} on {each['device']} ({each['layers']} layers)" for each in offload)


def calls(counts: Mapping[str, int]) -> list[str]:
    """What was made how often: `ptrace`, `mount (3 times)`."""
    return [name if count == 1 else f"{name} ({count:,} times)" for name, count in counts.items()]


def when(stamp: str | None) -> str:
    """An RFC 3339 time: relative for people, as it is for pipes."""
    if not stamp:
        return "-"
    return distance(stamp, datetime.now(UTC)) if terminal.is_terminal(sys.stdout) else stamp


def distance(stamp: str, now: datetime) -> str:
    """How far an RFC 3339 time lies from `now`, in one unit: `3 minutes ago`, `in 2 hours`."""
    try:
        seconds = (now - datetime.fromisoformat(stamp)).total_seconds()
    except (ValueError, TypeError):
        return stamp
    for length, name in _STEPS:
        count = int(abs(seconds) // length)
        if count:
            words = f"{count} {name}{'s' if count > 1 else ''}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now" if seconds >= 0 else "in a moment"


def span(seconds: float) -> str:
    """A length of time in its two largest units: `42s`, `3m 10s`, `2h 5m`, `4d 1h`."""
    left = int(seconds)
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def plural(count: int, noun: str) -> str:
    """`1 model`, `2 models`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def moment(said: str, now: datetime | None = None) -> str:
    """A point in time as RFC 3339: a date or time (ours, where it names no zone), or how long ago: `2h`, `7d`."""
    now = now or datetime.now(UTC)
    ago = re.fullmatch(r"(\d{1,6})([smhd])", said)
    try:
        if ago is not None:
            return (now - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])).isoformat()
        return datetime.fromisoformat(said).astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f'"{said}" is no time', "Write 2026-11-22, 2026-11-22T14:30, or 2h for two hours ago."
        ) from error


def user(uid: int | None) -> str:
    """A user's name, or number where there is no name; `-` for the daemon itself."""
    return "-" if uid is None else name(uid) or str(uid)


def name(uid: int) -> str | None:
    """What this machine calls a user, or None."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return None


def uid(said: str) -> int:
    """The user who is meant, by number or by this machine's names; raises UsageError."""
    if said.isascii() and said.isdecimal():
        return int(said)
    try:
        return pwd.getpwnam(said).pw_uid
    except (KeyError, ValueError) as error:
        raise UsageError(
            f'there is no user "{said}" on this machine', "Give a name that id knows, or a uid."
        ) from error


def seconds(duration: str) -> float:
    """`30s`, `10m`, `2h`, `1d`, a plain number of seconds, or -1 for `-1` and `forever`."""
    if duration in ("-1", "forever"):
        return -1
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", duration)
    if match is None:
        raise UsageError(f'"{duration}" is no duration', "Write 30s, 10m, 2h, 0, or forever.")
    return float(match[1]) * _UNITS[match[2] or "s"]
