"""How much each token of an answer counts in training: the few that decide count more than the many that follow.

Which tool, which parameter, which value and whether another one follows are each decided by one token; what comes
between is copying, which is learned early. Counted alike, these few drown among words whose choice is free.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

NAME = re.compile(r'\{"name": "')
PAIR = re.compile(r'"([^"\\]+)": "?')
DECODER = json.JSONDecoder()
COMMAND = re.compile(r"`[^`]+`")
WHICH_TOOL, WHICH_PARAMETER, WHICH_VALUE, WHETHER_MORE, WHICH_KIND, COMMANDS = 10.0, 4.5, 4.0, 3.0, 4.0, 2.0


def decisions(text: str, *, tools: bool) -> Iterator[tuple[int, float]]:
    """Where in an answer something is decided, and how much that counts; without tools any first word may do."""
    if tools:
        yield 0, WHICH_KIND
    call = text.find("<tool_call>")
    if call < 0:
        return
    for found in NAME.finditer(text, call):
        yield found.end(), WHICH_TOOL
    for found in PAIR.finditer(text, call):
        if found[1] != "arguments" and text[found.start() - 2 : found.start()] != "\n{":
            yield found.start(1), WHICH_PARAMETER
            yield found.end(), WHICH_VALUE
            yield value_end(text, found), WHETHER_MORE


def value_end(text: str, pair: re.Match[str]) -> int:
    """Where a value's last mark begins, with which it is said whether another parameter follows."""
    begin = pair.end() - pair[0].endswith('"')
    try:
        _, end = DECODER.raw_decode(text, begin)
    except ValueError:
        return len(text)
    return end - 1 if text[begin] == '"' else end


def emphasis(text: str, offsets: Sequence[tuple[int, int]], *, tools: bool) -> list[float]:
    """The weight of each token of an answer, whose places in the text are given."""
    decided = dict(decisions(text, tools=tools))
    commands = [found.span() for found in COMMAND.finditer(text)]
    return [
        decided.get(begin, COMMANDS if any(first <= begin < last for first, last in commands) else 1.0)
        for begin, _ in offsets
    ]
