"""Learns from a chat template how its model writes answers: render known answers, and look at what stands around them.

No model is named here. An answer of which every part is known is rendered with and without reasoning, content and
calls; what the template wrote around the parts are the model's marks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from tektra_models.answers.call_learning import CallTexts
from tektra_models.answers.format import AnswerFormat
from tektra_models.answers.habits import Habits
from tektra_models.answers.marks import Mark, common_end, common_start, lexemes, mark, needed, without_end
from tektra_models.answers.messages import REASONING
from tektra_models.answers.usual import CALLS, THINK, USUAL
from tektra_models.errors import TemplateFailed

Message = dict[str, Any]
Render = Callable[[list[Message], bool, dict[str, Any]], str]
"""Messages, whether the assistant's turn is to be opened, and further variables → text; raises what it likes."""

CONTENT, REASON, ASKED = "qcontentq", "qreasonq", "quserq"
IDS: tuple[Literal["plain", "short", "named"], ...] = ("plain", "short", "named")
SWITCHES = ("enable_thinking", "thinking")


@dataclass(frozen=True)
class Learned:
    """How a model writes answers, how its template wants messages, and how its reasoning is switched."""

    form: AnswerFormat
    habits: Habits
    switch: str | None = None
    """The variable by which reasoning is asked for."""
    writes_calls: bool = True
    """Whether the template can write calls; where it cannot, they are taken to look as they mostly do."""
    reasons: bool = False
    """Whether the model is known to reason before it answers."""
    openings: tuple[str, ...] = ()
    """What the template itself writes of an answer, the longest first."""


NOTHING = Learned(USUAL, Habits(), writes_calls=False)
"""For templates from which nothing can be learned."""


def call_id(habits: Habits, name: str, index: int) -> str:
    """An id as the template wants it."""
    return {"plain": f"call_qidq{index}", "short": f"qidq{index:05d}", "named": f"functions.{name}:{index}"}[habits.ids]


def example(habits: Habits, arguments: dict[str, Any], index: int = 0) -> Message:
    """One call as a message holds it."""
    written = json.dumps(arguments) if habits.arguments_as_text else arguments
    function = {"name": CallTexts.NAME, "arguments": written}
    return {"id": call_id(habits, CallTexts.NAME, index), "type": "function", "function": function}


def answer(habits: Habits, *, content: str = "", reasoning: str = "", calls: Sequence[Message] = ()) -> Message:
    """An assistant's message."""
    message: Message = {"role": "assistant", "content": content or (habits.empty_content if calls else "")}
    if reasoning:
        message[habits.reasoning] = reasoning
    if calls:
        message["tool_calls"] = list(calls)
    return message


class Probe:
    """Renders answers; None where the template refuses, or leaves out what it should write."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self.variables: dict[str, Any] = {}

    def opened(self, **variables: Any) -> str | None:
        """The prompt with the assistant's turn opened."""
        return self._try([], True, variables)

    def said(self, message: Message, *parts: str) -> str | None:
        """The prompt and an answer, if all parts are in it."""
        text = self._try([message], False, {})
        return text if text and all(part in text for part in parts) else None

    def _try(self, messages: list[Message], opened: bool, variables: dict[str, Any]) -> str | None:
        user: Message = {"role": "user", "content": ASKED}
        try:
            return self._render([user, *messages], opened, {**self.variables, **variables})
        except (MemoryError, RecursionError, TemplateFailed):
            raise
        except Exception:  # noqa: BLE001  a template refuses in any way it likes
            return None


def learn(render: Render) -> Learned:
    """What a template tells of its model's answers; what it does not tell is taken to be as usual."""
    probe = Probe(render)
    switch = next((name for name in SWITCHES if probe.opened(**{name: True}) != probe.opened(**{name: False})), None)
    habits = call_habits(probe)
    writes_calls = habits is not None
    habits = reasoning_habit(probe, habits or Habits())
    answer_texts = Answer(probe, habits)
    form = answer_texts.form()
    reasons = switch is not None or form.reasoning is not THINK or bool(answer_texts.openings(None))
    return Learned(form, habits, switch, writes_calls, reasons, answer_texts.openings(switch))


def call_habits(probe: Probe) -> Habits | None:
    """The first habits with which a call appears whole; None if none does."""
    for as_text, empty, ids in product((False, True), ("", None), IDS):
        habits = Habits(arguments_as_text=as_text, empty_content=empty, ids=ids)
        said = probe.said(answer(habits, calls=[example(habits, CallTexts.ARGUMENTS)]), *CallTexts.PARTS)
        if said and f"{{'{CallTexts.FIRST}" not in said and f'\\"{CallTexts.FIRST}' not in said:
            return habits
    return None


def reasoning_habit(probe: Probe, habits: Habits) -> Habits:
    """By which key, and with which variables, reasoning is written."""
    variables = ({}, *({name: True} for name in SWITCHES))
    for tried, key in product(variables, REASONING):
        other = replace(habits, reasoning=key)
        probe.variables = tried
        calls = [example(other, CallTexts.ARGUMENTS)]
        if probe.said(answer(other, content=CONTENT, reasoning=REASON), REASON) or probe.said(
            answer(other, reasoning=REASON, calls=calls), REASON
        ):
            return other
    probe.variables = {}
    return habits


class Answer:
    """One template's rendered answers, from where the assistant begins to speak."""

    def __init__(self, probe: Probe, habits: Habits) -> None:
        self._probe = probe
        one = example(habits, CallTexts.ARGUMENTS)
        two = example(habits, CallTexts.OTHERS, 1)
        awkward = example(habits, CallTexts.AWKWARDS)
        called = CallTexts.PARTS
        rendered = {
            "opened": probe.opened(),
            "content": probe.said(answer(habits, content=CONTENT), CONTENT),
            "reasoned": probe.said(answer(habits, content=CONTENT, reasoning=REASON), REASON, CONTENT),
            "call": probe.said(answer(habits, calls=[one]), *called),
            "two": probe.said(answer(habits, calls=[one, two]), *called, CallTexts.OTHER),
            "mixed": probe.said(answer(habits, content=CONTENT, calls=[one]), CONTENT, *called),
            "reasoned_call": probe.said(answer(habits, reasoning=REASON, calls=[one]), REASON, *called),
        }
        held = {key: text for key, text in rendered.items() if text}
        self._header = common_start(list(held.values())) if held else ""
        self._texts = {key: text[len(self._header) :] for key, text in held.items()}
        self._awkward = (probe.said(answer(habits, calls=[awkward]), CallTexts.NAME) or "")[len(self._header) :]
        self._take_back_mark()

    def _take_back_mark(self) -> None:
        """A mark with which every answer begins was taken for the end of the turn's header: give it back."""
        text = self._texts.get("mixed", "")
        if self._texts.get("call", "").strip().startswith(CallTexts.NAME) and CONTENT in text:
            joint = text[text.index(CONTENT) + len(CONTENT) : text.index(CallTexts.NAME)]
            self._lengthen(common_end([self._header, joint.strip()]))
        reasoned = self._texts.get("reasoned") or self._texts.get("reasoned_call") or ""
        before, found, behind = reasoned.partition(REASON)
        last = lexemes(self._header.strip())[-1:]
        if found and not before.strip() and last and last[0].startswith(("<", "[")):
            word = last[0].strip("<>[]|")
            if word and word in "".join(lexemes(behind.strip())[:1]):
                self._lengthen(self._header[self._header.rindex(last[0]) :])

    def _lengthen(self, mark_text: str) -> None:
        self._header = self._header.removesuffix(mark_text)
        self._texts = {key: mark_text + text for key, text in self._texts.items()}
        self._awkward = mark_text + self._awkward

    def form(self) -> AnswerFormat:
        """The marks of all parts."""
        texts = self._texts
        calls = CallTexts(texts["call"], texts.get("two"), self._awkward) if "call" in texts else None
        content_before, _, content_behind = self._texts.get("content", CONTENT).partition(CONTENT)
        end = common_end([content_behind, calls.behind]) if calls else ""
        reasoning, content_open = self._reasoning(content_before)
        content_close = self._content_close(content_behind, end)
        starts = [self._texts["call"][: calls.begin], *self._before_calls()] if calls else []
        starts = [behind_last(start, [reasoning[1], mark(content_close)]) for start in starts]
        return AnswerFormat(
            reasoning=reasoning,
            content=(mark(content_open), self._content_ends(content_close.strip() or end.strip() or content_behind)),
            calls=calls.calls(common_end(starts), end or content_behind) if calls else CALLS,
            passing=self._passing(content_behind, end),
            reasons_first=reasoning[0] is None and not self.openings(None),
        )

    def openings(self, switch: str | None) -> tuple[str, ...]:
        """What follows the turn's header where an answer is opened, with reasoning switched either way."""
        opened = [self._probe.opened(), *(self._probe.opened(**{switch: on}) for on in (True, False) if switch)]
        header = self._turn_header
        turns = [text.rpartition(ASKED)[2] for text in opened if text]
        tails = {turn[len(header) :] for turn in turns if turn.startswith(header)}
        return tuple(sorted(filter(str.strip, tails), key=len, reverse=True))

    @property
    def _turn_header(self) -> str:
        """What stands between the user's words and the answer."""
        return self._header.rpartition(ASKED)[2]

    def _passing(self, behind: str, end: str) -> tuple[Mark, ...]:
        """The turn's header, with and without the end of the turn before it, and the end of a turn."""
        header = self._turn_header
        marks = (mark(header), mark(header[len(common_start([header, behind])) :]), mark(end))
        return tuple(dict.fromkeys(one for one in marks if one))

    def _before_calls(self) -> list[str]:
        """What stands between content or reasoning and a call."""
        found = []
        for key, part in (("mixed", CONTENT), ("reasoned_call", REASON)):
            text = self._texts.get(key, "")
            if part in text and text.index(part) < text.index(CallTexts.NAME):
                found.append(text[text.index(part) + len(part) : CallTexts(text).begin])
        return found

    def _content_ends(self, usual: str) -> tuple[Mark, ...]:
        """With what content ends: as usual, and otherwise where calls stand before it."""
        before, found, behind = self._texts.get("mixed", "").partition(CONTENT)
        ends = (mark(usual), mark(behind) if found and CallTexts.NAME in before else None)
        return tuple(dict.fromkeys(one for one in ends if one))

    def _content_close(self, behind: str, end: str) -> str:
        mixed = self._texts.get("mixed", "")
        if CONTENT in mixed and mixed.index(CONTENT) < mixed.index(CallTexts.NAME):
            return common_start([mixed[mixed.index(CONTENT) + len(CONTENT) : CallTexts(mixed).begin], behind])
        return without_end(behind, end)

    def _reasoning(self, content: str) -> tuple[tuple[Mark | None, Mark], str]:
        """The marks around reasoning, and what stands before content."""
        said = self._texts.get("reasoned", "")
        called = self._texts.get("reasoned_call", "")
        if REASON in said and said.index(REASON) < said.index(CONTENT):
            before, _, rest = said.partition(REASON)
            joint = rest.partition(CONTENT)[0]
            close = self._close(joint, called, content)
            return (mark(before), needed(close)), joint[len(close) :] if joint.startswith(close) else ""
        if REASON in called:
            before, _, rest = called.partition(REASON)
            between = lexemes(rest[: CallTexts(rest).begin].strip())
            if between:
                return (mark(before), needed(between[0])), content if content.strip() != between[0] else ""
        return THINK, "" if content.strip() in {one.text for one in THINK} else content

    @staticmethod
    def _close(joint: str, called: str, content: str) -> str:
        """What ends reasoning: all that stands before content, but for what content begins with anyway."""
        shorter = joint.removesuffix(content) if content.strip() else ""
        if shorter.strip() and shorter != joint:
            return shorter
        if REASON in called:
            rest = called.partition(REASON)[2]
            close = common_start([joint, rest[: CallTexts(rest).begin]])
            if close.strip():
                return close
        return joint


def behind_last(text: str, marks: Sequence[Mark | None]) -> str:
    """What stands behind the last of these marks."""
    for one in marks:
        while one is not None and (found := one.find(text)):
            text = text[found[1] :]
    return text
