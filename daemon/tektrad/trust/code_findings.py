"""Pure: findings about a program of Python that an agent wants to run; what it does is read as tools' sources are."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from tektrad.trust import text_findings, tool_lint
from tektrad.trust.finding import Finding, Level

WORDS: Mapping[tool_lint.Kind, tuple[Level, str]] = {
    "unreadable": ("caution", "cannot be read as Python"),
    "hidden": ("danger", "hides what it says"),
    "code": ("caution", "makes code while it runs"),
    "native": ("danger", "calls native code"),
    "introspection": ("caution", "reaches into the interpreter"),
    "program": ("caution", "starts other programs"),
    "network": ("caution", "speaks to the network"),
    "encoded": ("caution", "holds something that no person can read"),
    "deletes": ("caution", "removes or cuts files"),
    "environment": ("caution", "reads the environment, which may hold secrets"),
    "files": ("note", "changes files"),
    "processes": ("note", "starts processes or threads, or ends them"),
}
MOST_CHARACTERS = 16_384
MOST_OF_A_KIND = 3


def of_python(source: str, hosts: Collection[str] | None) -> Iterator[Finding]:
    """What it would do, by line; and the files and addresses that it names."""
    looked_at = source[:MOST_CHARACTERS]
    if len(looked_at) < len(source):
        yield Finding("caution", f"is long: only {MOST_CHARACTERS:,} of its {len(source):,} characters were looked at")
    told: dict[str, int] = {}
    for each in tool_lint.findings(looked_at):
        told[each.kind] = told.get(each.kind, 0) + 1
        if told[each.kind] <= MOST_OF_A_KIND:
            level, words = WORDS[each.kind]
            yield Finding(level, f"{words}: {each.what}", f"line {each.line}")
    for line, text in _texts(looked_at):
        yield from text_findings.read(text, f"line {line}")
        yield from text_findings.urls(text, hosts, f"line {line}")
        if text_findings.is_sql(text):
            yield from text_findings.sql(text, f"line {line}")


def _texts(source: str) -> Iterator[tuple[int, str]]:
    """The texts in it, with their lines; none where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
