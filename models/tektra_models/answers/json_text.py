"""JSON out of a text that may go on: the value, or whether more text could still make it one."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from tektra_models.answers.marks import past_space
from tektra_models.generation import ToolCall

UNDECIDED = re.compile(r"[\w.+-]*")
ESCAPE = 6


class Unfinished(Exception):
    """What stands there could still become a call."""


class NoCall(Exception):
    """What stands there is no call, whatever follows."""


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


DECODER = json.JSONDecoder(strict=False, parse_constant=_no_number)


def read_json(text: str, at: int) -> tuple[Any, int]:
    """The value that stands here and where it ends; raises Unfinished or NoCall."""
    at = past_space(text, at)
    if at == len(text):
        raise Unfinished
    try:
        return DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise (Unfinished if _may_go_on(error, text) else NoCall) from error
    except (ValueError, RecursionError) as error:
        raise NoCall from error


def _may_go_on(error: json.JSONDecodeError, text: str) -> bool:
    rest = text[error.pos :]
    if error.msg.startswith("Unterminated string") or rest.strip() in {"", ","}:
        return True
    if "escape" in error.msg:
        return len(rest) < ESCAPE
    return UNDECIDED.fullmatch(rest) is not None


def tool_call(name: object, arguments: object) -> ToolCall:
    """A call; raises NoCall when it has no name, its arguments are no object, or no reader of JSON would take them."""
    if not isinstance(name, str) or not name or not isinstance(arguments, dict):
        raise NoCall
    try:
        call = ToolCall(name=name, arguments=json.dumps(arguments, ensure_ascii=False, allow_nan=False))
        (call.name + call.arguments).encode()
    except (ValueError, RecursionError) as error:
        raise NoCall from error
    return call
