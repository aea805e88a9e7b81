"""Text → tool calls, while it streams, in the form that Hermes, Qwen and the built-in model write.

`<tool_call>{"name": …, "arguments": {…}}</tool_call>`: text outside the marks passes through, a whole call comes out as
one Delta. What stands between the marks but is no call is passed on as it is, so that nothing a model wrote is lost;
only white space before a call or after the last one is dropped, which is why white space is held until text follows.
"""

from __future__ import annotations

import json
from typing import NoReturn

from tektra_models.generation import Delta, ToolCall
from tektra_models.text_stream import longest_overlap

OPEN = "<tool_call>"
CLOSE = "</tool_call>"


class ToolCallStream:
    """Splits one answer into text and calls."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._gap = ""
        self.calls = 0

    def push(self, text: str) -> list[Delta]:
        """Add text and return the deltas that are certain by now."""
        self._held += text
        deltas: list[Delta] = []
        while (at := self._held.find(CLOSE if self._inside else OPEN)) >= 0:
            deltas += self._cut(at)
        if not self._inside:
            certain = self._held[: len(self._held) - longest_overlap(self._held, OPEN)]
            deltas += _text(self._take(len(certain.rstrip())))
        return deltas

    def close(self) -> list[Delta]:
        """Return what was held back; a call that was never closed is read if it is whole, else passed on as text."""
        rest = self._take(len(self._held))
        if not self._inside:
            return _text(rest.rstrip() if self.calls else rest)
        self._inside = False
        return self._call(rest, lost=OPEN + rest)

    def _cut(self, at: int) -> list[Delta]:
        body = self._take(at)
        mark = self._take(len(CLOSE if self._inside else OPEN))
        self._inside = not self._inside
        if self._inside:
            said = body.rstrip()
            self._gap = body[len(said) :]
            return _text(said)
        return self._call(body, lost=OPEN + body + mark)

    def _call(self, body: str, lost: str) -> list[Delta]:
        call = parse_call(body)
        if call is None:
            return _text(self._gap + lost)
        self.calls += 1
        return [Delta(tool_call=call)]

    def _take(self, count: int) -> str:
        text, self._held = self._held[:count], self._held[count:]
        return text


def parse_call(body: str) -> ToolCall | None:
    """Read one call's JSON; None when it is not an object with a name and, if given, an object of arguments.

    What no JSON reader or UTF-8 writer would take later (NaN, half a surrogate pair) is no call either.
    """
    try:
        value = json.loads(body, parse_constant=_no_number)
        if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
            return None
        arguments = value.get("arguments", value.get("parameters", {}))
        if not isinstance(arguments, dict):
            return None
        call = ToolCall(name=value["name"], arguments=json.dumps(arguments, ensure_ascii=False, allow_nan=False))
        (call.name + call.arguments).encode()
    except (ValueError, RecursionError):
        return None
    return call


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _text(text: str) -> list[Delta]:
    return [Delta(text=text)] if text else []
