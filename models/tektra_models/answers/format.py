"""How one model writes an answer: reasoning, content and tool calls, each between its marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tektra_models.answers.marks import Mark
from tektra_models.generation import ToolCall

Types = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Tool → parameter → its JSON schema."""


class Shape(Protocol):
    """How calls are written between the marks around them."""

    def read(self, text: str, at: int, types: Types) -> tuple[list[ToolCall], int]:
        """The calls that stand here and where they end; raises Unfinished or NoCall."""


@dataclass(frozen=True)
class Spelling:
    """The very texts of calls, white space and all, for whoever has to write one; ANY stands for ids and numbers.

    `before` the first name, `joint` between a name and its arguments, `after` the last arguments, and `between` the
    arguments of one call and the name of the next, if several can be written. `pairs` are the texts around an argument
    that has tags of its own: before its name, between name and a text, between name and any other value, behind.
    """

    before: str
    joint: str
    after: str
    between: str | None = None
    pairs: tuple[str, str, str, str] | None = None
    separator: str = ","


@dataclass(frozen=True)
class Calls:
    """Calls: what stands before the first one, between two, behind the last, and how one is written."""

    shape: Shape
    open: Mark | None = None
    between: Mark | None = None
    close: tuple[Mark, ...] = ()
    """The longest first; where content follows calls, they may end earlier than at the end of an answer."""
    spelling: Spelling | None = None
    adjacent: bool = False
    """Whether nothing but white space stands between two calls."""


@dataclass(frozen=True)
class AnswerFormat:
    """The marks of one model's answers.

    `reasoning` and `content` are what stands before and behind; a part without marks is all that has none, and content
    may end in several ways. `passing` are marks that may stand between parts and say nothing, such as the one that
    begins a turn. Where every answer begins with reasoning, the template has written the mark for it.
    """

    reasoning: tuple[Mark | None, Mark]
    content: tuple[Mark | None, tuple[Mark, ...]] = (None, ())
    calls: Calls | None = None
    passing: tuple[Mark, ...] = ()
    reasons_first: bool = False

    @property
    def texts(self) -> Sequence[str]:
        """The texts of all marks."""
        marks = [*self.reasoning, self.content[0], *self.content[1], *self.passing]
        if self.calls is not None:
            marks += [self.calls.open, self.calls.between, *self.calls.close]
            marks += [one for one in vars(self.calls.shape).values() if isinstance(one, Mark)]
        return [mark.text for mark in marks if mark is not None]


def is_text(schema: Any) -> bool:
    """Whether a value of this JSON schema can only be a text."""
    if not isinstance(schema, Mapping):
        return False
    options = schema.get("enum")
    return schema.get("type") == "string" or bool(options and all(isinstance(one, str) for one in options))
