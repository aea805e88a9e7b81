"""The list of runs: searched by words, and by how they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tektra_cli import wording
from tektra_cli.tui.screens import runs_words
from tektra_cli.tui.widgets.rows import Rows

Run = Mapping[str, Any]
AGES_TICKS = 10
"""Seconds after which ages are told anew, where nothing is under way among the first runs."""
SEEN = 200
ALL = "all"
SHOWS: Mapping[str, Callable[[Run], bool]] = {
    ALL: lambda run: True,
    "under way": lambda run: run["state"] in ("queued", "running", "waiting"),
    "waiting for an answer": lambda run: run["state"] == "waiting",
    "failed": lambda run: run["state"] == "failed",
    "changes wait": lambda run: run.get("changes") == "yes",
}


class RunList(Vertical):
    """The newest first; above them which of them these are."""

    DEFAULT_CSS = """
    RunList #filter { height: 1; border: none; padding: 0 1; background: $surface; display: none; }
    RunList #filter.shown { display: block; }
    RunList #which { height: 1; padding: 0 1; color: $foreground 60%; }
    """

    def __init__(self, now: Callable[[], datetime], **more: Any) -> None:
        super().__init__(**more)
        self._now = now
        self._runs: Sequence[Run] = ()
        self._kind = ALL
        self._ticks = 0

    def compose(self) -> ComposeResult:
        """Which, the search, the rows."""
        yield Static(id="which", markup=False)
        yield Input(placeholder="words of the task, agent, state, folder", id="filter", compact=True)
        yield Rows[Run](
            lambda run: str(run["id"]),
            lambda run, space: runs_words.row(run, space, self._now()),
            runs_words.head,
            id="list",
        )

    @property
    def rows(self) -> Rows[Run]:
        """Those that are shown."""
        return self.query_one("#list", Rows)

    @property
    def search(self) -> Input:
        """Where words are typed."""
        return self.query_one("#filter", Input)

    @property
    def is_narrowed(self) -> bool:
        """Some are left out."""
        return self._kind != ALL or bool(self.search.value)

    def show(self, runs: Iterable[Run]) -> None:
        """These, as far as they are searched for."""
        self._runs = sorted(runs, key=lambda run: (run["created_at"], run["id"]), reverse=True)
        self._draw()

    def show_all(self) -> None:
        """No search any more."""
        self._kind = ALL
        self.search.value = ""
        self.search.remove_class("shown")
        self._draw()

    def next_kind(self) -> None:
        """All, under way, waiting, failed, with changes that wait: one after the other."""
        kinds = list(SHOWS)
        self._kind = kinds[(kinds.index(self._kind) + 1) % len(kinds)]
        self._draw()

    def begin_search(self) -> None:
        """Let words be typed."""
        self.search.add_class("shown")
        self.search.focus()

    def end_search(self) -> None:
        """Any words again."""
        self.search.value = ""
        self.search.remove_class("shown")
        self.rows.focus()
        self._draw()

    def tick(self) -> None:
        """A second has passed."""
        self._ticks += 1
        if self._ticks % AGES_TICKS == 0 or any(run["ended_at"] is None for run in self.rows.items[:SEEN]):
            self.rows.redraw()

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        self._draw()

    @on(Input.Submitted, "#filter")
    def _done(self) -> None:
        self.rows.focus()

    def _draw(self) -> None:
        words, fits = self.search.value, SHOWS[self._kind]
        seen = [run for run in self._runs if fits(run) and (not words or runs_words.matches(run, words))]
        self.rows.show(seen)
        all_of_them = wording.plural(len(self._runs), "run")
        shown = f"{len(seen)} of {all_of_them}" if len(seen) < len(self._runs) else all_of_them
        told = f"{shown}   f: only some" if self._kind == ALL else f"{shown}: {self._kind}   f: others"
        self.query_one("#which", Static).update(told, layout=False)
