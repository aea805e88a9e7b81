"""The bar that a filter is typed into, with ways to go on below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tektra_cli.errors import UsageError
from tektra_cli.terminal import clean_line
from tektra_cli.tui.screens import audit_filter

HINT = "kind:tool  agent:files  user:ada  outcome:failed  since:2h  words"


class FilterInput(Input):
    """One line, of which tab completes the last part."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete(1)", "Complete", priority=True),
        Binding("shift+tab", "complete(-1)", "The one before", show=False, priority=True),
        Binding("escape", "leave", "List"),
    ]

    class Left(Message):
        """Back to the list."""

    class Completing(Message):
        """The next way to go on, or the one before."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_complete(self, by: int) -> None:
        """Take a way to go on."""
        self.post_message(self.Completing(by))

    def action_leave(self) -> None:
        """Away from here."""
        self.post_message(self.Left())


class FilterBar(Widget):
    """Says what to look for once enter was pressed, and what is wrong with it before."""

    DEFAULT_CSS = """
    FilterBar { height: auto; padding: 0 1; background: $surface; }
    FilterBar Input { background: $surface; padding: 0; }
    FilterBar #ways { height: auto; max-height: 2; color: $foreground 60%; display: none; }
    FilterBar #ways.shown { display: block; }
    """

    class Changed(Message):
        """Another filter is wanted."""

        def __init__(self, said: str, query: Mapping[str, Any]) -> None:
            super().__init__()
            self.said = said
            self.query = query

    class Left(Message):
        """Nothing more is typed."""

    def __init__(self, query: Callable[[str], Mapping[str, Any]]) -> None:
        """`query` is what a text asks for; it raises UsageError."""
        super().__init__()
        self._query = query
        self._known: Mapping[str, Sequence[str]] = {}
        self._ways: list[str] = []
        self._chosen = -1
        self._base = ""
        self._in_force = ""

    def compose(self) -> ComposeResult:
        """The line, and what it may become."""
        yield FilterInput(placeholder=HINT, compact=True, select_on_focus=False, id="filter")
        yield Static(id="ways", markup=False)

    def knows(self, known: Mapping[str, Sequence[str]]) -> None:
        """The values that there are, by the name of a filter."""
        self._known = known

    def say(self, said: str) -> None:
        """Type this, and look for it."""
        self._input.value = said
        self._apply()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Offer ways to go on; what is completed by tab offers the same ones still."""
        if self._chosen >= 0 and event.value == audit_filter.completed(self._base, self._ways[self._chosen]):
            return
        self._base, self._chosen = event.value, -1
        self._ways = audit_filter.completions(event.value, self._known)
        self._draw()

    def on_input_submitted(self) -> None:
        """Look for it."""
        self._apply()

    def on_filter_input_completing(self, event: FilterInput.Completing) -> None:
        """Tab, and tab again; with one way only what comes behind it is offered at once."""
        if not self._ways:
            return
        self._chosen = (self._chosen + event.by) % len(self._ways) if self._chosen >= 0 else 0
        said = audit_filter.completed(self._base, self._ways[self._chosen])
        if len(self._ways) == 1:
            self._chosen = -1
        self._input.value = said
        self._input.cursor_position = len(said)
        self._draw()

    def on_filter_input_left(self) -> None:
        """What was typed and not looked for makes way for what is shown."""
        self._input.value = self._in_force
        self._hide()
        self.post_message(self.Left())

    def on_descendant_focus(self) -> None:
        """Offer something at once."""
        self._ways = audit_filter.completions(self._input.value, self._known)
        self._draw()

    def on_descendant_blur(self) -> None:
        """Keep out of the way."""
        self._hide()

    def _apply(self) -> None:
        said = " ".join(self._input.value.split())
        try:
            query = self._query(said)
        except UsageError as error:
            words = f"{clean_line(error.message)}  {error.hint}"
            self._ways_line.update(Content.styled(words, "$error"))
            self._ways_line.add_class("shown")
            return
        self._in_force = said
        self._hide()
        self.post_message(self.Changed(said, query))

    def _draw(self) -> None:
        if not (self._ways and self._input.has_focus):
            self._hide()
            return
        parts: list[Content] = []
        for place, way in enumerate(self._ways):
            style = "reverse" if place == self._chosen else "$foreground 70%"
            parts += [Content.styled(clean_line(way), style), Content("  ")]
        self._ways_line.update(Content.assemble(*parts, Content.styled("tab", "$accent")))
        self._ways_line.add_class("shown")

    def _hide(self) -> None:
        self._ways_line.remove_class("shown")

    @property
    def _input(self) -> FilterInput:
        return self.query_one(FilterInput)

    @property
    def _ways_line(self) -> Static:
        return self.query_one("#ways", Static)
