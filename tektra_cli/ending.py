"""Runs one command and turns its end, whatever it was, into an exit code: exceptions in, words and numbers out."""

from __future__ import annotations

import os
import sys
from typing import Any

from tektra_cli import app, errors, output
from tektra_cli.errors import CliError, ExitCode, Interrupted, UsageError


def run(arguments: list[str]) -> int:
    """The exit code of `tektra ARGUMENTS`; never raises."""
    try:
        return _invoked(arguments)
    except BrokenPipeError:
        return _nobody_reads()
    except KeyboardInterrupt:
        return _reported(Interrupted(), arguments)
    except CliError as error:
        return _reported(error, arguments)
    except Exception as error:  # noqa: BLE001  the last net: a person gets a sentence, not a traceback
        return _reported(_translated(error), arguments)


def _invoked(arguments: list[str]) -> int:
    """Typer's own `main` would print errors its own way, so its two halves are called here."""
    from typer import Exit
    from typer._click.exceptions import ClickException, NoArgsIsHelpError  # Typer exports no public name for them

    try:
        with app.build().make_context("tektra", arguments) as context:
            context.command.invoke(context)
    except Exit as end:
        return int(end.exit_code)
    except NoArgsIsHelpError as help_wanted:
        output.text(help_wanted.format_message())
    except ClickException as error:
        raise _usage_error(error) from error
    return ExitCode.OK


def _usage_error(error: Any) -> UsageError:
    message = str(error.format_message()).rstrip(".")
    context = getattr(error, "ctx", None)
    hint = f"Try: {context.command_path} --help" if context is not None else ""
    return UsageError(message[:1].lower() + message[1:], hint)


def _translated(error: Exception) -> CliError:
    from tektrad.paths import UnsafePath

    if os.environ.get("TEKTRA_DEBUG"):
        raise error
    if isinstance(error, UnsafePath):
        return CliError("unsafe_path", error.message, error.hint)
    if isinstance(error, OSError):
        return errors.of_system(error)
    return CliError("internal", f"this is a bug: {type(error).__name__}: {error}", "TEKTRA_DEBUG=1 shows where.")


def _reported(error: CliError, arguments: list[str]) -> int:
    try:
        return errors.report(error, arguments)
    except BrokenPipeError:
        return _nobody_reads()
    except OSError:
        return error.exit_code


def _nobody_reads() -> int:
    """Whoever read our output has gone: end quietly, also when Python flushes stdout once more at its own end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.FAILURE
