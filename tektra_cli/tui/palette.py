"""What the command palette offers: everything that a key does, here and in the other places."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.binding import Binding
from textual.command import DiscoveryHit, Hits
from textual.screen import Screen
from textual.system_commands import SystemCommandsProvider

from tektra_cli.tui.place import Place
from tektra_cli.tui.places import PLACES

if TYPE_CHECKING:
    from tektra_cli.tui.dashboard import Dashboard

WAYS = ("escape", "up", "down", "left", "right", "tab")
"""Keys that lead about; nobody looks for these by their names."""


class Commands(SystemCommandsProvider):
    """The dashboard's, in their order."""

    async def discover(self) -> Hits:
        """What is there before anybody types."""
        for name, told, doing, is_first in self.app.get_system_commands(self.screen):
            if is_first:
                yield DiscoveryHit(name, doing, help=told)


def here(app: Dashboard, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """What keys do where somebody is now."""
    bindings = [active for active in screen.active_bindings.values() if active.node is not app and active.enabled]
    for binding in _named([active.binding for active in bindings]):
        node = next(active.node for active in bindings if active.binding is binding)
        if type(node).__module__.startswith("tektra_cli.") and (binding.show or isinstance(node, Place)):
            yield _command(app, binding, partial(app.run_action, binding.action, node))


def places(app: Dashboard) -> Iterator[SystemCommand]:
    """Every place."""
    for name, entrance in PLACES.items():
        yield SystemCommand(f"Go to {entrance.title}", entrance.summary, partial(app.action_go, name))


def elsewhere(app: Dashboard) -> Iterator[SystemCommand]:
    """What keys do in the places in which nobody is, for who looks for it."""
    for name, entrance in PLACES.items():
        if name != app.current_mode:
            for binding in _named([*Binding.make_bindings(entrance.kind.BINDINGS)]):
                command = _command(app, binding, partial(_do_there, app, name, binding.action))
                yield command._replace(title=f"{entrance.title}: {command.title}", discover=False)


def _named(bindings: Sequence[Binding]) -> Iterator[Binding]:
    """One for each thing that is done, and none for what only leads about, or is any screen's."""
    passed = {binding.action for binding in bindings if binding.key in WAYS or not binding.description}
    passed |= {binding.action for binding in Binding.make_bindings(Screen.BINDINGS)}
    for binding in bindings:
        if binding.action not in passed:
            passed.add(binding.action)
            yield binding


def _command(app: Dashboard, binding: Binding, doing: Callable[[], Awaitable[Any]]) -> SystemCommand:
    return SystemCommand(binding.description, f"key {app.get_key_display(binding)}", doing)


async def _do_there(app: Dashboard, name: str, action: str) -> None:
    """Go there and do it."""
    await app.switch_mode(name)
    await app.run_action(action, app.screen)
