"""One answer, taken apart while it streams: reasoning, content and whole tool calls, however the text is cut.

Nothing a model wrote is lost: what stands between a call's marks but is no call is passed on as it is. Only the marks
go, and white space between the parts, which is why white space is held until text follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tektra_models.answers.format import AnswerFormat, Types
from tektra_models.answers.json_text import NoCall, Unfinished
from tektra_models.answers.marks import Mark, first_of, past_space
from tektra_models.generation import Delta

Wrap = Callable[[str], list[Delta]]
Part = Literal["between", "reasoning", "content", "call", "behind"]


class AnswerStream:
    """Splits one answer.

    `begun` is what the template has already written of the answer, such as the mark that opens its reasoning. Calls
    are looked for only where the format has them, so a caller without tools gives a format without calls.
    """

    def __init__(self, form: AnswerFormat, types: Types | None = None, begun: str = "") -> None:
        self._format, self._types = form, types or {}
        self._held = begun
        self._part: Part = "reasoning" if form.reasons_first else "between"
        self._opened = ""
        self._trim = False
        self._final = False
        self.calls = 0
        while self._advance():
            pass
        if self._held.strip() and self._part in ("between", "content") and form.reasoning[0] is None:
            self._part, self._held, self._trim = "reasoning", "", True

    @property
    def reasoning(self) -> bool:
        """Whether reasoning is under way."""
        return self._part == "reasoning"

    def push(self, text: str) -> list[Delta]:
        """Add text and return the deltas that are certain by now."""
        self._held += text
        deltas: list[Delta] = []
        while (said := self._advance()) is not None:
            deltas += said
        return deltas

    def close(self) -> list[Delta]:
        """Return what was held back; a call that was never finished is passed on as text."""
        self._final = True
        deltas = self.push("")
        rest = self._held
        self._held = ""
        if self._part == "reasoning":
            return deltas + _reasoning(rest.rstrip())
        if self._part == "call":
            return deltas + _text(self._opened + rest)
        if self._part == "behind" and any(mark.may_begin(rest.lstrip()) for mark in self._closing()):
            return deltas
        return deltas + _text(rest.rstrip() if self.calls or self._trim else rest)

    def _advance(self) -> list[Delta] | None:
        """Take the next part of what is held; None when nothing is certain."""
        if not self._held:
            return None
        match self._part:
            case "between":
                return self._between()
            case "reasoning":
                return self._reasoning()
            case "content":
                return self._content()
            case "call":
                return self._call()
            case "behind":
                return self._behind()

    def _between(self) -> list[Delta] | None:
        at = past_space(self._held, 0)
        if at == len(self._held):
            return None
        openers = self._openers()
        matches = [(end, part) for mark, part in openers if (end := mark.match(self._held, at)) is not None]
        end, part = max(matches, default=(at, "content"))
        if not self._final and any(
            mark.may_begin(self._held, at) for mark, _ in openers if mark.match(self._held, at) is None
        ):
            return None
        if not matches and self._bare_call(at):
            return self._open(at, at)
        if part == "call":
            return self._open(at, end)
        if matches:
            self._held = self._held[end:]
            self._trim = True
        self._part = part
        return []

    def _openers(self) -> list[tuple[Mark, Part]]:
        form = self._format
        openers: list[tuple[Mark | None, Part]] = [
            (form.reasoning[0], "reasoning"),
            (form.reasoning[1], "between"),
            (form.content[0], "content"),
            *((mark, "between") for mark in (*form.content[1], *form.passing)),
        ]
        if form.calls is not None:
            openers.append((form.calls.open, "call"))
        return [(mark, part) for mark, part in openers if mark is not None]

    def _bare_call(self, at: int) -> bool:
        """Whether a call may begin here though no mark says so."""
        calls = self._format.calls
        return calls is not None and calls.open is None and self._held[at] in "{["

    def _open(self, at: int, end: int) -> list[Delta]:
        self._opened, self._held = self._held[:end], self._held[end:]
        self._part = "call"
        return []

    def _reasoning(self) -> list[Delta] | None:
        close = self._format.reasoning[1]
        if self._trim:
            self._held = self._held.lstrip()
        if found := close.find(self._held):
            said = self._held[: found[0]].rstrip()
            self._held = self._held[found[1] :]
            self._part, self._trim = "between", True
            return _reasoning(said)
        return self._release(close.safe(self._held), _reasoning)

    def _content(self) -> list[Delta] | None:
        calls = self._format.calls
        closes = self._format.content[1]
        marks = [*closes, calls.open if calls is not None else None]
        if self._trim:
            self._held = self._held.lstrip()
        if found := first_of(marks, self._held):
            begin, end, mark = found
            said = self._held[:begin].rstrip()
            if mark in closes:
                self._held = self._held[end:]
                self._part, self._trim = "between", True
                return _text(said)
            gap = begin - len(said)
            self._held = self._held[len(said) :]
            return _text(said) + self._open(gap, end - len(said))
        return self._release(min((mark.safe(self._held) for mark in marks if mark), default=len(self._held)), _text)

    def _release(self, count: int, wrap: Wrap) -> list[Delta] | None:
        certain = self._held[:count].rstrip()
        if not certain:
            return None
        self._held = self._held[len(certain) :]
        self._trim = False
        return wrap(certain)

    def _call(self) -> list[Delta] | None:
        calls = self._format.calls
        assert calls is not None
        try:
            found, end = calls.shape.read(self._held, 0, self._types)
        except Unfinished:
            return None
        except (NoCall, RecursionError):
            lost, self._opened, self._part = self._opened, "", "content"
            return _text(lost)
        self._held = self._held[end:]
        self._opened, self._part = "", "behind"
        self.calls += len(found)
        return [Delta(tool_call=call) for call in found]

    def _closing(self) -> list[Mark]:
        calls = self._format.calls
        if calls is None:
            return []
        return [*calls.close, *([calls.between] if calls.between else [])]

    def _behind(self) -> list[Delta] | None:
        """Behind a call another one may follow."""
        calls = self._format.calls
        assert calls is not None
        at = past_space(self._held, 0)
        if at == len(self._held):
            return None
        another = calls.between.match(self._held, at) if calls.between else None
        closed = max((end for mark in calls.close if (end := mark.match(self._held, at)) is not None), default=None)
        if another is not None:
            self._held = self._held[closed or 0 :]
            return self._open(0, another - (closed or 0))
        if not self._final and any(
            mark.may_begin(self._held, at) for mark in self._closing() if mark.match(self._held, at) is None
        ):
            return None
        if closed is None and calls.adjacent and self._held[at] in "{[":
            return self._open(at, at)
        self._held = self._held[closed or 0 :]
        self._part, self._trim = "between", False
        return []


def _text(text: str) -> list[Delta]:
    return [Delta(text=text)] if text else []


def _reasoning(text: str) -> list[Delta]:
    return [Delta(reasoning=text)] if text else []
