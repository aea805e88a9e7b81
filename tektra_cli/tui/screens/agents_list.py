"""The list of agents: one's own and those that come with Tektra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable

from tektra_cli.tui.screens import agents_words
from tektra_cli.tui.screens.agents_words import Document
from tektra_cli.tui.widgets.fitted import Cells, FittedTable


class AgentList(FittedTable):
    """A row an agent, in as many columns as there is room for."""

    DEFAULT_CSS = "AgentList { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open"),
        Binding("n", "screen.new", "New"),
        Binding("slash", "screen.find", "Find", key_display="/"),
    ]

    @dataclass
    class Looked(Message):
        """The cursor is on another agent."""

        name: str

    @dataclass
    class Opened(Message):
        """Somebody wants to see all of one."""

        name: str

    def __init__(self) -> None:
        super().__init__()
        self._agents: Sequence[Document] = ()

    def show(self, agents: Sequence[Document]) -> None:
        """These."""
        self._agents = agents
        self.draw()

    def columns_for(self, space: int) -> Mapping[str, int]:
        """More of them where there is room."""
        return agents_words.columns(space)

    def rows_for(self, space: int) -> Mapping[str, Cells]:
        """By their names."""
        return {each["agent"]["name"]: agents_words.cells(each, space) for each in self._agents}

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Another one is looked at."""
        event.stop()
        if event.row_key.value is not None:
            self.post_message(self.Looked(event.row_key.value))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """One is opened."""
        event.stop()
        if event.row_key.value is not None:
            self.post_message(self.Opened(event.row_key.value))
