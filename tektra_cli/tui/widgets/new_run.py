"""Beginning a run: which agent, what it is to do, in which folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Input, Select, TextArea

from tektra_cli.errors import CliError, UsageError
from tektra_cli.tui import paths
from tektra_cli.tui.gateway import address
from tektra_cli.tui.widgets.cells import cell
from tektra_cli.tui.widgets.checks import Tick
from tektra_cli.tui.widgets.confirm import Confirm
from tektra_cli.tui.widgets.form import Form, labelled, note

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place


async def begun(place: Place, agent: str | None = None) -> Mapping[str, Any] | None:
    """Ask what is to be done, and begin it; the run, or None where somebody thought better of it.

    What the daemon refuses is said, and asked again with what was typed.
    """
    agents = (await place.gateway.get(address("agents")))["agents"]
    body: Mapping[str, Any] = {"agent": agent, "task": "", "folder": str(Path.cwd()), "in_place": False}
    while True:
        wanted = await place.app.push_screen_wait(NewRun([each["agent"] for each in agents], body))
        if wanted is None:
            return None
        body = wanted
        question = f"Let {body['agent']} change {body['folder']} itself?"
        lost = "There is no diff and no undo, and a crash may leave a step half done."
        if body["in_place"] and not await place.app.push_screen_wait(Confirm(question, lost, yes="Let it")):
            continue
        try:
            document = await place.gateway.post(address("runs"), body)
        except CliError as error:
            place.dashboard.say(error)
            continue
        run: Mapping[str, Any] = document["run"]
        return run


class Folders(Suggester):
    """Completes the name of a folder."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first folder whose path begins so; of what is not typed from the root on none."""
        if not value.startswith(("/", "~/")):
            return None
        found = await asyncio.to_thread(paths.completions, value)
        return next((path for path in found if path.isprintable()), None)


def _option(agent: Mapping[str, Any]) -> Content:
    """An agent to choose: whatever its description says is words and no markup."""
    return cell(f"{agent['name']}  {agent.get('description', '')}", 50)


class NewRun(Form[Mapping[str, Any]]):
    """The body of the request."""

    TITLE = "Begin a run"
    DO = "Begin"
    DEFAULT_CSS = """
    NewRun TextArea { width: 1fr; height: 5; border: none; padding: 0 1; background: $panel; }
    NewRun Select { width: 1fr; }
    NewRun Checkbox { border: none; padding: 0; margin-bottom: 1; background: transparent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "do", "Begin", show=False)]

    def __init__(self, agents: Sequence[Mapping[str, Any]], body: Mapping[str, Any]) -> None:
        """`body`: what the form says at first."""
        super().__init__()
        self._agents, self._body = agents, body

    def fields(self) -> ComposeResult:
        """Agent, task, folder."""
        names = [each["name"] for each in self._agents]
        said = self._body["agent"] if self._body["agent"] in names else names[0] if names else Select.NULL
        options = [(_option(each), each["name"]) for each in self._agents]
        yield labelled("Agent", Select(options, value=said, allow_blank=not names, compact=True, id="agent"))
        task = TextArea(self._body["task"], id="task", compact=True, placeholder="What it is to do.")
        yield labelled("Task", task)
        yield labelled("Folder", Input(self._body["folder"], id="folder", suggester=Folders(), compact=True))
        words = "in place: it changes the folder itself, with no diff and no undo"
        yield Tick(words, self._body["in_place"], id="in-place", compact=True)
        yield note("^s begins it; → completes the folder.")

    def on_mount(self) -> None:
        """The task first: the rest is mostly right already."""
        self.query_one("#task").focus()

    def filled(self) -> Mapping[str, Any] | None:
        """As the daemon wants it."""
        agent, task = self.query_one("#agent", Select).value, self.query_one("#task", TextArea).text.strip()
        if not isinstance(agent, str):
            self.complain("There is no agent.")
            return None
        if not task:
            self.complain("Say what it is to do.")
            self.query_one("#task").focus()
            return None
        try:
            folder = str(paths.path(self.query_one("#folder", Input).value.strip()))
        except UsageError as error:
            self.complain(error.message)
            return None
        return {"agent": agent, "task": task, "folder": folder, "in_place": self.query_one(Tick).value}
