"""Results of tools that are too long for a model, kept whole for their runs; the only reader and writer of them."""

from __future__ import annotations

import itertools
import re

from tektrad.agents.tool import ToolFailed
from tektrad.store.db import Store

MOST_BYTES = 4 << 20
"""Of one."""
MOST_OF_A_RUN = 64 << 20
LONGEST_LINE = 1000
"""Longer ones are counted as several, so that what stands in one line can be read piece by piece."""
_NAME = re.compile(r"result:([1-9][0-9]{0,8})")


class Results:
    """Kept results, by the numbers that their agents know."""

    def __init__(self, store: Store, most_bytes: int = MOST_BYTES, most_of_a_run: int = MOST_OF_A_RUN) -> None:
        self._store = store
        self._most_bytes = most_bytes
        self._most_of_a_run = most_of_a_run

    async def keep(self, run: str, key: str, text: str) -> int:
        """Keep one, and return its number; one of this key is kept in its place. Of a run the oldest make way."""
        data = text.encode("utf-8", "replace")[: self._most_bytes]
        async with self._store.transaction() as tx:
            await tx.execute(
                """INSERT INTO run_results (run, number, key, text)
                   SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3 FROM run_results WHERE run = ?1
                   ON CONFLICT (run, key) DO UPDATE SET text = excluded.text""",
                [run, key, data.decode("utf-8", "ignore")],
            )
            await tx.execute(
                """DELETE FROM run_results WHERE (run, number) IN (SELECT run, number FROM (
                       SELECT run, number, sum(length(CAST(text AS BLOB))) OVER (ORDER BY number DESC) AS bytes
                       FROM run_results WHERE run = ?) WHERE bytes > ?)""",
                [run, self._most_of_a_run],
            )
            (row,) = await tx.execute_fetchall("SELECT number FROM run_results WHERE run = ? AND key = ?", [run, key])
        number: int = row[0]
        return number

    async def read(self, run: str, number: int, first: int, count: int, most: int) -> str:
        """Lines of one, as many as go into `most` characters; raises ToolFailed."""
        rows = await self._store.rows("SELECT text FROM run_results WHERE run = ? AND number = ?", [run, number])
        if not rows:
            raise ToolFailed(f"there is no result:{number}, or none any more")
        lines = _lines(rows[0]["text"])
        first = max(1, first)
        wanted = lines[first - 1 : first - 1 + max(1, count)]
        lengths = itertools.accumulate(len(line) + 1 for line in wanted)
        part = wanted[: sum(length <= most for length in lengths)]
        if not part:
            raise ToolFailed(f"result:{number} has {len(lines)} lines, none from {first} on")
        last = first + len(part) - 1
        more = f"; go on with first={last + 1}" if last < len(lines) else ""
        return "\n".join([f"result:{number}: {len(lines)} lines, here {first} to {last}{more}", *part])


def kept_number(path: object) -> int | None:
    """The number in the path of a kept result; nothing: it is the path of something else."""
    found = _NAME.fullmatch(path) if isinstance(path, str) else None
    return int(found[1]) if found else None


def _lines(text: str) -> list[str]:
    return [
        line[at : at + LONGEST_LINE] for line in text.splitlines() for at in range(0, max(1, len(line)), LONGEST_LINE)
    ]
