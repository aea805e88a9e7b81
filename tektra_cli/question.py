"""What is asked: the words of the command line, of files and of standard input, made into one text."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tektra_cli import terminal
from tektra_cli.errors import CliError, UsageError

MAX_BYTES = 1 << 20
"""More text than this fits into no model's context, and reading on could go on for ever."""


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
        return _stdin()
    if terminal.is_terminal(sys.stdin):
        return prompt
    parts = [part for part in (prompt, _stdin()) if part]
    return "\n\n".join(parts)


def _stdin() -> str:
    if sys.stdin is None:
        return ""
    return _text(sys.stdin.buffer, "standard input").rstrip("\n")


def fenced(path: Path) -> str:
    """A file's text in a code block that carries its name and that nothing inside can close."""
    try:
        with path.expanduser().open("rb") as file:
            text = _text(file, str(path))
    except FileNotFoundError:
        raise CliError("not_found", f"there is no file {path}") from None
    except IsADirectoryError:
        raise CliError("bad_file", f"{path} is a directory", "Name the files in it, one --file each.") from None
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{path.name}\n{text.rstrip()}\n{fence}"


def _text(source: BinaryIO, name: str) -> str:
    data = source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise CliError("bad_file", f"{name} is larger than {MAX_BYTES >> 20} MiB", "Pass the part that matters.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise CliError("bad_file", f"{name} is no text (it is not UTF-8)", "Only text can be put before a prompt.")
    return text
