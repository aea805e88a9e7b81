"""A run in full: its facts, its story, live, and one line of that in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tektra_cli import terminal
from tektra_cli.tui.screens import runs_detail, runs_words
from tektra_cli.tui.screens.runs_story import Line, Story
from tektra_cli.tui.widgets.cells import DIM, between, cell, took
from tektra_cli.tui.widgets.reading import Reading
from tektra_cli.tui.widgets.rows import Rows


class Timeline(Vertical):
    """The story of one run; its last line is followed while the cursor is there."""

    DEFAULT_CSS = """
    Timeline #about { height: 4; padding: 0 1 1 1; }
    Timeline #does { height: 1; padding: 0 1; color: $foreground 60%; }
    """

    def __init__(self, now: Any) -> None:
        super().__init__(id="timeline")
        self._now = now
        self._run: Mapping[str, Any] | None = None
        self._story = Story()

    def compose(self) -> ComposeResult:
        """Facts, story, what is under way."""
        yield Static(id="about", markup=False)
        yield Rows[Line](
            lambda line: line.key,
            lambda line, space: runs_words.line(line, space, self._now()),
            follows=True,
            id="story",
        )
        yield Static(id="does", markup=False)

    def on_resize(self) -> None:
        """Lines are as long as there is room."""
        self.call_after_refresh(self.tick)

    @property
    def rows(self) -> Rows[Line]:
        """The lines."""
        return self.query_one("#story", Rows)

    def tell(self, run: Mapping[str, Any] | None, story: Story) -> None:
        """Show a run as far as it was told."""
        self._run, self._story = run, story
        lines: Sequence[Line] = () if run is None else [_task(run), *story.lines]
        self.rows.show(lines)
        self.tick()

    def tick(self) -> None:
        """Time has passed."""
        about, does = self.query_one("#about", Static), self.query_one("#does", Static)
        run, now = self._run, self._now()
        if run is None:
            about.update("", layout=False)
            does.update("", layout=False)
            return
        title = Content.styled(terminal.clean_line(run["title"][:2000]), "bold")
        folder = Content.styled(f"in {terminal.clean_line(str(run['spec'].get('folder', '')))}  run {run['id']}", DIM)
        width = max(10, self.size.width - 2)
        about.update(
            Content("\n").join(
                [
                    title.truncate(width, ellipsis=True),
                    runs_words.facts(run, self._story.steps, self._story.took, now).truncate(width, ellipsis=True),
                    folder.truncate(width, ellipsis=True),
                ]
            ),
            layout=False,
        )
        does.update(cell(_does(run, self._story, now), width, ""), layout=False)
        if run["ended_at"] is None:
            self.rows.redraw()


def _task(run: Mapping[str, Any]) -> Line:
    """The first line: what the run is to do."""
    event = {"number": 0, "time": run["created_at"], "type": "task", "data": run["spec"]}
    return Line("task", "task", event, closed=event, since=run["created_at"])


def _does(run: Mapping[str, Any], story: Story, now: datetime) -> str:
    """What the run does now, and for how long already."""
    match run["state"]:
        case "waiting":
            return "waits for an answer: o goes there"
        case "queued":
            return "waits for its turn"
        case "running":
            under_way = story.now
            does = runs_words.call(under_way.data) if under_way is not None and under_way.kind == "tool" else "thinks"
            does = "code" if under_way is not None and under_way.kind == "code" else does
            since = under_way.since if under_way is not None else story.since or run["created_at"]
            return f"▶ step {story.steps + 1}: {took(between(since, now))} {does}"
        case _:
            return ""


class Detail(Reading):
    """One line of a story in full; it scrolls."""

    def __init__(self, now: Any) -> None:
        super().__init__(id="detail")
        self._now = now
        self._key: str | None = None

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static(id="told", markup=False)

    def tell(
        self,
        line: Line | None,
        run: Mapping[str, Any] | None,
        entries: Sequence[Mapping[str, Any]] | None,
        prompt: Mapping[str, Any] | None = None,
    ) -> None:
        """Show it, from its beginning where it is another one than before."""
        text = self.query_one("#told", Static)
        if line is None or run is None:
            text.update("")
            self._key = None
            return
        text.update(runs_detail.told(line, run, entries, self._now(), prompt))
        key = f"{run['id']} {line.key}"
        if key != self._key:
            self._key = key
            self.scroll_home(animate=False)
