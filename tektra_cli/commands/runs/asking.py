"""Where a followed run asks: the question in this terminal, until it is answered here or anywhere else."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from tektra_cli import errors, finding_lines, launch, live, terminal
from tektra_cli.client import Client, segment
from tektra_cli.commands.runs import patches
from tektra_cli.commands.runs.fields import Event
from tektra_cli.errors import CliError, StatusLine

T = TypeVar("T")
LOOK_S = 0.5
"""Seconds after which it is looked whether somebody else has answered."""
LEAST_LINES, OTHER_LINES = 5, 10
"""Of a preview at least so many are shown; so many of the screen are left for other things."""
MOST_WORDS = 500
BEHIND_ALL = 1 << 53
LASTS = "default"
"""Asked because no rule speaks of it: only then an answer may hold for more than once."""


def seek(told: Event, *, for_people: bool) -> None:
    """Have an ask of a run answered: by the person in front of this terminal, if there is one.

    It returns when it is answered, by whomever. Else it says which command answers.
    """
    ask = _pending(told["ask"], _nothing)
    if ask is None:
        return
    if not (for_people and _can_ask()):
        _say_how(told)
        return
    answer = _question(ask) if told["is_question"] else _choice(ask)
    if answer is None:
        return
    try:
        _steadily(lambda client: client.post(f"/api/approvals/{segment(ask['id'])}", answer), _nothing)
    except CliError as error:
        if error.code not in ("already_answered", "ask_not_found"):
            raise
        errors.note(error.message)


def _can_ask() -> bool:
    return terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stdout) and terminal.is_live(sys.stderr)


def _say_how(told: Event) -> None:
    ask = told["ask"]
    if told["is_question"]:
        errors.note(f"the agent asks: {told['preview']}")
        errors.note(f'it waits for an answer: tektra approvals allow {ask} --why "ANSWER"')
    else:
        errors.note(f"it waits for your word: {told['action']} {told['resource']}")
        for each in told.get("findings") or ():
            errors.note(finding_lines.line(each["level"], each["what"], each["part"]))
        errors.note(f"tektra approvals show {ask} has the whole of it; tektra approvals allow {ask}, or deny")


def _pending(ident: str, again: Callable[[], None]) -> dict[str, Any] | None:
    """An ask that nobody has answered yet, and whose run still waits."""
    try:
        found = _steadily(lambda client: client.get(f"/api/approvals/{segment(ident)}"), again)["ask"]
        run = found["request"]["run"]
        if run and found["state"] == "pending":
            query = {"after": BEHIND_ALL}
            stands = _steadily(lambda client: client.get(f"/api/runs/{segment(run)}", query), again)["run"]
            if stands["ended_at"] is not None:
                return None
    except CliError as error:
        if error.code not in ("ask_not_found", "run_not_found"):
            raise
        return None
    return found if found["state"] == "pending" else None


def _steadily(work: Callable[[Client], T], again: Callable[[], None]) -> T:
    """Ask the daemon; one that went away is started, and knows the ask again. `again` draws what that has erased."""
    try:
        return work(launch.running())
    except CliError as error:
        if error.code not in live.GONE:
            raise
    client = launch.ensured()
    again()
    return work(client)


def _nothing() -> None:
    pass


def _choice(ask: Event) -> dict[str, Any] | None:
    """Which answer was chosen by a key; None: somebody else was first, or nobody can type any more."""
    preview = ask["request"]["preview"].splitlines()
    room = max(LEAST_LINES, terminal.size()[1] - OTHER_LINES - len(ask.get("findings") or ()))
    _show(ask, preview[:room])
    answers: dict[str, dict[str, Any]] = {"a": {"answer": "allow"}, "d": {"answer": "deny"}}
    words = ["[a] once"]
    if ask["rule"] == LASTS and ask["request"]["run"]:
        answers["r"] = {"answer": "allow", "scope": "run"}
        words.append("[r] for this run")
    words.append("[d] deny")
    if len(preview) > room:
        errors.note(f"… {len(preview) - room} more lines")
        words.append("[v] view all")
    with StatusLine() as line, _single_keys():
        while True:
            typed = _typed(ask["id"], line, "  ".join(words))
            if not typed:
                return None
            keys = set(typed.decode("ascii", "replace").lower())
            key = keys.pop() if len(keys) == 1 else ""  # an arrow is several, and ends with an A
            if key == "v":
                line.erase()
                _draw(preview)
            elif key in answers:
                return answers[key]


def _question(ask: Event) -> dict[str, Any] | None:
    """The words that were typed as the answer to a question; none are a no."""
    errors.say(_safe(ask["request"]["preview"]))
    prompt = "answer (empty: none): "
    while True:
        with StatusLine() as line, _no_earlier_keys():
            typed = _typed(ask["id"], line, prompt)
            if typed is None:
                return None
        words = typed.decode(sys.stdin.encoding or "utf-8", "replace").strip()
        if len(words) <= MOST_WORDS:
            return {"answer": "allow", "why": words} if words else {"answer": "deny", "why": "no answer was given"}
        errors.note(f"that is longer than {MOST_WORDS} characters")


def _typed(ident: str, line: StatusLine, prompt: str) -> bytes | None:
    """What is typed next; None when nobody waits for it any more."""
    line.show(prompt)
    while not select.select([sys.stdin], [], [], LOOK_S)[0]:
        if _pending(ident, lambda: line.show(prompt)) is None:
            line.erase()
            errors.note("it was answered elsewhere, or the run has ended")
            return None
    return os.read(sys.stdin.fileno(), 4096)


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """Each key counts at once and is not shown; what was typed before is no answer."""
    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    tty.setcbreak(stdin, termios.TCSAFLUSH)
    try:
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSAFLUSH, before)


@contextlib.contextmanager
def _no_earlier_keys() -> Iterator[None]:
    stdin = sys.stdin.fileno()
    termios.tcflush(stdin, termios.TCIFLUSH)
    try:
        yield
    finally:
        termios.tcflush(stdin, termios.TCIFLUSH)


def _show(ask: Event, preview: list[str]) -> None:
    """What would be done, where, and why that is asked."""
    request = ask["request"]
    said = request["resource"]
    what = said if isinstance(said, str) else shlex.join(said)
    errors.say(terminal.paint(_safe(f"{request['action']} {what}"), terminal.BOLD, sys.stderr))
    where = f"in {request['workspace']}, " if request["workspace"] else ""
    why = f" ({ask['why']})" if ask["why"] else ""
    errors.note(f"{where}asked by rule {ask['rule']}{why}")
    for level, words, part in finding_lines.told(ask):
        line = finding_lines.line(level, words, part)
        errors.say(terminal.paint(line, finding_lines.STYLES.get(level, terminal.DIM), sys.stderr))
    _draw(preview)


def _draw(preview: list[str]) -> None:
    for each in preview:
        errors.say(patches.painted(each, sys.stderr))


def _safe(text: str) -> str:
    return terminal.clean(text)
