"""The line at the bottom that names the keys."""

from __future__ import annotations

from typing import Any

from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget


class KeyBar(Widget):
    """What can be done where one is, and with which key; each can be clicked.

    One widget: Textual's footer has one for each key, made anew whenever another thing has the focus, and keeps those
    that are gone.
    """

    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; background: $footer-background; color: $footer-foreground; }
    """
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self.auto_links = False  # keys are no links to look at

    def on_mount(self) -> None:
        """Draw it anew whenever other keys mean something."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: Screen[Any]) -> None:
        self.refresh()

    def render(self) -> Content:
        """The keys that are to be shown; where there is little room those that mean the same everywhere, the one that
        names all keys among them, go before the last ones of the place."""
        named: dict[str, ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            if active.binding.show:
                named.setdefault(active.binding.action, active)
        here = [self._key(active) for active in named.values() if active.node is not self.app]
        everywhere = [self._key(active) for active in named.values() if active.node is self.app]
        while here and sum(key.cell_length for key in (*here, *everywhere)) > self.size.width:
            here.pop()
        return Content.assemble(*here, *everywhere)

    def _key(self, active: ActiveBinding) -> Content:
        binding = active.binding
        dim = "" if active.enabled else " dim"
        return Content.assemble(
            Content.styled(f" {self.app.get_key_display(binding)} ", f"bold $footer-key-foreground{dim}"),
            Content.styled(f"{binding.description} ", f"$footer-description-foreground{dim}"),
        ).stylize(f"@click=app.simulate_key({binding.key!r})")
