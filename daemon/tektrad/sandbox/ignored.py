"""Which paths of a folder git ignores, by the rules that lie in it; the rules are somebody else's, and bounded."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import re2
from pathspec import GitIgnoreSpec

from tektrad.sandbox.descent import Descent
from tektrad.sandbox.naming import shown

RULES = ".gitignore"
EXCLUDE = (".git", "info", "exclude")
MOST_BYTES = 256 << 10
MOST_RULES = 1000
MOST_OF_ALL = 10_000
"""Rules that are followed in all files together."""
LONGEST_RULE = 200
UNCLEAR = re.compile(r"\[.*(\[|--|&&|\|\||~~)")
"""What Python means to read differently one day."""

Read = Callable[[tuple[str, ...]], bytes]
"""Reads a file of the folder by its names, no more than MOST_BYTES and one; nothing where there is none."""


class Ignored:
    """Rules in the folder and beneath it, read when they are first needed."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._rules: dict[tuple[str, ...], list[GitIgnoreSpec]] = {}
        self._folders: dict[tuple[str, ...], bool] = {(): False}
        self._left = MOST_OF_ALL
        self.unread: dict[str, str] = {}
        """Rules that are not followed, and why."""

    def is_ignored(self, path: tuple[str, ...], is_folder: bool) -> bool:
        """Whether git would ignore it if it did not know it already."""
        if is_folder and (known := self._folders.get(path)) is not None:
            return known
        found = self.is_ignored(path[:-1], True) or self._matches(path, is_folder)
        if is_folder:
            self._folders[path] = found
        return found

    def _matches(self, path: tuple[str, ...], is_folder: bool) -> bool:
        for depth in range(len(path) - 1, -1, -1):
            # A byte that is no text is like any other character to a rule.
            text = "/".join(path[depth:]).encode(errors="replace").decode() + "/" * is_folder
            for rules in self._of(path[:depth]):
                said = rules.check_file(text).include
                if said is not None:
                    return said
        return False

    def _of(self, folder: tuple[str, ...]) -> list[GitIgnoreSpec]:
        """The rules that lie in a folder, the stronger ones first."""
        if folder not in self._rules:
            files = [(*folder, RULES)] if folder else [(RULES,), EXCLUDE]
            self._rules[folder] = [rules for file in files if (rules := self._parsed(file)) is not None]
        return self._rules[folder]

    def _parsed(self, file: tuple[str, ...]) -> GitIgnoreSpec | None:
        data = self._read(file)
        lines = [line.rstrip("\r") for line in data.decode(errors="replace").split("\n")]
        lines = [line for line in lines if line and not line.startswith("#")]
        if not lines:
            return None
        self._left -= len(lines)
        if self._left < 0:
            self.unread[shown("/".join(file))] = f"there are more than {MOST_OF_ALL} rules in all files together"
            return None
        if len(data) > MOST_BYTES or len(lines) > MOST_RULES:
            self.unread[shown("/".join(file))] = f"there are more than {MOST_RULES} rules in it"
            return None
        clear = [line for line in lines if len(line) <= LONGEST_RULE and not UNCLEAR.search(line)]
        for candidates in (clear, [line for line in clear if _compiled([line]) is not None]):
            if (rules := _compiled(candidates)) is not None:
                if len(candidates) < len(lines):
                    self.unread[shown("/".join(file))] = "some rules in it are too long, or are none"
                return rules
        self.unread[shown("/".join(file))] = "its rules are too many to be looked through"
        return None


def rules(folder: Descent) -> Ignored:
    """What git ignores in a folder."""

    def read(path: tuple[str, ...]) -> bytes:
        try:
            with folder.file("/".join(path)) as file:
                return os.pread(file, MOST_BYTES + 1, 0)
        except OSError:
            return b""

    return Ignored(read)


def _compiled(lines: list[str]) -> GitIgnoreSpec | None:
    try:
        return GitIgnoreSpec.from_lines(lines, backend="re2")  # in linear time, whatever the rules and names are
    except (ValueError, re.error, re2.error, OverflowError, RecursionError):
        return None
