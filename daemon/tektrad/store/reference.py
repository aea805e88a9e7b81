"""Finding one row by what people type: its id, or a beginning that no other id has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tektrad.errors import InvalidRequest
from tektrad.store.db import Row, Store

AFTER_ALL = "\U0010ffff"
"""Behind a text it is greater than whatever begins with that text."""


async def by_reference(
    store: Store, select: str, column: str, reference: str, what: str, condition: str = "1", values: Sequence[Any] = ()
) -> Row | None:
    """The row among those of `condition` that is meant; None: there is none.

    Raises InvalidRequest where several ids begin so; `what` names such a row.
    """
    rows = await store.rows(
        f"{select} WHERE {condition} AND {column} >= ? AND {column} < ? LIMIT 3",
        [*values, reference, reference + AFTER_ALL],
    )
    if not rows or not reference:
        return None
    exact = [row for row in rows if row["id"] == reference]
    if len(rows) > 1 and not exact:
        raise InvalidRequest(f'more than one {what} begins with "{reference}"', "Give more of the id.")
    return (exact or rows)[0]
