"""Pure: a run and what it did, as cells and words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from textual.content import Content

from tektra_cli import wording
from tektra_cli.columns import width
from tektra_cli.commands.runs.lines import spent
from tektra_cli.terminal import clean_line
from tektra_cli.tui.screens.runs_story import Line
from tektra_cli.tui.widgets.cells import DIM, age, between, cell, count, holds, took

Run = Mapping[str, Any]
STATES = {
    "queued": ("·", DIM),
    "running": ("▶", "$primary"),
    "waiting": ("?", "bold $warning"),
    "succeeded": ("✓", "$success"),
    "failed": ("✗", "$error"),
    "cancelled": ("■", DIM),
}
"""The sign and the colour of each state of a run; the word stands beside it where there is room."""
CHANGES = {"": "", "yes": "± wait", "applied": "applied", "dropped": "dropped"}
ANSWERS = {"allow": "allowed", "deny": "denied", "ask": "nobody answered"}
WORDS, STEPS, TOKENS, SPANS = 64, 92, 104, 72
"""From how many columns on there is room for a state's word, steps, tokens, and how long it took."""
AHEAD = 4000
"""Of what somebody said so many characters are looked at for one line."""


def state(run: Run) -> Content:
    """`✓ succeeded`, in its colour."""
    sign, style = STATES.get(run["state"], ("·", ""))
    return Content.styled(f"{sign} {clean_line(run['state'])}", style)


def row(run: Run, space: int, now: datetime) -> Content:
    """A run in a list."""
    sign, style = STATES.get(run["state"], ("·", ""))
    first = cell(f"{sign} {run['state']}", 11, style) if space >= WORDS else cell(sign, 1, style)
    changes = CHANGES.get(run.get("changes", ""), "")
    marked = "$accent" if run.get("changes") == "yes" else DIM
    result = run["result"] if isinstance(run["result"], dict) else {}
    after = [cell(age(run["created_at"], now), 4, DIM, right=True)]
    if space >= SPANS:
        after.append(cell(duration(run, now), 7, "", right=True))
    if space >= STEPS:
        after.append(cell(str(result.get("steps", "")), 5, DIM, right=True))
    if space >= TOKENS:
        tokens = result.get("prompt_tokens", 0) + result.get("completion_tokens", 0)
        after.append(cell(count(tokens) if tokens else "", 6, DIM, right=True))
    after.append(cell(changes, 7, marked) if space >= WORDS else cell("±" if changes == "± wait" else "", 1, marked))
    return _line(space, first, cell(run["spec"].get("agent", "-"), _agent(space)), run["title"], after)


def head(space: int) -> Content:
    """What stands above the columns of a list."""
    first = cell("STATE", 11) if space >= WORDS else cell("", 1)
    after = [cell("AGE", 4, right=True)]
    if space >= SPANS:
        after.append(cell("TOOK", 7, right=True))
    if space >= STEPS:
        after.append(cell("STEPS", 5, right=True))
    if space >= TOKENS:
        after.append(cell("TOKENS", 6, right=True))
    after.append(cell("CHANGES", 7) if space >= WORDS else cell("", 1))
    return _line(space, first, cell("AGENT", _agent(space)), "TASK", after)


def _agent(space: int) -> int:
    return 14 if space >= STEPS else 10 if space >= WORDS else 8


def _line(space: int, first: Content, agent: Content, title: str, after: list[Content]) -> Content:
    """The task has what room is left."""
    gap = "  "
    parts = [first, agent, *after]
    left = space - sum(part.cell_length for part in parts) - len(gap) * len(parts) - 2
    spread = [Content(" "), first, Content(gap), agent, Content(gap), cell(title, max(4, left))]
    for part in after:
        spread += [Content(gap), part]
    return Content.assemble(*spread)


def duration(run: Run, now: datetime) -> str:
    """How long it has been under way, or was."""
    if not run["started_at"]:
        return ""
    return wording.span(max(0.0, between(run["started_at"], run["ended_at"] or now)))


def matches(run: Run, words: str) -> bool:
    """Whether a run has all of these words: in its task, agent, state, folder or id."""
    spec = run["spec"]
    text = f"{run['title']} {spec.get('agent', '')} {run['state']} {spec.get('folder', '')} {run['id']}"
    return holds(text, words)


def line(told: Line, space: int, now: datetime) -> Content:
    """One line of a run's story: its place in the journal, what it was, how long it took."""
    place = str(told.opened["number"]) if told.kind not in ("step", "task") else ""  # a step's is that of its first act
    number = cell(place, 4, "$foreground 40%", right=True)
    sign, style = sign_of(told)
    indent = "  " * told.depth
    spent = _spent(told) if space >= WORDS else ""
    tail = [cell(spent, 12, DIM, right=True)] if spent else []
    tail.append(cell(lasted(told, now), 7, DIM, right=True))
    left = space - 4 - 2 - len(indent) - 2 - sum(part.cell_length + 1 for part in tail) - 1
    what, beside = said(told)
    most = max(4, left if not beside else max(left - len(beside) - 1, left * 6 // 10))
    name = cell(what, min(most, width(clean_line(what))) if beside else most, _what_style(told))
    rest = max(0, left - name.cell_length)
    beneath = cell(beside, rest - 1, "$error" if told.error else DIM) if rest > 4 else Content(" " * max(0, rest - 1))
    words = Content.assemble(" " * min(rest, 1), beneath)
    parts: list[Content | str] = [number, "  ", indent, Content.styled(f"{sign} ", style), name, words]
    for part in tail:
        parts += [" ", part]
    return Content.assemble(*parts)


def sign_of(told: Line) -> tuple[str, str]:
    """Whether it went well, at a glance."""
    match told.kind:
        case "step":
            return ("✗", "$error") if told.error else ("●", "$primary")
        case "tool" | "code":
            return ("▶", "$primary") if told.closed is None else ("✗", "$error") if told.error else ("✓", "$success")
        case "ask":
            outcome = told.outcome.get("outcome")
            signs = {"allow": ("✓", "$success"), "deny": ("✗", "$error"), None: ("?", "bold $warning")}
            return signs.get(outcome, ("·", DIM))
        case "end":
            return STATES.get(told.data["state"], ("·", ""))
        case "state" | "task":
            return ("○", "$primary")
        case "applied" | "dropped":
            return ("±", "$accent")
        case _:
            return ("·", "$secondary")


def _what_style(told: Line) -> str:
    return {"step": "bold", "end": "bold", "ask": "$warning", "note": DIM, "left_out": DIM, "state": DIM}.get(
        told.kind, ""
    )


def said(told: Line) -> tuple[str, str]:
    """What it was, and what is known beside it."""
    data = told.data
    match told.kind:
        case "task":
            return "task", _first(data["task"])
        case "step":
            words = told.error or _first(told.outcome.get("said", ""))
            whose = f"{told.agent} " if told.agent else ""
            return f"{whose}step {told.step}", words
        case "tool":
            return call(data), _outcome(told)
        case "code":
            return "code", _outcome(told) or _first(data["code"])
        case "ask":
            what = data["preview"] if data["is_question"] else f"{data['action']} {data['resource']}"
            why = told.outcome.get("why", "")
            answer = "" if told.closed is None else ANSWERS.get(told.outcome["outcome"], told.outcome["outcome"])
            return (
                f"asked: {_first(what)}",
                f"{answer}{': ' if why and answer else ''}{why}" or "waits for an answer: o",
            )
        case "note":
            return _first(data["text"]), ""
        case "left_out":
            return left_out(data), ""
        case "applied":
            left = f", {data['left']} left" if data["left"] else ""
            failed = f", {len(data['failed'])} could not be written" if data.get("failed") else ""
            return f"{wording.plural(data['applied'], 'change')} applied{failed}{left}", ""
        case "dropped":
            return f"{wording.plural(data['changes'], 'change')} dropped", ""
        case "end":
            return str(data["state"]), _first(told.error)
        case _:
            return "begun" if data.get("state") == "running" else str(data.get("state", "")), ""


def call(data: Mapping[str, Any]) -> str:
    """`read(path='notes.txt')`."""
    arguments = ", ".join(f"{name}={str(value)[:AHEAD]!r}" if isinstance(value, str) else f"{name}={value!r}"
                          for name, value in data["arguments"].items())  # fmt: skip
    return f"{data['tool']}({arguments})"[:AHEAD]


def left_out(data: Mapping[str, Any]) -> str:
    """What a model was not shown any more."""
    what = [wording.plural(data["results"], "older result")] if data["results"] else []
    what += [wording.plural(data["steps"], "older step")] if data["steps"] else []
    what += [f"what is longer than {data['longest']:,} characters in results"] if data["longest"] else []
    return f"{', '.join(what)} left out ({data['characters']:,} characters)"


def _outcome(told: Line) -> str:
    if told.closed is None:
        return ""
    found = told.outcome
    if told.kind == "code":
        return _first(found["error"] or " ".join(part for part in (found["logs"], str(found["output"] or "")) if part))
    return _first(told.error or str(found.get("result", "")))


def _first(text: str) -> str:
    return str(text)[:AHEAD].strip()


def _spent(told: Line) -> str:
    read, written = told.took.get("prompt_tokens", 0), told.took.get("completion_tokens", 0)
    return f"{count(read)}→{count(written)} tok" if read else ""


def lasted(told: Line, now: datetime) -> str:
    """How long it took, or has taken."""
    if told.kind in ("step", "tool", "code", "ask"):
        end = told.closed["time"] if told.closed is not None else now
        return took(between(told.since, end))
    return ""


def facts(run: Run, steps: int, tokens: Mapping[str, int], now: datetime) -> Content:
    """A run in a few words, above its story."""
    spec = run["spec"]
    result = run["result"] if isinstance(run["result"], dict) else {}
    counted = {**tokens, **{name: result[name] for name in ("prompt_tokens", "completion_tokens") if name in result}}
    words = [
        clean_line(str(spec.get("agent", "-"))),
        duration(run, now),
        wording.plural(result.get("steps", steps), "step") if result.get("steps", steps) else "",
        spent(counted),
        "in place" if spec.get("in_place") else "",
        CHANGES.get(run.get("changes", ""), "").replace("± wait", "± changes wait"),
    ]
    return Content.assemble(state(run), *(f"  {word}" for word in words if word))
