"""A list of rows. Only those that are seen are drawn: a hundred thousand are as quick as ten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

T = TypeVar("T")
CURSOR = "rows--cursor"
FAR = 0.4
"""Between the brightness of two backgrounds, where what is read on the one is not on the other."""
NEAR = 10
"""So many rows before the end more of them are wanted."""


class Rows(ScrollView, Generic[T], can_focus=True):
    """Rows under a cursor. The cursor stays with its row whatever comes before or behind it."""

    DEFAULT_CSS = """
    Rows { height: 1fr; background: $background; overflow-x: hidden; scrollbar-size-vertical: 1; }
    Rows > .rows--head { color: $foreground 60%; }
    Rows > .rows--cursor { background: $block-cursor-background 50%; }
    Rows:focus > .rows--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--head", "rows--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(0)", "First", show=False),
        Binding("end,G", "edge(-1)", "Last", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    class Moved(Message):
        """The cursor is at another row, or at none; `by_hand`: since somebody put it there."""

        def __init__(self, rows: Rows[Any], key: str | None, by_hand: bool) -> None:
            super().__init__()
            self.rows, self.key, self.by_hand = rows, key, by_hand

        @property
        def control(self) -> Rows[Any]:
            """Whose cursor."""
            return self.rows

    class Opened(Message):
        """Somebody wants to see more of a row."""

        def __init__(self, rows: Rows[Any], key: str) -> None:
            super().__init__()
            self.rows, self.key = rows, key

        @property
        def control(self) -> Rows[Any]:
            """Whose row."""
            return self.rows

    class NearEnd(Message):
        """The last rows are about to be seen: where there are more, they are wanted."""

        def __init__(self, rows: Rows[Any]) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows[Any]:
            """Whose end."""
            return self.rows

    def __init__(
        self,
        key: Callable[[T], str],
        draw: Callable[[T, int], Content],
        head: Callable[[int], Content] | None = None,
        *,
        tall: int = 1,
        follows: bool = False,
        opens_at_once: bool = False,
        id: str | None = None,
    ) -> None:
        """`key` tells rows apart, `draw` makes one of `tall` lines, each so many columns wide.

        `follows`: a cursor on the last row goes to the new last one. `opens_at_once`: one click is enough.
        """
        super().__init__(id=id)
        self._key, self._draw, self._head, self._tall = key, draw, head, tall
        self._follows, self._opens_at_once = follows, opens_at_once
        self._items: Sequence[T] = ()
        self._places: dict[str, int] = {}
        self._cursor: str | None = None

    @property
    def cursor(self) -> str | None:
        """The key of the row under the cursor."""
        return self._cursor

    @property
    def item(self) -> T | None:
        """The row under the cursor."""
        return None if self._cursor is None else self._items[self._places[self._cursor]]

    @property
    def items(self) -> Sequence[T]:
        """All rows."""
        return self._items

    @property
    def place(self) -> int:
        """How many rows are before the cursor."""
        return self._places.get(self._cursor or "", 0)

    @property
    def space(self) -> int:
        """How many columns a row has."""
        return self.scrollable_content_region.width

    def show(self, items: Sequence[T]) -> None:
        """Have these rows. Where the cursor's row is gone, the cursor is at the one that took its place."""
        before = self.place
        was_last = before == len(self._items) - 1
        self._items = items
        self._places = {self._key(item): place for place, item in enumerate(items)}
        self.virtual_size = Size(0, len(items) * self._tall + self._above)
        if not items:
            self._at(None)
        elif self._follows and was_last:
            self._go(len(items) - 1)
        elif self._cursor not in self._places:
            self._go(min(before, len(items) - 1))
        self.refresh()

    def go(self, key: str) -> None:
        """Put the cursor at a row, if it is there."""
        if key in self._places:
            self._go(self._places[key])

    def redraw(self) -> None:
        """What rows say may have changed, as ages do."""
        self.refresh()

    def action_move(self, by: int) -> None:
        """So many rows on."""
        if self._items:
            self._go(min(max(self.place + by, 0), len(self._items) - 1), by_hand=True)

    def action_page(self, by: int) -> None:
        """A screen on."""
        self.action_move(by * max(1, self._room - 1))

    def action_edge(self, place: int) -> None:
        """The first row, or the last."""
        if self._items:
            self._go(place % len(self._items), by_hand=True)

    def action_open(self) -> None:
        """See more of it."""
        if self._cursor is not None:
            self.post_message(self.Opened(self, self._cursor))

    def on_click(self, event: events.Click) -> None:
        """A click goes there, a double one opens."""
        place = (event.y - self._above + round(self.scroll_y)) // self._tall
        if event.y >= self._above and 0 <= place < len(self._items):
            self._go(place, by_hand=True)
            if self._opens_at_once or event.chain == 2:
                self.action_open()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Also whoever only scrolls comes to the end."""
        super().watch_scroll_y(old_value, new_value)
        self._look_ahead()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        if self._items:
            self.call_after_refresh(self._reveal)

    def render_line(self, y: int) -> Strip:
        """One line of what is seen."""
        space = self.space
        if y < self._above and self._head is not None:
            return self._strip(self._head(space), "rows--head")
        place, line = divmod(y - self._above + round(self.scroll_y), self._tall)
        if not 0 <= place < len(self._items):
            return Strip.blank(space, self.visual_style.rich_style)
        item = self._items[place]
        lines = self._draw(item, space).split(allow_blank=True)
        content = lines[line] if line < len(lines) else Content()
        return self._strip(content, CURSOR if self._key(item) == self._cursor else "")

    @property
    def _above(self) -> int:
        """Lines of the head."""
        return 0 if self._head is None else 1

    @property
    def _room(self) -> int:
        """How many rows are seen."""
        return max(1, (self.size.height - self._above) // self._tall)

    def _go(self, place: int, *, by_hand: bool = False) -> None:
        self._at(self._key(self._items[place]), by_hand=by_hand)
        self._reveal()
        self._look_ahead()

    def _at(self, key: str | None, *, by_hand: bool = False) -> None:
        if key != self._cursor or by_hand:
            before, self._cursor = self._cursor, key
            self.post_message(self.Moved(self, key, by_hand))
            self._redraw_row(before)
            self._redraw_row(key)

    def _redraw_row(self, key: str | None) -> None:
        """Draw one row anew, where it is in sight."""
        if key in self._places:
            y = self._places[key] * self._tall - round(self.scroll_y) + self._above
            self.refresh(Region(0, y, self.size.width, self._tall))

    def _reveal(self) -> None:
        if self.size.height:
            lines = self._tall + self._above  # the head hides the first of the lines that are scrolled to
            self.scroll_to_region(
                Region(0, self.place * self._tall, 1, lines), animate=False, force=True, immediate=True, x_axis=False
            )

    def _look_ahead(self) -> None:
        """Ask for what is about to be seen."""
        seen = round(self.scroll_y) // self._tall + self._room
        if max(seen, self.place) >= len(self._items) - NEAR:
            self.post_message(self.NearEnd(self))

    def _strip(self, content: Content, component: str) -> Strip:
        space = self.space
        style = self.get_visual_style(component) if component else self.visual_style
        if component == CURSOR and _is_far(style, self.visual_style):
            content = content.without_spans  # colours that were made for the other background cannot be read on it
        content = content.truncate(space, ellipsis=True)
        strips = Visual.to_strips(self, content, space, 1, style, pad=True, apply_selection=False)
        return strips[0] if strips else Strip.blank(space, style.rich_style)


def _is_far(style: Style, usual: Style) -> bool:
    if style.background is None or usual.background is None:
        return False
    return abs(style.background.brightness - usual.background.brightness) > FAR
