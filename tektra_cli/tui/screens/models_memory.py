"""Memory as bars: what is promised, what is really taken, what is free, in RAM and on each device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual.content import Content
from textual.widget import Widget

from tektra_cli import columns, wording
from tektra_cli.tui.widgets.cells import DIM

Document = Mapping[str, Any]
COLOURS = ("$primary", "$success", "$secondary", "$accent")
TAKEN, PROMISED, FREE, OTHERS = "█", "▒", "·", "╱"
LABEL = 6
ROOM_FOR_SIGNS = 100
"""From so many columns on the signs are told."""


@dataclass(frozen=True)
class Part:
    """A piece of a bar: so many bytes, drawn so."""

    bytes: int
    sign: str
    style: str


def ram(memory: Document, loaded: Sequence[Document]) -> list[Part]:
    """The budget: of each model what it takes and what it was promised beyond that; what is free; what others have."""
    parts = []
    for place, model in enumerate(loaded):
        style, promised = COLOURS[place % len(COLOURS)], model["promised_bytes"]
        taken = model["resident_bytes"]
        parts += [Part(taken, TAKEN, style), Part(max(0, promised - taken), PROMISED, style)]
    left = max(0, memory["budget_bytes"] - sum(part.bytes for part in parts))
    free = min(left, memory["available_bytes"])
    return [*parts, Part(free, FREE, "$foreground 30%"), Part(left - free, OTHERS, "$foreground 30%")]


def device(found: Document) -> list[Part]:
    """One device: what models were promised, what else is taken, what is free."""
    used = max(0, found["total_bytes"] - found["free_bytes"])
    promised = min(found["promised_bytes"], found["total_bytes"])
    others = max(0, used - promised)
    free = max(0, found["total_bytes"] - promised - others)
    return [
        Part(promised, TAKEN, "$primary"),
        Part(others, OTHERS, "$foreground 30%"),
        Part(free, FREE, "$foreground 30%"),
    ]


def bar(parts: Sequence[Part], cells: int) -> Content:
    """As many cells, each part's share of them; what is there at all is seen where there is room."""
    total = sum(part.bytes for part in parts) or 1
    drawn, done, before = [], 0, 0
    for part in parts:
        done += part.bytes
        end = round(done / total * cells)
        if part.bytes and part.sign == TAKEN and end == before and end < cells:
            end += 1
        count = max(0, min(end, cells) - before)
        drawn.append(Content.styled(part.sign * count, part.style))
        before += count
    return Content.assemble(*drawn)


class Memory(Widget):
    """One line a device, and one that says which colour is which model."""

    DEFAULT_CSS = """
    Memory { height: auto; padding: 0 1; }
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._memory: Document | None = None
        self._loaded: Sequence[Document] = ()
        self._devices: Sequence[Document] = ()

    def show(self, memory: Document, loaded: Sequence[Document], devices: Sequence[Document]) -> None:
        """What is known now."""
        if (memory, loaded, devices) == (self._memory, self._loaded, self._devices):
            return
        higher = len(devices) != len(self._devices)
        self._memory, self._loaded, self._devices = memory, loaded, devices
        self.refresh(layout=higher)

    def render(self) -> Content:
        """Bars, then the legend."""
        if self._memory is None:
            return Content("")
        width, memory = self.size.width, self._memory
        promised = sum(model["promised_bytes"] for model in self._loaded)
        taken = sum(model["resident_bytes"] for model in self._loaded)
        lines = [
            _line(
                "RAM",
                ram(memory, self._loaded),
                [
                    f"{wording.size(taken)} taken",
                    f"{wording.size(promised)} of {wording.size(memory['budget_bytes'])} promised",
                ],
                width,
            ),
            *(
                _line(
                    each["name"],
                    device(each),
                    [
                        f"{wording.size(each['promised_bytes'])} promised",
                        f"{wording.size(each['free_bytes'])} of {wording.size(each['total_bytes'])} free",
                    ],
                    width,
                )
                for each in self._devices
            ),
            self._legend(width),
        ]
        return Content("\n").join(lines)

    def get_content_height(self, container: Any, viewport: Any, width: int) -> int:
        """RAM, devices, legend."""
        return 2 + len(self._devices)

    def _legend(self, width: int) -> Content:
        assert self._memory is not None
        left = max(0, self._memory["budget_bytes"] - sum(model["promised_bytes"] for model in self._loaded))
        free = wording.size(min(left, self._memory["available_bytes"]))
        said = f"{FREE} {free} free"
        if width >= ROOM_FOR_SIGNS:
            said += f"   {PROMISED} promised   {OTHERS} taken by others"
        parts = [Content(" " * LABEL), Content.styled(said, DIM)]
        used = LABEL + len(said)
        for place, model in enumerate(self._loaded):
            text = columns.shortened(f"{model['name']} {wording.size(model['resident_bytes'])}", 34)
            more = len(self._loaded) - place
            if used + columns.width(text) + 5 + (10 if more > 1 else 0) > width:
                parts.append(Content.styled(f"   and {more} more", DIM))
                break
            parts += [Content.styled(f"   {TAKEN} ", COLOURS[place % len(COLOURS)]), Content(text)]
            used += columns.width(text) + 5
        return Content.assemble(*parts)


def _line(label: str, parts: Sequence[Part], said: Sequence[str], width: int) -> Content:
    words = " · ".join(said)
    cells = max(10, width - LABEL - len(words) - 2)
    return Content.assemble(
        Content.styled(columns.shortened(label, LABEL - 1).ljust(LABEL), "$foreground 70%"),
        bar(parts, cells),
        "  ",
        Content.styled(words, "$foreground 80%"),
    )
