"""The commands inside the interactive chat: /help, /model and so on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tektra_cli import errors, output
from tektra_cli.client import segment
from tektra_cli.commands.conversations import save as save_to
from tektra_cli.errors import UsageError
from tektra_cli.transcript import form_of

if TYPE_CHECKING:
    from tektra_cli.chat.session import Session


@dataclass(frozen=True)
class Command:
    """What is written after the name, what it does, and the doing; which returns false to leave the chat."""

    argument: str
    summary: str
    run: Callable[[Session, str], bool | None]


def parsed(line: str) -> tuple[str, str] | None:
    """Name and argument of a command; None for a message, also one that begins with a path such as /etc/hosts."""
    match = re.fullmatch(r"/(\w+)(?:\s+(.*))?", line.strip(), re.DOTALL)
    return (match[1], (match[2] or "").strip()) if match else None


def run(session: Session, name: str, argument: str) -> bool:
    """Do it; false when the chat shall end."""
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError(f"there is no command /{name}", "/help shows what there is.")
    return command.run(session, argument) is not False


def _help(_: Session, __: str) -> None:
    rows = [(f"/{name} {command.argument}".strip(), command.summary) for name, command in COMMANDS.items()]
    keys = [("Alt-Enter, Ctrl-J", "begin a new line; \\ at the end of a line does too"), ("^C", "stop the answer")]
    output.facts([*rows, *keys])


def _model(session: Session, name: str) -> None:
    client = session.open()
    if name:
        session.choose(client.get(f"/api/models/{segment(name)}")["model"]["name"])
        errors.note(f"{name} answers from now on")
        return
    for model in client.get("/api/models")["models"]:
        is_used = model["name"] == session.request.model or (session.request.model is None and model["default"])
        output.text(f"{'*' if is_used else ' '} {model['name']}")


def _save(session: Session, name: str) -> None:
    if not name:
        raise UsageError("/save needs a file name", "For example: /save chat.md (or .json, .txt)")
    conversation = _begun(session)
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:  # ~somebody, and there is nobody of that name
        raise UsageError(f"{name} begins with the home of nobody", "Write the whole path.") from error
    save_to(session.open().get(f"/api/conversations/{segment(conversation)}"), form_of(path.name), path)
    errors.note(f"saved {path}")


def _begun(session: Session) -> str:
    if session.request.conversation is None:
        raise UsageError("nothing has been said yet")
    return session.request.conversation


def _new(session: Session, _: str) -> None:
    session.forget()
    errors.note("a new conversation")


def _system(session: Session, text: str) -> None:
    if text:
        session.request = replace(session.request, system=text)
        errors.note("this system prompt holds from now on")
    else:
        errors.note(session.request.system or "no system prompt is set")


def _retry(session: Session, _: str) -> None:
    _begun(session)
    session.turn(session.request.asking("", regenerate=True))


def _info(session: Session, _: str) -> None:
    output.facts(
        [
            ("conversation", session.request.conversation or "not begun"),
            ("model", session.request.model or "the default"),
            ("system prompt", session.request.system or "-"),
            ("context", f"{session.used}/{session.context}" if session.context else "-"),
        ]
    )


def _exit(_: Session, __: str) -> bool:
    return False


COMMANDS = {
    "help": Command("", "show this", _help),
    "model": Command("[NAME]", "show the models, or let another one answer", _model),
    "save": Command("PATH", "write the conversation to a file", _save),
    "new": Command("", "begin a new conversation", _new),
    "system": Command("[TEXT]", "show or set the system prompt", _system),
    "retry": Command("", "ask for the last answer once more", _retry),
    "info": Command("", "show conversation, model and context", _info),
    "exit": Command("", "leave the chat", _exit),
}
