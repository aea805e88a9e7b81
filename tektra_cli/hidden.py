"""Asking for what must not be seen: typed without showing it, or read from a pipe; never taken from the arguments."""

from __future__ import annotations

import getpass
import sys

from tektra_cli import terminal
from tektra_cli.errors import CliError, UsageError

MOST_BYTES = (64 << 10) + 2
"""The longest value there is, and the end of its line; one more byte tells that there is too much."""


def asked(question: str, no_input: bool) -> str:
    """What a person types; raises UsageError where nobody can be asked."""
    if no_input or not (terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stderr)):
        raise UsageError(f"{question}: nobody can be asked here", "Pass it through a pipe.")
    try:
        return getpass.getpass(f"{question}: ", sys.stderr)
    except EOFError:
        raise CliError("declined", "nothing was changed") from None


def passphrase(is_new: bool, no_input: bool) -> str:
    """A passphrase from a pipe or a person, who types a new one twice."""
    if not terminal.is_terminal(sys.stdin):
        return line().decode("utf-8", "surrogateescape")
    words = asked("New passphrase" if is_new else "Passphrase", no_input)
    if is_new and asked("Once more", no_input) != words:
        raise UsageError("these were two different passphrases", "Nothing was changed; try again.")
    return words


def line() -> bytes:
    """Standard input without the end of its last line."""
    data = everything()
    if not data:
        raise UsageError("there is nothing on standard input", "Pass it through a pipe, or type it in a terminal.")
    return data.removesuffix(b"\n").removesuffix(b"\r")


def everything() -> bytes:
    """Standard input as it is, as far as it is of any use."""
    return sys.stdin.buffer.read(MOST_BYTES + 1) if sys.stdin is not None else b""
