"""Whether a text names only commands that exist: for the evaluation, and for tests over everything the data says."""

from __future__ import annotations

import re

from tektra_models.starter.corpus.help_facts import tree_flags

COMMAND = re.compile(r"`(tektra[^`]*)`")


def named_commands(text: str) -> list[str]:
    """The command lines that a text names between backticks."""
    return COMMAND.findall(text)


def exists(command: str) -> bool:
    """Whether the command tree has this command (or group) with each of the flags."""
    tree, words = tree_flags(), command.split()
    path = next((tuple(words[:length]) for length in (3, 2, 1) if tuple(words[:length]) in tree), ())
    is_group = any(len(known) > len(path) and known[: len(path)] == path for known in tree)
    rest = words[len(path) :]
    if not path or (is_group and rest and not rest[0].startswith("-")):
        return False
    return all(word in tree[path] for word in rest if word.startswith("-"))


def names_only_known_commands(text: str) -> bool:
    """Whether every command that the text names exists."""
    return all(exists(command) for command in named_commands(text))
