"""The only writer to stdout: data, in one of three dresses (a JSON document, JSON lines, text for people)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tektra_cli import columns, terminal

_UNSAFE_IN_JSON = re.compile(r"[\x7f-\x9f]")


def show(answer: Mapping[str, Any], as_json: bool, render: Callable[[Mapping[str, Any]], None]) -> None:
    """A command's whole answer: the document itself, or what `render` writes for people."""
    if as_json:
        document(answer)
    else:
        render(answer)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns under dim headers; nothing but the headers' absence says that there are no rows."""
    if not rows:
        return
    head, *body = columns.aligned([headers, *rows])
    drawn("\n".join([terminal.paint(head, terminal.DIM, sys.stdout), *body]) + "\n")


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values, one pair a line, for what is no list."""
    lines = columns.aligned([(name, value) for name, value in pairs])
    drawn("\n".join(lines) + "\n" if lines else "")


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
    drawn(terminal.clean(value) if terminal.is_terminal(sys.stdout) else value)


def drawn(value: str) -> None:
    """Text that may hold escape sequences of our own making; what others wrote in it is clean already."""
    if terminal.is_terminal(sys.stdout):
        write(terminal.encode(value, sys.stdout))
    else:
        write(value.encode("utf-8", "replace"))


def write(data: bytes) -> None:
    """Bytes to stdout, out at once; BrokenPipeError when nobody reads any more."""
    if sys.stdout is None:
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _line_of_json(encoded: str) -> None:
    safe = _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded)
    write(safe.encode("utf-8", "replace") + b"\n")
