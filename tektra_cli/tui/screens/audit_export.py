"""The log as a file: where to, which part of it, and writing it while somebody goes on reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tektra_cli import wording
from tektra_cli.errors import UsageError
from tektra_cli.tui import paths
from tektra_cli.tui.gateway import address
from tektra_cli.tui.widgets.prompt import Line, Prompt

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place

WHY = "A file that anybody with the public key can verify. One that ends in .csv is a table, which nobody can."


class Export:
    """One at a time; cancelled, it leaves no file."""

    def __init__(self, place: Place, changed: Callable[[], None]) -> None:
        """`changed`: something of it is otherwise."""
        self._place, self._changed = place, changed
        self._written: int | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether there is something to cancel."""
        return self._written is not None

    @property
    def said(self) -> str:
        """How far it is; empty where nothing was written yet."""
        return f"exporting {wording.size(self._written)}" if self._written else ""

    def ask(self, query: Mapping[str, Any]) -> None:
        """Where to, and from when to when: at first as the entries that are shown are filtered."""
        day = f"{self._place.dashboard.now():%Y-%m-%d}"
        since, until = str(query.get("since", "")), str(query.get("until", ""))
        lines = (
            Line("path", "file, which does not exist yet", f"{Path.home()}/tektra-audit-{day}.jsonl", "", paths.new),
            Line("since", "not before", since, "2h, or a date; empty: the beginning", _time),
            Line("until", "before", until, "empty: now", _time),
        )
        self._place.app.push_screen(Prompt("Export the log", WHY, lines, "export"), self._chosen)

    def _chosen(self, said: Mapping[str, str] | None) -> None:
        if said is not None:
            self._place.attempt(partial(self._write, said), group="export", exclusive=True)

    async def _write(self, said: Mapping[str, str]) -> None:
        place, path, now = self._place, paths.path(said["path"]), self._place.dashboard.now()
        body = {"format": "csv" if path.suffix == ".csv" else "jsonl"}
        body |= {name: wording.moment(said[name], now) for name in ("since", "until") if said[name]}
        self._written = 0
        place.refresh_bindings()
        try:
            await place.gateway.download(address("audit", "export"), body, path, self._wrote)
        except asyncio.CancelledError:
            place.notify("Nothing was written.", title="The export was cancelled", markup=False)
            raise
        finally:
            self._written = None
            place.refresh_bindings()
            self._changed()
        size = wording.size((await asyncio.to_thread(path.stat)).st_size)
        place.notify(f"{path}, {size}", title="Exported", markup=False)

    def _wrote(self, piece: bytes) -> None:
        """In the thread that writes."""
        self._written = (self._written or 0) + len(piece)
        self._place.app.call_later(self._changed)


def _time(said: str) -> str:
    try:
        if said:
            wording.moment(said)
    except UsageError as error:
        return f"{error.message}. {error.hint}"
    return ""
