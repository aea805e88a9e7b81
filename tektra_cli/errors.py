"""The exit codes, what an error looks like, and the only writer to stderr.

CliError
├── UsageError           the command line itself is wrong
├── DaemonUnreachable    nobody answers on the socket
└── Interrupted          the person pressed ^C

Errors that the daemon answered are plain CliErrors that carry the daemon's own code.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from tektra_cli import columns, output, terminal


class ExitCode(IntEnum):
    """What the exit code of `tektra` promises."""

    OK = 0  # done
    FAILURE = 1  # it did not work; the message says why
    USAGE = 2  # the command line or one of its values is wrong
    UNREACHABLE = 3  # no daemon answers, and none could be started
    NOT_FOUND = 4  # no such model, conversation or file
    DENIED = 5  # not allowed
    BUSY = 6  # in use or full right now; trying again later can help
    TIMEOUT = 7  # it took longer than allowed
    INTEGRITY = 8  # a file or download is not what it claims to be
    INTERRUPTED = 130  # ended by ^C


_EXIT_CODES = {
    "usage": ExitCode.USAGE,
    "invalid_request": ExitCode.USAGE,
    "bad_request": ExitCode.USAGE,
    "bad_model_name": ExitCode.USAGE,
    "daemon_unreachable": ExitCode.UNREACHABLE,
    "model_not_found": ExitCode.NOT_FOUND,
    "conversation_not_found": ExitCode.NOT_FOUND,
    "grant_not_found": ExitCode.NOT_FOUND,
    "run_not_found": ExitCode.NOT_FOUND,
    "no_workspace": ExitCode.NOT_FOUND,
    "policy_not_found": ExitCode.NOT_FOUND,
    "user_not_found": ExitCode.NOT_FOUND,
    "model_missing": ExitCode.NOT_FOUND,
    "not_found": ExitCode.NOT_FOUND,
    "ask_not_found": ExitCode.NOT_FOUND,
    "already_answered": ExitCode.BUSY,
    "run_not_ended": ExitCode.BUSY,
    "policy_changed": ExitCode.BUSY,
    "agent_not_found": ExitCode.NOT_FOUND,
    "tool_not_found": ExitCode.NOT_FOUND,
    "note_not_found": ExitCode.NOT_FOUND,
    "agent_changed": ExitCode.BUSY,
    "mcp_not_found": ExitCode.NOT_FOUND,
    "mcp_changed": ExitCode.BUSY,
    "secret_not_found": ExitCode.NOT_FOUND,
    "forbidden": ExitCode.DENIED,
    "permission_denied": ExitCode.DENIED,
    "unconfined": ExitCode.DENIED,
    "code_needed": ExitCode.DENIED,
    "wrong_code": ExitCode.DENIED,
    "vault_locked": ExitCode.DENIED,
    "wrong_passphrase": ExitCode.DENIED,
    "model_in_use": ExitCode.BUSY,
    "conversation_busy": ExitCode.BUSY,
    "busy": ExitCode.BUSY,
    "too_many_tries": ExitCode.BUSY,
    "keeps_failing": ExitCode.BUSY,
    "draining": ExitCode.BUSY,
    "timeout": ExitCode.TIMEOUT,
    "bad_model_file": ExitCode.INTEGRITY,
    "digest_mismatch": ExitCode.INTEGRITY,
    "log_damaged": ExitCode.INTEGRITY,
    "secret_damaged": ExitCode.INTEGRITY,
    "key_unusable": ExitCode.INTEGRITY,
    "interrupted": ExitCode.INTERRUPTED,
}


class CliError(Exception):
    """Something a person or script must be told: a stable code, what happened to what, and what to do next.

    `param` is the field that is wrong, where the daemon names one.
    """

    def __init__(
        self, code: str, message: str, hint: str = "", details: Mapping[str, Any] | None = None, *, param: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details or {}
        self.param = param

    @property
    def exit_code(self) -> ExitCode:
        """Codes without a number of their own are plain failures."""
        return _EXIT_CODES.get(self.code, ExitCode.FAILURE)

    def as_dict(self) -> dict[str, Any]:
        """The inside of the `error` field of every JSON error."""
        told = {"code": self.code, "message": self.message, "hint": self.hint}
        return told | ({"details": self.details} if self.details else {})


class UsageError(CliError):
    """The command line itself is wrong."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__("usage", message, hint)


class DaemonUnreachable(CliError):
    """Nobody answers on the socket."""

    def __init__(self, message: str, hint: str = "Start it with: tektra daemon start") -> None:
        super().__init__("daemon_unreachable", message, hint)


class Interrupted(CliError):
    """The person pressed ^C."""

    def __init__(self, message: str = "stopped") -> None:
        super().__init__("interrupted", message)


def of_system(error: OSError) -> CliError:
    """What the system refused, in its own words."""
    code = "permission_denied" if isinstance(error, PermissionError) else "io_error"
    where = f": {error.filename}" if error.filename else ""
    return CliError(code, f"{error.strerror or error}{where}")


def report(error: CliError, arguments: list[str]) -> int:
    """Tell a person on stderr, or a script on stdout, and return the exit code."""
    flags = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--jsonl" in flags:
        output.event({"type": "error", "error": error.as_dict()})
    elif "--json" in flags:
        output.document({"error": error.as_dict()})
    else:
        show(error)
    return error.exit_code


def show(error: CliError) -> None:
    """An error for people: the message, and the hint on a dim line of its own."""
    say(f"{terminal.paint('tektra:', terminal.RED, sys.stderr)} {_safe(error.message)}")
    if error.hint:
        note(error.hint)


def note(text: str) -> None:
    """A dim line beside the data."""
    say(terminal.paint(_safe(text), terminal.DIM, sys.stderr))


def ask(question: str) -> None:
    """The words before an answer that is typed on the same line."""
    _write(_safe(question))


def say(text: str) -> None:
    """A line that is safe to show as it is."""
    _write(text + "\n")


def foreign(data: bytes) -> None:
    """What another program wrote to its stderr; on a terminal without anything that the terminal would obey."""
    _write(_safe(data.decode("utf-8", "replace")))


def _safe(text: str) -> str:
    return terminal.clean(text) if terminal.is_terminal(sys.stderr) else text


def _write(text: str) -> None:
    if sys.stderr is None:
        return
    sys.stderr.buffer.write(terminal.encode(text, sys.stderr))
    sys.stderr.buffer.flush()


class StatusLine:
    """One line on a live terminal that says what is going on and leaves no trace; silent anywhere else."""

    def __init__(self) -> None:
        self._live = terminal.is_live(sys.stderr)
        self._shown = False

    def __enter__(self) -> StatusLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.erase()

    def show(self, text: str) -> None:
        """Replace what the line says; cut to the width, since a wrapped line could not be erased."""
        if self._live:
            shown = columns.shortened(text, terminal.size()[0] - 1)
            self._shown = True  # before it is: ^C may come between
            _write(f"\r\x1b[K{terminal.paint(shown, terminal.DIM, sys.stderr)}")

    def erase(self) -> None:
        """Leave the line empty and the cursor at its beginning."""
        if self._shown:
            _write("\r\x1b[K")
            self._shown = False
