"""Runs: what agents do and did, each step of it, live; what they changed; beginning, ending, doing again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from tektra_cli.commands.runs.asking import BEHIND_ALL
from tektra_cli.errors import CliError
from tektra_cli.tui.feed import Event
from tektra_cli.tui.gateway import address
from tektra_cli.tui.place import Place
from tektra_cli.tui.screens.runs_again import cancelled, retried
from tektra_cli.tui.screens.runs_changes import taken_over
from tektra_cli.tui.screens.runs_evidence import Evidence
from tektra_cli.tui.screens.runs_list import RunList
from tektra_cli.tui.screens.runs_pane import Detail, Timeline
from tektra_cli.tui.screens.runs_stories import Stories
from tektra_cli.tui.screens.runs_story import Line, Story
from tektra_cli.tui.widgets import new_run
from tektra_cli.tui.widgets.rows import Rows

Run = Mapping[str, Any]
SETTLE_S = 0.15
"""A run is followed once the cursor has stood on it for so long."""
LOOK_S = 0.06
"""A line of a story is shown in full once the cursor has stood on it for so long."""
MANY = 20
"""So many runs that changed are read at once, as the list."""
PANES = ("list", "timeline", "detail")


class Runs(Place):
    """A list of runs, the story of the one under its cursor, and one line of that in full."""

    NAME = "runs"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-medium"), (170, "-wide")]  # noqa: RUF012  as Textual declares it
    CSS = """
    Runs #panes { height: 1fr; }
    Runs .pane { width: 1fr; display: none; }
    Runs #runs-pane { padding: 1 0 0 0; }
    Runs #timeline, Runs #detail { padding: 1 0 0 0; }
    Runs #detail { padding: 1 2; }
    Runs .pane:focus-within { background: $background; }
    Runs.-narrow.-list #runs-pane, Runs.-narrow.-timeline #timeline, Runs.-narrow.-detail #detail { display: block; }
    Runs.-medium.-list #runs-pane, Runs.-medium.-timeline #runs-pane { display: block; width: 2fr; }
    Runs.-medium.-list #timeline, Runs.-medium.-timeline #timeline { display: block; width: 3fr; }
    Runs.-medium.-detail #timeline, Runs.-medium.-detail #detail { display: block; }
    Runs.-medium #timeline, Runs.-wide #timeline, Runs.-wide #detail { border-left: solid $border; }
    Runs.-medium.-detail #timeline { border-left: none; }
    Runs.-medium #detail { border-left: solid $border; }
    Runs.-wide .pane { display: block; }
    Runs.-wide #runs-pane { width: 2fr; }
    Runs.-wide #timeline { width: 3fr; }
    Runs.-wide #detail { width: 3fr; }
    Runs #none { display: none; }
    Runs.-empty #none { display: block; }
    Runs.-empty #panes { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("right,l", "deeper", "Further in", show=False),
        Binding("left,h", "back", "Back", show=False),
        Binding("slash", "filter", "Search", key_display="/"),
        Binding("f", "which", "Only some", show=False),
        Binding("n", "begin", "New run"),
        Binding("d", "changes", "Diff"),
        Binding("o", "ask", "Answer"),
        Binding("c", "cancel", "Cancel"),
        Binding("u", "resume", "Resume"),
        Binding("r", "retry", "Retry"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._runs: dict[str, Run] = {}
        self._stale: set[str] = set()
        """Runs of which it was heard that they changed, and that were not read since."""
        self._stories = Stories(self, self._told, self._ended)
        self._chosen: str | None = None
        self._standing: str | None = None
        """In which state the run is that is looked at."""
        self._evidence = Evidence(self, self._known)

    def body(self) -> ComposeResult:
        """The list, the story, the detail."""
        now = self.dashboard.now
        yield Static(
            "No run yet.\n\nAn agent works on a private copy of a folder, step by step, and you decide what of it you "
            "keep.\nn begins one here;   tektra run AGENT TASK   in a terminal.",
            id="none",
            classes="empty",
            markup=False,
        )
        with Horizontal(id="panes"):
            yield RunList(now, id="runs-pane", classes="pane")
            timeline = Timeline(now)
            timeline.add_class("pane")
            yield timeline
            detail = Detail(now)
            detail.add_class("pane")
            yield detail

    def on_mount(self) -> None:
        """Look at the list first."""
        super().on_mount()
        self._level("list")
        self.list.focus()
        self.set_interval(1.0, self._tick)

    @property
    def list(self) -> Rows[Run]:
        """The runs that are shown."""
        return self._pane.rows

    @property
    def _pane(self) -> RunList:
        return self.query_one(RunList)

    @property
    def timeline(self) -> Timeline:
        """The story."""
        return self.query_one(Timeline)

    @property
    def detail(self) -> Detail:
        """One line of it."""
        return self.query_one(Detail)

    @property
    def chosen(self) -> Run | None:
        """The run that is looked at."""
        return self._runs.get(self._chosen or "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done with the run that is looked at has a key."""
        run = self.chosen
        match action:
            case "cancel":
                return run is not None and run["ended_at"] is None
            case "resume":
                return run is not None and run["state"] in ("failed", "cancelled")
            case "ask":
                return run is not None and run["state"] == "waiting"
            case "retry" | "changes":
                return run is not None
            case _:
                return True

    # What is shown

    async def reload(self) -> None:
        """Read the list, and go on with the story that is looked at."""
        document = await self.gateway.get(address("runs"))
        self._runs = {run["id"]: run for run in document["runs"]}
        self._stale.clear()
        self._evidence.forget()
        self._show()
        wanted = self.dashboard.wanted.pop(self.NAME, None)
        if wanted is not None and wanted in self._runs:
            self._pane.show_all()
            self.list.go(wanted)
            self._choose(wanted)
            self._enter("timeline")
        else:
            self._choose(self.list.cursor)
            if wanted is not None:
                self.notify(f"run {wanted} is somebody else's, or very old", severity="warning", markup=False)

    def on_resize(self) -> None:
        """There may be room for more panes now."""
        self.call_after_refresh(self._tell_detail)

    def on_screen_suspend(self) -> None:
        """Nobody looks: nothing is followed."""
        self._stories.stop()

    def heard(self, events: Sequence[Event]) -> None:
        """A run's state has changed, or somebody took over what it changed."""
        for event in events:
            if event["type"] == "run.state":
                self._stale.add(event["data"]["run"])
            elif event["type"] == "entry" and event["data"]["kind"] in ("run.apply", "run.drop"):
                self._stale.add(self._chosen or "")
        if self._stale:
            self.attempt(self._read_stale, group="stale")

    async def _read_stale(self) -> None:
        while self._stale:
            stale, self._stale = self._stale, set()
            if len(stale) > MANY or "" in stale:
                document = await self.gateway.get(address("runs"))
                self._runs = {run["id"]: run for run in document["runs"]}
            else:
                for run in stale:
                    await self._read(run)
            self._show()
            self._story_changed()
            self._watch()

    async def _read(self, ident: str) -> None:
        try:
            document = await self.gateway.get(address("runs", ident), {"after": BEHIND_ALL})
        except CliError as error:
            if error.code != "run_not_found":
                raise
            return
        self._runs[ident] = document["run"]

    def _show(self) -> None:
        self._pane.show(self._runs.values())
        self.set_class(not self._runs, "-empty")

    def _tick(self) -> None:
        if not self.is_current:
            return
        self._pane.tick()
        if self.chosen is not None and self.chosen["ended_at"] is None:
            self.timeline.tick()

    # Which run, and which line of it

    @on(Rows.Moved, "#list")
    def _run_moved(self, event: Rows.Moved) -> None:
        self.later("choose", SETTLE_S, partial(self._choose, event.key))

    @on(Rows.Opened, "#list")
    def _run_opened(self, event: Rows.Opened) -> None:
        self._choose(event.key)
        self._enter("timeline")

    @on(Rows.Moved, "#story")
    def _line_moved(self) -> None:
        self.later("look", LOOK_S, self._tell_detail)

    @on(Rows.Opened, "#story")
    def _line_opened(self) -> None:
        self._enter("detail")
        self._tell_detail()

    def action_deeper(self) -> None:
        """What enter does, where it goes further in."""
        if isinstance(self.focused, Rows):
            self.focused.action_open()

    def action_back(self) -> None:
        """From the detail to the story, from there to the list; from a search to all."""
        if isinstance(self.focused, Input):
            self._pane.end_search()
        elif self.has_class("-detail"):
            self._enter("timeline")
        elif self.has_class("-timeline"):
            self._enter("list")
        elif self._pane.is_narrowed:
            self._pane.show_all()
            self.list.focus()

    def on_descendant_focus(self) -> None:
        """What has the focus is what is looked at, however one came there."""
        focused = self.focused
        if focused is self.detail:
            self._level("detail")
        elif focused is self.timeline.rows:
            self._level("timeline")
        elif focused is not None and focused in (self.list, self._pane.search):
            self._level("list")

    def _enter(self, name: str) -> None:
        """Look at a pane; what is hidden cannot have the focus before it is there."""
        self._level(name)
        panes: Mapping[str, Widget] = {"list": self.list, "timeline": self.timeline.rows, "detail": self.detail}
        self.call_after_refresh(panes[name].focus)

    def _level(self, name: str) -> None:
        for each in PANES:
            self.set_class(each == name, f"-{each}")

    def _choose(self, ident: str | None) -> None:
        if ident != self._chosen:
            self._chosen = ident
            self._stories.stop()
        self._story_changed()
        self._watch()

    def _story_changed(self) -> None:
        run = self.chosen
        standing = None if run is None else run["state"]
        if standing != self._standing:
            self._standing = standing
            self.refresh_bindings()
        self.timeline.tell(run, self.story)
        self._tell_detail()

    @property
    def story(self) -> Story:
        """What is known of the run that is looked at."""
        return self._stories.of(self._chosen or "")

    def _tell_detail(self) -> None:
        run, line = self.chosen, self.timeline.rows.item
        if not (self.has_class("-wide") or self.has_class("-detail")):
            return  # nobody sees it
        if run is None or line is None:
            self.detail.tell(None, None, None)
            return
        self._known(run, line)
        self._evidence.look_up(run, line)

    def _known(self, run: Run, line: Line) -> None:
        """What is known of a line, where it is still the one that is looked at."""
        if self.timeline.rows.item is line and self.chosen is not None:
            self.detail.tell(line, self.chosen, self._evidence.entries(run, line), self._evidence.prompt(run, line))

    # The story, live

    def _watch(self, *, again: bool = False) -> None:
        """Follow what is looked at."""
        if self.chosen is not None and self.is_current:
            self._stories.follow(self.chosen, again=again)

    def _told(self, ident: str) -> None:
        if self._chosen == ident:
            self._story_changed()

    def _ended(self, ident: str) -> None:
        self._stale.add(ident)
        self.attempt(self._read_stale, group="stale")

    # Searching

    def action_filter(self) -> None:
        """Type words that the runs must have."""
        self._level("list")
        self._pane.begin_search()

    def action_which(self) -> None:
        """The next kind of runs: all, under way, waiting, failed, with changes that wait."""
        self._pane.next_kind()

    # Doing

    def action_begin(self) -> None:
        """Let an agent do something."""
        self.attempt(self._begin)

    async def _begin(self) -> None:
        begun = await new_run.begun(self)
        if begun is not None:
            await self._arrive(begun)

    async def _arrive(self, run: Run) -> None:
        """Look at a run that was begun just now."""
        await self._read(run["id"])
        self._show()
        self._pane.show_all()
        self.list.focus()
        self.list.go(run["id"])
        self._choose(run["id"])

    def action_cancel(self) -> None:
        """End the run that is looked at."""
        if self.chosen is not None:
            self.attempt(partial(self._cancel, self.chosen))

    async def _cancel(self, run: Run) -> None:
        if await cancelled(self, run):
            await self._refresh(run["id"])

    def action_resume(self) -> None:
        """Go on behind the last finished step."""
        if self.chosen is not None:
            self.attempt(partial(self._resume, self.chosen))

    async def _resume(self, run: Run) -> None:
        await self.gateway.post(f"{address('runs', run['id'])}/resume")
        await self._refresh(run["id"])

    def action_retry(self) -> None:
        """Once more, as another run: from the step under the cursor, else from the beginning."""
        if self.chosen is None:
            return
        line = self.timeline.rows.item if not self.has_class("-list") else None
        step = line.step if line is not None and not line.agent else 0
        self.attempt(partial(self._retry, self.chosen, step))

    async def _retry(self, run: Run, step: int) -> None:
        begun = await retried(self, run, step)
        if begun is not None:
            await self._arrive(begun)

    def action_changes(self) -> None:
        """Look at what it changed, and take it over or not."""
        if self.chosen is not None:
            self.attempt(partial(self._changes, self.chosen))

    async def _changes(self, run: Run) -> None:
        if await taken_over(self, run):
            await self._refresh(run["id"])

    def action_ask(self) -> None:
        """Where it waits for an answer, go there."""
        run = self.chosen
        line = self.timeline.rows.item
        asked = line.data["ask"] if line is not None and line.kind == "ask" and line.closed is None else None
        if run is not None and run["state"] == "waiting":
            self.dashboard.visit("asks", asked or run["id"])

    async def _refresh(self, ident: str) -> None:
        await self._read(ident)
        self._show()
        self._story_changed()
        self._watch(again=True)  # there may be more to hear of a run that was over
