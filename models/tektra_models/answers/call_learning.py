"""What the text of a known call tells about how calls are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from tektra_models.answers.format import Calls, Shape, Spelling
from tektra_models.answers.marks import (
    ANY,
    Mark,
    common_end,
    common_start,
    lexemes,
    mark,
    needed,
    past_space,
    with_any,
    without_end,
)
from tektra_models.answers.shapes import JsonCall, NamedCall, TaggedCall, WrittenCall

ID = re.compile(r"call_qidq\d+|qidq\d{5}")
BRACKETS = {"(": ")", "{": "}"}


@dataclass(frozen=True)
class CallTexts:
    """A known call as the template wrote it; also two in a row, and one with an awkward text."""

    text: str
    two: str | None = None
    awkward: str = ""

    NAME: ClassVar = "qnameq"
    FIRST: ClassVar = "qfirstq"
    SECOND: ClassVar = "qsecondq"
    VALUE: ClassVar = "qvalueq"
    NUMBER: ClassVar = "73519"
    OTHER: ClassVar = "qotherq"
    AWKWARD: ClassVar = "qa\\qb"
    ARGUMENTS: ClassVar[dict[str, Any]] = {FIRST: VALUE, SECOND: int(NUMBER)}
    OTHERS: ClassVar[dict[str, Any]] = {FIRST: OTHER, SECOND: int(NUMBER)}
    AWKWARDS: ClassVar[dict[str, Any]] = {FIRST: AWKWARD, SECOND: int(NUMBER)}
    PARTS: ClassVar = (NAME, FIRST, VALUE, SECOND, NUMBER)

    @cached_property
    def _key(self) -> int:
        return self.text.index(self.FIRST)

    @cached_property
    def _json(self) -> tuple[int, Any, int] | None:
        """The outermost JSON value that holds the arguments: where it begins, it itself, where it ends."""
        return next(json_around(self.text, self._key), None)

    @property
    def _named_in_json(self) -> bool:
        return self._json is not None and self.NAME in json.dumps(self._json[1])

    @cached_property
    def name_at(self) -> int:
        """Where the name begins that stands next to the arguments."""
        return self.text.rindex(self.NAME, 0, self._key)

    @property
    def begin(self) -> int:
        """Where the marks before the call end."""
        return self._json[0] if self._json and self._named_in_json else self.name_at

    @cached_property
    def end(self) -> int:
        """Where the marks behind the call begin."""
        if self._json:
            return self._json[2]
        shape = self.shape
        number = self.text.index(self.NUMBER) + len(self.NUMBER)
        if isinstance(shape, WrittenCall):
            return self.text.index(shape.brackets[1], number) + 1
        assert isinstance(shape, TaggedCall)
        return shape.close.match(self.text, past_space(self.text, number)) or number

    @property
    def behind(self) -> str:
        """All that stands behind the call."""
        return self.text[self.end :]

    @cached_property
    def shape(self) -> Shape:
        """How the call is written."""
        if self._json is None:
            return self._programmed() or self._tagged()
        value = self._json[1]
        if not self._named_in_json:
            joint = self.text[self.name_at + len(self.NAME) : self._json[0]]
            return NamedCall(self._mark(self._varied(joint)))
        one = value[0] if isinstance(value, list) else value
        if self.NAME in one:
            return JsonCall(named_by_key=True)
        return JsonCall(path_to(one, self.NAME), path_to(one, self.ARGUMENTS) or ("arguments",))

    def _programmed(self) -> WrittenCall | None:
        """The shape, if a bracket follows the name."""
        bracket = self.text[self.name_at + len(self.NAME) : self._key].strip()
        assign = self._between(self.SECOND, self.NUMBER).strip()
        if bracket not in BRACKETS or assign not in ("=", ":"):
            return None
        quote = self._between(self.FIRST, self.VALUE).strip().removeprefix(assign).strip()
        return WrittenCall((bracket, BRACKETS[bracket]), assign, quote, self.AWKWARD not in self.awkward)

    def _tagged(self) -> TaggedCall:
        opening, pair, other, close = self._around_pairs
        before = self.text[self.name_at + len(self.NAME) : self._key]
        any_pair = with_any(pair, other)
        typed = {a for a, b in zip(lexemes(pair), lexemes(any_pair), strict=False) if b == ANY}
        around = pair[len(pair.rstrip()) :], close[: len(close) - len(close.lstrip())]
        return TaggedCall(
            needed(opening),
            needed(any_pair),
            needed(close.replace(self.FIRST, ANY)),
            self._mark(self._varied(before.removesuffix(opening))),
            frozenset(typed),
            around,
        )

    def _between(self, one: str, other: str) -> str:
        """What stands between two parts."""
        begin = self.text.index(one, self.name_at) + len(one)
        return self.text[begin : self.text.index(other, begin)]

    def _varied(self, joint: str) -> str:
        """What stands behind the name, with ANY where it is different in the second call."""
        if self.two is None:
            return joint
        second = self.two.rindex(self.NAME) + len(self.NAME)
        return with_any(joint, self.two[second : second + len(joint)])

    @staticmethod
    def _mark(text: str) -> Mark | None:
        return mark(ID.sub(ANY, text))

    def calls(self, opening: str, end: str) -> Calls:
        """The calls, given what stands before them and with what every answer ends."""
        joint, behind = (self._joint or "").replace(self.NAME, ANY), without_end(self.behind, end)
        last = without_end(self._behind_second, end)
        closes = (self._mark(behind), self._mark(last), self._mark(common_start([behind, joint])))
        return Calls(
            self.shape,
            self._mark(opening.replace(self.NAME, ANY)),
            self._mark(joint),
            tuple(sorted({close for close in closes if close}, key=lambda close: -len(close.text))),
            self._spelling(opening, end),
            adjacent=self._joint is not None and not joint.strip(),
        )

    def _spelling(self, opening: str, end: str) -> Spelling | None:
        """The very texts of calls; None where the name stands behind the arguments."""
        name_at, name_end = self.name_at, self.name_at + len(self.NAME)
        arguments, arguments_end = self._arguments
        if arguments < name_end:
            return None
        head, tail = self.text[self.begin : name_at], self.text[arguments_end : self.end]
        between = None if self._joint is None else tail + self._joint + head
        texts = (
            opening.lstrip() + head,
            self._varied(self.text[name_end:arguments]),
            tail + without_end(self.behind, end),
            between,
        )
        before, joint, after, between = (ID.sub(ANY, text) if text else text for text in texts)
        separator = self._between(self.VALUE, self.SECOND)
        if isinstance(self.shape, WrittenCall):
            separator = separator.replace(self.shape.quote, "").replace(self.SECOND, "")
        return Spelling(before or "", joint or "", (after or "").rstrip(), between, self._pairs, separator)

    @property
    def _arguments(self) -> tuple[int, int]:
        """Where the arguments begin and end."""
        if self._json is not None:
            return next((at, end) for at, value, end in json_around(self.text, self._key) if value == self.ARGUMENTS)
        if self._pairs is not None:
            return self._key - len(self._pairs[0]), self.end
        return self.name_at + len(self.NAME), self.end

    @property
    def _pairs(self) -> tuple[str, str, str, str] | None:
        """The texts around arguments that have tags."""
        return self._around_pairs if isinstance(self.shape, TaggedCall) else None

    @cached_property
    def _around_pairs(self) -> tuple[str, str, str, str]:
        """What opens an argument, stands in the first and in the second one, and closes it."""
        joint = self._between(self.VALUE, self.SECOND)
        opening = common_end([self.text[self.name_at + len(self.NAME) : self._key], joint])
        pairs = self._between(self.FIRST, self.VALUE), self._between(self.SECOND, self.NUMBER)
        return opening, *pairs, joint.removesuffix(opening)

    @property
    def _behind_second(self) -> str:
        """What stands behind the second of two calls."""
        if self._joint is None or self.two is None:
            return ""
        last_value = self.text.rindex(self.NUMBER)
        return self.two[self.two.rindex(self.NUMBER) + self.end - last_value :]

    @cached_property
    def _joint(self) -> str | None:
        """What stands between two calls; None where they cannot be told apart, as in a list."""
        if self.two is None:
            return None
        rest = self.two[CallTexts(self.two).end :]
        return rest[: CallTexts(rest).begin] if self.FIRST in rest else None


def path_to(value: Any, wanted: Any) -> tuple[str, ...]:
    """By which keys a value is reached; () if it is not there."""
    if not isinstance(value, dict):
        return ()
    for key, inner in value.items():
        if inner == wanted or (isinstance(inner, str) and isinstance(wanted, dict) and inner == json.dumps(wanted)):
            return (key,)
        if path := path_to(inner, wanted):
            return (key, *path)
    return ()


def json_around(text: str, inside: int) -> Iterator[tuple[int, Any, int]]:
    """The JSON values around a place, the outermost first."""
    for at, character in enumerate(text[:inside]):
        if character in "{[":
            try:
                value, end = json.JSONDecoder().raw_decode(text, at)
            except ValueError:
                continue
            if end > inside:
                yield at, value, end
