"""The tools that come with Tektra, as far as they only look: what each is to a model, what it is to the policy, and
what it does. What an agent gets is text, bounded, and says where it was cut.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from tektrad.agents import beneath
from tektrad.agents.knocks import Tool as Declared

MOST_CHARACTERS = 12_000
"""Of one result."""
MOST_BYTES = 8 << 20
"""Of a file that is read or searched."""
MOST_FILES = 20_000
MOST_LINES = 200
LONGEST_LINE = 300


class ToolFailed(Exception):
    """What went wrong, for the agent to see."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its arguments name a `path`; `work` does it in a thread and gives text."""

    name: str
    description: str
    inputs: Mapping[str, Mapping[str, Any]]
    work: Callable[[Path, Any], str]
    arguments: type[msgspec.Struct]

    @property
    def declared(self) -> Declared:
        """As a guest knows it."""
        return Declared(name=self.name, description=self.description, inputs=self.inputs, output_type="string")

    def parsed(self, said: Mapping[str, Any]) -> Any:
        """The arguments that a model gave; raises ToolFailed with what is wrong with them."""
        try:
            return msgspec.convert(dict(said), self.arguments, strict=False)
        except msgspec.ValidationError as error:
            raise ToolFailed(f"{self.name}: {error}") from error


class _Read(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    first: int = 1
    count: int = 400


class _List(msgspec.Struct, forbid_unknown_fields=True):
    path: str = "."


class _Search(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    path: str = "."


def _read(folder: Path, said: _Read) -> str:
    lines = _text(folder, said.path).splitlines()
    first = max(1, said.first)
    shown = lines[first - 1 : first - 1 + max(1, said.count)]
    head = f"{said.path}: {len(lines)} lines"
    if len(shown) < len(lines):
        head += f", here {first} to {first + len(shown) - 1}"
    return "\n".join([head, *shown])


def _list(folder: Path, said: _List) -> str:
    descriptor = _opened(folder, said.path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        names = []
        for name in sorted(os.listdir(descriptor)):  # noqa: PTH208  of a descriptor
            info = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            kind = "/" if stat.S_ISDIR(info.st_mode) else "@" if stat.S_ISLNK(info.st_mode) else ""
            names.append(f"{_shown(name)}{kind}" + ("" if kind else f"  {info.st_size} bytes"))
    finally:
        os.close(descriptor)
    return "\n".join(names) or "it is empty"


def _search(folder: Path, said: _Search) -> str:
    if not said.text:
        raise ToolFailed("search: the text is empty")
    found: list[str] = []
    for path in _files(folder, said.path):
        try:
            text = _text(folder, path)
        except ToolFailed:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if said.text.casefold() in line.casefold():
                found.append(f"{_shown(path)}:{number}: {line.strip()[:LONGEST_LINE]}")
                if len(found) >= MOST_LINES:
                    return "\n".join([*found, "there is more"])
    return "\n".join(found) or "nothing was found"


def _files(folder: Path, below: str) -> Iterator[str]:
    """The paths of regular files, those of hidden folders left out; links are not followed."""
    waiting, seen = [below], 0
    while waiting:
        at = waiting.pop()
        descriptor = _opened(folder, at, os.O_RDONLY)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                yield at
                continue
            with os.scandir(descriptor) as entries:
                here = sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in entries
                )
        finally:
            os.close(descriptor)
        for name, is_folder, is_link in reversed(here):
            seen += 1
            if is_link or (is_folder and name.startswith(".")) or seen > MOST_FILES:
                continue
            waiting.append(name if at == "." else f"{at}/{name}")


def _text(folder: Path, path: str) -> str:
    descriptor = _opened(folder, path, os.O_RDONLY)
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise ToolFailed(f"{path} is no file")
        if info.st_size > MOST_BYTES:
            raise ToolFailed(f"{path} has {info.st_size} bytes, which is too much to read")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(MOST_BYTES)
    finally:
        os.close(descriptor)
    if b"\0" in data[:4096]:
        raise ToolFailed(f"{path} is no text")
    return data.decode("utf-8", "replace")


def _opened(folder: Path, path: str, flags: int) -> int:
    try:
        return beneath.opened(folder, path or ".", flags)
    except OSError as error:
        raise ToolFailed(f"{path}: {error.strerror}") from error


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def cut(text: str) -> str:
    """A result that a model can take in: its beginning and end, and that something is missing between them."""
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters are left out here]\n{text[-half:]}"


_PATH = {"type": "string", "description": "A path in the folder"}
_MAYBE_PATH = {"type": "string", "description": "A path in the folder", "nullable": True}
TOOLS: Mapping[str, Tool] = MappingProxyType(
    {
        tool.name: tool
        for tool in (
            Tool(
                "read",
                "Read a text file, with its count of lines",
                {
                    "path": _PATH,
                    "first": {"type": "integer", "description": "The first line to show", "nullable": True},
                    "count": {"type": "integer", "description": "How many lines", "nullable": True},
                },
                _read,
                _Read,
            ),
            Tool("list", "List what is in a folder", {"path": _MAYBE_PATH}, _list, _List),
            Tool(
                "search",
                "Find the lines that hold a text, in all files",
                {"text": {"type": "string", "description": "What to look for"}, "path": _MAYBE_PATH},
                _search,
                _Search,
            ),
        )
    }
)
"""By name. Those that change something, and `ask_user`, `python`, `shell`, `fetch`, `sqlite`, are to come."""
