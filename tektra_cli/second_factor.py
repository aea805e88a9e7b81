"""Requests that may need a code of the user's authenticator: given as a flag, or asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tektra_cli import errors, terminal
from tektra_cli.client import ANSWER_SECONDS, Client
from tektra_cli.errors import CliError


def posted(
    client: Client,
    path: str,
    body: Mapping[str, Any],
    code: str | None,
    no_input: bool,
    timeout: float | None = ANSWER_SECONDS,
) -> dict[str, Any]:
    """The answer; where the daemon asks for a code that nobody gave, a person is asked."""
    try:
        return client.post(path, body if code is None else {**body, "code": code}, timeout=timeout)
    except CliError as error:
        if error.code != "code_needed" or no_input or not can_ask():
            raise
    return client.post(path, {**body, "code": asked()}, timeout=timeout)


def can_ask() -> bool:
    """Whether a person is there."""
    return terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stderr)


def asked() -> str:
    """A code that a person types; it is shown, for it is of no use a minute later."""
    errors.ask("Code: ")
    code = sys.stdin.readline().strip()
    if not code:
        raise CliError("declined", "nothing was changed")
    return code
