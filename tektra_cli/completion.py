"""`python -m tektra_cli.completion DIRECTORY` writes the completion scripts for bash, zsh and fish.

The scripts are static: generated from the command tree, so that completing starts no Python. Only names of models,
conversations, agents, tools, secrets and MCP servers are asked for, with the quick `tektra __complete`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tektra_cli import app

FILES = ("tektra.bash", "_tektra", "tektra.fish")

_KINDS = {
    ("models", "NAME"): "models",
    ("models", "PATH"): "files",
    ("conversations", "ID"): "conversations",
    ("chat", "NAME"): "models",
    ("chat", "ID"): "conversations",
    ("chat", "PATH"): "files",
    ("conversations", "PATH"): "files",
    ("agents", "NAME"): "agents",
    ("agents", "MODEL"): "models",
    ("agents", "FILE"): "files",
    ("tools", "NAME"): "tools",
    ("tools", "FILE"): "files",
    ("secrets", "NAME"): "secrets",
    ("mcp", "NAME"): "mcp",
    ("mcp", "DIR"): "files",
    ("secrets", "FILE"): "files",
    ("rerank", "NAME"): "models",
    ("rerank", "QUERY"): "files",
}
"""What a value is, by the command or group it belongs to and its metavar."""


@dataclass(frozen=True)
class Flag:
    """An option: its spellings, its help, whether a value follows and of which kind, and may follow again."""

    names: tuple[str, ...]
    help: str
    takes_value: bool
    kind: str
    choices: tuple[str, ...]
    repeatable: bool = False


@dataclass(frozen=True)
class Node:
    """A command or group: the words that lead to it and what may follow them."""

    words: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    flags: tuple[Flag, ...]
    argument: str


def nodes() -> Iterator[Node]:
    """Every command of the tree, the root first."""
    yield from _walk(app.build(), (), app.TREE)


def _walk(command: Any, words: tuple[str, ...], entries: Any) -> Iterator[Node]:
    yield _node(command, words, entries)
    for name, entry in entries.items():
        yield from _walk(entry.build(name), (*words, name), getattr(entry, "entries", {}))


def _node(command: Any, words: tuple[str, ...], entries: Any) -> Node:
    room = words[0] if words else ""
    flags = [_flag(option, room) for option in command.params if option.param_type_name == "option"]
    arguments = [argument for argument in command.params if argument.param_type_name == "argument"]
    kind = _KINDS.get((room, str(arguments[0].metavar)), "") if arguments else ""
    help_flag = Flag(("--help", "-h"), "Show this message and exit.", False, "", ())
    return Node(
        words=words,
        commands=tuple((name, entry.summary) for name, entry in entries.items()),
        flags=(*flags, help_flag),
        argument="loaded" if words[-1:] == ("unload",) else kind,
    )


def _flag(option: Any, room: str) -> Flag:
    return Flag(
        names=tuple(sorted(option.opts, key=len, reverse=True)),
        help=option.help or "",
        takes_value=not option.is_flag,
        kind=_KINDS.get((room, str(option.metavar)), ""),
        choices=tuple(str(choice) for choice in getattr(option.type, "choices", ())),
        repeatable=option.multiple,
    )


def main() -> int:
    """Write the three files into the directory that is named."""
    from tektra_cli.completion_scripts import bash, fish, zsh

    directory, tree = Path(sys.argv[1]), list(nodes())
    for name, script in zip(FILES, (bash, zsh, fish), strict=True):
        (directory / name).write_text(script(tree), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
