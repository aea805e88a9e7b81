"""The tool that asks databases, called as the door calls it; what is in a file may be hostile."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tektrad.agents.agent import Agent
from tektrad.agents.tool import Here, Result, ToolFailed
from tektrad.agents.tools import sqlite as room
from tektrad.agents.tools.sqlite import Sqlite
from tektrad.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    with closing(sqlite3.connect(path / "shop.db")) as db, db:
        db.execute('CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY, price REAL, what TEXT, picture BLOB)')
        db.execute("CREATE TABLE many (n)")
        db.execute("CREATE VIEW dear AS SELECT * FROM many WHERE n > 5")
        db.execute('INSERT INTO "odd ""name" VALUES (1, 1.5, ?, ?), (2, 9e999, NULL, NULL)', ["tea\ncup", b"\0" * 9])
        db.executemany("INSERT INTO many VALUES (?)", [(n,) for n in range(1000)])
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def asked(sandbox: Sandbox, folder: Path, query: str | None = None, path: str = "shop.db") -> Result:
    here = Here(0, "run", "run/1", Agent(name="a"), folder, folder)
    tool = Sqlite(sandbox)
    wish = tool.wish(here, {"path": path, "query": query})
    assert (wish.action, wish.resource) == ("read", here.meant(path))
    before = names(folder)
    try:
        return await tool.work(here, wish.said)
    finally:
        assert names(folder) == before


async def test_a_table_comes_as_lines_and_as_data(confined: Sandbox, folder: Path) -> None:
    result = await asked(confined, folder, 'SELECT * FROM "odd ""name"')
    assert result.text.splitlines() == [
        "id | price | what | picture", "1 | 1.5 | tea\\ncup | <9 bytes>", "2 | inf | NULL | NULL",
    ]  # fmt: skip
    assert result.data == {
        "columns": ["id", "price", "what", "picture"],
        "rows": [[1, 1.5, "tea\ncup", "<9 bytes>"], [2, "inf", None, None]],
    }
    many = await asked(confined, folder, "SELECT n FROM many ORDER BY n")
    assert many.text.splitlines()[-2:] == ["199", "[200 rows are shown here; there are 800 more]"]
    assert (await asked(confined, folder, "SELECT 1 AS one WHERE 0")).text == "one\n[no rows]"


async def test_without_a_query_the_tables_are_told(confined: Sandbox, folder: Path) -> None:
    assert (await asked(confined, folder)).text.splitlines() == [
        "name | kind | columns | rows",
        "dear | view | n | NULL",
        "many | table | n | 1000",
        'odd "name | table | id INTEGER, price REAL, what TEXT, picture BLOB | 2',
    ]


async def test_wide_rows_stop_where_a_result_is_full(confined: Sandbox, folder: Path) -> None:
    wide = await asked(confined, folder, "SELECT n, printf('%0*d', 900, n) FROM many")
    assert 5_000 < len(wide.text) < 12_000
    assert wide.text.endswith(
        f"[{len(wide.data['rows'])} rows are shown here; there are {1000 - len(wide.data['rows'])} more]"
    )
    long = await asked(confined, folder, "SELECT printf('%0*d', 50000, 1)")
    assert long.text.endswith("… (50000 characters)")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("DELETE FROM many", "only reading"),
        ("INSERT INTO many VALUES (1)", "only reading"),
        ("CREATE TEMP TABLE t (x)", "only reading"),
        ("ATTACH '/etc/passwd' AS p", "only reading"),
        ("ATTACH 'other' AS p", "only reading"),
        ("VACUUM INTO '/tmp/copy'", "only reading"),
        ("PRAGMA query_only = OFF", "only reading"),
        ("PRAGMA journal_mode = DELETE", "only reading"),
        ("SELECT load_extension('x')", "only reading"),
        ("BEGIN", "only reading"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT price FROM many", "no such column: price"),
        ("SELEC", "syntax error"),
        ("SELECT '\0'", "null"),
        ("SELECT hex(zeroblob(1 << 30))", "too big"),
    ],
)
async def test_what_is_no_reading_or_goes_wrong_is_said_in_words(
    confined: Sandbox, folder: Path, query: str, why: str
) -> None:
    with pytest.raises(ToolFailed, match=why):
        await asked(confined, folder, query)


@pytest.mark.parametrize(
    "bomb",
    [
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "SELECT count(*) FROM many a, many b, many c, many d",
    ],
)
async def test_a_query_without_end_is_ended(
    confined: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, bomb: str
) -> None:
    monkeypatch.setattr(room, "SECONDS", 1)
    with pytest.raises(ToolFailed, match="more than 1 seconds"):
        await asked(confined, folder, bomb)


async def test_rows_without_end_are_shown_as_far_as_they_go(
    confined: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SECONDS", 1)
    endless = await asked(
        confined, folder, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    )
    assert endless.text.splitlines()[:2] == ["x", "1"]
    assert "200 rows are shown here; there are more than" in endless.text


@pytest.fixture
def held(folder: Path) -> Iterator[sqlite3.Connection]:
    """A program that has the database open, and something in its log."""
    with closing(sqlite3.connect(folder / "shop.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("INSERT INTO many VALUES (77777)")
        yield db


async def test_what_lies_in_the_log_only_is_read_too(confined: Sandbox, folder: Path, held: sqlite3.Connection) -> None:
    assert (folder / "shop.db-wal").stat().st_size
    assert (await asked(confined, folder, "SELECT max(n) FROM many")).text == "max(n)\n77777"
    (folder / "link.db").symlink_to("shop.db")
    assert (await asked(confined, folder, "SELECT max(n) FROM many", "link.db")).text == "max(n)\n77777"


async def test_a_change_that_was_never_finished_is_taken_back_in_the_copy(confined: Sandbox, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shop.db", isolation_level=None)) as db:
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN")
        db.execute("INSERT INTO many SELECT a.n + 1000000 FROM many a, many b WHERE b.n < 50")
        (folder / "copy.db").write_bytes((folder / "shop.db").read_bytes())
        (folder / "copy.db-journal").write_bytes((folder / "shop.db-journal").read_bytes())
        db.execute("ROLLBACK")
    assert (folder / "copy.db").read_bytes() != (folder / "shop.db").read_bytes()
    assert (await asked(confined, folder, "SELECT max(n) FROM many", "copy.db")).text == "max(n)\n999"


async def test_files_that_are_no_databases_are_said_to_be_none(
    confined: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bytearray((folder / "shop.db").read_bytes())
    (folder / "garbage").write_bytes(os.urandom(100_000))
    (folder / "torn").write_bytes(real[:5000])
    (folder / "mixed").write_bytes(real[:100] + os.urandom(len(real) - 100))
    (folder / "empty").touch()
    (folder / "out").symlink_to("/etc/passwd")
    (folder / "real.db").write_bytes(real)
    (folder / "real.db-wal").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    for path, why in (
        ("garbage", "not a database"),
        ("torn", "malformed|disk"),
        ("mixed", "malformed|disk"),
        ("nowhere", "No such file"),
        ("pipe", "is no file"),
        (".", "is no file"),
        ("out", "leads out"),
        ("real.db", "leads out"),
    ):
        with pytest.raises(ToolFailed, match=why):
            await asked(confined, folder, "SELECT * FROM many", path)
    assert (await asked(confined, folder, None, "empty")).text == "name | kind | columns | rows\n[no rows]"
    monkeypatch.setattr(room, "MOST_BYTES", 1000)
    with pytest.raises(ToolFailed, match="can be looked at"):
        await asked(confined, folder)
