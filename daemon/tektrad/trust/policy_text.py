"""The text of a policy file taken apart into statements, so that errors can name a line; and bounded. Pure.

What a policy means is Cedar's to say. But its parser follows nested brackets by recursion and dies of a few hundred of
them with the whole process, so that a text is measured before it gets there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_DEPTH = 32
MOST_OPERATORS = 500
"""In one policy."""
# As Cedar's own lexer has them: a string, a comment, and whatever makes an expression deeper.
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n\r]*|\bif\b|[;()\[\]{}!&|+*:.-]|\n')


class PolicyProblem(Exception):
    """A text that is no policy that we take, and the line where that shows."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy's text, and the line on which it begins."""

    line: int
    text: str


def statements(text: str) -> list[Statement]:
    """All policies of a text in order; raises PolicyProblem where one is nested too deeply, or too long."""
    found: list[Statement] = []
    line, start, depth, operators = 1, 0, 0, 0
    for token in _TOKEN.finditer(text):
        said = token[0]
        if said == ";":
            found.append(_statement(text, start, token.end()))
            start, depth, operators = token.end(), 0, 0
        elif said in ")]}":
            depth -= 1
        elif said[0] not in '"/\n':
            operators += 1
            depth += said in "([{"
        line += said.count("\n")
        if depth > MOST_DEPTH or operators > MOST_OPERATORS:
            raise PolicyProblem(line, "this policy is too long or too deeply nested; make several of it")
    rest = _statement(text, start, len(text))
    return [*found, rest] if rest.text else found


def _statement(text: str, start: int, end: int) -> Statement:
    """Without the blank space and the comments before it."""
    blank = re.compile(r"(?:\s|//[^\n\r]*)*").match(text, start, end)
    assert blank is not None
    begin = blank.end()
    return Statement(text.count("\n", 0, begin) + 1, text[begin:end])
