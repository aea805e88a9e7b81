"""Pure: a command line as the commands that a shell would make of it, as far as reading can tell.

The words are `shlex`'s. What it does not know (line ends, comments, here-documents, substitutions, and which characters
were quoted) is told to it by the characters that it is given.
"""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

PUNCTUATION = ";()<>|&\n"
SPECIAL = f"{PUNCTUATION}$`"
QUOTED = {ord(character): 0xE000 + place for place, character in enumerate(SPECIAL)}
"""In quotes these mean themselves: there they go through `shlex` as others, for whose use nobody has a meaning."""
MEANT = {code: character for character, code in QUOTED.items()}
OPERATORS = re.compile(r"&>>?|<<<|<<|>>|>\||>&|<&|<>|[<>]\(|\(\)|\|&|\|\||&&|;;|[;()<>|&\n]")
WRITES = frozenset({">", ">>", ">|", "&>", "&>>", "<>", ">&"})
READS = frozenset({"<", "<&"})
BETWEEN = frozenset({";", ";;", "&", "&&", "||", "\n"})
RESERVED = frozenset(
    {"if", "then", "elif", "else", "fi", "do", "done", "while", "until", "case", "esac", "!", "{", "}", "time"}
)
ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
MOST_COMMANDS = 500
OPENED = "$" + chr(QUOTED[ord("(")])


@dataclass(slots=True)
class Command:
    """One command, and what it has to do with those around it."""

    words: list[str] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)
    """Names that are given a value for it."""
    writes: list[str] = field(default_factory=list)
    """Files that its output goes to."""
    reads: list[str] = field(default_factory=list)
    given: str = ""
    """The text that it reads: a here-document."""
    texts: list[str] = field(default_factory=list)
    """Command lines inside its quoted words."""
    fed_by: tuple[Command, ...] = ()
    """Those before it in a pipeline, or whose output is one of its words."""
    is_function: bool = False


class Unreadable(ValueError):
    """What the rest of it means cannot be told; `found` is what came before."""

    def __init__(self, why: str, found: list[Command]) -> None:
        super().__init__(why)
        self.found = found


def commands(text: str) -> list[Command]:
    """All commands in it, also those inside others; raises Unreadable."""
    return _Reading(text).all()


class _Source:
    """What `shlex` reads from, one character at a time."""

    def __init__(self, text: str) -> None:
        self._text = text.translate(dict.fromkeys(MEANT, 0xFFFD))
        self._at = 0
        self._coming: deque[str] = deque()
        self._is_in_backticks = False
        self.lexer = cast(Any, shlex.shlex("", posix=True, punctuation_chars=PUNCTUATION))
        self.lexer.whitespace = " \t\r"
        self.lexer.commenters = ""
        self.lexer.whitespace_split = True
        self.lexer.instream = self  # of which it asks `read` alone, as long as it knows no comments

    def read(self, _: int = 1) -> str:
        """The next one, as `shlex` is to take it."""
        if self._coming:
            return self._coming.popleft()
        state = self.lexer.state
        while self._text.startswith("\\\n", self._at) and state not in ("'", "\\"):
            self._at += 2
        character = self._text[self._at : self._at + 1]
        self._at += 1
        if state in ("'", "\\") or (state == '"' and character in PUNCTUATION):
            return character.translate(QUOTED)
        if character == "#" and state in (" ", "c"):
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
            return " "
        if character == "\n":
            self._coming.append(" ")  # so that what it has read ahead is no part of the next line
        if character == "`" and state != '"':
            self._is_in_backticks = not self._is_in_backticks
            if self._is_in_backticks:
                self._coming.append("(")
                return "$"
            return ")"
        return character

    def document(self, end: str) -> str:
        """The lines from here to one that says that they are over."""
        lines = []
        while self._at < len(self._text):
            stop = self._text.find("\n", self._at)
            stop = len(self._text) if stop < 0 else stop
            line = self._text[self._at : stop]
            self._at = stop + 1
            if line.strip("\t") == end:
                break
            lines.append(line)
        return "\n".join(lines)


class _Reading:
    """One text."""

    def __init__(self, text: str) -> None:
        self._source = _Source(text)
        self._found: list[Command] = []
        self._now = Command()
        self._around: list[tuple[Command, str, int]] = []
        """What goes on behind a bracket, which one it is, and how many commands there were before it."""
        self._documents: list[tuple[Command, str]] = []
        self._wanted = ""
        """The redirection whose file comes next."""

    def all(self) -> list[Command]:
        """All commands; raises Unreadable."""
        for token in self._tokens():
            if token and all(character in PUNCTUATION for character in token):
                for operator in OPERATORS.findall(token):
                    self._operator(operator)
            else:
                self._word(token)
            if len(self._found) > MOST_COMMANDS:
                raise Unreadable(f"it has more than {MOST_COMMANDS} commands", self._found)
        self._end()
        for command, _, _ in self._around:
            self._now = command
            self._end()
        return self._found

    def _tokens(self) -> Iterator[str]:
        try:
            while (token := self._source.lexer.get_token()) is not None:
                yield token
        except ValueError as error:
            self._end()
            raise Unreadable("a quotation mark has no other end", self._found) from error

    def _word(self, raw: str) -> None:
        word, wanted, self._wanted = raw.translate(MEANT), self._wanted, ""
        self._now.texts += _inside(raw)
        if wanted == "<<":
            self._documents.append((self._now, word.removeprefix("-")))
        elif wanted == "<<<":
            self._now.given = word
        elif wanted:
            if not (wanted in (">&", "<&") and (word.isdigit() or word == "-")):
                (self._now.writes if wanted in WRITES else self._now.reads).append(word)
        elif not self._now.words and word in RESERVED:
            pass
        elif not self._now.words and (name := ASSIGNED.match(word)):
            self._now.assigned.append(name[0].rstrip("+="))
            if word.endswith("$"):
                self._now.words.append(word)
        else:
            self._now.words.append(word)

    def _operator(self, operator: str) -> None:
        if operator in ("<(", ">(") or (operator == "(" and self._is_substitution()):
            self._open(operator)
        elif operator == "(":
            self._open("")
        elif operator == ")":
            self._close()
        elif operator == "()":
            self._now.is_function = True
            self._end()
        elif operator in ("|", "|&"):
            before = self._now
            self._end()
            self._now = Command(fed_by=(*before.fed_by, before))
        elif operator in BETWEEN:
            self._end()
            if operator == "\n":
                for command, end in self._documents:
                    command.given = self._source.document(end)
                self._documents.clear()
        else:
            if self._now.words and self._now.words[-1].isdigit():
                self._now.words.pop()  # 2> is about a descriptor
            self._wanted = operator

    def _is_substitution(self) -> bool:
        return bool(self._now.words) and self._now.words[-1].endswith("$")

    def _open(self, operator: str) -> None:
        self._around.append((self._now, operator, len(self._found)))
        self._now = Command()

    def _close(self) -> None:
        inner = self._now
        self._end()
        if not self._around:
            return
        outer, operator, start = self._around.pop()
        if not operator:
            self._now = Command(fed_by=tuple(self._found[start:]))  # what follows a group is fed by all of it
            return
        outer.fed_by = (*outer.fed_by, *inner.fed_by, inner)
        if operator == "(":
            outer.words[-1] += "(…)"
        self._now = outer

    def _end(self) -> None:
        now = self._now
        if now.words or now.writes or now.assigned:
            self._found.append(now)
        self._now, self._wanted = Command(), ""


def _inside(raw: str) -> list[str]:
    """What a shell would run for a quoted word."""
    found = []
    if OPENED in raw:
        begun = raw.partition(OPENED)[2].translate(MEANT)
        found.append(begun.rpartition(")")[0] or begun)
    if "`" in raw:
        found += [part.translate(MEANT) for part in raw.split("`")[1::2]]
    return found
