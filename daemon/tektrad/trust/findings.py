"""Pure: what a person should look at in a request before they answer. Advice beside it, and no part of any decision.

It is read off the words of the request: what hides from a reader hides from this, too, and most of what it finds is
harmless where it stands. What may be done is decided by the policy and a person, and held by the sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from tektrad.trust import code_findings, command_findings, text_findings
from tektrad.trust.ask import Request
from tektrad.trust.command_findings import Around
from tektrad.trust.finding import Finding, bounded
from tektrad.trust.known_programs import LOADED

OWN_CODE = ("python", "-")
"""The command for code whose text is what is shown."""
QUESTION = "ask_user"
MOST_LOOKED = 65_536
"""Characters of what is shown beside a request."""
MOST_VALUES = 200
DEEPEST = 12
COMMANDS = frozenset({"command", "cmd", "shell", "script", "bash", "commandline", "command_line"})
CODE = frozenset({"code", "python", "source"})
STATEMENTS = frozenset({"sql", "query", "statement", "statements"})
PATHS = frozenset({"path", "file", "filename", "file_path", "filepath", "uri", "paths", "files"})
CUT = "… the diff goes on"
MANY = 100
"""Lines of a file that are gone; more are no small change."""


def findings(request: Request, hosts: Collection[str] | None = None) -> tuple[Finding, ...]:
    """Few and short, the worst first; never raises. `hosts` are those that the asker may reach, None: nobody said."""
    try:
        return bounded(_found(request, hosts))
    except Exception as error:  # noqa: BLE001  advice keeps nobody from asking, whatever is wrong with it
        return bounded([Finding("caution", f"could not be looked at ({type(error).__name__}): read it yourself")])


def _found(request: Request, hosts: Collection[str] | None) -> Iterator[Finding]:
    around = Around(request.workspace or request.folder, hosts)
    preview = request.preview[:MOST_LOOKED]
    for name in request.environment:
        if name in LOADED:
            yield Finding("caution", f"changes what programs load or run: {name}", "the environment")
    match request.action, request.resource:
        case "run", tuple(words):
            if words == OWN_CODE:
                yield from code_findings.of_python(request.preview, hosts)
            else:
                yield from command_findings.of_words(words, around)
                yield from text_findings.hidden(preview, "what is shown")
        case "write", str(path):
            yield from _path(path)
            yield from _written(path, request, preview)
        case "read", str(path):
            yield from _path(path)
            yield from text_findings.read(path, "")
            if request.workspace and request.effect == "outside":
                yield Finding("note", f"reads outside of the folder: {path}")
        case "fetch", str(host):
            yield from _fetched(host, hosts, preview)
        case "call", str(name):
            yield from text_findings.hidden(preview, "what is said" if name == QUESTION else "the arguments")
            if name != QUESTION and not name.startswith("agent:"):
                yield from _arguments(preview, around)
        case _:
            pass


def _path(path: str) -> Iterator[Finding]:
    yield from text_findings.hidden(path, "the path")
    yield from text_findings.alike(path, "the path")


def _written(path: str, request: Request, preview: str) -> Iterator[Finding]:
    """Of a file, and of the diff that says what it is to hold."""
    found = list(text_findings.written(path, request.workspace or request.folder, ""))
    if not found and request.effect == "outside" and not request.workspace:
        found = [Finding("note", f"writes a file: {path}")]
    yield from found
    lines = preview.splitlines()
    if not any(line.startswith("@@") for line in lines):
        yield from text_findings.hidden(preview, "what is shown")
        return
    body = [line for line in lines if not line.startswith(("--- ", "+++ ", "@@"))]
    gone = sum(line.startswith("-") for line in body)
    name = path.rpartition("/")[2]
    if gone and not any(line.startswith(("+", " ")) for line in body):
        yield Finding("caution", f"empties {name}: all of its lines that are shown go")
    elif gone:
        lines_gone = "1 line" if gone == 1 else f"{gone:,} lines"
        yield Finding("caution" if gone > MANY else "note", f"overwrites {lines_gone} of {name}")
    if CUT in lines[-1:] or len(preview) < len(request.preview):
        yield Finding("caution", "is longer than what is shown", "the diff")
    yield from text_findings.hidden("\n".join(line for line in body if line.startswith("+")), "the diff")


def _fetched(host: str, hosts: Collection[str] | None, preview: str) -> Iterator[Finding]:
    address = preview.partition(" ")[2].strip()
    if preview.startswith("GET ") and text_findings.URL.fullmatch(address):
        yield from text_findings.url(address, hosts, address)
    else:
        yield from text_findings.host(host, hosts, "")


def _arguments(preview: str, around: Around) -> Iterator[Finding]:
    """Of what a tool is given, by the names of its arguments and by what these look like."""
    try:
        given = json.loads(preview)
    except (ValueError, RecursionError):
        yield Finding("note", "is given more than is shown, or something that cannot be read", "the arguments")
        return
    for name, text in _texts(given):
        part = f"{name}: {text}"
        if name in COMMANDS:
            yield from command_findings.of_text(text, around.deeper)
        elif name in CODE:
            yield from code_findings.of_python(text, around.hosts)
        elif name in STATEMENTS or text_findings.is_sql(text):
            yield from text_findings.sql(text[: command_findings.MOST_CHARACTERS], part)
        elif name in PATHS:
            yield from _path(text)
            yield from text_findings.read(text.removeprefix("file://"), part)
            if text.startswith(("/", "~", "../")) and text_findings.outside(text, around.workspace):
                yield Finding("note", f"names a path outside of the folder: {text}", part)
        yield from text_findings.urls(text, around.hosts, part)


def _texts(given: Any) -> Iterator[tuple[str, str]]:
    """All texts in a JSON value, each with the name that it stands under."""
    waiting: list[tuple[str, Any, int]] = [("", given, 0)]
    count = 0
    while waiting and count < MOST_VALUES:
        name, value, depth = waiting.pop()
        count += 1
        if isinstance(value, str):
            yield name, value
        elif depth < DEEPEST and isinstance(value, dict):
            waiting += [(str(key).lower(), each, depth + 1) for key, each in reversed(value.items())]
        elif depth < DEEPEST and isinstance(value, list):
            waiting += [(name, each, depth + 1) for each in reversed(value)]
