"""Pure: entries of the log → cells and lines for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from textual.content import Content

from tektra_cli import wording
from tektra_cli.columns import shortened, width
from tektra_cli.entry_lines import details_line
from tektra_cli.terminal import clean_line
from tektra_cli.tui.widgets.cells import DIM
from tektra_cli.tui.widgets.facts import Row

Entry = Mapping[str, Any]
Who = Callable[[int | None], str]
"""What a user is called."""
SIGNS = {
    "begun": ("…", DIM),
    "ok": ("✓", "$success"),
    "failed": ("✗", "$error"),
    "cancelled": ("○", "$warning"),
    "interrupted": ("○", "$warning"),
    "denied": ("⊘", "$error"),
}
"""Each outcome has a sign of its own beside its colour."""
ALERT = "security."
WIDE = 100
LARGE = 125
_DEEP = 6


def is_alert(entry: Entry) -> bool:
    """Whether it is a security event."""
    return str(entry["kind"]).startswith(ALERT)


def done_by(entry: Entry, who: Who) -> str:
    """The user, and the agent where one did it."""
    return who(entry["uid"]) + (f"/{entry['agent']}" if entry["agent"] else "")


def line(entry: Entry, space: int, now: datetime, who: Who) -> Content:
    """One entry on one line of a list, in as many columns as there is room for."""
    sign, colour = SIGNS.get(entry["outcome"] or "", ("·", DIM))
    alert = is_alert(entry)
    parts = [("! " if alert else "  ", "bold $error"), (time_of(entry["time"], now, space), DIM)]
    parts += [(f"  {sign}  ", colour), (_cell(entry["kind"], 20 if space < WIDE else 24), _tone(entry))]
    if space >= WIDE:
        parts.append((_cell(entry["outcome"] or "-", 11), colour))
    if space >= 60:
        parts.append((_cell(done_by(entry, who), 14 if space < WIDE else 20), "$secondary"))
    if space >= LARGE:
        parts.append((_cell(clean_line(str(entry["act"] or "-"))[:12], 14), DIM))
        parts.insert(1, (f"{entry['number']:>9,}  ", DIM))
    taken = sum(width(text) for text, _ in parts)
    parts.append((shortened(details_line(entry["details"]), max(1, space - taken)), "$error" if alert else ""))
    return Content.assemble(*parts)


def head(space: int) -> Content:
    """The names of the columns of `line`."""
    parts = ["  ", "NUMBER".rjust(9) + "  "] if space >= LARGE else ["  "]
    parts += [_cell("TIME", 8 if space < WIDE else 15), " " * 5, _cell("KIND", 20 if space < WIDE else 24)]
    parts += [_cell("OUTCOME", 11)] if space >= WIDE else []
    parts += [_cell("WHO", 14 if space < WIDE else 20)] if space >= 60 else []
    parts += [_cell("ACT", 14)] if space >= LARGE else []
    return Content.styled(f"{''.join(parts)}WHAT"[:space], DIM)


def time_of(stamp: str | None, now: datetime, space: int) -> str:
    """The time of day, with the day where there is room or where it is another one."""
    try:
        moment = datetime.fromisoformat(stamp or "").astimezone(now.tzinfo)
    except ValueError:
        return ("-").ljust(8 if space < WIDE else 15)
    if space < WIDE:
        return f"{moment:%H:%M:%S}" if moment.date() == now.date() else f"{moment:%d %b}".ljust(8)
    return f"{moment:%d %b %H:%M:%S}" if moment.year == now.year else f"{moment:%Y-%m-%d}".ljust(15)


def facts(entry: Entry, now: datetime, who: Who) -> list[Row]:
    """All of an entry but its details, a line a field."""
    sign, colour = SIGNS.get(entry["outcome"] or "", ("·", DIM))
    return [
        ("entry", f"{entry['number']:,}", "bold"),
        ("time", f"{entry['time'] or '-'}, {wording.distance(entry['time'] or '', now)}", ""),
        ("kind", str(entry["kind"]), _tone(entry)),
        ("outcome", f"{sign} {entry['outcome'] or '-'}", colour),
        ("user", who(entry["uid"]) if entry["uid"] is not None else "the daemon itself", "$secondary"),
        *([("agent", str(entry["agent"]), "$secondary")] if entry["agent"] else []),
        *([("run", str(entry["run"]), "")] if entry["run"] else []),
        *([("act", str(entry["act"]), "")] if entry["act"] else []),
        ("held by", _held(entry["confinement"]), ""),
        ("hash", str(entry["hash"]), DIM),
    ]


def details(entry: Entry) -> list[Row]:
    """What an entry tells, a line a detail."""
    return [(name, text, "") for name, text in _lines(entry["details"], 0)] or [("no details", "", "")]


def as_json(entry: Entry) -> str:
    """The same as it is written."""
    return json.dumps(entry["details"], indent=2, ensure_ascii=False)


def others(entry: Entry, act: list[Entry]) -> Content:
    """The other entries of the same act, and how long it took."""
    rows = [
        Content.assemble(
            (f"{each['number']:,}".rjust(9) + "  ", DIM),
            (f"{str(each['time'])[11:19]}  ", DIM),
            f"{clean_line(str(each['kind']))} ",
            _outcome(each),
            ("  ◂ this one", DIM) if each["number"] == entry["number"] else "",
        )
        for each in sorted(act, key=lambda each: int(each["number"]))
    ]
    took = _took(act)
    return Content("\n").join([*rows, *([Content.styled(f"           took {took}", DIM)] if took else [])])


def _outcome(entry: Entry) -> Content:
    sign, colour = SIGNS.get(entry["outcome"] or "", ("·", DIM))
    return Content.styled(f"{sign} {entry['outcome'] or '-'}", colour)


def _took(act: list[Entry]) -> str:
    try:
        times = sorted(datetime.fromisoformat(each["time"]) for each in act)
    except (ValueError, TypeError):
        return ""
    seconds = (times[-1] - times[0]).total_seconds() if len(times) > 1 else 0
    return "" if len(times) < 2 else wording.span(seconds) if seconds >= 10 else f"{seconds:.2f} s"


def _lines(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Details line by line; what lies within is further to the right."""
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value, 1)
    for name, each in pairs:
        label = "  " * depth + clean_line(str(name))
        if isinstance(each, Mapping | list) and each and depth < _DEEP:
            if isinstance(each, list) and not any(isinstance(part, Mapping | list) for part in each):
                yield label, " ".join(str(part) for part in each)
                continue
            yield label, ""
            yield from _lines(each, depth + 1)
        else:
            yield label, each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)


def _held(level: str) -> str:
    return "nothing" if level == "none" else f"confinement {level}"


def _tone(entry: Entry) -> str:
    return "bold $error" if is_alert(entry) else "$primary"


def _cell(text: str, space: int) -> str:
    line = shortened(text, space - 1)
    return line + " " * (space - width(line))
