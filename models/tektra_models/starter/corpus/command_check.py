"""Whether a text names only commands that exist: for the evaluation, and for tests over everything the data says."""

from __future__ import annotations

import re

from tektra_models.starter.corpus.help_facts import command_words, commands

COMMAND = re.compile(r"`(tektra[^`]*)`")
PLAIN_WORD = re.compile(r"[a-z]+")
# Taken by every command, so that no fact has to say it.
EVERYWHERE = frozenset({"--json", "--help"})


def named_commands(text: str) -> list[str]:
    """The command lines that a text names between backticks."""
    return COMMAND.findall(text)


def exists(command: str) -> bool:
    """Whether the table of facts knows this command's path (or a group that holds it) and all its flags."""
    table = commands()
    paths = {words[:length] for words in table for length in range(1, len(words) + 1)}
    leaves = {words[:2] for words in table if len(words) == 2}
    flags = EVERYWHERE | {word for words in table for word in words if word.startswith("-")}
    words = command_words(command)
    path = words[:2] if words[:2] in leaves else words[:3]
    path = tuple(word for word in path if PLAIN_WORD.fullmatch(word))
    return path in paths and all(word in flags for word in words if word.startswith("-"))


def names_only_known_commands(text: str) -> bool:
    """Whether every command that the text names exists."""
    return all(exists(command) for command in named_commands(text))
