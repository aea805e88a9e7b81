"""A text in the user's editor, until the daemon takes it or they give up; what they wrote is never lost."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import click

from tektra_cli import errors, terminal
from tektra_cli.confirm import confirm
from tektra_cli.errors import CliError, UsageError

Send = Callable[[str], dict[str, Any]]


def edited(text: str, suffix: str, send: Send, *, alone: bool, instead: str) -> dict[str, Any]:
    """What the daemon answers to the text as it was edited.

    One that it cannot take can be edited again. Raises UsageError where nobody can edit, with what to do `instead`.
    """
    if alone or not (terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stdout)):
        raise UsageError("an editor needs a terminal", instead)
    shown = text
    while True:
        changed = click.edit(shown, extension=suffix)
        if changed is None or changed == text:
            raise CliError("declined", "nothing was changed")
        try:
            return send(changed)
        except CliError as error:
            if error.code != "invalid_request":
                raise CliError(error.code, error.message, f"{error.hint} {_kept(changed, suffix)}".strip()) from error
            errors.note(f"{error.message}. {error.hint}".rstrip(". "))
        try:
            confirm("Edit it again?", yes=False, no_input=False)
        except CliError as error:
            raise CliError(error.code, error.message, _kept(changed, suffix)) from error
        shown = changed


def _kept(text: str, suffix: str) -> str:
    """Keep a text that was not taken, and say where."""
    descriptor, path = tempfile.mkstemp(prefix="tektra-", suffix=suffix)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return f"What you wrote is in {path}."
