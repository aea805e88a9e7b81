"""Pure: what the source of a tool would do, by reading it. Advice with a risk; the boundary is the sandbox."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

Kind = Literal[
    "unreadable", "hidden", "code", "native", "introspection", "program", "network", "deletes", "environment", "files",
    "encoded", "processes",
]  # fmt: skip

WEIGHTS: Mapping[Kind, int] = {
    "unreadable": 100,
    "hidden": 70,
    "code": 60,
    "native": 60,
    "introspection": 50,
    "program": 40,
    "network": 30,
    "encoded": 30,
    "deletes": 25,
    "environment": 20,
    "files": 15,
    "processes": 10,
}
"""How much each kind weighs, of a hundred; the same kind twice weighs as much as once."""
MAX_SOURCE = 1 << 20
ENCODED = re.compile(r"[A-Za-z0-9+/=]{200,}|(?:[0-9a-fA-F]{2}){128,}|(?:\\x[0-9a-f]{2}){32,}")
INVISIBLE = frozenset(
    map(chr, (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)
"""Without width, or turning the direction of what is read."""
INTROSPECTION = frozenset(
    {
        "__subclasses__", "__globals__", "__builtins__", "__mro__", "__bases__", "__code__", "__closure__",
        "__import__", "__loader__", "__self__", "f_globals", "f_back", "f_builtins", "gi_frame", "tb_frame",
    }
)  # fmt: skip
MODULES: Mapping[str, Kind] = {
    "subprocess": "program",
    "pty": "program",
    "pexpect": "program",
    "socket": "network",
    "ssl": "network",
    "http": "network",
    "urllib": "network",
    "requests": "network",
    "httpx": "network",
    "aiohttp": "network",
    "ftplib": "network",
    "smtplib": "network",
    "telnetlib": "network",
    "paramiko": "network",
    "websockets": "network",
    "ctypes": "native",
    "cffi": "native",
    "mmap": "native",
    "pickle": "code",
    "marshal": "code",
    "dill": "code",
    "cloudpickle": "code",
    "shelve": "code",
    "importlib": "code",
    "runpy": "code",
    "code": "code",
    "inspect": "introspection",
    "gc": "introspection",
    "multiprocessing": "processes",
    "threading": "processes",
    "signal": "processes",
}
NAMES: Mapping[str, Kind] = {
    "eval": "code",
    "exec": "code",
    "compile": "code",
    "__import__": "code",
    "globals": "introspection",
    "locals": "introspection",
    "vars": "introspection",
    "os.system": "program",
    "os.popen": "program",
    "os.startfile": "program",
    "os.fork": "processes",
    "os.kill": "processes",
    "os.environ": "environment",
    "os.environb": "environment",
    "os.getenv": "environment",
    "os.putenv": "environment",
    "os.remove": "deletes",
    "os.unlink": "deletes",
    "os.rmdir": "deletes",
    "os.removedirs": "deletes",
    "os.truncate": "deletes",
    "shutil.rmtree": "deletes",
    "shutil.move": "deletes",
    "os.chmod": "files",
    "os.chown": "files",
    "os.symlink": "files",
    "os.link": "files",
    "os.rename": "files",
    "os.replace": "files",
    "shutil.copy": "files",
    "shutil.copyfile": "files",
    "shutil.copytree": "files",
    "sys._getframe": "introspection",
    "sys.settrace": "introspection",
    "sys.modules": "introspection",
}
PREFIXES: Mapping[str, Kind] = {"os.exec": "program", "os.spawn": "program", "os.posix_spawn": "program"}
METHODS: Mapping[str, Kind] = {"unlink": "deletes", "rmdir": "deletes", "write_text": "files", "write_bytes": "files"}
"""Of paths, whatever the path is called."""


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something in the source that a person should look at before the tool is used."""

    line: int
    kind: Kind
    what: str


def findings(source: str) -> list[Finding]:
    """Everything found, by line; what cannot be read is itself a finding."""
    found = set(_hidden(source))
    if len(source) > MAX_SOURCE:
        return [Finding(1, "unreadable", f"it is longer than {MAX_SOURCE >> 20} MiB")]
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return sorted({*found, Finding(getattr(error, "lineno", None) or 1, "unreadable", f"no Python: {error}")})
    called = _aliases(tree)
    for node in ast.walk(tree):
        found.update(_of(node, called))
    return sorted(found)


def risk(found: list[Finding]) -> int:
    """0 (nothing was found) to 100: each kind leaves a share of what the others left."""
    left = 1.0
    for kind in {finding.kind for finding in found}:
        left *= 1 - WEIGHTS[kind] / 100
    return round(100 * (1 - left))


def _hidden(source: str) -> Iterator[Finding]:
    """Characters that make source look like other source (CVE-2021-42574)."""
    for number, line in enumerate(source.splitlines(), 1):
        for character in line:
            if character in INVISIBLE:
                yield Finding(number, "hidden", f"the invisible character {unicodedata.name(character, 'U+FEFF')}")
        if any(not word.isascii() for word in re.findall(r"[^\W\d]\w*", re.sub(r"(['\"]).*?\1|#.*", "", line))):
            yield Finding(number, "hidden", "a name with letters that may look like others")


def _aliases(tree: ast.AST) -> dict[str, str]:
    """What each imported name means: `import os as o` makes `o` mean `os`."""
    called: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                package = each.name.partition(".")[0]
                called[each.asname or package] = each.name if each.asname else package
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                called[each.asname or each.name] = f"{node.module}.{each.name}"
    return called


def _of(node: ast.AST, called: Mapping[str, str]) -> Iterator[Finding]:
    match node:
        case ast.Import(names=names):
            for each in names:
                yield from _module(node.lineno, each.name)
        case ast.ImportFrom(module=str(module), names=names):
            yield from _module(node.lineno, module)
            for each in names:
                yield from _name(node.lineno, f"{module}.{each.name}")
        case ast.Name(id=name):
            yield from _name(node.lineno, called.get(name, name))
        case ast.Attribute(attr=attribute):
            if attribute in INTROSPECTION:
                yield Finding(node.lineno, "introspection", attribute)
            yield from _name(node.lineno, _dotted(node, called))
        case ast.Call(func=function):
            yield from _call(node, _dotted(function, called))
        case ast.Constant(value=str(text)) if ENCODED.search(text):
            yield Finding(node.lineno, "encoded", f"{len(text)} characters that no person reads")
        case ast.Constant(value=bytes(data)) if len(data) > 256:
            yield Finding(node.lineno, "encoded", f"{len(data)} bytes that no person reads")


def _module(line: int, name: str) -> Iterator[Finding]:
    kind = MODULES.get(name.partition(".")[0])
    if kind is not None:
        yield Finding(line, kind, f"import {name}")


def _name(line: int, name: str) -> Iterator[Finding]:
    kind = NAMES.get(name) or next((kind for prefix, kind in PREFIXES.items() if name.startswith(prefix)), None)
    if kind is not None:
        yield Finding(line, kind, name)


def _call(node: ast.Call, name: str) -> Iterator[Finding]:
    """What only the arguments tell, and methods of things whose type nobody knows."""
    last = name.rpartition(".")[2]
    if last in METHODS and "." in name:
        yield Finding(node.lineno, METHODS[last], f"….{last}")
    if last == "open" and any(map(_writes, _modes(node, of_a_path="." in name and name != "io.open"))):
        yield Finding(node.lineno, "files", "open, to write")
    if name == "getattr" and len(node.args) > 1 and not isinstance(node.args[1], ast.Constant):
        yield Finding(node.lineno, "introspection", "getattr by a computed name")


def _modes(node: ast.Call, *, of_a_path: bool) -> list[ast.expr]:
    """Where `open` has its mode: second, or first where it is a method of a path; or by name."""
    at = 0 if of_a_path else 1
    return [*node.args[at : at + 1], *(each.value for each in node.keywords if each.arg == "mode")]


def _writes(argument: ast.expr) -> bool:
    return (
        isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and re.fullmatch(r"[rbt]*[wax+][rbtwax+]*", argument.value) is not None
    )


def _dotted(node: ast.expr, called: Mapping[str, str]) -> str:
    """`a.b.c` with what `a` means; of something computed only what comes behind it."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(called.get(node.id, node.id) if isinstance(node, ast.Name) else "…")
    return ".".join(reversed(parts))
