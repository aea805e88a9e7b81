"""Asking before something is lost: on a terminal a question, elsewhere a refusal that names the flag."""

from __future__ import annotations

import sys

from tektra_cli import errors, terminal
from tektra_cli.errors import CliError, UsageError


def confirm(question: str, yes: bool, no_input: bool) -> None:
    """Return when the answer is yes; raise otherwise."""
    if yes:
        return
    if no_input or not (terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stderr)):
        raise UsageError(f"{question} Nobody can be asked here.", "Add --yes to do it without asking.")
    errors.ask(f"{question} [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CliError("declined", "nothing was changed")
