"""Tools that only look at files: read, list, glob, search. What they give is bounded, and says where it was cut."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from tektrad.agents import beneath
from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, ToolFailed, Wish, parameter, parsed

MOST_BYTES = 8 << 20
"""Of a file that is read or searched."""
MOST_FILES = 20_000
MOST_LINES = 200
LONGEST_LINE = 300


class NotThere(ToolFailed):
    """Nothing lies at that path."""


@dataclass(frozen=True, slots=True)
class Looking:
    """A tool whose arguments name a `path`, and whose work is done by a function in a thread."""

    declared: Declared
    arguments: type[Any]
    look: Callable[[Path, Any], str]
    writes: bool = False
    is_repeatable: bool = True

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To read that path."""
        said = parsed(self.declared.name, self.arguments, arguments)
        return Wish(said, "read", here.meant(said.path))

    async def work(self, here: Here, said: Any) -> Result:
        """Look."""
        return Result(await asyncio.to_thread(self.look, here.root, said))


class _Read(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    first: int = 1
    count: int = 400


class _List(msgspec.Struct, forbid_unknown_fields=True):
    path: str = "."


class _Glob(msgspec.Struct, forbid_unknown_fields=True):
    pattern: str
    path: str = "."


class _Search(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    path: str = "."


READ = "read"


def lines_wanted(arguments: Mapping[str, Any]) -> _Read:
    """Which lines a call of `read` asks for; raises ToolFailed."""
    return parsed(READ, _Read, arguments)


def _read(folder: Path, said: _Read) -> str:
    lines = text_of(folder, said.path).splitlines()
    first = max(1, said.first)
    shown = lines[first - 1 : first - 1 + max(1, said.count)]
    head = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
    if len(shown) < len(lines):
        head += f", here {first} to {first + len(shown) - 1}"
    return "\n".join([head, *shown])


def _list(folder: Path, said: _List) -> str:
    descriptor = opened(folder, said.path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        names = []
        for name in sorted(os.listdir(descriptor)):  # noqa: PTH208  of a descriptor
            info = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            kind = "/" if stat.S_ISDIR(info.st_mode) else "@" if stat.S_ISLNK(info.st_mode) else ""
            names.append(f"{_shown(name)}{kind}" + ("" if kind else f"  {info.st_size} bytes"))
    finally:
        os.close(descriptor)
    return "\n".join(names) or "it is empty"


def _glob(folder: Path, said: _Glob) -> str:
    if not said.pattern or said.pattern.startswith("/"):
        raise ToolFailed("glob: the pattern is a path in the folder, such as **/*.txt")
    pattern = said.pattern if "/" in said.pattern else f"**/{said.pattern}"
    wanted, above = PurePosixPath(pattern).parts, len(PurePosixPath(said.path).parts)
    found = []
    for path in _files(folder, said.path):
        if _matches(PurePosixPath(path).parts[above:], wanted):
            found.append(_shown(path))
            if len(found) >= MOST_LINES:
                return "\n".join([*found, "there is more"])
    return "\n".join(found) or "nothing was found"


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path is meant by a pattern in which ** stands for any folders, also none."""
    reached = {0}
    for part in parts:
        ahead = _past_stars(reached, pattern)
        reached = {at for at in ahead if at < len(pattern) and pattern[at] == "**"} | {
            at + 1
            for at in ahead
            if at < len(pattern) and pattern[at] != "**" and PurePosixPath(part).match(pattern[at])
        }
    return len(pattern) in _past_stars(reached, pattern)


def _past_stars(reached: set[int], pattern: tuple[str, ...]) -> set[int]:
    ahead = set(reached)
    for at in sorted(reached):
        while at < len(pattern) and pattern[at] == "**":
            at += 1
            ahead.add(at)
    return ahead


def _search(folder: Path, said: _Search) -> str:
    if not said.text:
        raise ToolFailed("search: the text is empty")
    found: list[str] = []
    for path in _files(folder, said.path):
        try:
            text = text_of(folder, path)
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
        descriptor = opened(folder, at, os.O_RDONLY)
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


def text_of(folder: Path, path: str) -> str:
    """What a text file beneath a folder holds; raises ToolFailed."""
    return data_of(folder, path).decode("utf-8", "replace")


def data_of(folder: Path, path: str) -> bytes:
    """The same as bytes; raises NotThere and ToolFailed."""
    descriptor = opened(folder, path, os.O_RDONLY)
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
    return data


def opened(folder: Path, path: str, flags: int) -> int:
    """A descriptor of what lies beneath a folder; raises NotThere and ToolFailed."""
    try:
        return beneath.opened(folder, path or ".", flags)
    except FileNotFoundError as error:
        raise NotThere(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise ToolFailed(f"{path}: {error.strerror}") from error


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


_PATH = parameter("string", "A path in the folder")
_MAYBE_PATH = parameter("string", "A path in the folder", optional=True)


def _looking(
    name: str, description: str, inputs: dict[str, Any], arguments: type[Any], look: Callable[[Path, Any], str]
) -> Looking:
    declared = Declared(name=name, description=description, inputs=inputs, output_type="string")
    return Looking(declared, arguments, look)


TOOLS = (
    _looking(
        READ,
        "Read a text file, with its count of lines",
        {
            "path": _PATH,
            "first": parameter("integer", "The first line to show", optional=True),
            "count": parameter("integer", "How many lines", optional=True),
        },
        _Read,
        _read,
    ),
    _looking("list", "List what is in a folder", {"path": _MAYBE_PATH}, _List, _list),
    _looking(
        "glob",
        "Find files by their names",
        {"pattern": parameter("string", "Such as *.txt or src/**/*.py"), "path": _MAYBE_PATH},
        _Glob,
        _glob,
    ),
    _looking(
        "search",
        "Find the lines that hold a text, in all files",
        {"text": parameter("string", "What to look for"), "path": _MAYBE_PATH},
        _Search,
        _search,
    ),
)
