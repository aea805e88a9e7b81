"""What is asked: the words of the command line, of files and of standard input, made into one text."""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Sequence
from pathlib import Path

from tektra_cli import errors, terminal
from tektra_cli.errors import CliError, UsageError

MAX_BYTES = 1 << 20
"""More text than this fits into no model's context, and reading on could go on for ever."""

PATIENCE = 1.0
"""Seconds of silence after which a person is told what is being waited for."""


def asked(prompt: str | None, files: Sequence[Path]) -> str | None:
    """The whole question, or None when nothing was given and a person can be asked."""
    words = _words(prompt)
    if words is None and not files:
        return None
    if not words:
        raise UsageError("there is no question", 'Give one: tektra chat "PROMPT", or through a pipe.')
    return "\n\n".join([*map(fenced, files), words])


def _words(prompt: str | None) -> str | None:
    """PROMPT, standard input, or both; `-` means standard input alone."""
    if prompt == "-":
        return _stdin(is_expected=True)
    if terminal.is_terminal(sys.stdin):
        return prompt
    parts = [part for part in (prompt, _stdin(is_expected=not prompt)) if part]
    return "\n\n".join(parts)


def _stdin(is_expected: bool) -> str:
    if sys.stdin is None:
        return ""
    return _text(_drained(sys.stdin.fileno(), is_expected), "standard input").rstrip("\n")


def _drained(source: int, is_expected: bool) -> bytes:
    """All that comes until the other end closes, however slow it is; `is_expected`: nobody wonders about the wait.

    An editor or a supervisor may hold the other end open for ever without a thought, and only a person can know.
    """
    data = b""
    told = is_expected
    while len(data) <= MAX_BYTES:
        if not told and not select.select([source], [], [], PATIENCE)[0]:
            errors.note("waiting for the end of standard input; < /dev/null avoids it")
            told = True
        select.select([source], [], [])  # also where somebody made the pipe non-blocking
        piece = os.read(source, MAX_BYTES + 1 - len(data))
        if not piece:
            break
        data += piece
    return data


def lines() -> list[str]:
    """The lines of standard input that are not empty."""
    return [line.strip() for line in _stdin(is_expected=True).splitlines() if line.strip()]


def fenced(path: Path) -> str:
    """A file's text in a code block that carries its name and that nothing inside can close."""
    text = text_of(path)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{path.name}\n{text.rstrip()}\n{fence}"


def text_of(path: Path) -> str:
    """A file's text; raises CliError where it has none."""
    try:
        with path.expanduser().open("rb") as file:
            return _text(file.read(MAX_BYTES + 1), str(path))
    except FileNotFoundError:
        raise CliError("not_found", f"there is no file {path}") from None
    except IsADirectoryError:
        raise CliError("bad_file", f"{path} is a directory", "Name the files in it.") from None


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise CliError("bad_file", f"{name} is larger than {MAX_BYTES >> 20} MiB", "Pass the part that matters.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise CliError("bad_file", f"{name} is no text (it is not UTF-8)", "Only text can be read.")
    return text
