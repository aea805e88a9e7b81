"""The daemon's log: its last lines, its next lines, and one JSON line as a line for people."""

from __future__ import annotations

import io
import json
import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tektra_cli import terminal

POLL_SECONDS = 0.25
_FRONT = ("timestamp", "time", "level", "event", "message")


def last(path: Path, count: int) -> list[str]:
    """The last `count` lines."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return [line.rstrip("\n") for line in deque(file, maxlen=count)]


def following(path: Path) -> Iterator[str]:
    """Every whole line written from now on, for ever, also when the file is replaced or cut."""
    file = path.open(encoding="utf-8", errors="replace")
    file.seek(0, io.SEEK_END)
    pending = ""
    try:
        while True:
            pending += file.read()
            *lines, pending = pending.split("\n")
            yield from lines
            if not lines:
                time.sleep(POLL_SECONDS)
                if _is_other(file, path):
                    file.close()
                    file, pending = path.open(encoding="utf-8", errors="replace"), ""
    finally:
        file.close()


def _is_other(file: io.TextIOWrapper, path: Path) -> bool:
    """Whether the path now names another file, or the same one was cut."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here, position = os.fstat(file.fileno()), os.lseek(file.fileno(), 0, os.SEEK_CUR)
    return (there.st_ino, there.st_dev) != (here.st_ino, here.st_dev) or there.st_size < position


def parsed(line: str) -> dict[str, Any]:
    """One line as an object; what is no JSON object becomes its `text`."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"text": line}


def readable(line: str) -> str:
    """One line for people: time of day, level, event, then the other fields as name=value."""
    fields = parsed(line)
    if "text" in fields and len(fields) == 1:
        return terminal.clean_line(line)
    stamp = str(fields.get("timestamp") or fields.get("time") or "")
    day, _, clock = stamp.partition("T")
    event = str(fields.get("event") or fields.get("message") or "")
    rest = [f"{name}={_value(value)}" for name, value in fields.items() if name not in _FRONT]
    front = [day, clock.split(".")[0].rstrip("Z"), str(fields.get("level", "")), event]
    return terminal.clean_line(" ".join([*front, *rest]))


def _value(value: object) -> str:
    return value if isinstance(value, str) and " " not in value else json.dumps(value, ensure_ascii=False)
