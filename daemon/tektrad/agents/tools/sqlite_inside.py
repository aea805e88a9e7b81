"""The one who opens a database, in confinement: a hostile file may do with this process what it likes.

Run as `python -I -S -c SOURCE FILE MODE SECONDS ROWS CHARACTERS`; the query comes in, and what was found
goes out as JSON.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from typing import Any

STEPS = 10_000
"""Of SQLite's machine, between two looks at the clock."""
COUNTED = 100_000
"""Rows beyond those shown that are counted, for a moment."""
COUNTING_S = 2.0
LONGEST_CELL = 1_000
LARGEST_VALUE = 16 << 20
SQLITE_LIMIT_LENGTH = 0
READING = {
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, getattr(sqlite3, "SQLITE_RECURSIVE", 33)
}  # fmt: skip
PRAGMAS = {
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
    "database_list", "user_version", "application_id", "encoding", "page_count", "page_size", "collation_list",
    "compile_options", "function_list", "integrity_check", "quick_check",
}  # fmt: skip
"""What only tells something."""


def main() -> None:
    """Open, ask, tell."""
    file, mode, seconds, rows, characters = sys.argv[1:]
    query = sys.stdin.buffer.read().decode("utf-8", "replace")
    told: dict[str, Any] = {"columns": [], "rows": [], "more": 0, "counted": True, "error": ""}
    reader = Reader(time.monotonic() + float(seconds), int(rows), int(characters))
    try:
        connection = sqlite3.connect(f"file:{file}?mode={mode}", uri=True, isolation_level=None)
        reader.prepare(connection)
        told |= reader.answer(connection, query) if query.strip() else reader.schema(connection)
    except sqlite3.Error as error:
        told["error"] = _words(str(error), time.monotonic() >= reader.end, seconds)
    except (sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
        told["error"] = str(error) or type(error).__name__
    json.dump(told, sys.stdout)


def _words(error: str, is_late: bool, seconds: str) -> str:
    if error == "interrupted" and is_late:
        return f"the query took more than {seconds} seconds, and was ended"
    if any(word in error for word in ("not authorized", "prohibited", "readonly", "authorization denied")):
        return f"{error}: only reading is possible here"
    return error


class Reader:
    """What may be read of one database, how much, and until when."""

    def __init__(self, end: float, most_rows: int, most_characters: int) -> None:
        self.end = end
        self._most_rows = most_rows
        self._most_characters = most_characters

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Put its bounds into force."""
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        connection.set_progress_handler(lambda: time.monotonic() >= self.end, STEPS)
        if hasattr(connection, "setlimit"):
            connection.setlimit(SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
            connection.execute(f"PRAGMA {pragma}")
        connection.set_authorizer(_may)

    def answer(self, connection: sqlite3.Connection, query: str) -> dict[str, Any]:
        """The first rows, as many as fit, and how many more there are."""
        cursor = connection.execute(query)
        columns = [_cell(column[0]) for column in cursor.description or ()]
        rows: list[list[Any]] = []
        more, room = 0, self._most_characters - sum(map(len, columns))
        for row in cursor:
            cells = [_cell(value) for value in row]
            room -= sum(len(str(cell)) + 3 for cell in cells)
            if len(rows) >= self._most_rows or (room < 0 and rows):
                more = 1
                break
            rows.append(cells)
        counted = True
        if more:
            self.end = min(self.end, time.monotonic() + COUNTING_S)
            try:
                for _ in cursor:
                    more += 1
                    if more > COUNTED or time.monotonic() >= self.end:
                        counted = False
                        break
            except sqlite3.Error:
                counted = False
        return {"columns": columns, "rows": rows, "more": more, "counted": counted}

    def schema(self, connection: sqlite3.Connection) -> dict[str, Any]:
        """Tables and views with their columns, and how many rows tables have."""
        names = connection.execute(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite@_%' ESCAPE '@' ORDER BY name LIMIT 1000"
        ).fetchall()
        rows: list[list[Any]] = []
        room = self._most_characters
        for name, kind in names:
            quoted = '"' + str(name).replace('"', '""') + '"'
            try:
                found = connection.execute(f"PRAGMA table_info({quoted})").fetchall()
                columns = ", ".join(f"{_cell(each[1])} {_cell(each[2])}".strip() for each in found)
            except sqlite3.Error as error:
                columns = f"? ({error})"
            count: Any = None
            if kind == "table" and time.monotonic() < self.end:
                try:
                    count = connection.execute(f"SELECT count(*) FROM {quoted}").fetchone()[0]  # noqa: S608
                except sqlite3.Error:
                    count = None
            row = [_cell(name), kind, _cell(columns), count]
            room -= sum(len(str(cell)) + 3 for cell in row)
            if len(rows) >= self._most_rows or (room < 0 and rows):
                break
            rows.append(row)
        told = {"columns": ["name", "kind", "columns", "rows"], "rows": rows}
        return {**told, "more": len(names) - len(rows), "counted": len(names) < 1000}


def _may(action: int, first: str | None, second: str | None, *_: Any) -> int:
    """SQLite asks about everything that a statement would do."""
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if str(first).lower() in PRAGMAS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and str(second).lower() in ("load_extension", "writefile", "edit"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode()
        return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}… ({len(text)} characters)"
    return value


if __name__ == "__main__":
    main()
