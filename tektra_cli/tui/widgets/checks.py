"""Boxes that are ticked: a tick is there or not, whatever the colours."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip
from textual.widgets import Checkbox, SelectionList
from textual.widgets._toggle_button import ToggleButton

TICK, NONE = "✓", " "


class Tick(Checkbox):
    """One box."""

    BUTTON_INNER = NONE

    def watch_value(self) -> None:
        """Draw it otherwise."""
        self.BUTTON_INNER = TICK if self.value else NONE
        super().watch_value()


class Ticks(SelectionList[str]):
    """A list of them."""

    def render_line(self, y: int) -> Strip:
        """One box and its words."""
        line = list(super().render_line(y))
        place = self.scroll_offset.y + y
        if len(line) > 1 and line[1].text == ToggleButton.BUTTON_INNER and place < self.option_count:
            is_on = self.get_option_at_index(place).value in self.selected
            line[1] = Segment(TICK if is_on else NONE, line[1].style)
        return Strip(line)
