"""A place of the dashboard: the bar above, its own body, its keys below."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import WorkType

from tektra_cli.tui.feed import Event
from tektra_cli.tui.widgets.key_bar import KeyBar
from tektra_cli.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from tektra_cli.tui.dashboard import Dashboard
    from tektra_cli.tui.gateway import Gateway


class Place(Screen[None]):
    """What all places have in common.

    A place reads what it shows when it is entered and when the daemon is back, in `reload`; between, it is told what
    happens, in `heard`.
    """

    NAME = ""
    """As `places.PLACES` has it."""

    def __init__(self) -> None:
        super().__init__()
        self._intended: dict[str, tuple[Timer, Callable[[], Any]]] = {}
        """What `later` is to do, and when, by its name."""

    def compose(self) -> ComposeResult:
        """The bar, the body, the keys."""
        yield TopBar(self.NAME)
        yield from self.body()
        yield KeyBar()

    def body(self) -> ComposeResult:
        """What the place is made of."""
        raise NotImplementedError

    async def reload(self) -> None:
        """Read anew what is shown, and keep where the person is in it. Raises CliError."""
        raise NotImplementedError

    def heard(self, events: Sequence[Event]) -> None:
        """What has happened, in order; a `gap` means that more did, and that only a reload knows what."""

    @property
    def dashboard(self) -> Dashboard:
        """The program that this is a place of."""
        from tektra_cli.tui.dashboard import Dashboard

        return cast(Dashboard, self.app)

    @property
    def gateway(self) -> Gateway:
        """The daemon."""
        return self.dashboard.gateway

    def on_mount(self) -> None:
        """Hear what happens from now on."""
        self.dashboard.happened.subscribe(self, self._heard)

    def on_screen_resume(self) -> None:
        """Somebody enters: what may have changed meanwhile is read."""
        self.renew()

    def renew(self) -> None:
        """Reload in the background; a reload that is under way makes way for this one."""
        self.attempt(self.reload, group="reload", exclusive=True)

    def attempt(self, doing: Callable[[], Awaitable[None]], group: str = "default", *, exclusive: bool = False) -> None:
        """Do something in the background that may raise CliError, which the person is told then.

        `exclusive`: what is under way of the same group makes way.
        """
        work: WorkType[None] = partial(self._attempted, doing)
        self.run_worker(work, group=group, exclusive=exclusive)

    def renew_soon(self, seconds: float) -> None:
        """Reload once for all that happens within some seconds, if the person is still here then."""
        self.later("renew", seconds, lambda: self.renew() if self.is_current else None, anew=False)

    def later(self, name: str, seconds: float, doing: Callable[[], Any], *, anew: bool = True) -> None:
        """Do something in a while, once for all the times that it is asked for until then by this name.

        `anew`: the while begins anew with each time, as for what is done once nobody types any more.
        """
        if name in self._intended:
            if not anew:
                return
            self._intended[name][0].stop()
        self._intended[name] = self.set_timer(seconds, partial(self._do, name, doing)), doing

    def _do(self, name: str, doing: Callable[[], Any]) -> None:
        if name in self._intended and self._intended[name][1] is doing:  # a stopped timer may have rung already
            del self._intended[name]
            doing()

    @property
    def has_settled(self) -> bool:
        """Nothing is to be done later."""
        return not self._intended

    async def _attempted(self, doing: Callable[[], Awaitable[None]]) -> None:
        try:
            await self.dashboard.told(doing)
        except NoMatches:
            if self.app.is_running:
                raise
            # What was asked for came when the dashboard was being closed: there is nothing left to show it in.

    def _heard(self, events: Sequence[Event]) -> None:
        if any(event["type"] == "gap" for event in events):
            self.renew()
        self.heard(events)
