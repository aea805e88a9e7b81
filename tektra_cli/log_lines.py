"""The daemon's log: its last lines, its next lines, and one JSON line as a line for people."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from tektra_cli import terminal

POLL_SECONDS = 0.25
_FRONT = ("timestamp", "time", "level", "event", "message")


def last(path: Path, count: int) -> tuple[list[str], int]:
    """The last `count` lines, and the position after them."""
    with path.open("rb") as file:
        lines = deque(file, maxlen=count)
        return [_text(line) for line in lines], file.tell()


def following(path: Path, position: int) -> Iterator[str]:
    """Every whole line after `position`, for ever, also when the file is replaced or cut."""
    file = path.open("rb", buffering=0)
    file.seek(position)
    pending = b""
    try:
        while True:
            pending += file.read()
            *lines, pending = pending.split(b"\n")
            yield from map(_text, lines)
            if not lines:
                time.sleep(POLL_SECONDS)
                if _is_other(file, path):
                    file.close()
                    file, pending = path.open("rb", buffering=0), b""
    finally:
        file.close()


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\n")


def _is_other(file: FileIO, path: Path) -> bool:
    """Whether the path now names another file, or the same one was cut."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(file.fileno())
    return (there.st_ino, there.st_dev) != (here.st_ino, here.st_dev) or there.st_size < file.tell()


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
