"""A model's own way of writing calls as a grammar: what it then writes is a call of a tool that is on offer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tektra_models.answers.call_learning import CallTexts
from tektra_models.answers.format import Calls, Spelling, is_text
from tektra_models.answers.marks import ANY
from tektra_models.answers.shapes import JsonCall, TaggedCall, WrittenCall
from tektra_models.errors import BadRequest, Unsupported

ANYTHING = "/(?s:.*)/"
IDENTIFIER = "/[0-9A-Za-z_]{1,40}/"
SPACED = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def json_rule(schema: Any) -> str:
    """A rule for JSON of this schema, spaced as models are used to write it; fixed spaces leave more that is forced."""
    if not isinstance(schema, dict):
        raise BadRequest("a JSON schema is an object", 'For any object send {"type": "object"}.')
    return "%json " + json.dumps({"x-guidance": SPACED} | schema)


class CallGrammar:
    """Writes the rules, in llguidance's dialect of Lark; `control` are the control tokens that marks consist of."""

    def __init__(self, calls: Calls, control: Mapping[str, int]) -> None:
        if calls.spelling is None:
            raise Unsupported("this model's calls cannot be held to a grammar", "Leave tool_choice out.")
        self._calls = calls
        self._spelling: Spelling = calls.spelling
        self._control = control
        self._rules: list[str] = []

    def of(self, tools: Sequence[Mapping[str, Any]]) -> str:
        """One call or more of these tools."""
        if not tools:
            raise BadRequest("a call is due, but there are no tools", "Offer tools, or leave tool_choice out.")
        functions = [tool.get("function", tool) for tool in tools]
        before, between, after = self._spelling.before, self._spelling.between, self._spelling.after
        if CallTexts.NAME in before:
            names = [self._name(function) for function in functions]
            starts = [self.spelled(before.replace(CallTexts.NAME, name)) for name in names]
            calls = [f"{start} {self._call(function)}" for start, function in zip(starts, functions, strict=True)]
            self._rules.insert(0, f"start: call {self.spelled(after)}")
        else:
            calls = [self._call(function) for function in functions]
            more = f"({self.spelled(between)} call)*" if between is not None else ""
            self._rules.insert(0, f"start: {self.spelled(before)} call {more} {self.spelled(after)}")
        choices = " | ".join([self._rule(call) for call in calls])
        return "\n".join([*self._rules, f"call: {choices}"])

    def spelled(self, text: str) -> str:
        """A text as Lark writes it, its control tokens by their numbers."""
        return spelled(text, self._control)

    def _rule(self, body: str) -> str:
        """A rule of its own for a body; gives its name."""
        name = f"rule_{len(self._rules)}"
        self._rules.append(f"{name}: {body}")
        return name

    def _name(self, function: Mapping[str, Any]) -> str:
        name = str(function["name"])
        return json.dumps(name, ensure_ascii=False)[1:-1] if isinstance(self._calls.shape, JsonCall) else name

    def _call(self, function: Mapping[str, Any]) -> str:
        schema = function.get("parameters") or {"type": "object"}
        return f"{self.spelled(self._name(function) + self._spelling.joint)} {self._arguments(schema)}"

    def _arguments(self, schema: Any) -> str:
        shape = self._calls.shape
        if isinstance(shape, WrittenCall):
            return self._object(shape, schema, *shape.brackets)
        if not isinstance(shape, TaggedCall):
            return json_rule(schema)
        return " ".join(
            self._tagged(str(key), value) if needed else f"({self._tagged(str(key), value)})?"
            for key, value, needed in properties(schema)
        )

    def _tagged(self, key: str, schema: Any) -> str:
        assert self._spelling.pairs is not None
        opening, text_pair, other_pair, close = self._spelling.pairs
        close = close.replace(CallTexts.FIRST, key)
        text = is_text(schema)
        begin = self.spelled(opening + key + (text_pair if text else other_pair))
        return f"{begin} {self._text(schema, close) if text else f'{json_rule(schema)} {self.spelled(close)}'}"

    def _text(self, schema: Mapping[str, Any], close: str) -> str:
        """Any text up to its close, or one of those that are allowed."""
        if options := schema.get("enum"):
            return f"({' | '.join(self.spelled(str(one)) for one in options)}) {self.spelled(close)}"
        if any(mark in close for mark in self._control):
            return f"{ANYTHING} {self.spelled(close)}"
        name = f"rule_{len(self._rules)}"
        self._rules.append(f"{name}[suffix={json.dumps(close, ensure_ascii=False)}]: {ANYTHING}")
        return name

    def _object(self, shape: WrittenCall, schema: Any, opening: str, close: str) -> str:
        assign = shape.assign if opening == shape.brackets[0] else ":"
        pairs = [
            (f"{self.spelled(str(key) + assign)} {self._value(shape, value)}", needed)
            for key, value, needed in properties(schema)
        ]
        comma = literal(self._spelling.separator)
        always = f" {comma} ".join(pair for pair, needed in pairs if needed)
        if always:
            inside = always + "".join(f" ({comma} {pair})?" for pair, needed in pairs if not needed)
        else:
            inside = f"({' | '.join(pair for pair, _ in pairs)})?" if pairs else ""
        return f"{literal(opening)} {inside} {literal(close)}"

    def _value(self, shape: WrittenCall, schema: Any) -> str:
        if not isinstance(schema, Mapping):
            raise BadRequest("a JSON schema is an object", 'For any text send {"type": "string"}.')
        if is_text(schema):
            return f"{self.spelled(shape.quote)} {self._text(schema, shape.quote)}"
        match schema.get("type"):
            case "array":
                item = self._rule(self._value(shape, schema.get("items") or {"type": "string"}))
                return f'"[" ({item} ({literal(self._spelling.separator)} {item})*)? "]"'
            case "object":
                return self._object(shape, schema, "{", "}")
            case "boolean" if shape.brackets[0] == "(":
                return '("True" | "False")'
        return json_rule(schema)


def spelled(text: str, control: Mapping[str, int]) -> str:
    """A text as Lark writes it, its control tokens by their numbers, an identifier for ANY."""
    parts: list[str] = []
    at = 0
    for found in re.finditer("|".join(map(re.escape, [*sorted(control, key=len, reverse=True), ANY])), text):
        fixed = IDENTIFIER if found[0] == ANY else f"<[{control[found[0]]}]>"
        parts += [literal(text[at : found.start()]), fixed]
        at = found.end()
    return " ".join(part for part in [*parts, literal(text[at:])] if part)


def literal(text: str) -> str:
    """A text in quotes, as Lark writes it; nothing for nothing."""
    return json.dumps(text, ensure_ascii=False) if text else ""


def properties(schema: Any) -> list[tuple[str, Any, bool]]:
    """Each parameter, its schema, and whether it is required."""
    known = schema.get("properties") if isinstance(schema, Mapping) else None
    required = schema.get("required") or () if isinstance(schema, Mapping) else ()
    return [(key, value, key in required) for key, value in known.items()] if isinstance(known, Mapping) else []
