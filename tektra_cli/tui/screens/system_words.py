"""Pure: documents about the daemon → cells and text for the place system."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from tektra_cli import wording
from tektra_cli.checks import Check
from tektra_cli.entry_lines import details_line, shown
from tektra_cli.terminal import clean, clean_line
from tektra_cli.tui.machine import SettingsFile

Document = Mapping[str, Any]
Name = Callable[[int], str | None]
"""What this machine calls a user."""
Cell = tuple[str, str]
"""Words and the name of a colour, as `Row` wants them."""
MARKS = {"ok": ("✓ ok", "success"), "warn": ("! warn", "warning"), "fail": ("✗ fail", "error")}
OUTCOMES = {
    "allow": ("✓ allow", "success"),
    "ask": ("? ask", "warning"),
    "deny": ("✗ deny", "error"),
}
LEVELS = {
    "A": "A: namespaces, filtered system calls, limits",
    "B": "B: rules of the kernel and filtered system calls",
    "C": "C: nothing confines programs here",
}
BAR = 24


@dataclass(frozen=True)
class Row:
    """A line of a list: its cells, and what is told of it where it is looked at."""

    key: str
    cells: tuple[Cell, ...]
    detail: tuple[tuple[str, str], ...] = ()


def plain(*words: str) -> tuple[Cell, ...]:
    """Cells without a colour."""
    return tuple((word, "") for word in words)


def health(status: Document, memory: Document, sandbox: Document) -> list[tuple[str, Cell]]:
    """How the daemon is: names and values."""
    told, alerts = status["memory"], status["alerts"]
    share = told["promised_bytes"] / told["budget_bytes"] if told["budget_bytes"] else 1.0
    bar = "█" * round(share * BAR) + "░" * (BAR - round(share * BAR))
    promised = f"{wording.size(told['promised_bytes'])} of {wording.size(told['budget_bytes'])} promised"
    level = sandbox["level"]
    facts: list[tuple[str, Cell]] = [
        ("state", (f"● {status['state']}", "success" if status["state"] == "ready" else "warning")),
        ("up", (f"{wording.span(status['uptime_s'])}, version {status['version']}, pid {status['pid']}", "")),
        ("you are", (status["role"] or "nobody", "")),
        ("", ("", "")),
        ("memory", (f"{bar} {promised}", "error" if share > 0.95 else "")),
        ("", (f"{wording.size(told['resident_bytes'])} used, {wording.size(told['available_bytes'])} free", "dim")),
        *_models(memory["models"], status["default_model"]),
        ("answering", (str(sum(model["running"] for model in memory["models"])), "")),
        ("", ("", "")),
        ("confinement", (LEVELS.get(level, str(level)), {"A": "success", "B": "warning"}.get(level, "error"))),
        *(("", (words, "dim")) for words in (sandbox["why"], sandbox["fix"], sandbox.get("unseen", "")) if words),
        ("alerts", (alert_words(alerts), "error" if alerts["count"] else "")),
        ("waits", (wording.plural(status["asks"], "ask") if status["asks"] else "nothing", "")),
        ("", ("", "")),
        ("socket", (status["socket"], "dim")),
        ("data", (status["data_dir"], "dim")),
        ("log", (status["log_file"] or "-", "dim")),
    ]
    return facts


def _models(models: Sequence[Document], default: str | None) -> list[tuple[str, Cell]]:
    if not models:
        return [("models", (f"none in memory; {default} is the usual one", "dim"))]
    return [("" if at else "models", (_model(model), "")) for at, model in enumerate(models)]


def _model(model: Document) -> str:
    speed = f", {model['tokens_per_s']:.1f} tokens/s" if model["tokens_per_s"] else ""
    works = f", {model['running']} answering" if model["running"] else ""
    return f"{model['name']}  {wording.size(model['resident_bytes'] or model['promised_bytes'])}{speed}{works}"


def alert_words(alerts: Document) -> str:
    """Security events of late."""
    if not alerts["count"]:
        return f"none in {alerts['hours']} h"
    return f"{alerts['count']} in {alerts['hours']} h, the last {alerts['latest']['kind']}"


def check_row(check: Check) -> Row:
    """One finding of the doctor's."""
    detail = [("found", check.detail), *([("mend it", check.fix)] if check.fix else [])]
    return Row(check.name, (MARKS[check.status], (check.name, ""), (check.detail, "")), tuple(detail))


def settings_rows(in_force: Document | None, files: Sequence[SettingsFile]) -> list[Row]:
    """What is not as it comes, and who said so; None: nobody may tell what is in force."""
    known = {name: value for file in reversed(files) for name, value in file.values.items()}
    rows = []
    for name, value in sorted((known if in_force is None else in_force).items()):
        source = next((file for file in files if name in file.values), None)
        if source is None:
            whence = f"the environment (TEKTRA_{name.upper()})"
        elif source.values[name] == value:
            whence = str(source.path)
        else:
            whence = f"the environment; {source.path} says {_value(source.values[name])}"
        rows.append(Row(name, plain(name, _value(value), whence), (("from", whence),)))
    waiting = {} if in_force is None else {name: value for name, value in known.items() if name not in in_force}
    rows += [
        Row(name, ((name, ""), (_value(value), ""), ("set, and as it comes; or waits for a new start", "dim")))
        for name, value in sorted(waiting.items())
    ]
    return rows


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def user(uid: int | None, name: Name) -> str:
    """A user's name, or number where there is no name; `-` for the daemon itself."""
    return "-" if uid is None else name(uid) or str(uid)


def alert_row(entry: Document, now: datetime, name: Name) -> Row:
    """A security event."""
    who = user(entry["uid"], name) + (f"/{entry['agent']}" if entry["agent"] else "")
    cells = plain(wording.distance(entry["time"], now), entry["kind"].removeprefix("security."), who)
    detail = [("entry", f"{entry['number']}, {entry['time']}"), ("outcome", entry["outcome"])]
    detail += [(name, shown(value)) for name, value in entry["details"].items()]
    return Row(str(entry["number"]), (*cells, (details_line(entry["details"]), "")), tuple(detail))


def user_rows(document: Document, now: datetime, name: Name) -> list[Row]:
    """Who may connect; the owner first."""
    owner = document["owner"]
    rows = [Row(str(owner), plain(name(owner) or "-", str(owner), "owner", "-", "-"))]
    for each in document["users"]:
        added, by = wording.distance(each["added_at"], now), user(each["added_by"], name)
        cells = plain(name(each["uid"]) or "-", str(each["uid"]), each["role"], added, by)
        rows.append(Row(str(each["uid"]), cells))
    return rows


def grant_row(grant: Document, now: datetime) -> Row:
    """What was granted."""
    ended = "" if grant["holds"] else " (revoked)" if grant["revoked_at"] else " (ended)"
    outcome, colour = OUTCOMES[grant["decision"]]
    expires = wording.distance(grant["expires_at"], now) if grant["expires_at"] else "-"
    cells: tuple[Cell, ...] = (
        (outcome + ended, colour if grant["holds"] else "dim"),
        *plain(grant["action"], grant["agent"] or "everybody", expires, grant["resource"]),
    )
    detail = [
        ("what", f"{grant['decision']} {grant['action']} {grant['resource']}"),
        ("rule", f"{grant['rule']}, scope {grant['scope']} {grant['bound_to']}".rstrip()),
        ("only", ", ".join(f"{name} {value}" for name, value in grant["conditions"].items() if value is not None)),
        ("uses left", "" if grant["uses_left"] is None else str(grant["uses_left"])),
        ("granted", wording.distance(grant["created_at"], now)),
        ("why", grant["why"]),
    ]
    return Row(grant["id"], cells, tuple((name, value) for name, value in detail if value))


def rule_row(rule: Document) -> Row:
    """A rule of a policy file."""
    detail = (
        ("rule", rule["name"]),
        ("where", f"{rule['source']}:{rule['line']}"),
        ("why", rule["why"] or "it says nothing"),
    )
    return Row(rule["name"], (OUTCOMES[rule["outcome"]], (rule["name"], ""), (rule["why"], "")), detail)


def problem_words(problem: Document | None) -> str:
    """Why every act is denied, where that is so."""
    if not problem:
        return ""
    return f"every act is denied: {problem['source']}:{problem['line']}: {problem['message']}"


def decision(told: Document, rules: Sequence[Document]) -> list[tuple[str, Cell]]:
    """What would be decided, by which rule, and where that stands."""
    rule = next((rule for rule in rules if rule["name"] == told["rule"]), None)
    where = f"{rule['source']}:{rule['line']}" if rule else told["source"]
    return [
        ("decision", OUTCOMES[told["outcome"]]),
        ("by rule", (told["rule"], "")),
        ("where", (where or "it comes with Tektra", "")),
        ("why", (told["why"] or "the rule says nothing", "")),
        ("compared", (f"{told['action']} {_value(told['resource'])}", "dim")),
    ]


def facts_text(facts: Sequence[tuple[str, Cell]], colours: Mapping[str, str]) -> Text:
    """Names and values, one a line; names of colours are looked up."""
    wide = max((len(name) for name, _ in facts), default=0)
    lines = []
    for name, (value, colour) in facts:
        style = colours.get(colour, "dim" if colour == "dim" else "")
        lines.append(Text.assemble((f"{name:<{wide}}  ", "dim"), (clean(value), style)))
    return Text("\n").join(lines)


def cell_text(cell: Cell, colours: Mapping[str, str]) -> Text:
    """A cell of a table."""
    words, colour = cell
    return Text(clean_line(words), style=colours.get(colour, "dim" if colour == "dim" else ""), no_wrap=True)
