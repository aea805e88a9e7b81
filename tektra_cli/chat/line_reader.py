"""Reads what a person types: with editing, history and several lines where the terminal can, else line by line."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tektra_cli import errors, terminal

if TYPE_CHECKING:
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

PROMPT = "> "


class LineReader(Protocol):
    """Raises EOFError at ^D and KeyboardInterrupt at ^C, as input() does."""

    def read(self) -> str:
        """One message, which may have several lines."""


def reader(history_file: Path, commands: list[str]) -> LineReader:
    """The best reader that this terminal allows."""
    if terminal.is_live(sys.stdin) and terminal.is_live(sys.stdout):
        return EditingReader(history_file, commands)
    return PlainReader()


@contextlib.contextmanager
def quiet_keyboard() -> Iterator[None]:
    """While an answer is drawn, keys are neither echoed into it nor lost: they wait, unchanged, for the next line.

    ^C still interrupts. prompt_toolkit sets its own mode while it reads, and comes back to this one.
    """
    if not (terminal.is_live(sys.stdin) and terminal.is_live(sys.stdout)):
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    quiet = termios.tcgetattr(keyboard)
    quiet[0] &= ~termios.ICRNL
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(keyboard, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


class PlainReader:
    """For dumb terminals: the prompt goes to stderr, and a backslash at its end continues a line."""

    def read(self) -> str:
        """Lines up to one that does not end with a backslash."""
        lines: list[str] = []
        errors.ask(PROMPT)
        while True:
            line = sys.stdin.readline()
            if not line:
                errors.say("")
                raise EOFError
            line = line.rstrip("\n")
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])
            errors.ask(". ")


class EditingReader:
    """For everything else: prompt_toolkit."""

    def __init__(self, history_file: Path, commands: list[str]) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.output.vt100 import Vt100_Output
        from prompt_toolkit.shortcuts import CompleteStyle

        # Without questions about the cursor's position no terminal is too simple, and no answer can get lost in the
        # input when the program ends early.
        screen = Vt100_Output.from_pty(sys.stdout, term=os.environ.get("TERM"))
        screen.enable_cpr = False
        self._session: PromptSession[str] = PromptSession(
            PROMPT,
            multiline=True,
            prompt_continuation=". ",
            key_bindings=_keys(),
            history=history(history_file),
            completer=WordCompleter(commands, sentence=True),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            reserve_space_for_menu=0,
            output=screen,
        )

    def read(self) -> str:
        """What was typed when Enter was pressed."""
        return self._session.prompt()


def history(file: Path) -> History:
    """The history file, readable by its owner only; in memory where none can be written."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    class Forgiving(FileHistory):
        """A disk that is full by now costs the next session a line, and this one nothing."""

        def store_string(self, string: str) -> None:
            with contextlib.suppress(OSError):
                super().store_string(string)

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError:
        return InMemoryHistory()
    return Forgiving(file)


def _keys() -> KeyBindings:
    """Enter sends, Alt-Enter and Ctrl-J begin a new line, a backslash before Enter too; ^C clears the line."""
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.char_before_cursor == "\\":
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    @keys.add("c-j")
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c")
    def clear(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    return keys
