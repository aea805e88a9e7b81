"""The tool that asks an SQLite database. The file is hostile: a copy of it is opened, in confinement."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, ToolFailed, Wish, parameter, parsed
from tektrad.agents.tools.confined import told
from tektrad.agents.tools.look import NotThere, opened
from tektrad.sandbox import identity
from tektrad.sandbox.confinement import Limits
from tektrad.sandbox.copying import copy_content
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.uninterrupted import in_threads, uninterrupted

INSIDE = Path(__file__).with_name("sqlite_inside.py").read_text()
MOST_BYTES = 512 << 20
"""Of a database with its log."""
MOST_ROWS = 200
MOST_CHARACTERS = 10_000
"""Of all cells together, so that a table fits into a result."""
SECONDS = 10
LIMITS = Limits(seconds=SECONDS + 10.0, memory_bytes=512 << 20, tasks=8, output_bytes=1 << 20)
NAME = "database"
BESIDE = ("-wal", "-journal")
"""What SQLite keeps beside a database that was not closed: without it the last changes would be missing."""


class _Sqlite(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    query: str = ""


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    columns: list[str]
    rows: list[list[str | int | float | bool | None]]
    more: int
    counted: bool
    error: str


class Sqlite:
    """Copies the database into a folder of its own, and asks it there."""

    declared = Declared(
        name="sqlite",
        description="Read an SQLite database with a query; without one, list its tables",
        inputs={
            "path": parameter("string", "The database, a path in the folder"),
            "query": parameter("string", "One SELECT; nothing: list tables, columns and counts of rows", optional=True),
        },
        output_type="string",
    )
    writes = False
    is_repeatable = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To read that file."""
        said = parsed("sqlite", _Sqlite, arguments)
        return Wish(said, "read", here.meant(said.path))

    async def work(self, here: Here, said: Any) -> Result:
        """Ask, and show what was found as a table."""
        async with in_threads(self._sandbox.fresh_folder()) as folder:
            has_journal = await uninterrupted(asyncio.to_thread(_copy, here, said.path, folder))
            # A journal is of a change that was never finished, which has to be taken back before anything can be read.
            mode = "rw" if has_journal else "ro"
            bounds = [str(bound) for bound in (SECONDS, MOST_ROWS, MOST_CHARACTERS)]
            query = said.query.encode("utf-8", "replace")
            found = await told(self._sandbox, said.path, INSIDE, [NAME, mode, *bounds], folder, query, LIMITS, _Told)
        if found.error:
            raise ToolFailed(f"{said.path}: {found.error}")
        return Result(_table(found), data={"columns": found.columns, "rows": found.rows})


def _copy(here: Here, path: str, folder: Path) -> bool:
    """Copy a database and what lies beside it; whether there is a journal. Raises ToolFailed."""
    root = here.root.resolve()
    real = (root / path).resolve()
    if not real.is_relative_to(root):
        raise ToolFailed(f"{path}: it leads out of the folder")
    inside, left = str(real.relative_to(root)), MOST_BYTES
    left -= _copied(root, inside, folder / NAME, left)
    sizes = {}
    for ending in BESIDE:
        try:
            sizes[ending] = _copied(root, inside + ending, folder / (NAME + ending), left)
        except NotThere:
            continue
        left -= sizes[ending]
    return bool(sizes.get("-journal"))


def _copied(root: Path, path: str, into: Path, most: int) -> int:
    """Copy one regular file and return its size; raises NotThere and ToolFailed."""
    source = opened(root, path, os.O_RDONLY)
    with contextlib.ExitStack() as held:
        held.callback(os.close, source)
        info = os.fstat(source)
        if not stat.S_ISREG(info.st_mode):
            raise ToolFailed(f"{path} is no file")
        if info.st_size > most:
            raise ToolFailed(f"{path} has {info.st_size} bytes, and {MOST_BYTES >> 20} MiB can be looked at")
        copy = held.enter_context(into.open("xb"))
        try:
            copy_content(source, copy.fileno())
        except OSError as error:
            raise ToolFailed(f"it cannot be read: {error.strerror}") from error
        if identity.is_root():
            os.fchown(copy.fileno(), identity.SANDBOX_ID, identity.SANDBOX_ID)
        return os.fstat(copy.fileno()).st_size


def _table(found: _Told) -> str:
    """Lines of cells, and how much is not shown."""
    lines = [" | ".join(map(_line, found.columns))] if found.columns else []
    lines += [" | ".join(map(_line, row)) for row in found.rows]
    if found.more:
        more = f"{found.more} more" if found.counted else f"more than {found.more} more"
        lines.append(f"[{len(found.rows)} rows are shown here; there are {more}]")
    elif found.columns and not found.rows:
        lines.append("[no rows]")
    return "\n".join(lines) or "nothing came of it"


def _line(cell: object) -> str:
    return "NULL" if cell is None else str(cell).replace("\r", "\\r").replace("\n", "\\n")
