"""Pure: one line of a run's story in full: what was said, what was called with what, what came of it, who decided."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from textual.content import Content
from textual.highlight import highlight

from tektra_cli import wording
from tektra_cli.commands.runs import prompts
from tektra_cli.commands.runs.lines import spent
from tektra_cli.entry_lines import details_line
from tektra_cli.terminal import clean, clean_line
from tektra_cli.tui.screens import runs_words
from tektra_cli.tui.screens.runs_story import Line
from tektra_cli.tui.widgets.cells import between, took
from tektra_cli.tui.widgets.diff import is_diff, safe, shown

Entry = Mapping[str, Any]
LONGEST_CODE = 20_000
"""Characters of code that are coloured; more of it is shown plain."""
DECIDED = "permission.decide"
OUTCOMES = {"ok": "allowed", "denied": "denied"}
LABEL = "bold $primary"
DIM = "$foreground 60%"


def told(
    line: Line,
    run: Mapping[str, Any],
    entries: Sequence[Entry] | None,
    now: datetime,
    prompt: Mapping[str, Any] | None = None,
) -> Content:
    """All of it; `entries`: what the audit log has of that time; `prompt`: what the model was asked; if it is known."""
    parts = [_title(line, now), *_parts(line, run), *_log(line, entries), *_prompt(run, prompt)]
    return Content("\n\n").join(parts)


def _title(line: Line, now: datetime) -> Content:
    sign, style = runs_words.sign_of(line)
    what, _ = runs_words.said(line)
    name = line.data["tool"] if line.kind == "tool" else "asked" if line.kind == "ask" else what
    numbers = f"#{line.opened['number']}" if line.opened["number"] else ""
    if line.closed is not None and line.closed is not line.opened:
        numbers += f" to #{line.closed['number']}"
    facts = [numbers, line.since[11:19], runs_words.lasted(line, now)]
    if line.kind == "step":
        first = line.opened["time"] if line.closed is not None or line.opened["type"] != "state" else ""
        facts.append(f"the model took {took(between(line.since, first))}" if first else "")
        facts.append(spent(line.took))
    if line.agent:
        facts.append(f"by {clean_line(line.agent)}")
    dim = "  ".join(fact for fact in facts if fact)
    return Content.assemble(
        Content.styled(f"{sign} ", style),
        Content.styled(clean_line(name), "bold"),
        "\n",
        Content.styled(dim, "$foreground 60%"),
    )


def _parts(line: Line, run: Mapping[str, Any]) -> Iterator[Content]:
    data, outcome = line.data, line.outcome
    match line.kind:
        case "task":
            yield _part("task", safe(data["task"]))
            yield _part(
                "folder", f"{safe(data['folder'])}{' (it is changed itself: in place)' if data['in_place'] else ''}"
            )
            yield _part("agent", f"{clean_line(data['agent'])}, version {str(data.get('version', ''))[:12]}")
            if run.get("inherits"):
                yield _part(
                    "goes on from",
                    f"the first {run['inherits']['steps']} journaled steps of run {run['inherits']['run']}",
                )
        case "step":
            if outcome.get("said"):
                yield _part("it said", safe(outcome["said"]))
            if outcome.get("observed"):
                yield _part("it was told", safe(outcome["observed"]))
        case "tool":
            for name, value in data["arguments"].items():
                yield _part(clean_line(name), _argument(name, value, data))
            if "result" in outcome:
                yield _part("result", shown(str(outcome["result"])))
        case "code":
            yield _part("code", _code(data["code"]))
            if outcome.get("logs"):
                yield _part("printed", safe(outcome["logs"]))
            if outcome.get("output") not in (None, ""):
                yield _part("value", safe(str(outcome["output"])))
        case "ask":
            yield from _asked(data, outcome, closed=line.closed is not None)
        case "end":
            result = run["result"] if isinstance(run["result"], dict) else {}
            if result.get("answer") not in (None, ""):
                answer = result["answer"]
                yield _part("answer", safe(answer if isinstance(answer, str) else json.dumps(answer, indent=2)))
        case "applied":
            yield _part("written", safe("\n".join(data.get("paths", ()))))
            if data.get("failed"):
                told = "\n".join(f"{each['path']}: {each['why']}" for each in data["failed"])
                yield _part("not written", safe(told), "bold $error")
        case "state":
            pass
        case _:
            yield Content(safe(runs_words.said(line)[0]))
    if line.error:
        yield _part("error", safe(line.error), "bold $error")


def _asked(data: Mapping[str, Any], outcome: Mapping[str, Any], *, closed: bool) -> Iterator[Content]:
    if not data["is_question"]:
        yield _part("would", safe(f"{data['action']} {data['resource']}"))
    yield _part("because", safe(f"rule {data['rule']}" + (f": {data['why']}" if data["why"] else "")))
    if data["preview"]:
        yield _part("question" if data["is_question"] else "preview", shown(data["preview"]))
    if closed:
        words = runs_words.ANSWERS.get(outcome["outcome"], outcome["outcome"])
        yield _part("answer", safe(f"{words}{': ' if outcome['why'] else ''}{outcome['why']}"))


def _part(label: str, text: str | Content, style: str = LABEL) -> Content:
    body = Content(text) if isinstance(text, str) else text
    return Content.assemble(Content.styled(label, style), "\n", body)


def _argument(name: str, value: Any, data: Mapping[str, Any]) -> str | Content:
    if not isinstance(value, str):
        return safe(json.dumps(value, ensure_ascii=False, indent=2))
    if name == "code" and data["tool"] == "python":
        return _code(value)
    return shown(value) if is_diff(value) else safe(value)


def _code(text: str) -> Content:
    clean_text = clean(text)
    if len(clean_text) > LONGEST_CODE:
        return Content(safe(text))
    return highlight(clean_text, language="python", tab_size=4)


def _log(line: Line, entries: Sequence[Entry] | None) -> Iterator[Content]:
    """Who decided, under which confinement: from the audit log, of the time in which it was done."""
    if not entries:
        return
    lines = [_entry(entry) for entry in entries if entry["kind"] != "run.state"]
    if lines:
        yield Content.assemble(Content.styled("in the audit log", LABEL), "\n", Content("\n").join(lines))


def _prompt(run: Mapping[str, Any], prompt: Mapping[str, Any] | None) -> Iterator[Content]:
    """What the model was shown, message by message: as it was then, and as much of it as one answer held."""
    if prompt is None:
        return
    if "why_not" in prompt:
        yield _part("prompt", safe(prompt["why_not"]), DIM)
        return
    head = f"{clean_line(prompt['model'])}   {wording.plural(prompt['count'], 'message')}"
    gone = prompts.gone(prompt)
    yield _part("prompt", "\n".join([head, *([safe(gone)] if gone else [])]))
    for message in prompt["messages"]:
        label = f"{message['number']}  {clean_line(message['role'])}"
        yield Content.assemble(Content.styled(label, DIM), "\n", Content(safe(message["text"])))
    if prompt["next"] is not None:
        more = f"it goes on: tektra runs show {run['id']} --step {clean_line(prompt['at'])}"
        yield Content.styled(more, DIM)


def _entry(entry: Entry) -> Content:
    details = entry["details"]
    number = Content.styled(f"#{entry['number']} ", "$foreground 40%")
    if entry["kind"] == DECIDED:
        outcome = OUTCOMES.get(entry["outcome"], str(entry["outcome"]))
        what = clean_line(f"{details.get('action', '')} {details.get('resource', '')}"[:400])
        why = f": {details['why']}" if details.get("why") else ""
        rule = clean_line(f"by rule {details.get('rule', '')}{why}")
        style = "$error" if entry["outcome"] == "denied" else "$success"
        return Content.assemble(
            number, Content.styled(outcome, style), f" {rule} ", Content.styled(what, "$foreground 60%")
        )
    level = f"confinement {entry['confinement']}" if entry["confinement"] != "none" else ""
    told = [level, _facts(details)] if entry["outcome"] != "begun" else [level]
    words = "  ".join(part for part in told if part)
    shade = {"ok": "", "failed": "$error", "denied": "$error"}.get(str(entry["outcome"]), "$foreground 60%")
    return Content.assemble(
        number,
        f"{clean_line(entry['kind'])} ",
        Content.styled(str(entry["outcome"]), shade),
        " ",
        clean_line(words[:800]),
    )


def _facts(details: Mapping[str, Any]) -> str:
    told = details_line(
        {name: value for name, value in details.items() if name not in ("arguments", "resource", "digest")}
    )
    peak = details.get("peak_bytes")
    return f"{told}  at most {wording.size(peak)} of memory" if isinstance(peak, int) else told
