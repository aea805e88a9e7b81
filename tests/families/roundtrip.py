"""Answers, written by a template and read again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tektra_models.answers.marks import common_end, common_start, without_end
from tektra_models.answers.messages import fitted
from tektra_models.chat_format import ChatFormat

ASKED = {"role": "user", "content": "Please do it."}
CONTENT = "It is there: {a} [b] <c> 1 < 2.\n\nA second `part`."
PLAIN = "quux"
REASONING = "I should think.\n\nThen {x} it."
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "write_file",
            "description": "Writes a file.",
            "parameters": {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "Where."},
                    "text": {"type": "string", "description": "What."},
                    "mode": {"type": "integer", "description": "Who may read it."},
                    "append": {"type": "boolean", "description": "Behind what is there."},
                    "tags": {"type": "array", "items": {"type": "string"}, "description": "Some words."},
                    "owner": {
                        "type": "object",
                        "description": "Whose it is.",
                        "properties": {},
                        "additionalProperties": False,
                    },
                },
                "required": ["path", "text"],
                "additionalProperties": False,
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "get-time",
            "description": "Tells the time.",
            "parameters": {
                "type": "object",
                "properties": {"zone": {"type": "string", "description": "Where."}},
                "required": [],
                "additionalProperties": False,
            },
        },
    },
]
AWKWARD: list[dict[str, Any]] = [
    {"path": "/tmp/a b.txt", "text": "plain"},
    {"path": "42", "text": "true"},
    {"path": "a", "text": 'He said "no" {x} [y]: it\'s <b>bold</b> & \\n'},
    {"path": "ü", "text": "line one\nline two\n\n  indented 日本 😀"},
    {"path": "a", "text": "", "mode": 7},
    {"path": "x", "text": "y", "mode": -3, "append": True},
    {"path": "x", "text": '{"a": 1}', "append": False},
    {"path": "x", "text": "y", "tags": ["a", "b, c"]},
    {"path": "x", "text": "y", "owner": {"name": "Z", "id": 5, "on": True, "no": None}},
]
Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Said:
    """The parts of one answer."""

    content: str = ""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)

    def message(self) -> dict[str, Any]:
        """As a message of OpenAI's API."""
        message: dict[str, Any] = {"role": "assistant", "content": self.content}
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{place}",
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(given, ensure_ascii=False)},
                }
                for place, (name, given) in enumerate(self.calls)
            ]
        return message


ANSWERS = {
    "content": Said(CONTENT),
    "reasoning": Said(CONTENT, REASONING),
    **{f"call {place}": Said(calls=[("write_file", given)]) for place, given in enumerate(AWKWARD)},
    "no arguments": Said(calls=[("get-time", {})]),
    "content and a call": Said(CONTENT, calls=[("write_file", AWKWARD[2])]),
    "two calls": Said(calls=[("write_file", AWKWARD[2]), ("get-time", {"zone": "Europe/Berlin"})]),
    "everything": Said(CONTENT, REASONING, [("write_file", AWKWARD[3]), ("write_file", AWKWARD[8])]),
    "reasoning and a call": Said("", REASONING, [("write_file", AWKWARD[2])]),
}


class LeftOut(Exception):
    """The template refuses this answer, or leaves a part of it out."""


class Family:
    """One template, and what it makes of answers."""

    def __init__(self, template: str) -> None:
        self.format = ChatFormat(template, bos="<s>", eos="</s>")

    def written(self, said: Said) -> tuple[str, str]:
        """What the template has written when the model begins, and what the model writes to say this."""
        prompt = self.format.render([ASKED], TOOLS, think=True if said.reasoning else None)
        whole, plain = self._whole(said), self._whole(Said(PLAIN))
        opened = next((one for one in self.format.learned.openings if prompt.endswith(one)), "")
        answer = whole[len(common_start([whole, prompt.removesuffix(opened)])) :]
        answer = without_end(answer, common_end([whole, plain]))
        names = [name for name, _ in said.calls]
        if any(answer.count(name) < names.count(name) for name in names):
            raise LeftOut("calls")
        if said.reasoning not in answer:
            raise LeftOut("reasoning")
        if said.content not in answer:
            raise LeftOut("content")
        if whole.startswith(prompt):
            return prompt, answer[len(opened) :]
        never_marked = said.reasoning and self.format.learned.form.reasoning[0] is None
        return prompt if never_marked else "", answer

    def _whole(self, said: Said) -> str:
        learned = self.format.learned
        variables: dict[str, Any] = {"add_generation_prompt": False}
        if said.reasoning and learned.switch:
            variables[learned.switch] = True
        try:
            return self.format._render(fitted([ASKED, said.message()], learned.habits), TOOLS, variables)
        except Exception as error:
            raise LeftOut(str(error)) from error

    def read(self, prompt: str, pieces: Sequence[str]) -> Said:
        """What an answer in these pieces says."""
        stream = self.format.answer(prompt, TOOLS)
        deltas = [delta for piece in pieces for delta in stream.push(piece)] + stream.close()
        return Said(
            "".join(delta.text for delta in deltas).strip(),
            "".join(delta.reasoning for delta in deltas).strip(),
            [(one.tool_call.name, json.loads(one.tool_call.arguments)) for one in deltas if one.tool_call],
        )

    def checked(self) -> Iterator[tuple[str, bool | str]]:
        """For each answer whether it came back equal, however it was cut; or why it could not be written."""
        for name, said in ANSWERS.items():
            try:
                prompt, text = self.written(said)
            except LeftOut as error:
                yield name, str(error)
            else:
                yield name, all(self.read(prompt, cut(text, width)) == said for width in (1, 3, 7, len(text) or 1))


def cut(text: str, width: int) -> list[str]:
    """The text in pieces."""
    edges = [*range(0, len(text), width), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(edges)]
