"""The dashboard itself: goes from place to place, hears what happens and tells the place that is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.theme import Theme
from textual.worker import WorkType

from tektra_cli import wording
from tektra_cli.errors import CliError
from tektra_cli.tui import feed, themes
from tektra_cli.tui.feed import Event, Standing
from tektra_cli.tui.gateway import Gateway
from tektra_cli.tui.machine import Machine
from tektra_cli.tui.place import Place
from tektra_cli.tui.places import PLACES
from tektra_cli.tui.screens.opening import Opening
from tektra_cli.tui.themes import THEMES

if TYPE_CHECKING:
    from textual.command import Provider

FIGURES_S = 2.0
"""Between two looks at what the bar tells."""
COUNTED = ("gap", "ask.opened", "ask.answered", "ask.expired", "alert", "model.state")
"""Events after which the bar's figures are read anew at once."""


def _now() -> datetime:
    return datetime.now(UTC)


def _commands() -> type[Provider]:
    from tektra_cli.tui.palette import Commands

    return Commands


class Dashboard(App[None]):
    """A client of the daemon's, and nothing more: whatever it shows was asked for, whatever it does is a request."""

    TITLE = "Tektra"
    CSS_PATH = "dashboard.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        name: entrance.enter for name, entrance in PLACES.items()
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(f"{number},f{number + 1}", f"go('{name}')", PLACES[name].title, show=False)
            for number, name in enumerate(PLACES, 1)
        ),
        Binding("question_mark,f1", "keys", "Keys", key_display="?"),
        Binding("ctrl+p", "command_palette", "Commands", key_display="^p", priority=True),
        Binding("ctrl+t", "next_theme", "Theme", show=False),
        Binding("ctrl+q", "quit", "Quit", key_display="^q", priority=True),
    ]

    standing: reactive[Standing] = reactive("connecting")
    asks: reactive[int] = reactive(0)
    """How many wait for an answer."""
    alerts: reactive[int] = reactive(0)
    """How many there were of late."""
    figures: reactive[str] = reactive("")
    """The daemon in a few words."""

    def __init__(
        self,
        gateway: Gateway,
        place: str = "chat",
        now: Callable[[], datetime] = _now,
        machine: Machine | None = None,
        folder: Path | None = None,
        seen: Callable[[], None] | None = None,
    ) -> None:
        """`now` is what ages of things are told by, `machine` what is looked at beside the daemon (None: this one).

        `folder` is where it is kept what was sent, to come back to, and which theme was chosen. `seen` is
        called once the first place is.
        """
        super().__init__()
        self.gateway = gateway
        self.machine = machine or Machine()
        self.now = now
        self.folder = folder
        self.happened: Signal[Sequence[Event]] = Signal(self, "happened")
        self.wanted: dict[str, str] = {}
        """What a place is to show when it is entered next, by the place's name."""
        self._first = place
        self._seen = seen
        for theme in THEMES:
            self.register_theme(theme)
        chosen = themes.remembered(folder / "theme") if folder else ""
        self.theme = chosen if chosen in self.available_themes else THEMES[0].name

    def on_mount(self) -> None:
        """Enter the first place as soon as the bar is seen: it takes a moment to be made."""
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.call_after_refresh(self._begin)

    def get_default_screen(self) -> Screen[Any]:
        """The bar alone."""
        return Opening(self._first)

    def _begin(self) -> None:
        """Enter, and listen."""
        self.switch_mode(self._first)
        if self._seen is not None:
            self.call_after_refresh(self._seen)
        follow = partial(feed.follow, self.gateway, self._heard, self._stands)
        following: WorkType[None] = partial(self.told, follow)
        self.run_worker(following, group="feed")
        self.set_interval(FIGURES_S, self.look)
        self.look()

    def on_unmount(self) -> None:
        """Ask nothing more."""
        self.gateway.close()

    @property
    def history(self) -> Path | None:
        """The file with what was sent."""
        return self.folder and self.folder / "history"

    def who(self, uid: int | None) -> str:
        """What a user is called on this machine."""
        return "-" if uid is None else self.machine.name(uid) or str(uid)

    def look(self) -> None:
        """Read what the bar tells."""
        if self.standing != "away":
            reading: WorkType[None] = self._read_figures
            self.run_worker(reading, group="figures", exclusive=True)

    async def told(self, doing: Callable[[], Awaitable[None]]) -> None:
        """Do something, and say what went wrong; a daemon that is away is said in the bar already."""
        try:
            await doing()
        except CliError as error:
            if error.code != "daemon_unreachable" or self.standing == "live":
                self.say(error)

    def say(self, error: CliError) -> None:
        """An error, in its own words."""
        self.notify(error.hint or "", title=error.message, severity="error", timeout=10, markup=False)

    def action_go(self, name: str) -> None:
        """Enter a place."""
        if self.current_mode != name:
            self.switch_mode(name)

    def visit(self, name: str, what: str) -> None:
        """Enter a place, which is to show a certain thing there: its `reload` takes it from `wanted`."""
        self.wanted[name] = what
        if self.current_mode == name and isinstance(self.screen, Place):
            self.screen.renew()
        else:
            self.action_go(name)

    def action_keys(self) -> None:
        """Show the keys of where one is."""
        from tektra_cli.tui.widgets.keys import Keys

        self.push_screen(Keys(self.screen))

    def action_next_theme(self) -> None:
        """The next one of ours."""
        names = [theme.name for theme in THEMES]
        place = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(place + 1) % len(names)]

    def _keep_theme(self, theme: Theme) -> None:
        if self.folder is not None:
            themes.remember(self.folder / "theme", theme.name)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: what can be done here, every place, what Textual brings, and what can be done elsewhere."""
        from tektra_cli.tui import palette

        yield from palette.here(self, screen)
        yield from palette.places(self)
        yield from super().get_system_commands(screen)
        yield from palette.elsewhere(self)

    def _heard(self, events: Sequence[Event]) -> None:
        self.happened.publish(events)
        if any(event["type"] in COUNTED for event in events):
            self.look()

    def _stands(self, standing: Standing, why: str) -> None:
        was, self.standing = self.standing, standing
        if standing == "live" and was != "live":
            self.look()
            if isinstance(self.screen, Place):
                self.screen.renew()

    async def _read_figures(self) -> None:
        try:
            status, memory = await asyncio.gather(self.gateway.get("/api/status"), self.gateway.get("/api/ps"))
        except CliError:
            return  # the feed says how it stands
        self.asks, self.alerts = status["asks"], status["alerts"]["count"]
        loaded = memory["models"]
        running = sum(model["running"] for model in loaded)
        models = wording.plural(len(loaded), "model") if loaded else "no model loaded"
        models = loaded[0]["name"] if len(loaded) == 1 else models
        self.figures = models + (f" · {running} answering" if running else "")
