"""Numbered migrations: `migrations/NNNN_name.sql`, applied in order, each in one transaction with its number."""

from __future__ import annotations

from importlib import resources

import aiosqlite

from tektrad.errors import CannotStart


def migrations() -> list[tuple[int, str]]:
    """All migrations as (number, SQL), in order."""
    folder = resources.files("tektrad.store") / "migrations"
    files = sorted((entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(int(name[:4]), sql) for name, sql in files]


async def migrate(connection: aiosqlite.Connection) -> None:
    """Bring the schema up to the newest number; raises CannotStart when the store is newer than this program."""
    rows = list(await connection.execute_fetchall("PRAGMA user_version"))
    current: int = rows[0][0]
    known = migrations()
    newest = known[-1][0]
    if current > newest:
        raise CannotStart(
            f"the store has schema {current} and this version of Tektra knows {newest}",
            "Install a newer Tektra, or point TEKTRA_DATA_DIR to another directory.",
        )
    for number, sql in known:
        if number > current:
            await connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
