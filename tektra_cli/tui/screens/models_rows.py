"""Pure: models on disk and in memory → what a row of the list says, and which columns there is room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from textual.content import Content

from tektra_cli import columns, model_words, wording

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """What it is called, and how wide it is; one of no width takes what is left."""

    title: str
    width: int


COLUMNS: Mapping[str, Column] = {
    "name": Column("NAME", 0),
    "state": Column("STATE", 14),
    "size": Column("SIZE", 9),
    "quant": Column("QUANT", 8),
    "speed": Column("TOKENS/S", 8),
    "cached": Column("CACHED", 6),
    "expires": Column("EXPIRES", 9),
    "parameters": Column("PARAMS", 8),
    "context": Column("CONTEXT", 7),
    "memory": Column("MEMORY", 9),
    "source": Column("SOURCE", 8),
    "added": Column("ADDED", 14),
}
TIGHT = ("name", "state", "size", "speed")
NARROW = ("name", "state", "size", "speed", "cached", "expires")
MIDDLE = ("name", "state", "size", "quant", "speed", "cached", "expires")
WIDE = ("name", "state", "size", "quant", "parameters", "context", "speed", "cached", "expires")
WIDEST = (*WIDE, "memory", "source", "added")
NUMBERS = frozenset({"size", "speed", "cached", "memory", "context", "parameters"})
NAME_CELLS = 20
"""The room that names should have before there are more columns."""
PADDING = 2


def fitting(width: int) -> Sequence[str]:
    """The columns that there is room for."""
    choices = (WIDEST, WIDE, MIDDLE, NARROW)
    return next((names for names in choices if _taken(names) + NAME_CELLS <= width), TIGHT)


def heading(name: str) -> str:
    """Above the figures where a column has some."""
    column = COLUMNS[name]
    return column.title.rjust(column.width) if name in NUMBERS else column.title


def name_cells(names: Sequence[str], width: int) -> int:
    """What is left for names."""
    return max(8, width - _taken(names))


def _taken(names: Sequence[str]) -> int:
    return sum(COLUMNS[name].width for name in names) + PADDING * len(names)


@dataclass(frozen=True)
class State:
    """How it stands with a model: a sign, words, and a colour beside them."""

    sign: str
    words: str
    colour: str
    """Of the theme; none: as usual."""
    since: str = ""
    """When it began, where that matters."""

    @property
    def paint(self) -> str:
        """Its colour as a style."""
        return f"${self.colour}" if self.colour else ""


@dataclass
class Moment:
    """All that is known of models at one moment."""

    models: Sequence[Document] = ()
    loaded: Mapping[str, Document] = field(default_factory=dict)
    queue: Sequence[Document] = ()
    asked: Mapping[str, str] = field(default_factory=dict)
    """Which ones this dashboard is loading, and since when."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Which could not be loaded or died, and why."""

    def state(self, model: Document) -> State:
        """How it stands with one of them."""
        name = model["name"]
        loaded = self.loaded.get(name)
        if loaded is not None and loaded["state"] == "ready":
            return State("●", _busy(loaded), "success")
        if loaded is not None:
            words = "loading" if loaded["state"] in ("starting", "cold") else str(loaded["state"])
            return State("◐", words, "warning", loaded["loaded_at"] if words == "loading" else "")
        for waiting in self.queue:
            if waiting["model"] == name:
                return State("◔", f"waits {wording.span(waiting['waited_s'])}", "warning")
        if name in self.asked:
            return State("◐", "loading", "warning", self.asked[name])
        if model["missing"]:
            return State("✗", "missing", "error")
        if name in self.broken:
            return State("✗", "failed", "error")
        return State("○", "", "")


def _busy(loaded: Document) -> str:
    running, waiting = loaded["running"], loaded["waiting"]
    if not running and not waiting:
        return "ready"
    return f"{running} run, {waiting} wait" if waiting else f"{running} running"


def state_words(state: State, now: datetime) -> str:
    """With how long it has lasted."""
    return f"{state.words} {since(state.since, now)}" if state.since else state.words


def since(stamp: str, now: datetime) -> str:
    """How long ago, in words."""
    try:
        return wording.span(max(0.0, (now - datetime.fromisoformat(stamp)).total_seconds()))
    except ValueError:
        return ""


def cells(moment: Moment, model: Document, names: Sequence[str], name_room: int, now: datetime) -> list[Content]:
    """One row."""
    state, loaded = moment.state(model), moment.loaded.get(model["name"])
    texts = {
        "state": state_words(state, now),
        "size": wording.size(model["size_bytes"]),
        "quant": model["quantization"] or "-",
        "parameters": model_words.parameters(model["parameters"]),
        "context": f"{loaded['context'] if loaded else model['context_train'] or 0:,}",
        "memory": wording.size(loaded["resident_bytes"] or loaded["promised_bytes"]) if loaded else "",
        "speed": f"{loaded['tokens_per_s']:,.1f}" if loaded and loaded["tokens_per_s"] else "",
        "cached": share_of(loaded["cached_tokens"], loaded["prompt_tokens"]) if loaded else "",
        "expires": model_words.expiry(loaded) if loaded else "",
        "source": model["source"],
        "added": wording.distance(model["added_at"], now),
    }
    row = []
    for name in names:
        if name == "name":
            row.append(_name(model, state, name_room))
        else:
            width = COLUMNS[name].width
            text = columns.shortened(texts[name], width)
            style = state.paint if name == "state" else "" if loaded else "dim"
            row.append(Content.styled(text.rjust(width) if name in NUMBERS else text, style))
    return row


def _name(model: Document, state: State, room: int) -> Content:
    mark = " default" if model["default"] else ""
    if columns.width(model["name"]) + len(mark) + 2 > room:
        mark = " *" if mark else ""
    name = columns.shortened(model["name"], max(1, room - 2 - len(mark)))
    return Content.assemble((f"{state.sign} ", state.paint or "dim"), name, (mark, "dim"))


def share_of(part: int, whole: int) -> str:
    """A share as people read it."""
    return f"{part / whole:.0%}" if whole else "-"


def queue_lines(queue: Sequence[Document], room: int) -> list[str]:
    """Who waits for what, since when and about how long still; one line each."""
    return [columns.shortened(_queued(each), room) for each in queue]


def _queued(request: Document) -> str:
    so_far, more = wording.span(request["waited_s"]), wording.span(request["estimate_s"])
    who = f"{wording.user(request['uid'])} · {request['priority']}"
    what = f"{request['position']}. {request['model']} waits for {request['waits_for']}"
    return f"{what}, {so_far} so far, about {more} more · {who}"
