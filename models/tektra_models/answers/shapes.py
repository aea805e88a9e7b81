"""The ways in which models write a call: as JSON, as a name and JSON, by tags around values, or as in a program."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import Any

from tektra_models.answers.format import Types, is_text
from tektra_models.answers.json_text import NoCall, Unfinished, read_json, tool_call
from tektra_models.answers.marks import SOME, Mark, past_space
from tektra_models.generation import ToolCall

NAME = re.compile(r"[\w.\-/:]{1,256}?")
CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


def name_before(text: str, at: int, joint: Mark | None) -> tuple[str, int]:
    """The name that stands here, up to a mark if there is one, and where that ends; raises Unfinished or NoCall."""
    if joint is None:
        return bare_name(text, at)
    found = re.compile(rf"\s*({NAME.pattern})\s*{joint.pattern}").match(text, at)
    if found:
        return found[1], found.end()
    if re.compile(rf"\s*({NAME.pattern})?\s*(?:{joint.beginning}|\Z)").match(text, at):
        raise Unfinished
    raise NoCall


def bare_name(text: str, at: int) -> tuple[str, int]:
    """The name that stands here, up to whatever no name can hold."""
    found = re.compile(r"\s*([\w.\-/:]{1,256})(?=[^\w.\-/:])").match(text, at)
    if found:
        return found[1], found.end()
    if re.compile(r"\s*[\w.\-/:]{0,256}\Z").match(text, at):
        raise Unfinished
    raise NoCall


@dataclass(frozen=True)
class JsonCall:
    """`{"name": …, "arguments": {…}}`, or a list of these; by which keys, and in what they are wrapped."""

    name: tuple[str, ...] = ("name",)
    arguments: tuple[str, ...] = ("arguments",)
    named_by_key: bool = False

    def read(self, text: str, at: int, types: Types) -> tuple[list[ToolCall], int]:
        """The calls that stand here and where they end."""
        value, end = read_json(text, at)
        return [self._call(one) for one in (value if isinstance(value, list) and value else [value])], end

    def _call(self, value: Any) -> ToolCall:
        if not isinstance(value, dict):
            raise NoCall
        if self.named_by_key:
            if len(value) != 1:
                raise NoCall
            return tool_call(*next(iter(value.items())))
        arguments = within(value, self.arguments)
        if arguments is None:
            arguments = value.get("arguments", value.get("parameters", {}))
        if isinstance(arguments, str):
            arguments, _ = read_json(arguments, 0)
        return tool_call(within(value, self.name) or value.get("name"), arguments)


def within(value: Any, path: tuple[str, ...]) -> Any:
    """What lies under these keys, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@dataclass(frozen=True)
class NamedCall:
    """A name, a mark, and the arguments as JSON."""

    joint: Mark | None

    def read(self, text: str, at: int, types: Types) -> tuple[list[ToolCall], int]:
        """The call that stands here and where it ends."""
        name, at = name_before(text, at, self.joint)
        arguments, end = read_json(text, at)
        return [tool_call(name, arguments)], end


@dataclass(frozen=True)
class TaggedCall:
    """A name, and each argument between tags: `<parameter=path>/tmp</parameter>`.

    `pair` stands between a parameter's name and its value; where it tells strings from the rest, `typed` are the words
    of strings. `around` is white space that belongs to the tags. Strings are not quoted, so whether a value is one
    must be known from the tool's declaration; without it, what can be read as JSON is no string.
    """

    open: Mark
    pair: Mark
    close: Mark
    joint: Mark | None = None
    typed: frozenset[str] = frozenset()
    around: tuple[str, str] = ("", "")

    def read(self, text: str, at: int, types: Types) -> tuple[list[ToolCall], int]:
        """The call that stands here and where it ends."""
        name, at = name_before(text, at, self.joint)
        arguments: dict[str, Any] = {}
        while (begin := self._next(text, at)) is not None:
            key, value, at = self._argument(text, begin, types.get(name, {}))
            arguments[key] = value
        return [tool_call(name, arguments)], at

    def _next(self, text: str, at: int) -> int | None:
        """Where the next parameter's name begins; None when no other follows; raises Unfinished."""
        here = past_space(text, at)
        begin = self.open.match(text, here)
        if begin == len(text) or (begin is None and (here == len(text) or self.open.may_begin(text, here))):
            raise Unfinished
        return None if begin is None or text[begin] == "/" else begin

    def _argument(self, text: str, at: int, declared: Any) -> tuple[str, Any, int]:
        found = re.compile(rf"\s*(?P<key>[^\s<>\"=]{{1,256}}?){self._pair}").match(text, at)
        if not found:
            if re.compile(rf"\s*[^\s<>\"=]{{0,256}}?(?:{self.pair.beginning}|\Z)").match(text, at):
                raise Unfinished
            raise NoCall
        ended = self.close.find(text, found.end())
        if ended is None:
            raise Unfinished
        value = unwrapped(text[found.end() : ended[0]], self.around)
        raw = found["kind"] in self.typed if self.typed else is_text(declared.get(found["key"], {}))
        cdata = CDATA.fullmatch(value.strip())
        return found["key"], cdata[1] if cdata else value if raw else freely(value), ended[1]

    @property
    def _pair(self) -> str:
        return self.pair.pattern.replace(SOME, f"(?P<kind>{SOME})", 1) if self.typed else self.pair.pattern


def unwrapped(value: str, around: tuple[str, str]) -> str:
    """The value without the white space that belongs to the tags around it."""
    return value.removeprefix(around[0]).removesuffix(around[1])


def freely(value: str) -> Any:
    """A value that is written without quotes: as JSON, as Python writes it, or the text itself."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(value.strip()) if value.strip()[:1] in ("[", "{", "T", "F", "N") else value
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
NUMBER = re.compile(r"-?\d[\d_]*(\.\d+)?([eE][+-]?\d+)?")
KEY = re.compile(r"\s*([\w.\-$]{1,256})\s*")


@dataclass(frozen=True)
class WrittenCall:
    """A call as in a program: `name(key='text', other=[1, True])`, `name{key:<|"|>text<|"|>}`."""

    brackets: tuple[str, str]
    assign: str
    quote: str
    escaped: bool = False

    def read(self, text: str, at: int, types: Types) -> tuple[list[ToolCall], int]:
        """The call that stands here and where it ends."""
        name, at = name_before(text, at, Mark(self.brackets[0]))
        arguments, end = self._items(text, at, self.brackets[1], self.assign)
        return [tool_call(name, arguments)], end

    def _items(self, text: str, at: int, close: str, assign: str) -> tuple[dict[str, Any], int]:
        """The pairs up to the closing bracket."""
        items: dict[str, Any] = {}
        while True:
            at = past_space(text, at)
            if text.startswith(close, at):
                return items, at + len(close)
            if items:
                at = past_space(text, self._literal(text, at, ","))
            key, at = self._key(text, at)
            at = self._literal(text, past_space(text, at), assign)
            items[key], at = self._value(text, past_space(text, at))

    def _key(self, text: str, at: int) -> tuple[str, int]:
        for quote in (self.quote, '"', "'"):
            if text.startswith(quote, at):
                return self._string(text, at, quote)
        found = KEY.match(text, at)
        if not found:
            raise Unfinished if at >= len(text) or self.quote.startswith(text[at:]) else NoCall
        if found.end() == len(text):
            raise Unfinished
        return found[1], found.end()

    def _value(self, text: str, at: int) -> tuple[Any, int]:
        if at >= len(text):
            raise Unfinished
        for quote in (self.quote, '"', "'"):
            if text.startswith(quote, at):
                return self._string(text, at, quote)
        if text[at] == "[":
            return self._list(text, at + 1)
        if text[at] == "{":
            return self._items(text, at + 1, "}", self.assign if self.brackets[0] == "{" else ":")
        return self._plain(text, at)

    def _list(self, text: str, at: int) -> tuple[list[Any], int]:
        values: list[Any] = []
        while True:
            at = past_space(text, at)
            if text.startswith("]", at):
                return values, at + 1
            if values:
                at = past_space(text, self._literal(text, at, ","))
            value, at = self._value(text, at)
            values.append(value)

    def _plain(self, text: str, at: int) -> tuple[Any, int]:
        """A word or a number; finished only when something follows it."""
        found = re.compile(r"[\w.+-]+").match(text, at)
        if not found or found.end() == len(text):
            raise Unfinished if found or self.quote.startswith(text[at:]) else NoCall
        if found[0] in WORDS:
            return WORDS[found[0]], found.end()
        if not NUMBER.fullmatch(found[0]):
            raise NoCall
        return read_json(found[0], 0)[0], found.end()

    def _string(self, text: str, at: int, quote: str) -> tuple[str, int]:
        """A text in quotes, up to a quote behind which it goes on as calls do: some models escape nothing."""
        begin = at = at + len(quote)
        while (at := text.find(quote, at)) >= 0:
            said = text[begin:at]
            behind = past_space(text, at + len(quote))
            if behind == len(text):
                raise Unfinished
            if not (self.escaped and ends_in_escape(said)) and self._goes_on(text, behind):
                return unescaped(said) if self.escaped else said, at + len(quote)
            at += 1
        raise Unfinished

    def _goes_on(self, text: str, at: int) -> bool:
        if text[at] in "]})":
            return True
        if text[at] == ":" or text.startswith(self.assign, at):
            return True
        return text[at] == "," and (
            len(self.quote) > 1 or bool(re.compile(r",\s*([\w.\-$'\"\[{<]|\Z)").match(text, at))
        )

    @staticmethod
    def _literal(text: str, at: int, literal: str) -> int:
        if text.startswith(literal, at):
            return at + len(literal)
        raise Unfinished if literal.startswith(text[at:]) else NoCall


def ends_in_escape(text: str) -> bool:
    """Whether the character behind this text is escaped."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def unescaped(text: str) -> str:
    r"""What a text means in which quotes, line ends and the like are written as \" and \n."""
    try:
        return str(json.loads('"' + re.sub(r'\\(.)|(")', escape_for_json, text, flags=re.DOTALL) + '"', strict=False))
    except ValueError:
        return text


def escape_for_json(found: re.Match[str]) -> str:
    """A quote gets its escape; one that JSON does not know loses it."""
    if found[2]:
        return '\\"'
    return found[0] if found[1] in '"\\/bfnrtu' else found[1]
