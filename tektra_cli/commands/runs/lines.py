"""What a run tells, as lines for people: its steps with how long they took, and its end."""

from __future__ import annotations

import sys
from datetime import datetime

from tektra_cli import errors, output, terminal, wording
from tektra_cli.columns import shortened
from tektra_cli.commands.runs.fields import Event

WIDTH = 200
EVENT_ANSWERS = {"allow": "allowed", "deny": "denied", "ask": "nobody answered"}


class Lines:
    """Draws one event after the other."""

    def __init__(self) -> None:
        self._since = ""

    def draw(self, event: Event) -> None:
        """What there is to see of it, if anything."""
        data = event["data"]
        match event["type"]:
            case "tool":
                arguments = ", ".join(f"{name}={value!r}" for name, value in data["arguments"].items())
                whose = f"{data['agent']}: " if "agent" in data else ""
                _line("tool", terminal.YELLOW, f"{whose}{data['tool']}({arguments})")
            case "code":
                _line("code", terminal.YELLOW, data["code"])
            case "ran":
                _beneath(data["error"] or " ".join(part for part in (data["logs"], str(data["output"] or "")) if part))
            case "result":
                _beneath(data.get("error") or str(data.get("result")))
            case "step":
                self._step(event)
            case "ask":
                _line("ask", terminal.YELLOW, data["preview"] if data["is_question"] else asked(data))
            case "answer":
                why = f": {data['why']}" if data["why"] else ""
                _beneath(EVENT_ANSWERS.get(data["outcome"], data["outcome"]) + why)
            case "applied":
                left = f", {data['left']} left" if data["left"] else ""
                failed = f", {len(data['failed'])} could not be written" if data.get("failed") else ""
                _beneath(f"{wording.plural(data['applied'], 'change')} applied{failed}{left}")
            case "dropped":
                _beneath(f"{wording.plural(data['changes'], 'change')} dropped")
            case "left_out":
                errors.note(left_out(data))
            case "note":
                errors.note(data["text"])
            case "state":
                self._since = event["time"]
            case _:
                pass

    def _step(self, event: Event) -> None:
        data = event["data"]
        took = wording.span(between(self._since, event["time"])) if self._since else ""
        self._since = event["time"]
        tokens = spent(data.get("took", {}))
        words = ", ".join(word for word in (f"step {data['step']}", took, tokens) if word)
        if data["error"]:
            _line("step", terminal.RED, f"{data['error']} ({words})")
        else:
            _beneath(words)


def left_out(data: Event) -> str:
    """What a prompt does not hold any more, so that it fits."""
    what = [wording.plural(len(data["results"]), "older result")] if data["results"] else []
    what += [wording.plural(data["steps"], "older step")] if data["steps"] else []
    what += [f"what is longer than {data['longest']:,} characters in results"] if data["longest"] else []
    return f"{', '.join(what)} left out ({data['characters']:,} characters), so that the rest fits its model"


def asked(data: Event) -> str:
    """What would be done."""
    return f"{data['action']} {data['resource']}"


def spent(took: Event) -> str:
    """Tokens so far, as words; nothing where nobody counted."""
    read, written = took.get("prompt_tokens", 0), took.get("completion_tokens", 0)
    return f"{read:,} tokens read, {written:,} written" if read else ""


def between(first: str, second: str) -> float:
    """Seconds from one RFC 3339 time to another."""
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


def _line(word: str, style: str, text: str) -> None:
    output.drawn(f"  {terminal.paint(word.ljust(4), style, sys.stdout)}  {shortened(text, WIDTH)}\n")


def _beneath(text: str) -> None:
    output.drawn(f"        {terminal.paint(shortened(text, WIDTH), terminal.DIM, sys.stdout)}\n")


def end(run: Event) -> None:
    """Its answer, and what it took; or what became of it else."""
    result = run["result"] or {}
    if run["state"] == "succeeded":
        output.text(str(result.get("answer")))
        read, known = result.get("prompt_tokens", 0), result.get("cached_tokens", 0)
        share = f", {100 * known // read} % of them known before" if read else ""
        took = f" in {wording.span(between(run['started_at'], run['ended_at']))}" if run["started_at"] else ""
        errors.note(
            f"run {run['id']}: {wording.plural(result.get('steps', 0), 'step')}{took}, {read:,} tokens read{share}, "
            f"{result.get('completion_tokens', 0):,} written"
        )
    elif run["ended_at"] is None:
        errors.note(f"run {run['id']} is {run['state']}")
    else:
        if result.get("answer"):
            output.text(str(result["answer"]))
        errors.note(f"run {run['id']} {run['state']}" + (f": {run['error']}" if run["error"] else ""))
