"""What is known of a line of a story beyond the story: the audit log's entries, and what the model was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tektra_cli.errors import CliError
from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.runs_story import Line

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place

Run = Mapping[str, Any]
MOST_PROMPTS = 20
"""That are kept, each of which may be long."""
MOST_ENTRIES = 40
"""Of the audit log, about one line of a story."""


class Evidence:
    """They are asked for when a line is looked at, and kept until all is read anew."""

    def __init__(self, place: Place, told: Callable[[Run, Line], None]) -> None:
        """`told`: more is known of a line."""
        self._place, self._told = place, told
        self._entries: dict[tuple[str, str], Sequence[Mapping[str, Any]]] = {}
        self._prompts: dict[tuple[str, str], Mapping[str, Any]] = {}

    def forget(self) -> None:
        """Ask anew."""
        self._entries.clear()
        self._prompts.clear()

    def entries(self, run: Run, line: Line) -> Sequence[Mapping[str, Any]] | None:
        """What the audit log has of it, once that is known."""
        return self._entries.get((run["id"], line.key))

    def prompt(self, run: Run, line: Line) -> Mapping[str, Any] | None:
        """What the model was asked, once that is known; or why it is not."""
        return self._prompts.get((run["id"], line.key))

    def look_up(self, run: Run, line: Line) -> None:
        """Ask for what is not known yet."""
        if line.kind == "step" and self.prompt(run, line) is None:
            self._place.attempt(partial(self._read_prompt, run, line), group="prompt", exclusive=True)
        has_entries = line.closed is not None and line.kind in ("step", "tool", "code", "ask")
        if has_entries and self.entries(run, line) is None:
            self._place.attempt(partial(self._read_entries, run, line), group="log", exclusive=True)

    async def _read_entries(self, run: Run, line: Line) -> None:
        """Who may not read the log does without."""
        assert line.closed is not None
        until = line.opened["time"] if line.kind == "step" and line.opened is not line.closed else line.closed["time"]
        query = {"run": run["id"], "since": line.since, "until": until, "limit": MOST_ENTRIES}
        try:
            found = (await self._place.gateway.get(address("audit"), query))["entries"]
        except CliError as error:
            if error.code not in ("forbidden", "demo"):
                raise
            found = []
        self._entries[(run["id"], line.key)] = [
            each for each in reversed(found) if each["run"] == run["id"] and line.since <= each["time"] <= until
        ]
        self._told(run, line)

    async def _read_prompt(self, run: Run, line: Line) -> None:
        """Where another agent was asked, only the step's end says where that was."""
        reference = line.outcome.get("at") or ("" if line.agent else f"{line.step}")
        if not reference:
            return
        try:
            found = await self._place.gateway.get(address("runs", run["id"], "prompt"), {"step": reference})
        except CliError as error:
            if error.code not in ("not_found", "demo"):
                raise
            if line.closed is None or error.code == "demo":
                return
            found = {"why_not": error.message}
        if len(self._prompts) >= MOST_PROMPTS:
            self._prompts.clear()
        self._prompts[(run["id"], line.key)] = found
        self._told(run, line)
