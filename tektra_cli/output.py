"""The only writer to stdout: data, in one of three dresses (a JSON document, JSON lines, text for people)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tektra_cli import terminal

_UNSAFE_IN_JSON = re.compile(r"[\x7f-\x9f]")


def show(document: Mapping[str, Any], as_json: bool, render: Callable[[Mapping[str, Any]], str]) -> None:
    """A command's whole answer: the document itself, or what `render` makes of it for people."""
    if as_json:
        globals()["document"](document)
    else:
        text(render(document))


def document(value: Mapping[str, Any]) -> None:
    """One JSON document: indented for people, on one line for pipes."""
    indent = 2 if terminal.is_terminal(sys.stdout) else None
    _line_of_json(json.dumps(value, ensure_ascii=False, indent=indent))


def event(value: Mapping[str, Any]) -> None:
    """One JSON object on one line, out at once."""
    _line_of_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def text(value: str) -> None:
    """Text for people that ends with one newline, and nothing at all when there is nothing to say."""
    if value:
        raw(value.rstrip("\n") + "\n")


def raw(value: str) -> None:
    """Text exactly as it is into a pipe or file; on a terminal without anything that the terminal would obey."""
    if sys.stdout is None:
        return
    if terminal.is_terminal(sys.stdout):
        write(terminal.encode(terminal.clean(value), sys.stdout))
    else:
        write(value.encode("utf-8", "replace"))


def drawn(value: str) -> None:
    """Text with escape sequences of our own making, for a terminal."""
    write(terminal.encode(value, sys.stdout))


def write(data: bytes) -> None:
    """Bytes to stdout, out at once; BrokenPipeError when nobody reads any more."""
    if sys.stdout is None:
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _line_of_json(encoded: str) -> None:
    safe = _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded)
    write(safe.encode("utf-8", "replace") + b"\n")
